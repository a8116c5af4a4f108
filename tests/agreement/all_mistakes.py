"""A project with every mistake that there is a check for, as far as they go together."""

import sentry_sdk

from tests.agreement.settings import *  # noqa: F403 - the same packages
from tests.agreement.settings import MIDDLEWARE as INNER

DEBUG = False
WSGI_APPLICATION = "tests.agreement.mistaken_wsgi.application"
sentry_sdk.init(data_collection={"user_info": True})

MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",  # W005
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "xff.middleware.XForwardedForMiddleware",  # W002
    "django_trustedproxy.middleware.TrustedProxyMiddleware",  # W004
    *INNER,
    "posthog.integrations.django.PosthogContextMiddleware",  # W034
    "rollbar.contrib.django.middleware.RollbarNotifierMiddleware",  # W033
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
TRUSTED_PROXY_SCHEME_HEADER = "X-My-Scheme"
TRUSTED_PROXY_PREFIX_HEADER = "X-My-Scheme"  # E014
TRUSTED_PROXY_HOST_HEADER = "Host"  # E008
TRUSTED_PROXY_PORT_HEADER = ["X-Forwarded-Port"]  # E012
TRUSTED_PROXY_SERVER_HEADER = "X-Forwarded-Host"  # E013
TRUSTED_PROXY_KEEP_HEADER = "yes"  # E009
TRUSTED_PROXY_REJECT = ["forwarded"]  # E011
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # W008
XFF_TRUSTED_PROXY_DEPTH = 1  # W030
INTERNAL_IPS = ["10.0.0.1"]  # W031

# W011 to W026 in their order. The mistakes of the packages behind them are to set nothing.
REST_FRAMEWORK = {"NUM_PROXIES": 1}
NINJA_NUM_PROXIES = 1
NINJA_EXTRA = {"NUM_PROXIES": 1}
ALLAUTH_TRUSTED_PROXY_COUNT = 1
ALLAUTH_TRUSTED_CLIENT_IP_HEADER = "X-Real-IP"
AXES_IPWARE_PROXY_COUNT = 1
AXES_IPWARE_PROXY_TRUSTED_IPS = ["10.0.0.1"]
AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR"]
IPWARE_META_PROXY_COUNT = 1
IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR"]
RATELIMIT_IP_META_KEY = "HTTP_X_REAL_IP"
DEFENDER_BEHIND_REVERSE_PROXY = True
DEFENDER_REVERSE_PROXY_HEADER = "HTTP_X_MY_IP"
DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER = "HTTP_X_FORWARDED_FOR"
DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER = "HTTP_X_FORWARDED_FOR"
CMS_INTERNAL_IPS = ["192.0.2.1"]
CMS_REQUEST_IP_RESOLVER = "cms.utils.request_ip_resolvers.real_ip"
LOCKDOWN_TRUSTED_PROXIES = ["10.0.0.1", "10.0.0.2"]
LOCKDOWN_REMOTE_ADDR_EXCEPTIONS = ["10.0.0.2"]
