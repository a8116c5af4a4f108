"""Middlewares and wrappers that process or read proxy headers, as data.

Read from the release that is named.
"""

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
