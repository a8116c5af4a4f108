"""What the log tells of the first requests, as a server or a middleware before ours would leave them."""

import asyncio
import logging

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from django_trustedproxy import counts
from django_trustedproxy.asgi import TrustedProxy
from django_trustedproxy.middleware import TrustedProxyMiddleware

CLIENT = "203.0.113.9"
CHANGED = f"changed REMOTE_ADDR from '10.0.0.1' to '{CLIENT}' before"


def rewriting(get_response):
    """Do what a fixer before ours does."""

    def middleware(request):
        request.META["REMOTE_ADDR"] = CLIENT
        return get_response(request)

    return middleware


@pytest.fixture
def serve(caplog):
    """Send requests through one middleware, and return what it logs."""
    middleware = TrustedProxyMiddleware(lambda _: HttpResponse())

    def send(**meta):
        caplog.clear()
        middleware(RequestFactory().get("/", **{"REMOTE_ADDR": "10.0.0.1", **meta}))
        assert {(r.name, r.levelno) for r in caplog.records} <= {
            ("django_trustedproxy", logging.WARNING)
        }
        return [record.getMessage() for record in caplog.records]

    return send


@pytest.mark.parametrize(
    ("mark", "original"),
    [
        ("werkzeug.proxy_fix.orig", {"REMOTE_ADDR": "10.0.0.1"}),
        ("werkzeug.proxy_fix.orig_remote_addr", "10.0.0.1"),
        ("wsgi_cloudflare_proxy_fix.orig", {"REMOTE_ADDR": "10.0.0.1"}),
    ],
)
def test_the_mark_of_a_wrapper_that_changed_the_address_is_told_once(serve, mark, original):
    (message,) = serve(REMOTE_ADDR=CLIENT, **{mark: original})
    assert message == (
        f"A wrapper {CHANGED} Django saw the request (it left {mark!r}). Remove it: TRUSTED_PROXIES "
        "decides."
    )
    assert serve(REMOTE_ADDR=CLIENT, **{mark: original}) == []


@pytest.mark.parametrize("original", [{"REMOTE_ADDR": "10.0.0.1"}, {}, None])
def test_the_mark_of_a_wrapper_that_changed_nothing_is_not(serve, original):
    assert serve(**{"werkzeug.proxy_fix.orig": original}) == []


def test_a_middleware_that_changed_the_address_before_ours_is_told_once(caplog):
    chain = [
        "tests.test_log.rewriting",
        "django_trustedproxy.middleware.TrustedProxyMiddleware",
    ]
    with override_settings(MIDDLEWARE=chain):
        client = Client()
        for _ in range(2):
            client.get("/echo", REMOTE_ADDR="10.0.0.1")
    assert [record.getMessage() for record in caplog.records] == [
        f"A middleware {CHANGED} TrustedProxyMiddleware. Put TrustedProxyMiddleware first in "
        "MIDDLEWARE, and remove the other."
    ]


def asgi_request(client, meta_address, header):
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"x-forwarded-for", header.encode())] if header else [],
        "client": client,
        "server": ("testserver", 80),
    }
    request = ASGIRequest(scope, None)
    if meta_address:
        request.META["REMOTE_ADDR"] = meta_address
    return request


async def respond(_):
    return HttpResponse()


@pytest.mark.parametrize(
    ("client", "meta_address", "header", "hint"),
    [
        # uvicorn took the client from the header, and left the header in place
        ((CLIENT, 0), None, f"6.6.6.6, {CLIENT}", "--no-proxy-headers"),
        ((CLIENT, "0"), None, CLIENT, "--no-proxy-headers"),
        # An earlier middleware changed META; the scope still knows the peer
        (("10.0.0.1", 4711), CLIENT, CLIENT, "A middleware changed"),
        # Near misses
        ((CLIENT, 4711), None, CLIENT, None),
        (("", "0"), None, None, None),
        (("0.0.0.0", "0"), None, "0.0.0.0", None),
        (("10.0.0.1", 0), None, CLIENT, None),
        (("3.0.113.9", 0), None, CLIENT, None),
        (("10.0.0.1", 0), None, None, None),
        (None, None, CLIENT, None),
    ],
)
def test_a_server_that_took_the_address_from_the_header_is_told(
    caplog, client, meta_address, header, hint
):
    middleware = TrustedProxyMiddleware(respond)
    asyncio.run(middleware(asgi_request(client, meta_address, header)))
    messages = [r.getMessage() for r in caplog.records if r.name == "django_trustedproxy"]
    assert [hint in message for message in messages] == ([True] if hint else [])


