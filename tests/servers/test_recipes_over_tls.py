"""The recipes of the proxies where TLS ends at the proxy: Django sees https, whatever is forged."""

import contextlib
import http.client
import json
import re
import socket
import ssl

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from tests import stack
from tests.servers import http2, proxies
from tests.servers.attacks import SERVER
from tests.servers.fronts import page_application, served
from tests.servers.raw_requests import ATTACKER, concluded
from tests.servers.servers import running
from tests.servers.tls import CASES, NAME, make_certificate
from tests.servers.upgrades import PAGE


def facts(connection):
    """Send a request that forges the scheme over an open connection; return the view's facts."""
    client = http.client.HTTPConnection(NAME)
    client.sock = connection
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-For": "6.6.6.6"}
    client.request("GET", "/client.json", headers=headers)
    response = client.getresponse()
    body = response.read()
    assert response.status == 200, body
    return json.loads(body)


@contextlib.contextmanager
def over_tls(case, place, upstream):
    """Run a recipe that ends TLS in front of a port; give what connects to it."""
    port = stack.free_port()
    recipe = proxies.configuration(case.proxy, case.proxy.places(port, place), upstream)
    text, count = re.subn(case.pattern, case.replacement(place), recipe, count=1)
    assert count

    @contextlib.contextmanager
    def connect(*protocols):
        context = ssl.create_default_context(cafile=place / "cert.pem")
        context.set_alpn_protocols(protocols)
        plain = socket.create_connection(("127.0.0.1", port), 10, (ATTACKER, 0))
        with plain, context.wrap_socket(plain, server_hostname=NAME) as connection:
            yield connection

    with proxies.start(case.proxy, place, port, text):
        yield connect


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.proxy.name)
def test_a_client_over_tls_is_secure_and_has_its_own_address(case):
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        make_certificate(place)
        direct = stack.free_port()
        page = case.proxy.page
        settings = proxies.settings_of(page)
        processes.enter_context(
            proxies.running_server(page, "gunicorn", place, port=direct, settings=settings)
        )
        connect = processes.enter_context(over_tls(case, place, direct))
        with connect("http/1.1") as connection:
            found = facts(connection)
    assert found["client"] == ATTACKER
    assert found["uri"] == f"https://{NAME}/client.json"


def echoed(connection):
    """Open a WebSocket as a browser does over HTTP/2; return what comes back for a message."""
    stream = http2.connected(connection, "websocket", PAGE, ("sec-websocket-version", "13"))
    assert stream.status == 200
    stream.sendall(Frame(Opcode.TEXT, b"hello").serialize(mask=True))
    reader = StreamReader()
    parser = Frame.parse(reader.read_exact, mask=False)
    while True:
        try:
            next(parser)
        except StopIteration as parsed:
            return parsed.value.data.decode()
        reader.feed_data(stream.recv(65536))


def test_haproxy_opens_a_websocket_over_http2_and_no_other_upgrade():
    (case,) = (case for case in CASES if case.proxy is proxies.HAPROXY)
    server = SERVER["hypercorn, ASGI"]  # which changes to HTTP/2 for whoever asks
    with stack.workplace() as place, page_application() as env:
        make_certificate(place)
        with (
            running(server, "IPv4", "127.0.0.1", served(server), **env) as found,
            over_tls(case, place, found.address[1]) as connect,
        ):
            with connect("h2") as connection:
                assert echoed(connection) == f"{ATTACKER}: hello"
            with connect("h2") as connection:
                answers = http2.nested(connection, "h2c")
            with connect("h2") as connection:
                (own,) = http2.assumed(connection)
    assert concluded(own) == (ATTACKER, "forwarded", "https")
    assert [
        answer for answer in answers if answer.facts and concluded(answer) != concluded(own)
    ] == []


def test_varnish_behind_what_ends_tls_knows_both_from_the_proxy_protocol():
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        port, direct, behind = (stack.free_port() for _ in range(3))
        page = proxies.VARNISH.page
        processes.enter_context(
            proxies.running_server(
                page, "gunicorn", place, port=direct, settings=proxies.settings_of(page)
            )
        )
        config = place / "recipe.vcl"
        config.write_text(proxies.configuration(proxies.VARNISH, {}, direct))
        command = proxies.varnish(place, port, config)
        # The option that the recipe names.
        option = re.search(
            r"`(-a 127\.0\.0\.1:8443,PROXY)`", (stack.ROOT / "docs" / page).read_text()
        )
        command += option[1].replace("8443", str(behind)).split()
        ready = [("127.0.0.1", port), ("127.0.0.1", behind)]
        processes.enter_context(stack.process(command, ready=ready, log=place / "varnish.log"))
        for listener, scheme in ((443, "https"), (80, "http")):
            with socket.create_connection(("127.0.0.1", behind), 10) as connection:
                line = f"PROXY TCP4 203.0.113.9 127.0.0.1 50000 {listener}\r\n"
                connection.sendall(line.encode())
                found = facts(connection)
            assert found["client"] == "203.0.113.9"
            assert found["uri"] == f"{scheme}://{NAME}/client.json"
