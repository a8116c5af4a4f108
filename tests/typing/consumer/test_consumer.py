"""The tests of the project, as the README writes them."""

import asyncio
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from consumer import asgi, wsgi
from django_trustedproxy import Answer, TrustedProxyMiddleware, get_trusted_proxy
from django_trustedproxy.testing import through


def test_a_view_reads_the_attribute(client: Client) -> None:
    response = client.get("/", **through("203.0.113.9", "10.0.0.1"))
    assert response.content == b"203.0.113.9 through a proxy"
    response = client.get("/", **through("203.0.113.9"))
    assert response.content == b"203.0.113.9 itself"


def test_a_view_reads_the_answer(client: Client) -> None:
    chain = through("203.0.113.9", "10.0.0.2", "10.0.0.1")
    told = client.get("/way/", headers={"X-Forwarded-Proto": "https"}, **chain).json()
    assert told["way"] == ["203.0.113.9", "10.0.0.2", "10.0.0.1"]
    assert (told["outcome"], told["scheme"]) == ("forwarded", "https")


def test_a_post_passes_data_beside_the_chain(client: Client) -> None:
    response = client.post("/", {"name": "value"}, **through("203.0.113.9", "10.0.0.1"))
    assert response.content == b"203.0.113.9 through a proxy"


def test_a_health_check_of_the_proxy_is_told_apart(client: Client) -> None:
    assert client.get("/health/", **through("10.0.0.1")).content == b"health check"


def test_the_counts_have_a_number_for_each_outcome(client: Client) -> None:
    client.get("/", **through("203.0.113.9", "10.0.0.1"))
    told = client.get("/counts/", **through("203.0.113.9", "10.0.0.1")).json()
    assert told["forwarded"] >= 1


def test_the_handler_of_a_rejection_sees_its_class(client: Client) -> None:
    response = client.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="evil")
    assert (response.status_code, response.content) == (400, b"rejected")


def test_the_middleware_is_a_callable_class() -> None:
    seen: list[Answer] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(get_trusted_proxy(request))
        return HttpResponse("seen")

    request = RequestFactory().get("/", **through("203.0.113.9", "10.0.0.1"))
    TrustedProxyMiddleware(view)(request)
    assert [answer.client for answer in seen] == ["203.0.113.9"]


def test_the_wsgi_wrapper_hands_on_the_client() -> None:
    environ: dict[str, Any] = (
        RequestFactory().get("/", **through("203.0.113.9", "10.0.0.1")).environ
    )
    body = wsgi.application(environ, lambda *_: None)
    assert b"".join(body) == b"203.0.113.9 through a proxy"


def test_the_asgi_wrapper_hands_on_a_websocket() -> None:
    sent: list[Any] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
        await asgi.websockets({**scope, "client": ("203.0.113.9", 1)}, receive, send)

    asyncio.run(ask())
    assert sent == [{"type": "websocket.close", "code": 1000}]
