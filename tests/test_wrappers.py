"""The wrappers: what they hand on, what they leave alone, and that the middleware keeps their answer."""

import asyncio
import logging
import sys
from io import BytesIO
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import set_script_prefix

from django_trustedproxy import asgi, wsgi
from django_trustedproxy.conf import get_policy
from django_trustedproxy.engine.answer import Answer
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, meta_name
from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.requests import CLIENT, environ_of, handed_on, lowered, scope_of
from tests.steps import steps

FORGED = "6.6.6.6"


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_application_gets_a_copy_that_says_who_the_client_is(kind):
    headers = [
        ("host", "testserver"),
        ("x-forwarded-for", f"{FORGED}, {CLIENT}:4712, 10.0.0.2"),
        ("x-real-ip", FORGED),
        ("cookie", "a=1"),
    ]
    before = scope_of(*headers, kind=kind)
    kept = {**before, "headers": list(before["headers"])}
    got, _ = handed_on(before)
    # The server's own scope learns the client alone, for its access log
    assert before.pop("trusted_proxy.peer").client == ("10.0.0.1", 4711)
    assert before == {**kept, "client": (CLIENT, 4712)}
    assert got["headers"] is not before["headers"]
    assert got["client"] == (CLIENT, 4712)
    assert got["headers"] == [
        (b"host", b"testserver"),
        (b"cookie", b"a=1"),
        (b"x-forwarded-for", f"{CLIENT}, 10.0.0.2".encode()),
    ]
    assert got["trusted_proxy"] == Answer(
        "10.0.0.1",
        CLIENT,
        ("10.0.0.2", "10.0.0.1"),
        "forwarded",
        "X-Forwarded-For",
        4712,
        dropped=("HTTP_X_REAL_IP",),
        header_text=f"6.6.6.6, {CLIENT}:4712, 10.0.0.2",
    )


def test_a_stranger_hands_on_no_forwarding_header_of_any_purpose():
    names = [name for purpose in FORWARDING_HEADERS.values() for name in purpose]
    forged = [(name, FORGED) for name in names]
    got, _ = handed_on(scope_of(*lowered(forged), ("accept", "*/*"), client=("192.0.2.1", 1)))
    assert got["headers"] == [(b"accept", b"*/*")]
    environ = environ_of(*forged, peer="192.0.2.1", HTTP_ACCEPT="*/*")
    wsgi.TrustedProxy(lambda *_: [])(environ, None)
    assert environ["HTTP_ACCEPT"] == "*/*"
    assert not environ.keys() & set(map(meta_name, names))


def test_a_server_may_leave_the_capitals_of_a_name():
    got, _ = handed_on(scope_of(("X-Forwarded-For", CLIENT), ("X-Real-IP", FORGED)))
    assert got["client"] == (CLIENT, 0)
    assert got["headers"] == [(b"x-forwarded-for", CLIENT.encode())]


@pytest.mark.parametrize(("kind", "scheme"), [("http", "http"), ("websocket", "ws")])
def test_a_scope_without_a_scheme_has_that_of_a_plain_connection(kind, scheme):
    scope = scope_of(kind=kind)
    del scope["scheme"]
    assert handed_on(scope)[0]["scheme"] == scheme


@pytest.mark.parametrize(("prefix", "kept"), [("/app", "/app"), ("//evil.example", "")])
def test_a_wrapper_leaves_no_path_prefix_that_leads_elsewhere(prefix, kept):
    environ = environ_of(SCRIPT_NAME=prefix)
    wsgi.TrustedProxy(lambda *_: [])(environ, None)
    assert environ["SCRIPT_NAME"] == kept
    assert handed_on(scope_of(root_path=prefix))[0]["root_path"] == kept


@pytest.mark.parametrize(
    "name",
    [
        "X_Forwarded_For",
        "x.forwarded.for",
        "x-forwarded_for",
        "X-Real.IP",
        "X_FORWARDED_PROTO",
        "X-Real-IP",
        "X-real-ip",
    ],
)
@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.1"])
def test_a_name_that_would_collapse_onto_a_forwarding_header_is_dropped(name, peer):
    got, _ = handed_on(scope_of((name, FORGED), client=(peer, 1)))
    assert got["headers"] == []
    assert got["client"] == (peer, 1)


@pytest.mark.parametrize("name", ["x_other", "x.other", "x-forwarded-for-other", "xforwardedfor"])
def test_another_name_is_left_alone(name):
    got, _ = handed_on(scope_of((name, FORGED)))
    assert got["headers"] == [(name.encode(), FORGED.encode())]


def test_a_header_that_a_trusted_peer_may_send_keeps_its_bytes():
    got, _ = handed_on(scope_of(("x-forwarded-proto", "https\xff")))
    assert got["headers"] == [(b"x-forwarded-proto", b"https\xff")]


