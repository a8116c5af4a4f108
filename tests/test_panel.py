"""The panel in the real toolbar: beside a page, and again from the toolbar's store."""

import asyncio
import html
import re

import pytest

from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from tests.test_explanation import SEVEN, meta_of

CLIENT = "203.0.113.9"
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
    settings.DEBUG_TOOLBAR_PANELS = ["django_trustedproxy.panels.TrustedProxyPanel"]
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
    for name, value in changes.items():
        setattr(settings, name, value)
    page = client.get("/page", **meta_of(arguments)).content.decode()
    panel = html.unescape(text_of(stored(client, page)))
    # The panel has no header text, and so cannot tell what the server took from it.
    outcome, _, reason = line.partition(" But the header names")[0].partition(": ")
    assert f"{outcome} : {reason}" in panel
