"""The checks of other rewriters and of early readers, with the real packages."""

import asyncio
from pkgutil import resolve_name

import pytest
import sentry_sdk
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sites.models import Site
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.http.request import HttpHeaders
from django.test import RequestFactory, override_settings
from django.utils.module_loading import import_string
from easyaudit.models import RequestEvent

from django_trustedproxy.checks.fixers import FIXERS
from django_trustedproxy.checks.middleware import READERS
from django_trustedproxy.checks.servers import WRAPPERS
from tests.agreement.projects import reload_all
from tests.agreement.rows import CAPTURED, ROWS, Transport, ask_easyaudit_request, ask_sentry
from tests.agreement.visits import CLIENT, FORGED, HOP, PROXY, SCENARIOS
from tests.checks.findings import ids, ours
from tests.requests import scope_of

pytestmark = pytest.mark.django_db

# Middlewares that write REMOTE_ADDR.

HEADERS = {"HTTP_X_FORWARDED_FOR": FORGED, "REMOTE_ADDR": PROXY}
TRUSTING = {"TRUSTED_PROXY_IPS": ["10.0.0.0/8"], "BEHIND_LB_PATH": "/", "BEHIND_LB_POSITION": 0}
FIXED = {
    "xff.middleware.XForwardedForMiddleware": FORGED,
    "x_forwarded_for.middleware.XForwardedForMiddleware": FORGED,
    "httpxforwardedfor.middleware.HttpXForwardedForMiddleware": FORGED,
}


def address_after(path, **settings):
    """Return REMOTE_ADDR as a view behind a middleware sees it."""
    seen = []

    def view(request):
        seen.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    with override_settings(**TRUSTING, **settings):
        import_string(path)(view)(RequestFactory().get("/", **HEADERS))
    (address,) = seen
    return address


def findings_beside(path, **settings):
    middleware = ["django_trustedproxy.middleware.TrustedProxyMiddleware", path]
    return [found.id for found in ours(MIDDLEWARE=middleware, **settings)]


@pytest.mark.parametrize("path", FIXED)
def test_a_published_fixer_believes_the_first_entry_and_is_found(path):
    assert path in FIXERS
    assert address_after(path) == FORGED
    assert "trustedproxy.W002" in findings_beside(path)


def test_xff_that_does_not_rewrite_is_not_found():
    (path, fixer), *_ = FIXERS.items()
    settings = dict.fromkeys(fixer.switches, False)
    assert address_after(path, **settings) == PROXY
    assert "trustedproxy.W002" not in findings_beside(path, **settings)


def test_behind_lb_does_not_start_on_this_django_and_is_found():
    path = "behind_lb.middleware.BehindLB"
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        address_after(path)
    assert "trustedproxy.W002" in findings_beside(path)


# Middlewares that write something else, or rewrite what the decision is made from.

PROXIED_SSL = "proxiedssl.middleware.ProxiedSslWsgiMiddleware"
ENTRIES = [
    "tests.custom_deciders.LastOfSeveral",
    "tests.custom_deciders.LastOfFewer",
]


def test_a_published_decider_believes_the_scheme_of_a_stranger_and_is_found():
    request = RequestFactory().get("/", HTTP_X_FORWARDED_PROTOCOL="https", REMOTE_ADDR=FORGED)
    # It is written for the Django of its day, which called this method.
    import_string(PROXIED_SSL)().process_request(request)
    assert request.scheme == "https"
    middleware = [PROXIED_SSL, "django_trustedproxy.middleware.TrustedProxyMiddleware"]
    (found,) = [found for found in ours(MIDDLEWARE=middleware) if found.id.endswith("W061")]
    assert "writes the scheme from X-Forwarded-Protocol and X-Url-Scheme" in found.msg
    assert "trustedproxy.W061" not in findings_beside(PROXIED_SSL)


def client_beside(path, *, is_before):
    """Return the client that is decided, with another middleware in front of ours or behind it."""
    ours = "django_trustedproxy.middleware.TrustedProxyMiddleware"
    chain = [path, ours] if is_before else [ours, path]
    seen = []

    def view(request):
        seen.append((request.META["REMOTE_ADDR"], request.META["HTTP_X_FORWARDED_FOR"]))
        return HttpResponse()

    headers = {"HTTP_X_FORWARDED_FOR": f"{CLIENT}, {HOP}", "REMOTE_ADDR": PROXY}
    for each in reversed(chain):
        view = import_string(each)(view)
    view(RequestFactory().get("/", **headers))
    return seen[0]


@pytest.mark.parametrize("path", ENTRIES)
def test_who_shortens_the_list_makes_a_proxy_the_client_and_is_found(path):
    assert client_beside(path, is_before=True) == (HOP, HOP)
    assert client_beside(path, is_before=False) == (CLIENT, HOP)
    assert "trustedproxy.W063" in findings_beside(path)


