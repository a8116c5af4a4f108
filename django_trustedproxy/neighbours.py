"""What other components do with proxy headers, as data. Read from the release that is named."""

from __future__ import annotations

from typing import Any, NamedTuple

OUR_MIDDLEWARE = "django_trustedproxy.middleware.TrustedProxyMiddleware"
OUR_WRAPPERS = ("django_trustedproxy.wsgi.TrustedProxy", "django_trustedproxy.asgi.TrustedProxy")


class Fixer(NamedTuple):
    """A middleware that writes REMOTE_ADDR, unless a setting stops it."""

    package: str
    stopped_by: str | None = None


FIXERS: dict[str, Fixer] = {
    "xff.middleware.XForwardedForMiddleware": Fixer("django-xff 1.5.0", "XFF_REWRITE_REMOTE_ADDR"),
    "x_forwarded_for.middleware.XForwardedForMiddleware": Fixer("xforwardedfor-middleware 2.0"),
    "httpxforwardedfor.middleware.HttpXForwardedForMiddleware": Fixer("httpxforwardedfor 0.3.1"),
    "django_forwarded.Forwarded": Fixer("django-forwarded 0.0.2"),
    "behind_lb.middleware.BehindLB": Fixer("django-behind-lb 1.0.2"),
    "weblate.middleware.ProxyMiddleware": Fixer("Weblate"),
    "zerver.middleware.SetRemoteAddrFromRealIpHeader": Fixer("Zulip"),
    "openedx.core.lib.x_forwarded_for.middleware.XForwardedForMiddleware": Fixer("Open edX"),
    "sentry.middleware.proxy.SetRemoteAddrFromForwardedFor": Fixer("Sentry"),
    "askbot.middleware.remote_ip.SetRemoteIPFromXForwardedFor": Fixer("Askbot"),
    "froide.helper.middleware.XForwardedForMiddleware": Fixer("Froide"),
}

# The settings of those, as names or beginnings of names.
FIXER_SETTINGS = ("XFF_", "BEHIND_LB_", "IP_BEHIND_REVERSE_PROXY", "TRUST_ONLY_HTTPS_PROXY")

# Middlewares that read the address, the scheme or the host while the request comes in, and which.
# A hook for the view or the response does not count: further out than ours, it still runs later.
# Instrumentation that inserts itself first is left out.
READERS: dict[str, str] = {
    "django.middleware.security.SecurityMiddleware": "the scheme and the host",
    "django.middleware.common.CommonMiddleware": "the host",
    "django.middleware.cache.FetchFromCacheMiddleware": "the scheme and the host",
    "django.contrib.sites.middleware.CurrentSiteMiddleware": "the host",
    "debug_toolbar.middleware.DebugToolbarMiddleware": "the address",
    "auditlog.middleware.AuditlogMiddleware": "the address",
    "allauth.usersessions.middleware.UserSessionsMiddleware": "the address",
    "cms.middleware.toolbar.ToolbarMiddleware": "the address",
    "django_structlog.middlewares.request.RequestMiddleware": "the address",
    "iprestrict.middleware.IPRestrictMiddleware": "the address",
    "lockdown.middleware.LockdownMiddleware": "the address",
    "maintenance_mode.middleware.MaintenanceModeMiddleware": "the address",
    "baipw.middleware.BasicAuthIPWhitelistMiddleware": "the address and the host",
    "user_sessions.middleware.SessionMiddleware": "the address",
    "posthog.integrations.django.PosthogContextMiddleware": "the address, the scheme and the host",
}


class Wrapper(NamedTuple):
    """A WSGI or ASGI wrapper that believes proxy headers, unless it is called with `harmless`."""

    package: str
    harmless: dict[str, Any] | None = None


_HYPERCORN = Wrapper("hypercorn 0.18.0", {"trusted_hops": 0})
WRAPPERS: dict[str, Wrapper] = {
    "werkzeug.middleware.proxy_fix.ProxyFix": Wrapper("Werkzeug 3.1.9", {"x_for": 0, "x_proto": 0}),
    "impact_stack.proxyfix.ProxyFix": Wrapper("impact-stack-proxyfix 0.1.0"),
    "impact_stack.proxyfix.ProxyFix.from_config": Wrapper("impact-stack-proxyfix 0.1.0"),
    "wsgi_cloudflare_proxy_fix.CloudflareProxyFix": Wrapper("wsgi-cloudflare-proxy-fix 0.1.2"),
    "paste.deploy.config.PrefixMiddleware": Wrapper(
        "PasteDeploy 3.1.0", {"translate_forwarded_server": False}
    ),
    "uvicorn.middleware.proxy_headers.ProxyHeadersMiddleware": Wrapper("uvicorn 0.54.0"),
    "hypercorn.middleware.ProxyFixMiddleware": _HYPERCORN,
    "hypercorn.middleware.proxy_fix.ProxyFixMiddleware": _HYPERCORN,
    "granian.utils.proxies.wrap_wsgi_with_proxy_headers": Wrapper("granian 2.8.7"),
    "granian.utils.proxies.wrap_asgi_with_proxy_headers": Wrapper("granian 2.8.7"),
    "waitress.proxy_headers.proxy_headers_middleware": Wrapper("waitress 3.0.2"),
    "async_proxy_headers.ProxyHeadersMiddleware": Wrapper("async-proxy-headers 0.1.0"),
    "async_proxy_headers.middleware.ProxyHeadersMiddleware": Wrapper("async-proxy-headers 0.1.0"),
}


