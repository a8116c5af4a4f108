"""The panel in the real toolbar: beside a page, and again from the toolbar's store."""

import asyncio
import html
import re

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.test import Client

from django_trustedproxy.asgi import TrustedProxy
from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from django_trustedproxy.panels import TrustedProxyPanel
from tests.edge import EDGE, HEADER, OLDER, SECRET, STAMPS
from tests.mounts import exchange
from tests.requests import CLIENT, lowered, scope_of
from tests.seven import SEVEN, meta_of

TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"


@pytest.fixture(autouse=True)
def _toolbar(settings):
    settings.DEBUG = True
    settings.STATIC_URL = "/static/"
    settings.ROOT_URLCONF = "tests.panel_urls"
    settings.INSTALLED_APPS = [
        *settings.INSTALLED_APPS,
        "django.contrib.staticfiles",
        "debug_toolbar",
    ]
    settings.MIDDLEWARE = [OUR_MIDDLEWARE, TOOLBAR]
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
    ]
    settings.DEBUG_TOOLBAR_PANELS = [
        f"{TrustedProxyPanel.__module__}.{TrustedProxyPanel.__qualname__}"
    ]
    settings.DEBUG_TOOLBAR_CONFIG = {"SHOW_TOOLBAR_CALLBACK": lambda _: True}
    settings.TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"


HEADERS = {
    "X-Forwarded-For": f"6.6.6.6, {CLIENT}, 10.0.0.2",
    "X-Real-IP": "6.6.6.6",
    "X-Forwarded-Proto": "https",
}


def stored(client, page):
    """Fetch the panel from the store, as the toolbar does when it is opened."""
    key, value = re.search(r'data-(request|store)-id="(\w+)"', page).groups()
    query = {f"{key}_id": value, "panel_id": "TrustedProxyPanel"}
    return client.get("/__debug__/render_panel/", query, REMOTE_ADDR="127.0.0.1").json()["content"]


def text_of(markup):
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def test_the_panel_draws_the_way_of_a_request(client):
    page = client.get("/page", REMOTE_ADDR="10.0.0.1", headers=HEADERS).content.decode()
    assert "Trusted proxy" in page
    assert f"<small>{CLIENT}</small>" in re.sub(r"\s*\n\s*", "", page)
    panel = text_of(stored(client, page))
    assert (
        f"{CLIENT} client → 10.0.0.2 trusted proxy → 10.0.0.1 trusted proxy → Django forwarded : {CLIENT} "
        "is the client: X-Forwarded-For names it, behind the trusted 10.0.0.2, 10.0.0.1." in panel
    )
    assert "scheme X-Forwarded-Proto https" in panel
    assert "Dropped: X-Real-IP" in panel


def test_the_panel_tells_of_a_direct_request(client):
    page = client.get("/page", REMOTE_ADDR="192.0.2.1").content.decode()
    panel = text_of(stored(client, page))
    assert (
        "192.0.2.1 client → Django direct : The peer 192.0.2.1 is not in TRUSTED_PROXIES" in panel
    )
    assert "Dropped: nothing" in panel


@pytest.mark.parametrize(
    ("value", "stamp", "peer"),
    [(SECRET, "valid", EDGE), (OLDER, "wrong", "10.0.0.1"), (None, "absent", "10.0.0.1")],
)
def test_the_panel_tells_what_came_as_the_secret_of_the_edge(client, settings, value, stamp, peer):
    for name, setting in STAMPS.items():
        setattr(settings, name, setting)
    secret = {HEADER: value} if value else {}
    page = client.get("/page", REMOTE_ADDR=peer, headers={**HEADERS, **secret}).content.decode()
    panel = text_of(stored(client, page))
    assert f"Secret of the edge: {stamp}" in panel
    would = 'With "unstamped" in TRUSTED_PROXY_REJECT, such a request would be answered with 400.'
    assert (would in html.unescape(panel)) == (stamp != "valid")
    assert value is None or value not in page + panel


def test_the_panel_tells_that_the_middleware_is_missing(client, settings):
    settings.MIDDLEWARE = [TOOLBAR]
    page = client.get("/page", REMOTE_ADDR="10.0.0.1").content.decode()
    assert "TrustedProxyMiddleware did not decide" in text_of(stored(client, page))


def test_the_panel_works_under_asgi(async_client, client):
    async def ask():
        return await async_client.get("/page", headers=HEADERS)

    page = asyncio.run(ask()).content.decode()
    assert "127.0.0.1 client → Django direct" in text_of(stored(client, page))


@pytest.mark.parametrize("case", SEVEN)
def test_the_panel_says_why(client, settings, case):
    changes, arguments, line = SEVEN[case]
    settings.TRUSTED_PROXY_SCHEME_HEADER = None
    for name, value in changes.items():
        setattr(settings, name, value)
    page = client.get("/page", **meta_of(arguments)).content.decode()
    panel = html.unescape(text_of(stored(client, page)))
    outcome, _, reason = line.partition(": ")
    sentence, _, remark = reason.partition(" If 10.0.0.2 is")
    assert f"{outcome} : {sentence}" in panel
    assert remark in panel