# Wrappers around the application.

SENT = {"for": FORGED, "proto": "https", "host": "forged.example", "prefix": "/forged"}
LOOPBACK = "127.0.0.1"
WSGI = {
    "werkzeug.middleware.proxy_fix.ProxyFix": lambda fix, app, **how: fix(app, **how),
    "impact_stack.proxyfix.ProxyFix": lambda fix, app: fix([LOOPBACK]).wrap(app),
    "impact_stack.proxyfix.ProxyFix.from_config": lambda fix, app: fix(
        lambda name, default: default
    ).wrap(app),
    "wsgi_cloudflare_proxy_fix.CloudflareProxyFix": lambda fix, app: fix(
        app, cloudflare_ipv4_ranges=[LOOPBACK]
    ),
    "paste.deploy.config.PrefixMiddleware": lambda fix, app, **how: fix(app, **how),
    "granian.utils.proxies.wrap_wsgi_with_proxy_headers": lambda fix, app: fix(app),
    "waitress.proxy_headers.proxy_headers_middleware": lambda fix, app: fix(app),
    "proxyprefix.wsgi.ReverseProxiedApp": lambda fix, app: fix(app),
}
ASGI = [
    "uvicorn.middleware.proxy_headers.ProxyHeadersMiddleware",
    "hypercorn.middleware.ProxyFixMiddleware",
    "hypercorn.middleware.proxy_fix.ProxyFixMiddleware",
    "granian.utils.proxies.wrap_asgi_with_proxy_headers",
    "async_proxy_headers.ProxyHeadersMiddleware",
    "async_proxy_headers.middleware.ProxyHeadersMiddleware",
]


def through_wsgi(path, **how):
    """Return what of a request a wrapper changed, as pairs of before and after."""
    environ = RequestFactory().get("/", REMOTE_ADDR=LOOPBACK).environ
    environ |= {f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in SENT.items()}
    environ["HTTP_CF_CONNECTING_IP"] = FORGED
    environ["HTTP_HOST"] = "testserver"
    before, seen = dict(environ), {}

    def application(environ, start_response):
        seen.update(environ)
        return []

    WSGI[path](resolve_name(path), application, **how)(environ, None)
    return {key: seen.get(key) for key, value in before.items() if seen.get(key) != value}


def through_asgi(path, **how):
    headers = [(f"x-forwarded-{name}", value) for name, value in SENT.items()]
    scope = scope_of(*headers, client=(LOOPBACK, 1))
    before, seen = dict(scope), {}

    async def application(scope, receive, send):
        seen.update(scope)

    asyncio.run(resolve_name(path)(application, **how)(scope, None, None))
    return {key: seen[key] for key, value in before.items() if seen[key] != value}


@pytest.mark.parametrize("path", WSGI)
def test_a_wsgi_wrapper_changes_the_peer_the_header_or_the_scheme(path):
    changed = through_wsgi(path)
    if path.startswith("proxyprefix."):
        assert changed == {"wsgi.url_scheme": "https", "SCRIPT_NAME": "/forged/"}
    else:
        assert changed.get("REMOTE_ADDR") == FORGED or changed["HTTP_X_FORWARDED_FOR"] is None


@pytest.mark.parametrize("path", ASGI)
def test_an_asgi_wrapper_changes_the_peer(path):
    assert through_asgi(path)["client"][0] == FORGED


def test_every_wrapper_is_tried():
    assert sorted([*WSGI, *ASGI]) == sorted(WRAPPERS)


@pytest.mark.parametrize("path", [path for path, known in WRAPPERS.items() if known.harmless])
def test_a_harmless_wrapper_changes_nothing(path):
    through = through_wsgi if path in WSGI else through_asgi
    assert through(path, **WRAPPERS[path].harmless) == {}


# What runs before any middleware.

WRAPPED = {"ASGI_APPLICATION": "tests.agreement.websocket_asgi.application"}
(EASY_AUDIT,) = {row.package: row for row in ROWS if row.ask is ask_easyaudit_request}.values()
(SENTRY,) = {row.package: row for row in ROWS if row.ask is ask_sentry}.values()


def test_request_events_of_easy_audit_name_the_proxy_and_are_found():
    row = EASY_AUDIT._replace(mount="middleware")
    assert row.answer(SCENARIOS["attack"], is_protected=True) == PROXY
    assert "W028" in ids()
    assert "W028" not in ids(**WRAPPED)


def test_request_events_that_are_switched_off_are_not_found():
    modules = ["easyaudit.settings", "easyaudit.signals.request_signals"]
    try:
        with override_settings(DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS=False):
            reload_all(modules)
            with EASY_AUDIT.site(is_protected=True) as site:
                site.send(SCENARIOS["attack"], "/page/")
                assert not RequestEvent.objects.exists()
            assert "W028" not in ids()
    finally:
        reload_all(modules)