class Neighbour(NamedTuple):
    """A setting with which a package concludes another address than REMOTE_ADDR.

    `settings` are alternative names, the first that is set counts; a dot leads into a dictionary.
    `app` is the Django app or module that reads them. `wrong_if` names the condition on the value,
    `default` is the value without a setting. `needs` are settings of which one must be set for the
    value to matter, `reads_by` a module that must be there; `needs_list` tells that it matters only
    while X-Forwarded-For is kept.
    """

    id: str
    package: str
    app: str
    settings: tuple[str, ...]
    wrong_if: str
    default: Any
    effect: str
    remedy: str
    needs: tuple[str, ...] = ()
    needs_list: bool = False
    reads_by: str = ""


_DRF_USES = (
    "REST_FRAMEWORK.NUM_PROXIES",
    "REST_FRAMEWORK.DEFAULT_THROTTLE_CLASSES",
    "REST_FRAMEWORK.DEFAULT_THROTTLE_RATES",
)
_WHOLE_HEADER = "records the whole header, or nothing where it is dropped"
_NO_ADDRESS = "finds no address, so that all failures share one bucket"
_WHOLE_LIST = "throttles by the whole X-Forwarded-For, or by a proxy in it"

NEIGHBOURS: tuple[Neighbour, ...] = (
    Neighbour(
        "W011",
        "djangorestframework 3.18.3",
        "rest_framework",
        ("REST_FRAMEWORK.NUM_PROXIES",),
        "not zero",
        None,
        _WHOLE_LIST,
        'REST_FRAMEWORK["NUM_PROXIES"] = 0',
        needs=_DRF_USES,
        needs_list=True,
    ),
    Neighbour(
        "W012",
        "django-ninja 1.7.1",
        "ninja",
        ("NINJA_NUM_PROXIES",),
        "not zero",
        None,
        _WHOLE_LIST,
        "NINJA_NUM_PROXIES = 0",
        needs_list=True,
    ),
    Neighbour(
        "W013",
        "django-ninja-extra 0.31.7",
        "ninja_extra",
        ("NINJA_EXTRA.NUM_PROXIES",),
        "not zero",
        None,
        _WHOLE_LIST,
        'NINJA_EXTRA["NUM_PROXIES"] = 0',
        needs_list=True,
    ),
    Neighbour(
        "W014",
        "django-allauth 65.21.1",
        "allauth",
        ("ALLAUTH_TRUSTED_PROXY_COUNT",),
        "positive",
        0,
        "takes a proxy for the client, or answers 500 where there are fewer hops",
        "ALLAUTH_TRUSTED_PROXY_COUNT = 0",
        needs_list=True,
    ),
    Neighbour(
        "W015",
        "django-allauth 65.21.1",
        "allauth",
        ("ALLAUTH_TRUSTED_CLIENT_IP_HEADER",),
        "set",
        None,
        "refuses logins without that header, which is dropped",
        "ALLAUTH_TRUSTED_CLIENT_IP_HEADER = None",
    ),
    Neighbour(
        "W016",
        "django-axes 8.3.1",
        "axes",
        ("AXES_IPWARE_PROXY_COUNT", "AXES_PROXY_COUNT"),
        "positive",
        None,
        _NO_ADDRESS,
        "AXES_IPWARE_PROXY_COUNT = None",
        reads_by="ipware",
    ),
    Neighbour(
        "W017",
        "django-axes 8.3.1",
        "axes",
        ("AXES_IPWARE_PROXY_TRUSTED_IPS", "AXES_PROXY_TRUSTED_IPS"),
        "set",
        None,
        _NO_ADDRESS,
        "AXES_IPWARE_PROXY_TRUSTED_IPS = None",
        reads_by="ipware",
    ),
    Neighbour(
        "W018",
        "django-axes 8.3.1",
        "axes",
        ("AXES_IPWARE_META_PRECEDENCE_ORDER", "AXES_META_PRECEDENCE_ORDER"),
        "lacks REMOTE_ADDR",
        ("REMOTE_ADDR",),
        "finds no address where its headers are dropped",
        'AXES_IPWARE_META_PRECEDENCE_ORDER = ("REMOTE_ADDR",)',
        reads_by="ipware",
    ),
    Neighbour(
        "W019",
        "django-ipware 8.0.0",
        "ipware",
        ("IPWARE_META_PROXY_COUNT",),
        "positive",
        None,
        "finds no address where there are more or fewer hops",
        "IPWARE_META_PROXY_COUNT = 0",
    ),
    Neighbour(
        "W020",
        "django-ipware 8.0.0",
        "ipware",
        ("IPWARE_META_PRECEDENCE_ORDER",),
        "lacks REMOTE_ADDR",
        ("REMOTE_ADDR",),
        "finds no address where its headers are dropped",
        'IPWARE_META_PRECEDENCE_ORDER = ("REMOTE_ADDR",)',
    ),
    Neighbour(
        "W021",
        "django-ratelimit 4.1.0",
        "django_ratelimit",
        ("RATELIMIT_IP_META_KEY",),
        "another key",
        None,
        "answers 500 where that header is dropped or names two hops",
        "RATELIMIT_IP_META_KEY = None",
    ),
    Neighbour(
        "W022",
        "django-defender 0.9.8",
        "defender",
        ("DEFENDER_REVERSE_PROXY_HEADER",),
        "not dropped",
        "HTTP_X_FORWARDED_FOR",
        "believes a header that anybody can write, or takes all of Forwarded for an address",
        "DEFENDER_BEHIND_REVERSE_PROXY = False",
        needs=("DEFENDER_BEHIND_REVERSE_PROXY",),
    ),
    Neighbour(
        "W023",
        "django-easy-audit 1.3.9",
        "easyaudit",
        ("DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER",),
        "another key",
        "REMOTE_ADDR",
        _WHOLE_HEADER,
        'DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER = "REMOTE_ADDR"',
    ),
    Neighbour(
        "W024",
        "django-rest-passwordreset 1.6.0",
        "django_rest_passwordreset",
        ("DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER",),
        "another key",
        "REMOTE_ADDR",
        _WHOLE_HEADER,
        'DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER = "REMOTE_ADDR"',
    ),
    Neighbour(
        "W025",
        "django-cms 5.1.3",
        "cms",
        ("CMS_REQUEST_IP_RESOLVER",),
        "reads one header",
        None,
        "finds no address where that header is dropped",
        'CMS_REQUEST_IP_RESOLVER = "cms.utils.request_ip_resolvers.remote_addr_ip"',
        needs=("CMS_INTERNAL_IPS",),
    ),
    Neighbour(
        "W026",
        "django-lockdown 5.0.0",
        "lockdown",
        ("LOCKDOWN_TRUSTED_PROXIES",),
        "reaches an exception",
        (),
        "lets in whoever is in it and comes through a proxy that is an exception",
        "LOCKDOWN_TRUSTED_PROXIES = []",
        needs=("LOCKDOWN_REMOTE_ADDR_EXCEPTIONS",),
        needs_list=True,
    ),
    Neighbour(
        "W027",
        "django-iprestrict-redux 1.9.1",
        "iprestrict",
        ("IGNORE_PROXY_HEADER", "IPRESTRICT_IGNORE_PROXY_HEADER"),
        "judges hops",
        None,
        "takes TRUSTED_PROXIES for its own and refuses every request that came through a proxy",
        "IPRESTRICT_IGNORE_PROXY_HEADER = True",
        needs_list=True,
    ),
    Neighbour(
        "W033",
        "rollbar 1.5.0",
        "rollbar",
        ("ROLLBAR.capture_ip",),
        "not False",
        None,
        "reports the whole X-Forwarded-For",
        "TRUSTED_PROXY_KEEP_HEADER = False",
        needs_list=True,
    ),
    Neighbour(
        "W034",
        "posthog 7.91.1",
        "posthog",
        ("POSTHOG_MW_EXTRA_PROPERTIES",),
        "unset",
        None,
        "reports the whole X-Forwarded-For, or no address without it",
        'POSTHOG_MW_EXTRA_PROPERTIES = lambda r: {"$ip": r.META["REMOTE_ADDR"]}',
    ),
    Neighbour(
        "W035",
        "django-recaptcha 4.1.0",
        "django_recaptcha",
        ("TRUSTED_PROXY_KEEP_HEADER",),
        "always",
        None,
        "sends the whole X-Forwarded-For",
        "TRUSTED_PROXY_KEEP_HEADER = False",
        needs_list=True,
    ),
)