def test_a_lifespan_passes_through():
    scope = {"type": "lifespan"}
    assert handed_on(scope)[0] is scope


def test_a_scope_that_was_decided_passes_through():
    once, _ = handed_on(scope_of(("x-forwarded-for", CLIENT)))
    assert handed_on(once)[0] is once


@pytest.mark.parametrize(
    ("kind", "text", "scheme"),
    [
        ("http", "https", "https"),
        ("http", "wss", "https"),
        ("http", "http", "http"),
        ("websocket", "https", "wss"),
        ("websocket", "wss", "wss"),
        ("websocket", "http", "ws"),
    ],
)
def test_the_scheme_is_that_of_the_protocol(kind, text, scheme):
    with override_settings(TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto"):
        got, _ = handed_on(scope_of(("x-forwarded-proto", text), kind=kind))
    assert got["scheme"] == scheme


def test_the_host_replaces_every_other():
    headers = [("host", "inner"), ("Host", "second"), ("x-forwarded-host", "public.example")]
    with override_settings(TRUSTED_PROXY_HOST_HEADER="X-Forwarded-Host"):
        got, _ = handed_on(scope_of(*headers))
    assert [value for name, value in got["headers"] if name.lower() == b"host"] == [
        b"public.example"
    ]


@pytest.mark.parametrize(
    ("server", "settings", "expected"),
    [
        (("inner", 80), {"PORT": "X-Forwarded-Port"}, ("inner", 8443)),
        (("inner", 80), {"SERVER": "X-Forwarded-Server"}, ("public.example", 80)),
        (
            ("/run/site", None),
            {"PORT": "X-Forwarded-Port", "SERVER": "X-Forwarded-Server"},
            ("public.example", 8443),
        ),
        (None, {"PORT": "X-Forwarded-Port"}, ("unknown", 8443)),
    ],
)
def test_port_and_server_are_written_into_the_scope(server, settings, expected):
    headers = [("x-forwarded-port", "8443"), ("x-forwarded-server", "public.example")]
    names = {f"TRUSTED_PROXY_{name}_HEADER": header for name, header in settings.items()}
    with override_settings(**names):
        got, _ = handed_on(scope_of(*headers, server=server))
    assert got["server"] == expected


@pytest.mark.parametrize(
    ("root_path", "path", "expected"),
    [("", "/echo", "/app/echo"), ("/inner", "/inner/echo", "/app/echo")],
)
def test_a_prefix_becomes_the_root_path_and_a_part_of_the_path(root_path, path, expected):
    scope = scope_of(
        ("x-forwarded-prefix", "/app"), path=path, raw_path=path.encode(), root_path=root_path
    )
    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        got, _ = handed_on(scope)
    assert (got["root_path"], got["path"], got["raw_path"]) == ("/app", expected, expected.encode())


@pytest.mark.parametrize("client", [None, ("", 0), ["", "0"]])
def test_a_unix_socket_without_the_header_stays_as_it_is(client):
    with override_settings(TRUSTED_PROXIES=["unix:"]):
        got, _ = handed_on(scope_of(client=client, server=("/run/app.sock", None)))
    assert got["client"] == client
    assert got["trusted_proxy"].outcome == "missing"


@pytest.mark.parametrize("client", ["/tmp/client.sock", b"\x00name", ("a", 1, 2)])
def test_a_peer_that_is_no_pair_is_no_address_and_no_error(client):
    got, _ = handed_on(scope_of(("x-real-ip", FORGED), client=client))
    assert (got["client"], got["headers"]) == (None, [])
    assert got["trusted_proxy"].outcome == "unknown"


def test_a_client_through_a_unix_socket_has_the_port_0_and_no_remote_port():
    with override_settings(TRUSTED_PROXIES=["unix:"]):
        got, _ = handed_on(scope_of(("x-forwarded-for", CLIENT), client=None, server=None))
        assert got["client"] == (CLIENT, 0)
        request = ASGIRequest(got, BytesIO())
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    assert request.META["REMOTE_ADDR"] == request.META["REMOTE_HOST"] == CLIENT
    assert "REMOTE_PORT" not in request.META
    assert request.trusted_proxy is got["trusted_proxy"]


def test_the_wsgi_wrapper_changes_the_servers_own_environ_for_its_access_log():
    environ = environ_of(HTTP_X_FORWARDED_FOR=f"{FORGED}, {CLIENT}", HTTP_X_REAL_IP=FORGED)
    seen = []
    wsgi.TrustedProxy(lambda environ, _: seen.append(environ) or [])(environ, None)
    assert seen[0] is environ
    assert environ["REMOTE_ADDR"] == CLIENT
    assert "HTTP_X_REAL_IP" not in environ


def test_the_middleware_keeps_the_answer_of_the_wsgi_wrapper():
    environ = environ_of(
        HTTP_X_FORWARDED_FOR=CLIENT, SCRIPT_URL="/wrong/echo", HTTP_X_FORWARDED_PREFIX="/a"
    )
    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        wsgi.TrustedProxy(lambda *_: [])(environ, None)
        request = WSGIRequest(environ)
        assert request.path == "/wrong/echo"
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    assert request.trusted_proxy is environ["trusted_proxy"]
    assert request.trusted_proxy.outcome == "forwarded"
    assert (request.META["REMOTE_ADDR"], request.path) == (CLIENT, "/a/echo")


def test_two_wrappers_are_one():
    environ = environ_of(HTTP_X_FORWARDED_FOR=CLIENT)
    once = wsgi.TrustedProxy(lambda *_: [])
    once(environ, None)
    kept = dict(environ)
    wsgi.TrustedProxy(once)(environ, None)
    assert environ == kept


REASON = "Request from peer '192.0.2.1' with outcome 'direct', which TRUSTED_PROXY_REJECT names."


def logged(caplog):
    return [
        record.getMessage()
        for record in caplog.records
        if (record.name, record.levelno)
        == ("django.security.RejectedByTrustedProxy", logging.ERROR)
    ]


def test_the_wsgi_wrapper_rejects_with_400_before_the_application(caplog):
    started = []
    with override_settings(TRUSTED_PROXY_REJECT=["direct"]):
        body = wsgi.TrustedProxy(None)(
            environ_of(REMOTE_ADDR="192.0.2.1"), lambda *start: started.append(start)
        )
    assert (started, body) == (
        [("400 Bad Request", [("Content-Type", "text/plain")])],
        [b"Bad Request"],
    )
    assert logged(caplog) == [REASON]


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        (
            "http",
            [
                {
                    "type": "http.response.start",
                    "status": 400,
                    "headers": [(b"content-type", b"text/plain")],
                },
                {"type": "http.response.body", "body": b"Bad Request"},
            ],
        ),
        ("websocket", [{"type": "websocket.close", "code": 1008}]),
    ],
)
def test_the_asgi_wrapper_rejects_before_the_application(caplog, kind, messages):
    with override_settings(TRUSTED_PROXY_REJECT=["direct"]):
        got, sent = handed_on(scope_of(kind=kind, client=("192.0.2.1", 1)))
    assert (got, sent) == (None, messages)
    assert logged(caplog) == [REASON]


