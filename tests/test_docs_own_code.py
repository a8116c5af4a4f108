"""docs/own-code.md: its middleware and its view are run, and what it says of lifespan is true."""

import asyncio

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from django_trustedproxy.asgi import TrustedProxy
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.testing import through
from tests.pages import blocks
from tests.requests import CLIENT

PAGE = "docs/own-code.md"
PROXY = "10.0.0.1"


def names_of(section):
    """Run the block of a section; return what it defines."""
    (block,) = [block for block in blocks(PAGE) if block.section == section]
    names = {}
    exec(block.text, names)
    return names


@pytest.mark.parametrize(
    ("path", "chain", "status"),
    [
        ("/admin/", (CLIENT, PROXY), 200),
        ("/admin/", (CLIENT,), 403),
        ("/", (CLIENT,), 200),
    ],
)
def test_the_middleware_of_the_page_knows_who_came_through_a_proxy(path, chain, status):
    require_forwarded = names_of("A middleware of your own")["require_forwarded"]
    chained = TrustedProxyMiddleware(require_forwarded(lambda _: HttpResponse()))
    assert chained(RequestFactory().get(path, **through(*chain))).status_code == status


def test_without_the_middleware_the_attribute_is_missing():
    assert not hasattr(RequestFactory().get("/"), "trusted_proxy")


def test_a_task_is_given_the_address_of_the_client():
    given = []
    view = names_of("Celery and management commands")["make_report"](
        lambda **arguments: given.append(arguments)
    )
    response = TrustedProxyMiddleware(view)(RequestFactory().get("/", **through(CLIENT, PROXY)))
    assert response.status_code == 200
    assert given == [{"client": CLIENT}]


def test_the_wrapper_passes_lifespan_on_unchanged():
    seen = []

    async def application(scope, _receive, _send):
        seen.append(scope)

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
    asyncio.run(TrustedProxy(application)(scope, None, None))
    assert seen == [{"type": "lifespan", "asgi": {"version": "3.0"}}]
