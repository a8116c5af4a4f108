"""What other components do with proxy headers, as data. Read from the release that is named."""

from __future__ import annotations

OUR_MIDDLEWARE = "django_trustedproxy.middleware.TrustedProxyMiddleware"

# Middlewares that write REMOTE_ADDR, and the release that was read.
FIXERS: dict[str, str] = {
    "xff.middleware.XForwardedForMiddleware": "django-xff 1.5.0",
    "x_forwarded_for.middleware.XForwardedForMiddleware": "django-xforwardedfor-middleware 2.0",
    "httpxforwardedfor.middleware.HttpXForwardedForMiddleware": "django-httpxforwardedfor 0.3.1",
    "django_forwarded.Forwarded": "django-forwarded 0.0.2",
    "behind_lb.middleware.BehindLB": "django-behind-lb 1.0.2",
    "weblate.middleware.ProxyMiddleware": "Weblate",
    "zerver.middleware.SetRemoteAddrFromRealIpHeader": "Zulip",
    "openedx.core.lib.x_forwarded_for.middleware.XForwardedForMiddleware": "Open edX",
    "sentry.middleware.proxy.SetRemoteAddrFromForwardedFor": "Sentry",
    "askbot.middleware.remote_ip.SetRemoteIPFromXForwardedFor": "Askbot",
    "froide.helper.middleware.XForwardedForMiddleware": "Froide",
}


# Middlewares that read the address, the scheme or the host while the request comes in, and which.
# A hook for the view or the response does not count: further out than ours, it still runs later.
READERS: dict[str, str] = {
    "django.middleware.security.SecurityMiddleware": "the scheme and the host",
    "django.middleware.common.CommonMiddleware": "the host",
    "django.middleware.cache.FetchFromCacheMiddleware": "the scheme and the host",
    "django.contrib.sites.middleware.CurrentSiteMiddleware": "the host",
    "debug_toolbar.middleware.DebugToolbarMiddleware": "the address",
}