@pytest.mark.parametrize("wrapper", [wsgi.TrustedProxy, asgi.TrustedProxy])
def test_a_wrong_setting_stops_the_process_at_its_start(wrapper):
    with override_settings(TRUSTED_PROXIES="10.0.0.1"), pytest.raises(ImproperlyConfigured):
        wrapper(None)


HTTPTOOLS, H11 = (f"uvicorn.protocols.http.{name}_impl" for name in ("httptools", "h11"))


def receive_of(module):
    """Return a `receive` as the protocol of a server in that module hands it over."""
    cycle = type("RequestResponseCycle", (), {"__module__": module, "receive": lambda _: None})
    return cycle().receive


async def wrapped_receive():
    """Stand for that of another ASGI middleware, which hides the server's."""


TWO_LINES = [("x-forwarded-for", CLIENT), ("x-forwarded-for", FORGED)]
CHUNKED = [("transfer-encoding", "chunked")]


@pytest.mark.parametrize(
    ("loaded", "receive", "headers", "outcome"),
    [
        (HTTPTOOLS, receive_of(HTTPTOOLS), TWO_LINES + CHUNKED, "malformed"),
        (HTTPTOOLS, wrapped_receive, TWO_LINES + CHUNKED, "malformed"),
        (HTTPTOOLS, receive_of(H11), TWO_LINES + CHUNKED, "forwarded"),
        (HTTPTOOLS, receive_of(HTTPTOOLS), TWO_LINES, "forwarded"),
        (HTTPTOOLS, receive_of(HTTPTOOLS), TWO_LINES[:1] + CHUNKED, "forwarded"),
        (None, wrapped_receive, TWO_LINES + CHUNKED, "forwarded"),
    ],
)
def test_a_line_that_can_be_a_trailer_is_not_believed(
    monkeypatch, loaded, receive, headers, outcome
):
    for name in (HTTPTOOLS, H11):
        monkeypatch.delitem(sys.modules, name, raising=False)
    if loaded:
        monkeypatch.setitem(sys.modules, loaded, ModuleType(loaded))
    seen = []

    async def application(scope, _receive, _send):
        seen.append(scope)

    asyncio.run(asgi.TrustedProxy(application)(scope_of(*headers), receive, None))
    assert seen[0]["trusted_proxy"].outcome == outcome


