"""Connections that do not last as long as their request, that a PROXY line begins, or that serve many.

Whoever resets a connection leaves some servers without an address, which looks like a Unix socket.
"""

import contextlib
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import NamedTuple

from tests import stack
from tests.requests import CLIENT
from tests.servers.prefixes import wrapped
from tests.servers.raw_requests import PROXY, VICTIM, Answer, connected, received
from tests.servers.servers import MODULES, SERVERS, running

PATIENCE = 60
BURST = 20
_FORGED = f"X-Forwarded-For: {VICTIM}"


@contextlib.contextmanager
def recorded(server, listener, trusted, *, is_wrapped=False):
    """Run a server whose requests are written down; give its address, and what was written."""
    with stack.workplace() as place:
        record = place / "record"
        record.touch()
        # Apache's process is another user's.
        place.chmod(0o755)
        record.chmod(0o666)
        env = {
            "DJANGO_SETTINGS_MODULE": "tests.servers.recorded_settings",
            "SERVERS_RECORD": str(record),
            "SERVERS_REJECT": "",
        }

        def written():
            return [json.loads(line) for line in record.read_text().splitlines()]

        if server in SERVERS:
            change = wrapped if is_wrapped else lambda command: command
            with running(server, listener, trusted, change, **env) as found:
                yield found.address, written
        else:
            with server.running(listener, trusted, **env) as address:
                yield address, written


def request(path, *lines):
    """Return the bytes of a POST without a body, which forges its client."""
    head = [f"POST {path} HTTP/1.1", "Host: site.example", "Content-Length: 0", _FORGED, *lines]
    return "\r\n".join([*head, "", ""]).encode()


def reset(address, source):
    """Send a request, and take the connection back before an answer can come."""
    with contextlib.closing(connected(address, source)) as connection:
        connection.sendall(request("/reset"))
        # With nothing to linger for, closing sends RST; on a Unix socket it just closes.
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def resets(address, written, source):
    """Send requests that are reset until some were served; return what was written of them."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for _ in range(BURST):
            # A busy server may have no room for the next one.
            with contextlib.suppress(BlockingIOError, TimeoutError, ConnectionError):
                reset(address, source)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            found = [facts for facts in written() if facts["path"] == "/reset"]
            if len(found) >= BURST:
                return found
            time.sleep(0.05)
        if found:
            return found
    return []


# PROXY protocol, https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, sections 2.1 and 2.2
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_ADDRESSES = (
    socket.inet_aton(CLIENT) + socket.inet_aton("192.0.2.80") + struct.pack("!2H", 5555, 80)
)
_PATHS = b"/client".ljust(108, b"\0") + b"/server".ljust(108, b"\0")
LINES = {
    "no line": b"",
    "v1": f"PROXY TCP4 {CLIENT} 192.0.2.80 5555 80\r\n".encode(),
    "v1 UNKNOWN": b"PROXY UNKNOWN\r\n",
    "v1 UNKNOWN with addresses": f"PROXY UNKNOWN {CLIENT} 192.0.2.80 5555 80\r\n".encode(),
    "v2": _SIGNATURE + b"\x21\x11\0\x0c" + _ADDRESSES,
    "v2 LOCAL": _SIGNATURE + b"\x20\0\0\0",
    "v2 LOCAL with addresses": _SIGNATURE + b"\x20\x11\0\x0c" + _ADDRESSES,
    "v2 UNSPEC": _SIGNATURE + b"\x21\0\0\0",
    "v2 UNIX": _SIGNATURE + b"\x21\x31\0\xd8" + _PATHS,
}


def conversation(address, line=b"", *, source=None, count=3):
    """Send a PROXY line, and requests one after the other; return their answers.

    What the server does not answer, because it has closed the connection, is a status None.
    """
    answers = []
    with contextlib.closing(connected(address, source)) as connection:
        for index in range(count):
            try:
                connection.sendall((b"" if index else line) + request("/client.json"))
                answers.append(received(connection)[0])
            except OSError as end:
                answers.append(Answer(None, {}, repr(end)))
    return answers


def peers(answers):
    """Return the address and the outcome of each answer, or its status."""
    return [
        (answer.facts["client"], answer.facts["outcome"]) if answer.facts else answer.status
        for answer in answers
    ]


class Speaker(NamedTuple):
    """A server that reads the PROXY protocol, and how it is made to.

    `keeps` tells whether a connection has more than one request, and whether it then remembers what
    the line said. It is None where the server closes.
    """

    name: str
    server: str
    change: Callable
    keeps: bool | None
    versions: tuple[str, ...] = ("v1", "v2")


def _added(*options):
    return lambda command: [*command, *options]


def _daphne(command):
    port = command[command.index("-p") + 1]
    return [command[0], "-e", f"haproxy:tcp:{port}:interface=127.0.0.1", command[-1]]


def _remoteip(site):
    module = f"LoadModule remoteip_module {MODULES}/mod_remoteip.so\n"
    return module + site.replace("</VirtualHost>", "RemoteIPProxyProtocol On\n</VirtualHost>")


_PROXY = ("--proxy-protocol", "auto", "--proxy-allow-from", f"127.0.0.1,{PROXY}")
SPEAKERS = (
    Speaker("gunicorn sync", "gunicorn sync", _added(*_PROXY), None),
    Speaker("gunicorn gthread", "gunicorn gthread", _added(*_PROXY), keeps=False),
    Speaker(
        "gunicorn gthread --keep-alive 0",
        "gunicorn gthread",
        _added(*_PROXY, "--keep-alive", "0"),
        None,
    ),
    Speaker(
        "gunicorn -k gevent",
        "gunicorn sync",
        _added(*_PROXY, "--worker-class", "gevent"),
        keeps=True,
    ),
    Speaker("gunicorn -k asgi", "gunicorn -k asgi", _added(*_PROXY), keeps=True),
    Speaker("daphne -e haproxy:tcp", "daphne", _daphne, keeps=True),
    Speaker("uWSGI", "uWSGI", _added("--enable-proxy-protocol"), None, ("v1",)),
    Speaker("mod_wsgi with mod_remoteip", "Apache with mod_wsgi", _remoteip, keeps=True),
)
