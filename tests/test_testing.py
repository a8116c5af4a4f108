"""The helpers for the tests of a project, with each of Django's own clients."""

import asyncio
from types import SimpleNamespace

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory, override_settings

from django_trustedproxy.asgi import TrustedProxy
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.testing import send_through, through
from tests.answers import facts_of
from tests.requests import CLIENT


def told(request):
    """Return what a view would see, in the form of the view "echo"."""
    return {"meta": request.META, "answer": facts_of(request.trusted_proxy)}


def from_client(chain):
    return Client().get("/echo", **through(*chain)).json()


def from_factory(chain):
    return factory_sees(RequestFactory().get("/echo", **through(*chain)))


def from_sending_client(chain):
    return send_through(Client(), *chain).get("/echo").json()


def from_sending_factory(chain):
    return factory_sees(send_through(RequestFactory(), *chain).get("/echo"))


def from_async_client(chain):
    return asyncio.run(send_through(AsyncClient(), *chain).get("/echo")).json()


def from_async_factory(chain):
    return factory_sees(send_through(AsyncRequestFactory(), *chain).get("/echo"))


def from_communicator(chain):
    """Send through asgiref's communicator, from which those of Channels are made."""

    async def application(scope, _receive, send):
        await send(
            {"META": ASGIRequest(scope, None).META, "answer": facts_of(scope["trusted_proxy"])}
        )

    async def exchange():
        scope = AsyncRequestFactory().get("/echo").scope
        communicator = ApplicationCommunicator(TrustedProxy(application), scope)
        seen = await send_through(communicator, *chain).receive_output()
        await communicator.wait()
        return seen

    seen = asyncio.run(exchange())
    return {"meta": seen["META"], "answer": seen["answer"]}


def factory_sees(request):
    seen = []
    TrustedProxyMiddleware(lambda r: seen.append(told(r)) or HttpResponse())(request)
    return seen[0]


WAYS = [
    from_client,
    from_factory,
    from_sending_client,
    from_sending_factory,
    from_async_client,
    from_async_factory,
    from_communicator,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("chain", "settings", "proxies"),
    [
        ([CLIENT], {}, []),
        ([CLIENT, "10.0.0.1"], {}, ["10.0.0.1"]),
        (["2001:db8::1", "10.0.0.2", "10.0.0.1"], {}, ["10.0.0.2", "10.0.0.1"]),
        (
            ["2001:db8::1", "10.0.0.2", "10.0.0.1"],
            {"TRUSTED_PROXY_HEADER": "Forwarded"},
            ["10.0.0.2", "10.0.0.1"],
        ),
        ([CLIENT, "10.0.0.1"], {"TRUSTED_PROXY_HEADER": "X-Real-IP"}, ["10.0.0.1"]),
        (
            ["2001:db8::1", "10.0.0.1"],
            {"TRUSTED_PROXY_HEADER": "CloudFront-Viewer-Address"},
            ["10.0.0.1"],
        ),
        ([CLIENT, "unix:"], {"TRUSTED_PROXIES": ["unix:"]}, ["unix:"]),
    ],
)
def test_a_request_comes_from_a_client_through_a_chain(way, chain, settings, proxies):
    with override_settings(**settings):
        seen = way(chain)
    assert seen["meta"]["REMOTE_ADDR"] == chain[0]
    assert list(seen["answer"]["proxies"]) == proxies


@pytest.mark.parametrize("way", WAYS)
def test_a_peer_on_a_unix_socket_has_no_address(way):
    with override_settings(TRUSTED_PROXIES=[]):
        seen = way([CLIENT, "unix:"])
    assert not seen["meta"].get("REMOTE_ADDR")
    assert "HTTP_X_FORWARDED_FOR" not in seen["meta"]


def test_a_client_that_sends_through_proxies_keeps_cookies_and_leaves_the_original_alone():
    client = Client()
    client.cookies["seen"] = "yes"
    sending = send_through(client, CLIENT, "10.0.0.1")
    for _ in range(2):
        meta = sending.get("/echo").json()["meta"]
        assert (meta["REMOTE_ADDR"], meta["HTTP_COOKIE"]) == (CLIENT, "seen=yes")
    assert client.get("/echo").json()["meta"]["REMOTE_ADDR"] == "127.0.0.1"


def test_what_the_proxies_send_replaces_what_the_test_sends():
    async def send():
        client = send_through(AsyncClient(), CLIENT, "10.0.0.1")
        return await client.get("/echo", headers={"X-Forwarded-For": "6.6.6.6", "X-Own": "1"})

    headers = asyncio.run(send()).json()["headers"]
    assert (headers["X-Forwarded-For"], headers["X-Own"]) == (CLIENT, "1")


def test_through_says_that_it_cannot_do_it_for_an_async_client():
    remedy = r"write send_through\(async_client, \.\.\.\)\.get"
    with pytest.raises(TypeError, match=remedy):
        asyncio.run(AsyncClient().get("/echo", **through(CLIENT, "10.0.0.1")))
    with pytest.raises(TypeError, match=remedy):
        AsyncRequestFactory().get("/echo", **through(CLIENT))


@pytest.mark.parametrize(
    ("chain", "fact"),
    [
        (["localhost"], "client is not an address"),
        ([""], "client is not an address"),
        ([None], "client is not an address"),
        ([3405803785], "client is not an address"),
        (["203.0.113.9:80", "10.0.0.1"], "client is not an address"),
        ([CLIENT, "10.0.0.1", "10.0.0.0/8"], r"proxies\[1\] is not an address"),
        ([CLIENT, "[::1]"], r"proxies\[0\] is not an address"),
        ([CLIENT, "fe80::1%eth0"], r"proxies\[0\] is not an address"),
        ([CLIENT, " 10.0.0.1"], r"proxies\[0\] is not an address"),
    ],
)
def test_what_is_no_address_is_refused_by_name(chain, fact):
    remedy = (
        "expected one such as '203.0.113.9', without port, brackets and prefix length, or 'unix:'"
    )
    for call in (through, lambda *all_: send_through(Client(), *all_)):
        with pytest.raises(ValueError, match=f"^{fact}: {remedy}"):
            call(*chain)


@pytest.mark.parametrize("header", ["X-Real-IP", "CloudFront-Viewer-Address"])
def test_a_header_with_one_address_carries_no_chain(header):
    with (
        override_settings(TRUSTED_PROXY_HEADER=header),
        pytest.raises(
            ValueError, match=rf"^proxies: {header} carries one address, .* only the last"
        ),
    ):
        through(CLIENT, "10.0.0.2", "10.0.0.1")


def test_what_sends_no_requests_is_refused():
    with pytest.raises(TypeError, match=r"takes a test client, .* or a communicator, got object"):
        send_through(object(), CLIENT)


def test_a_scope_without_a_host_gets_one_on_a_unix_socket():
    sender = send_through(SimpleNamespace(scope={"headers": []}), CLIENT, "unix:")
    assert (b"host", b"testserver") in sender.scope["headers"]
    assert (sender.scope["client"], sender.scope["server"]) == (None, None)