def test_the_panel_shows_what_changed(client):
    page = client.get("/page", REMOTE_ADDR="10.0.0.1", headers=HEADERS).content.decode()
    panel = html.unescape(text_of(stored(client, page)))
    assert (
        f"META Before After HTTP_X_FORWARDED_FOR '6.6.6.6, {CLIENT}, 10.0.0.2' '{CLIENT}, 10.0.0.2' "
        f"HTTP_X_REAL_IP '6.6.6.6' none REMOTE_ADDR '10.0.0.1' '{CLIENT}' wsgi.url_scheme 'http' 'https'"
        in panel
    )


def test_the_panel_shows_what_a_malformed_header_said_escaped(client):
    headers = {"X-Forwarded-For": "<b>x</b>", "X-Forwarded-Proto": "<i>"}
    page = client.get("/page", REMOTE_ADDR="10.0.0.1", headers=headers).content.decode()
    markup = stored(client, page)
    assert "<b>x" not in markup
    assert "<i>" not in markup
    panel = html.unescape(text_of(markup))
    assert "It came as '<b>x</b>'." in panel
    assert (
        "X-Forwarded-Proto from the trusted proxy 10.0.0.1 is malformed: it is not a scheme."
        in panel
    )
    assert "scheme X-Forwarded-Proto malformed or empty '<i>'" in panel


def test_a_query_that_is_no_text_is_what_it_is_without_the_panel():
    scope = scope_of(path="/page", query_string=b"\xff")
    status, _ = asyncio.run(exchange(ASGIHandler(), scope))
    assert status == 400


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_panel_under_asgi_shows_what_came_unless_a_wrapper_decided(client, wrapped):
    async def ask():
        application = ASGIHandler()
        messages, requests = [], iter([{"type": "http.request"}])
        scope = scope_of(*lowered(HEADERS.items()), path="/page")

        async def receive():
            message = next(requests, None)
            if message is None:
                await asyncio.Event().wait()  # the client stays
            return message

        async def send(message):
            messages.append(message)

        await (TrustedProxy(application) if wrapped else application)(scope, receive, send)
        return b"".join(message.get("body", b"") for message in messages).decode()

    panel = html.unescape(text_of(stored(client, asyncio.run(ask()))))
    assert f"{CLIENT} client → 10.0.0.2 trusted proxy" in panel
    assert ("What came is not known: a wrapper decided before Django" in panel) is wrapped
    assert (f"'6.6.6.6, {CLIENT}, 10.0.0.2'" in panel) is not wrapped


def test_the_panel_says_that_a_request_was_rejected(client, settings):
    settings.TRUSTED_PROXY_REJECT = ["missing"]
    settings.MIDDLEWARE = [TOOLBAR, OUR_MIDDLEWARE]
    page = client.get("/page", REMOTE_ADDR="10.0.0.1")
    assert page.status_code == 400
    panel = html.unescape(text_of(stored(client, page.content.decode())))
    assert 'so the request is answered with 400 (TRUSTED_PROXY_REJECT names "missing").' in panel
    assert "would" not in panel


@pytest.mark.parametrize(
    ("peer", "headers", "name"),
    [
        ("192.0.2.1", {}, "direct"),
        ("10.0.0.1", {}, "missing"),
        ("10.0.0.1", {"X-Forwarded-For": "x"}, "malformed"),
        ("10.0.0.1", {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "x"}, "malformed"),
    ],
)
def test_the_panel_says_what_would_reject_a_request(client, peer, headers, name):
    page = client.get("/page", REMOTE_ADDR=peer, headers=headers).content.decode()
    panel = html.unescape(text_of(stored(client, page)))
    assert (
        f'With "{name}" in TRUSTED_PROXY_REJECT, such a request would be answered with 400.'
        in panel
    )


def test_the_panel_says_of_a_request_in_order_that_nothing_would_reject_it(client):
    page = client.get("/page", REMOTE_ADDR="10.0.0.1", headers=HEADERS).content.decode()
    assert "would be answered" not in html.unescape(text_of(stored(client, page)))


def test_the_panel_says_which_login_a_stranger_lost(client, settings):
    settings.TRUSTED_PROXY_GUARDED_HEADERS = ["X-Company-User"]
    stranger = {"REMOTE_ADDR": "192.0.2.1", "headers": {"X-Company-User": "admin"}}
    page = client.get("/page", **stranger).content.decode()
    assert "would have logged" not in text_of(stored(client, page))
    settings.MIDDLEWARE = [OUR_MIDDLEWARE, "tests.custom_logins.ByAuthenticate", TOOLBAR]
    client = Client()
    page = client.get("/page", **stranger).content.decode()
    said = (
        "X-Company-User from 192.0.2.1, which is not in TRUSTED_PROXIES, was dropped; it would "
        "have logged the client in."
    )
    assert said in text_of(stored(client, page))