@pytest.mark.filterwarnings("ignore:.*send_default_pii:DeprecationWarning")
@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, None),
        ({"send_default_pii": True}, FORGED),
        ({"data_collection": {"user_info": True}}, FORGED),
        ({"send_default_pii": True, "data_collection": {"user_info": False}}, None),
    ],
)
def test_sentry_that_sends_a_forged_address_is_found(options, sent):
    with SENTRY._replace(mount="middleware").site(is_protected=True) as site:
        sentry_sdk.init("http://key@localhost/1", transport=Transport, **options)
        try:
            site.send(SCENARIOS["attack"], "/fail/")
            findings, wrapped = ids(), ids(**WRAPPED)
        finally:
            sentry_sdk.get_client().close()
            sentry_sdk.get_global_scope().set_client(None)
    (event,) = CAPTURED
    assert event.get("user", {}).get("ip_address") == sent
    assert ("W029" in findings) == (sent is not None)
    assert "W029" not in wrapped


# Middlewares that read before the inner ones run.

READING = {
    "django.middleware.security.SecurityMiddleware": {"SECURE_SSL_REDIRECT": True},
    "django.contrib.sites.middleware.CurrentSiteMiddleware": {"SITE_ID": ""},
    "debug_toolbar.middleware.DebugToolbarMiddleware": {"DEBUG": True, "INTERNAL_IPS": [PROXY]},
    "allauth.usersessions.middleware.UserSessionsMiddleware": {"USERSESSIONS_TRACK_ACTIVITY": True},
    "cms.middleware.toolbar.ToolbarMiddleware": {"CMS_INTERNAL_IPS": [CLIENT]},
    "iprestrict.middleware.IPRestrictMiddleware": {"IPRESTRICT_IGNORE_PROXY_HEADER": True},
    "lockdown.middleware.LockdownMiddleware": {"LOCKDOWN_REMOTE_ADDR_EXCEPTIONS": [PROXY]},
    "maintenance_mode.middleware.MaintenanceModeMiddleware": {
        "MAINTENANCE_MODE": True,
        "MAINTENANCE_MODE_IGNORE_IP_ADDRESSES": [PROXY],
    },
    "user_sessions.middleware.SessionMiddleware": {"SESSION_ENGINE": "user_sessions.backends.db"},
}
WORDS = {
    "the address": {"REMOTE_ADDR", "HTTP_X_FORWARDED_FOR"},
    "the scheme": {"wsgi.url_scheme"},
    "the host": {"HTTP_HOST"},
}


class Watched(dict):
    """An environ that notes which keys are asked for by name."""

    asked = frozenset()

    def note(self, key):
        self.asked |= {key}

    def __getitem__(self, key):
        self.note(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.note(key)
        return super().get(key, default)


class WatchedHeaders(HttpHeaders):
    """The headers of a watched environ, which they copy."""

    def __init__(self, environ):
        super().__init__(environ)
        self.environ = environ

    def __getitem__(self, name):
        self.environ.note(self.to_wsgi_name(name))
        return super().__getitem__(name)


def read_by(path, **settings):
    """Return what a middleware reads before it calls the inner ones, in the words of the check."""
    environ = Watched(
        RequestFactory().get("/page/", HTTP_X_FORWARDED_FOR=CLIENT, HTTP_HOST="testserver").environ
    )
    environ["REMOTE_ADDR"] = PROXY
    read = []

    def view(request):
        read.append(environ.asked)
        return HttpResponse()

    with override_settings(**settings):
        middleware = import_string(path)(view)
        request = WSGIRequest(environ)
        request.__dict__["headers"] = WatchedHeaders(environ)
        request.session = SessionStore()
        request.session.create()
        request.user = User.objects.create_user("someone")
        environ.asked = frozenset()
        middleware(request)
    # One that answers by itself has read all that it reads.
    asked = read[0] if read else environ.asked
    *some, last = [word for word, keys in WORDS.items() if keys & asked]
    return f"{', '.join(some)} and {last}" if some else last


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:pkg_resources")
@pytest.mark.parametrize("path", READERS)
def test_an_early_reader_reads_what_the_finding_says(path):
    Site.objects.create(domain="testserver")
    assert read_by(path, **READING.get(path, {})) == READERS[path]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", READERS)
def test_an_early_reader_is_found_before_ours_and_not_behind(path):
    middleware = [path, "django_trustedproxy.middleware.TrustedProxyMiddleware"]
    assert "W005" in ids(MIDDLEWARE=middleware)
    assert "W005" not in ids(MIDDLEWARE=middleware[::-1])
