"""Weblate's example settings behind a proxy, by its own ProxyMiddleware, by ours, or by both."""

import os

from weblate.settings_example import *  # noqa: F403 - the project's settings
from weblate.settings_example import INSTALLED_APPS as THEIR_APPS
from weblate.settings_example import MIDDLEWARE as THEIR_MIDDLEWARE

DEBUG = False
ALLOWED_HOSTS = ["weblate.example.com"]
SITE_DOMAIN = "weblate.example.com"
ENABLE_HTTPS = True
ROOT_URLCONF = "tests.projects.weblate_urls"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
CACHES = {
    name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    for name in ("default", "avatar")
}
IP_BEHIND_REVERSE_PROXY = "theirs" in os.environ["DECIDED_BY"]
# All but the one that reads the anonymous user from PostgreSQL.
MIDDLEWARE = [path for path in THEIR_MIDDLEWARE if "AuthenticationMiddleware" not in path]
if "ours" in os.environ["DECIDED_BY"]:
    INSTALLED_APPS = [*THEIR_APPS, "django_trustedproxy"]
    MIDDLEWARE = ["django_trustedproxy.middleware.TrustedProxyMiddleware", *MIDDLEWARE]
    TRUSTED_PROXIES = ["10.0.0.0/8"]
    TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
