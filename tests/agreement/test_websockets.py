"""A real WebSocket through Caddy to uvicorn and daphne, and trailers that uvicorn appends."""

import contextlib
import json
import socket

import pytest
from websockets.sync.client import connect

from tests import stack
from tests.demo import FORGED

HONEST, ATTACKER, DIRECT, PROXY = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
WRAPPED = "tests.agreement.websocket_asgi:application"


@contextlib.contextmanager
def serving(place, *command, port):
    ready = [("127.0.0.1", port)]
    program = [stack.executable(command[0]), *command[1:]]
    env = {"EXAMPLE_TRUSTED_PROXIES": PROXY}
    with stack.process(program, ready=ready, log=place / f"{command[0]}.log", env=env):
        yield


def uvicorn(port, application, *more):
    options = ["--no-proxy-headers", "--lifespan", "off", "--port", str(port)]
    return ["uvicorn", application, *options, *more]


def daphne(port, application):
    return ["daphne", "-b", "127.0.0.1", "-p", str(port), application]


@pytest.fixture(scope="module", params=[uvicorn, daphne], ids=lambda server: server.__name__)
def ports(request):
    """Give the ports of Caddy and of the server behind it."""
    direct, port = stack.free_port(), stack.free_port()
    with stack.workplace() as place:
        config = place / "Caddyfile"
        config.write_text(stack.appending_caddyfile(f"local_address {PROXY}"))
        with (
            serving(place, *request.param(direct, WRAPPED), port=direct),
            stack.caddy(place, port, f"127.0.0.1:{direct}", config=config),
        ):
            yield port, direct


def consumer_sees(port, source, headers=()):
    """Open a WebSocket from a loopback address and return what the consumer says."""
    connection = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
    with connect(f"ws://127.0.0.1:{port}/", sock=connection, additional_headers=headers) as opened:
        return json.loads(opened.recv(10))


FORGED_SCHEME = ("X-Forwarded-Proto", "https")


def test_a_consumer_sees_the_client(ports):
    seen = consumer_sees(ports[0], HONEST)
    assert seen == {"client": HONEST, "outcome": "forwarded", "scheme": "ws"}


def test_a_forged_client_is_not_believed_through_the_proxy(ports):
    seen = consumer_sees(ports[0], ATTACKER, FORGED)
    assert seen == {"client": ATTACKER, "outcome": "forwarded", "scheme": "ws"}


def test_a_forged_client_is_not_believed_around_the_proxy(ports):
    seen = consumer_sees(ports[1], DIRECT, [*FORGED, FORGED_SCHEME])
    # daphne leaves the scheme of a WebSocket out
    assert seen.pop("scheme") in ("ws", None)
    assert seen == {"client": DIRECT, "outcome": "direct"}


def test_a_view_behind_the_same_wrapper_sees_the_client(ports):
    status, body = stack.get(ports[0], headers=FORGED, source=ATTACKER)
    facts = json.loads(body)
    assert (status, facts["client"], facts["outcome"]) == (200, ATTACKER, "forwarded")


def ask_with_a_trailer(port, *, is_late):
    """Send what the proxy would: its own header, and the client's trailer as HAProxy passes it on.

    A late trailer waits for "100 Continue", which uvicorn sends once the application asks for the body.
    """
    expect = "Expect: 100-continue\r\n" if is_late else ""
    head = (
        f"GET /client.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{expect}"
        f"X-Forwarded-For: {ATTACKER}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    tail = b"1\r\nx\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", port), 10, (PROXY, 0)) as connection,
        connection.makefile("rb") as answer,
    ):
        if is_late:
            connection.sendall(head)
            assert answer.readline() + answer.readline() == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(tail)
        else:
            connection.sendall(head + tail)
        body = answer.read()
    return json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])


@pytest.mark.parametrize(
    ("application", "parser", "is_late", "client", "outcome"),
    [
        # The attack on the bare stack: the trailer looks like what the proxy appended last.
        ("example_project.asgi:application", "httptools", False, "6.6.6.6", "forwarded"),
        ("example_project.asgi:application", "httptools", True, "6.6.6.6", "forwarded"),
        ("example_project.asgi:application", "h11", False, ATTACKER, "forwarded"),
        # In one packet with the headers, the trailer is among them before the wrapper is called.
        (WRAPPED, "httptools", False, PROXY, "malformed"),
        (WRAPPED, "httptools", True, ATTACKER, "forwarded"),
        (WRAPPED, "h11", False, ATTACKER, "forwarded"),
        (WRAPPED, "h11", True, ATTACKER, "forwarded"),
    ],
)
def test_a_trailer_is_not_believed_through_the_wrapper(
    application, parser, is_late, client, outcome
):
    port = stack.free_port()
    command = uvicorn(port, application, "--http", parser)
    with stack.workplace() as place, serving(place, *command, port=port):
        facts = ask_with_a_trailer(port, is_late=is_late)
    assert (facts["client"], facts["outcome"]) == (client, outcome)