def test_a_scope_that_is_sent_through_twice_is_decided_by_its_peer_twice():
    scope = scope_of(("x-forwarded-for", CLIENT), ("x-real-ip", FORGED))
    once, _ = handed_on(scope)
    again, _ = handed_on(scope)
    assert again["trusted_proxy"] == once["trusted_proxy"]
    assert again["headers"] == once["headers"]


def test_sharp_s_in_a_name_does_not_pass_as_ss():
    headers = [(b"x-forwarded-\xdfl", b"on"), (b"x-other-\xdf", b"1")]
    got, _ = handed_on({**scope_of(client=("192.0.2.1", 1)), "headers": headers})
    assert got["headers"] == headers[1:]


@pytest.mark.parametrize("root_path", [None, "/a b"])
def test_a_root_path_may_be_missing_or_need_escapes(root_path):
    inner = root_path or ""
    scope = scope_of(
        ("x-forwarded-prefix", "/app"),
        root_path=root_path,
        path=f"{inner}/echo",
        raw_path=f"{inner.replace(' ', '%20')}/echo".encode(),
    )
    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        got, _ = handed_on(scope)
    assert (got["path"], got["raw_path"]) == ("/app/echo", b"/app/echo")


def test_many_lines_of_a_header_cost_what_many_lines_of_another_cost():
    def cost(name, lines=3_000):
        scope = scope_of(*[(name, "a")] * lines, client=("192.0.2.1", 1))
        asgi.rewrite_scope(scope, get_policy())  # what is looked up once
        return steps(lambda: asgi.rewrite_scope(scope, get_policy()))

    assert cost("x-forwarded-for") < 1.5 * cost("x-forwarded-foo")
    assert cost("x-forwarded-for", 30_000) < 10 * cost("x-forwarded-for")


def test_django_mounted_below_the_prefix_keeps_its_mount_behind_a_wrapper():
    environ = environ_of(HTTP_X_FORWARDED_FOR=CLIENT, HTTP_X_FORWARDED_PREFIX="/app")

    def mount(environ, _):
        environ["SCRIPT_NAME"] += "/dj"
        return []

    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        wsgi.TrustedProxy(mount)(environ, None)
        request = WSGIRequest(environ)
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
        set_script_prefix("/")
    assert (request.path, request.META["SCRIPT_NAME"]) == ("/app/dj/echo", "/app/dj")


@pytest.mark.parametrize(
    "again",
    [
        lambda environ: TrustedProxyMiddleware(lambda _: HttpResponse())(WSGIRequest(environ)),
        lambda environ: wsgi.TrustedProxy(lambda *_: [])(environ, None),
    ],
    ids=["middleware", "wrapper"],
)
def test_headers_that_are_added_to_a_decided_request_go(again):
    environ = environ_of(HTTP_X_FORWARDED_FOR=CLIENT, HTTP_X_FORWARDED_PROTO="http")
    with override_settings(TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto"):
        wsgi.TrustedProxy(lambda *_: [])(environ, None)
        decided = dict(environ)
        forged = {"HTTP_X_REAL_IP": FORGED, "HTTP_X_FORWARDED_FOR": FORGED}
        environ |= forged | {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_SCHEME": "https"}
        again(environ)
    assert {k: v for k, v in environ.items() if k.startswith(("HTTP_", "REMOTE_", "wsgi.url"))} == {
        k: v for k, v in decided.items() if k.startswith(("HTTP_", "REMOTE_", "wsgi.url"))
    }


def test_a_wrapper_is_no_sign_that_the_server_rewrote(caplog):
    got, _ = handed_on(scope_of(("x-forwarded-for", CLIENT)))
    TrustedProxyMiddleware(lambda _: HttpResponse())(ASGIRequest(got, BytesIO()))
    assert [r for r in caplog.records if r.name == "django_trustedproxy"] == []


def test_a_wrapper_tells_that_the_server_rewrote(caplog):
    handed_on(scope_of(("x-forwarded-for", CLIENT), client=(CLIENT, 0)))
    (record,) = [r for r in caplog.records if r.name == "django_trustedproxy"]
    assert "--no-proxy-headers" in record.getMessage()


def test_no_pair_of_the_servers_header_list_is_handed_on():
    pair = [b"accept", b"*/*"]
    changed = asgi.rewrite_scope({**scope_of(), "headers": iter([pair])}, get_policy())
    changed["headers"][0] += (b"more",)
    assert pair == [b"accept", b"*/*"]
    once = asgi.rewrite_scope({**scope_of(), "headers": [iter(pair)]}, get_policy())
    assert once["headers"] == [(b"accept", b"*/*")]


def test_a_server_without_a_name_has_no_port_beside_the_stated_name():
    scope = scope_of(("x-forwarded-server", "public.example"), server=None)
    with override_settings(TRUSTED_PROXY_SERVER_HEADER="X-Forwarded-Server"):
        got, _ = handed_on(scope)
    assert got["server"] == ("public.example", 0)
