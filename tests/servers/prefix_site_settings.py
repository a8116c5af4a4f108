"""The settings of a site whose answers hold every link that a path prefix ends up in."""

import os
from pathlib import Path

import django

from tests.servers.settings import *  # noqa: F403 - all but what follows

INSTALLED_APPS = [
    "django_trustedproxy",
    "django.contrib.auth",
    "django.contrib.contenttypes",
]
ROOT_URLCONF = "tests.servers.prefix_site"
DEFAULT_FROM_EMAIL = "site@site.example"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
FORCE_SCRIPT_NAME = os.environ.get("SERVERS_FORCE_SCRIPT_NAME") or None
# Django keeps one template of the mail in the admin, which this site does without.
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(django.__file__).parent / "contrib/admin/templates"],
        "APP_DIRS": True,
    }
]
