"""Addresses: text to packed bytes and back, the port beside one, and the peer."""

from __future__ import annotations

import socket
import sys
from ipaddress import IPv6Address
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNIX = "unix:"
"""How a hop or a peer on a Unix socket, which has no address, is written."""

# Windows has none.
AF_UNIX = getattr(socket, "AF_UNIX", None)
LONGEST_PEER = 64  # an IPv6 address with the name of an interface
_LONGEST_HOP = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")
_MAPPED_PREFIX = bytes(10) + b"\xff\xff"

# A plain tuple, as a walk makes one for each hop.
Hop = tuple[bytes, str, "int | None"]
"""An address packed, the same as canonical text, and the port beside it, if there is one."""


def pack(text: str) -> bytes | None:
    """Return the 4 bytes of an IPv4 or the 16 of an IPv6 address, or None if `text` is neither.

    An IPv4-mapped address (RFC 4291, 2.5.5.2) is its IPv4 address. Blanks, leading zeros, zone ids,
    ports and brackets are not part of an address. Never raises.
    """
    try:
        if ":" not in text:
            return inet_pton(AF_INET, text)
        packed = inet_pton(AF_INET6, text)
    except (OSError, ValueError):  # ValueError: a NUL, or text that UTF-8 cannot carry
        return None
    return packed[12:] if packed.startswith(_MAPPED_PREFIX) else packed


def unpack(packed: bytes) -> str:
    """Return the canonical text of an address, the same as `str(ipaddress.ip_address(packed))`."""
    if len(packed) == 4:
        return socket.inet_ntop(AF_INET, packed)
    text = socket.inet_ntop(AF_INET6, packed)
    # C libraries spell the deprecated IPv4-compatible addresses "::1.2.3.4", Python "::102:304".
    return str(IPv6Address(packed)) if "." in text else text


def parse_port(text: str) -> int | None:
    """Return a port from 1 to 65535, or None if `text` is not a port."""
    if len(text) <= 5 and text.isascii() and text.isdigit():
        return int(text) if 0 < int(text) < 65536 else None
    return None


def parse_hop(text: str) -> Hop | None:
    """Read `IPv4`, `IPv4:port`, `IPv6`, `[IPv6]` or `[IPv6]:port`, or return None.

    A port is 1 to 65535. Never raises.
    """
    if ":" not in text:
        try:
            # What inet_pton accepts as IPv4 is canonical already.
            return inet_pton(AF_INET, text), text, None
        except (OSError, ValueError):
            return None
    if len(text) > _LONGEST_HOP:
        return None
    address, port_text = text, None
    if text[0] == "[":
        address, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in address or (rest and rest[0] != ":"):
            return None
        port_text = rest[1:] if rest else None
    elif text.count(":") == 1:
        address, _, port_text = text.partition(":")
    packed = pack(address)
    port = None if port_text is None else parse_port(port_text)
    if packed is None or (port is None and port_text is not None):
        return None
    return packed, unpack(packed), port


def parse_peer(peer: object) -> tuple[bytes, str] | None:
    """Return the address that a server reported as REMOTE_ADDR, packed and as canonical text.

    Returns None if it is no address. The zone id of a link-local peer is dropped: it names an
    interface of this host, not the peer.
    """
    if not isinstance(peer, str) or not 0 < len(peer) <= LONGEST_PEER:
        return None
    packed = pack(peer)
    if packed is None and "%" in peer:
        address = peer.partition("%")[0]
        packed = pack(address) if ":" in address else None
    if packed is None:
        return None
    return packed, unpack(packed) if ":" in peer else peer


def shows_unix_socket(peer: object, environ: Mapping[str, Any]) -> bool:
    """Tell whether a WSGI server shows that its peer is on a Unix socket.

    `peer` is REMOTE_ADDR. Only what neither a TCP connection nor a client can bring about counts:
    no address is not yet a Unix socket. Seen in gunicorn 27.0, granian 2.8, waitress 3.0, uWSGI
    2.0, hypercorn 0.18, uvicorn 0.54, cheroot 11.1, gevent 26.9 and nginx 1.22.
    """
    if peer == "localhost":  # waitress, which has the path in the place of the port
        port = environ.get("SERVER_PORT")
        return isinstance(port, str) and port.startswith("/")
    if peer in ("", None):
        return _is_unix_server(environ, is_absent="REMOTE_ADDR" not in environ)
    # nginx, for servers of uwsgi, FastCGI and SCGI; uWSGI and tornado. Nobody connects from there.
    return peer in (UNIX, "0.0.0.0")  # noqa: S104 - compared, never bound


def _is_unix_server(environ: Mapping[str, Any], *, is_absent: bool) -> bool:
    """Tell whether a server that reports no address listens on a Unix socket."""
    if not is_absent and environ["REMOTE_ADDR"] is None:
        return False  # gunicorn, for the LOCAL line of the PROXY protocol
    listener = environ.get("gunicorn.socket")
    if listener is not None:
        return getattr(listener, "family", None) == AF_UNIX
    # granian, uvicorn, cheroot and gevent: no TCP server has such a port.
    if environ.get("SERVER_PORT") in ("", "0"):
        return True
    # hypercorn leaves the address out and has no better name for itself.
    is_hypercorn = "hypercorn" in sys.modules and environ.get("SERVER_NAME") == "localhost"
    return is_absent and is_hypercorn


def is_unix_scope(client: Any, server: Any) -> bool:
    """Tell whether the `client` and `server` of an ASGI scope show a peer on a Unix socket.

    A client that has reset its TCP connection has no address either (uvicorn, gunicorn), but the
    server has. On a Unix socket, the server is None, or a path in the place of an address.
    """
    if client and client[0] != "":  # granian has an empty text
        return False
    if server is None:
        return True
    # Adapters make the server of a Host that begins with a slash, with the number of a port.
    return str(server[0]).startswith("/") and not isinstance(server[1], int)
