"""The suite's settings, under which each request is written down as soon as it is decided."""

from tests.servers.settings import *  # noqa: F403 - all but what follows

MIDDLEWARE = [
    "example_project.views.remember_received",
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "tests.servers.recording.record",
]
