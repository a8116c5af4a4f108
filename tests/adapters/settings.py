"""The settings of the tests, but that nobody is trusted, and with a view of its own."""

from tests.settings import *  # noqa: F403

ROOT_URLCONF = "tests.adapters.urls"
TRUSTED_PROXIES = []
