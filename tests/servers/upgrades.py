"""What a client may say to change the protocol, and what it forges where something has changed.

Whoever gets a tunnel to the server speaks over the proxy's own connection: the peer is trusted, and
every header is the client's.
"""

import contextlib
from typing import NamedTuple

from tests.servers import http2
from tests.servers.visitors import VICTIM, Answer, connected, received

_SOCKET = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
_SETTINGS = "HTTP2-Settings: {settings}"
_BOTH = "Connection: Upgrade, HTTP2-Settings"
PAGE = "/ws/"  # where docs/websockets.md has its consumer


class Upgrade(NamedTuple):
    """One way to ask for another protocol: the lines of a request, or else HTTP/2 at once."""

    name: str
    lines: tuple[str, ...] = ()
    path: str = http2.PATH
    method: str = "GET"
    speaks: str = "HTTP/1.1"


def _h2c(name, *upgrades, connection=(_BOTH,), **more):
    lines = (*connection, *(f"Upgrade: {value}" for value in upgrades), _SETTINGS)
    return Upgrade(name, lines, **more)


def _websocket(name, *upgrades, lines=_SOCKET):
    upgrades = tuple(f"Upgrade: {value}" for value in upgrades)
    return Upgrade(name, ("Connection: Upgrade", *upgrades, *lines), PAGE)


UPGRADES = (
    _h2c("h2c", "h2c"),
    _h2c("h2c in capitals", "H2C"),
    _h2c("h2c between tabs", "\th2c\t"),
    _h2c("h2c, without Connection", "h2c", connection=()),
    _h2c("h2c, Connection: upgrade alone", "h2c", connection=("Connection: upgrade",)),
    _h2c("h2c, Connection: close too", "h2c", connection=(f"{_BOTH}, close",)),
    _h2c("h2c, Connection: keep-alive before", "h2c", connection=("Connection: keep-alive", _BOTH)),
    _h2c(
        "h2c, two lines of Connection",
        "h2c",
        connection=tuple(_BOTH.replace(", ", "\nConnection: ").split("\n")),
    ),
    _h2c("h2c, named by Connection", "h2c", connection=(f"{_BOTH}, X-Forwarded-For",)),
    _h2c("h2c twice", "h2c", "h2c"),
    _h2c("a list: h2c, websocket", "h2c, websocket"),
    _h2c("a list: websocket, h2c", "websocket, h2c"),
    _h2c("a list: websocket,h2c in capitals", "WEBSOCKET,H2C"),
    _h2c("two lines: h2c, websocket", "h2c", "websocket"),
    _h2c("two lines: websocket, h2c", "websocket", "h2c"),
    _h2c("three lines: websocket, h2c, websocket", "websocket", "h2c", "websocket"),
    _h2c("an empty line, then h2c", "", "h2c"),
    _h2c("h2c, OPTIONS", "h2c", method="OPTIONS"),
    _h2c("h2c, an unknown method", "h2c", method="FOO"),
    _h2c("HTTP/2.0", "HTTP/2.0"),
    _h2c("TLS", "TLS/1.2, HTTP/1.1"),
    Upgrade("CONNECT", (), "127.0.0.1:8000", "CONNECT"),
    _websocket("websocket", "websocket"),
    _websocket("WebSocket", "WebSocket"),
    _websocket("websocket twice", "websocket", "websocket"),
    _websocket("websocket of an unknown version", "websocket", lines=("Sec-WebSocket-Version: 1",)),
    _websocket("websocket without a key", "websocket", lines=_SOCKET[:1]),
    _websocket("websocket and h2c's settings", "websocket", "h2c", lines=(*_SOCKET, _SETTINGS)),
    Upgrade("HTTP/2 at once", speaks="HTTP/2"),
    Upgrade("extended CONNECT: h2c", speaks="h2c"),
    Upgrade("extended CONNECT: websocket", speaks="websocket"),
)
UPGRADE = {form.name: form for form in UPGRADES}
_FORGED = (
    f"GET {http2.PATH} HTTP/1.1\r\nHost: site.example\r\nX-Forwarded-For: {VICTIM}\r\n"
    "X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
)


class Wire(NamedTuple):
    """Both ends of a connection after a response, of which a part may be read already."""

    sendall: object
    recv: object

    def makefile(self, _mode):
        """Give a response what it reads from."""
        return self.recv.__self__


def attempt(address, form, source):
    """Send a form, and forge over whatever the connection is then; return every answer."""
    with contextlib.closing(connected(address, source)) as connection:
        if form.speaks == "HTTP/2":
            return http2.assumed(connection)
        if form.speaks != "HTTP/1.1":
            return http2.nested(connection, form.speaks)
        side = http2.client()
        settings = side.initiate_upgrade_connection().decode()
        lines = [f"{form.method} {form.path} HTTP/1.1", "Host: site.example", *form.lines, "", ""]
        connection.sendall("\r\n".join(lines).format(settings=settings).encode())
        answer, response = received(connection)
        if answer.status != 101:
            return [answer, forged(connection)]
        wire = Wire(connection.sendall, response.fp.read1)
        changed = http2.upgraded(wire, side) if answer.text.lower() == "h2c" else [forged(wire)]
        return [answer, *changed]


def forged(connection):
    """Send what only a trusted proxy may say in HTTP/1.1; return the answer."""
    try:
        connection.sendall(_FORGED.encode())
        return received(connection)[0]
    except OSError as end:
        return Answer(None, {}, repr(end))
