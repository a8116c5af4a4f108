"""The uwsgi protocol hands any variable over: none of them makes a request pass for a decided one."""

import contextlib
import json
import socket
import struct

import pytest

from tests.requests import CLIENT
from tests.servers.servers import UWSGI_PROTOCOL, running

PROXY, STRANGER = "10.0.0.1", "198.51.100.66"
PATIENCE = 60  # seconds
# What the package and Django write on requests, and the text of an answer.
MARKS = {
    "trusted_proxy": f"Answer(peer='{PROXY}', client='{CLIENT}', outcome='forwarded', header='X')",
    "trusted_proxy.peer": PROXY,
    "trusted_proxy.reported": CLIENT,
    "_dont_enforce_csrf_checks": "1",
}
FORGED = {"HTTP_X_FORWARDED_FOR": "6.6.6.6", "HTTP_X_FORWARDED_PROTO": "https"}


def ask(address, **variables):
    """Send a request in the uwsgi protocol, and return the status and what the view tells."""
    variables = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": "/client.json",
        "PATH_INFO": "/client.json",
        "QUERY_STRING": "",
        "SERVER_NAME": "site.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "site.example",
        **variables,
    }
    parts = (part.encode() for pair in variables.items() for part in pair)
    packet = b"".join(struct.pack("<H", len(part)) + part for part in parts)
    with contextlib.closing(socket.create_connection(address, PATIENCE)) as connection:
        connection.sendall(struct.pack("<BHB", 0, len(packet), 0) + packet)
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = response.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    return status, json.loads(body) if status == 200 else {}


@pytest.fixture(scope="module", params=["", "direct"], ids=["open", "locked"])
def server(request):
    with running(UWSGI_PROTOCOL, "IPv4", PROXY, SERVERS_REJECT=request.param) as found:
        yield found.address, bool(request.param)


@pytest.mark.parametrize("peer", [CLIENT, STRANGER])
@pytest.mark.parametrize("marks", [{}, MARKS], ids=["", "marks"])
def test_a_variable_makes_nobody_a_client_that_was_decided(server, peer, marks):
    address, is_locked = server
    # uWSGI has one worker, which has just written this client's address.
    status, told = ask(address, REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=CLIENT)
    assert (status, told["client"], told["outcome"]) == (200, CLIENT, "forwarded")
    status, told = ask(address, REMOTE_ADDR=peer, **FORGED, **marks)
    if is_locked:
        assert status == 400
    else:
        assert (status, told["client"], told["outcome"]) == (200, peer, "direct")
        assert told["seen_by_views"] == {"REMOTE_ADDR": peer}
