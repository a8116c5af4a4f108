"""A project with every mistake that there is a check for, as far as they go together."""

import sentry_sdk

from tests.agreement.settings import *  # noqa: F403 - the same packages
from tests.agreement.settings import MIDDLEWARE as INNER
from tests.agreement.settings import PACKAGES

DEBUG = False
WSGI_APPLICATION = "tests.agreement.mistaken_wsgi.application"
sentry_sdk.init(data_collection={"user_info": True})

MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",  # W005
    "tests.custom_deciders.SchemeByCondition",  # W061
    "tests.custom_deciders.AnotherHeader",  # W062
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "xff.middleware.XForwardedForMiddleware",  # W002
    "tests.custom_deciders.LastOfFewer",  # W063
    "django_trustedproxy.middleware.TrustedProxyMiddleware",  # W004
    *INNER,
    *(path for package in PACKAGES for path in package.middleware),
]
TRUSTED_PROXIES = [
    "10.0.0.0/8",
    "64.0.0.0/2",  # W032
    "nonsense!",  # E002
    "10.0.0.1/8",  # E003
    "::ffff:0.0.0.0/90",  # E004
    "proxy.example",  # E005
    "localhost",  # E006
    "*",  # E007
]
TRUSTED_PROXY_HEADER = ["X-Forwarded-For", "X-Real-IP"]  # W001
TRUSTED_PROXY_DEPTH = 1  # W006
TRUSTED_PROXY_SCHEME_HEADER = "X-Forward-Proto"  # W037
TRUSTED_PROXY_PREFIX_HEADER = "X-Forward-Proto"  # E014
TRUSTED_PROXY_HOST_HEADER = "Host"  # E008
TRUSTED_PROXY_PORT_HEADER = ["X-Forwarded-Port"]  # E012
TRUSTED_PROXY_SERVER_HEADER = "X-Forwarded-Host"  # E013
TRUSTED_PROXY_KEEP_HEADER = "yes"  # E009
TRUSTED_PROXY_REJECT = ["forwarded"]  # E011
TRUSTED_PROXY_REJECT_EXEMPT = ["^/healthz$"]  # E017
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # W008
XFF_TRUSTED_PROXY_DEPTH = 1  # W030
INTERNAL_IPS = ["10.0.0.1"]  # W031

# The first mistake for each finding about a package.
for package in PACKAGES:
    for settings, *_ in package.wrong.values():
        globals().update(settings)