def test_a_peer_address_that_is_no_text_is_not_taken_for_one_of_the_header(serve):
    assert serve(REMOTE_ADDR=0, REMOTE_PORT=0, HTTP_X_FORWARDED_FOR="0") == []


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_waitress_that_removes_the_header_is_told(serve, header):
    with override_settings(TRUSTED_PROXY_HEADER=header):
        assert serve(SERVER_SOFTWARE="waitress") == [
            f"waitress removes {header} before Django sees it. Run it with "
            "--no-clear-untrusted-proxy-headers."
        ]


@pytest.mark.parametrize(
    "meta",
    [
        {"HTTP_X_FORWARDED_FOR": CLIENT},
        {"REMOTE_ADDR": CLIENT},
        {"SERVER_SOFTWARE": "gunicorn"},
    ],
)
def test_waitress_with_the_header_or_a_direct_client_is_not(serve, meta):
    assert serve(**{"SERVER_SOFTWARE": "waitress", **meta}) == []


def test_waitress_does_not_remove_headers_with_one_address(serve):
    with override_settings(TRUSTED_PROXY_HEADER="X-Real-IP"):
        assert serve(SERVER_SOFTWARE="waitress") == []


GATEWAY = {"requestContext": {"http": {"sourceIp": CLIENT}}}
REST = {"requestContext": {"identity": {"sourceIp": CLIENT}}}
BALANCER = {"requestContext": {"elb": {}}, "headers": {"x-forwarded-for": f"6.6.6.6, {CLIENT}"}}
BALANCER_MULTI = {
    "requestContext": {"elb": {}},
    "multiValueHeaders": {"x-forwarded-for": [f"6.6.6.6, {CLIENT}"]},
}


@pytest.mark.parametrize("event", [GATEWAY, REST, BALANCER, BALANCER_MULTI])
@pytest.mark.parametrize("key", ["apig_wsgi.full_event", "serverless.event", "lambda.event"])
def test_an_adapter_that_took_the_peer_from_what_a_client_wrote_is_told(serve, key, event):
    (message,) = serve(REMOTE_ADDR="6.6.6.6", **{key: event})
    assert message == (
        f"The event says that {CLIENT!r} has connected, but the adapter handed over '6.6.6.6' as "
        "the peer. What it takes from X-Forwarded-For, a client may have written. Ask the event: "
        "see docs/platforms/serverless.md."
    )


@pytest.mark.parametrize("is_wrapped", [False, True])
@pytest.mark.parametrize(("peer", "hint"), [(CLIENT, None), ("6.6.6.6", "The event says")])
def test_an_adapter_under_asgi_is_told_by_what_its_event_says(caplog, peer, hint, is_wrapped):
    """Mangum leaves the event in the scope, and knows no port: that alone is no fault."""
    request = asgi_request((peer, 0), None, f"6.6.6.6, {CLIENT}")
    request.scope["aws.event"] = GATEWAY
    if is_wrapped:

        async def application(*_):
            pass

        asyncio.run(TrustedProxy(application)(request.scope, None, None))
    else:
        asyncio.run(TrustedProxyMiddleware(respond)(request))
    messages = [r.getMessage() for r in caplog.records if r.name == "django_trustedproxy"]
    found = [m for m in messages if "The event" in m or "The server" in m]
    assert [hint in message for message in found] == ([True] if hint else [])


@pytest.mark.parametrize(
    "event", [None, (), {}, {"requestContext": {}}, {"requestContext": {"elb": {}}}]
)
def test_an_event_that_tells_nobody_is_no_finding(serve, event):
    assert serve(REMOTE_ADDR="6.6.6.6", **{"lambda.event": event}) == []


def test_looking_ends_with_the_first_header_that_comes_by(serve):
    mark = {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "10.0.0.9"}}
    assert serve() == []
    assert serve(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=CLIENT) == []
    assert serve(HTTP_X_FORWARDED_FOR=CLIENT) == []
    assert serve(**mark) == []


def test_what_is_noted_before_a_request_does_not_reach_a_view():
    middleware = TrustedProxyMiddleware(lambda request: request)
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": CLIENT}
    request = RequestFactory().get("/", **meta, **{"trusted_proxy.reported": "10.0.0.1"})
    assert "trusted_proxy.reported" not in middleware(request).META


def test_requests_are_counted_by_outcome():
    before = counts()
    middleware = TrustedProxyMiddleware(lambda request: request)
    for peer in ("10.0.0.1", "192.0.2.1", "192.0.2.2"):
        middleware(RequestFactory().get("/", REMOTE_ADDR=peer))
    more = {outcome: number - before[outcome] for outcome, number in counts().items()}
    assert more == {"direct": 2, "missing": 1, "forwarded": 0, "malformed": 0, "unknown": 0}
