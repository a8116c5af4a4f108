"""The same packages, configured by the README: with every remedy of the checks."""

import sentry_sdk

from django_trustedproxy.checks.neighbours import NEIGHBOURS
from tests.agreement.settings import *  # noqa: F403 - the same packages
from tests.agreement.settings import MIDDLEWARE as INNER
from tests.agreement.settings import PACKAGES

DEBUG = False
ASGI_APPLICATION = "tests.agreement.websocket_asgi.application"  # wrapped, for W028 and W029
sentry_sdk.init(data_collection={"user_info": True})

MIDDLEWARE = [
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    *INNER,
    "auditlog.middleware.AuditlogMiddleware",
    "baipw.middleware.BasicAuthIPWhitelistMiddleware",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "maintenance_mode.middleware.MaintenanceModeMiddleware",
    "tracking.middleware.VisitorTrackingMiddleware",
    *(path for package in PACKAGES for path in package.middleware),
]
TRUSTED_PROXIES = ["10.0.0.0/8"]
TRUSTED_PROXY_HEADER = "X-Forwarded-For"
TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
INTERNAL_IPS = ["127.0.0.1"]

# django-recaptcha and Rollbar have no setting for it, so the header goes.
TRUSTED_PROXY_KEEP_HEADER = False
for neighbour in NEIGHBOURS:
    exec(neighbour.remedy)
