"""The same packages, configured by the README."""

import sentry_sdk

from tests.agreement.settings import *  # noqa: F403 - the same packages
from tests.agreement.settings import MIDDLEWARE as INNER


def address(request):
    """Tell PostHog the address, which it takes from a header otherwise."""
    return {"$ip": request.META["REMOTE_ADDR"]}


DEBUG = False
ASGI_APPLICATION = "tests.agreement.websocket_asgi.application"  # wrapped, for W028 and W029
sentry_sdk.init(data_collection={"user_info": True})

MIDDLEWARE = [
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    *INNER,
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "axes.middleware.AxesMiddleware",
    "baipw.middleware.BasicAuthIPWhitelistMiddleware",
    "cms.middleware.toolbar.ToolbarMiddleware",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "defender.middleware.FailedLoginMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
    "iprestrict.middleware.IPRestrictMiddleware",
    "lockdown.middleware.LockdownMiddleware",
    "maintenance_mode.middleware.MaintenanceModeMiddleware",
    "posthog.integrations.django.PosthogContextMiddleware",
    "rollbar.contrib.django.middleware.RollbarNotifierMiddleware",
    "tracking.middleware.VisitorTrackingMiddleware",
]
TRUSTED_PROXIES = ["10.0.0.0/8"]
TRUSTED_PROXY_HEADER = "X-Forwarded-For"
TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
INTERNAL_IPS = ["127.0.0.1"]

# The only packages whose default is not REMOTE_ADDR. django-recaptcha and Rollbar have no setting for
# it, so the header goes.
TRUSTED_PROXY_KEEP_HEADER = False
POSTHOG_MW_EXTRA_PROPERTIES = address
REST_FRAMEWORK = {"NUM_PROXIES": 0, "DEFAULT_THROTTLE_RATES": {"anon": "3/day"}}
NINJA_NUM_PROXIES = 0
NINJA_EXTRA = {"NUM_PROXIES": 0}
IPRESTRICT_IGNORE_PROXY_HEADER = True
