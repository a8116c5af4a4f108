"""As much HTTP/2 (RFC 9113) as one forged request takes: no compression, one stream, one answer."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .wire import Wire

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_END_STREAM, _ACK, _END_HEADERS, _PADDED = 0x1, 0x1, 0x4, 0x8
_MOST_FRAMES = 200
_LONGEST_FRAME = 65_536
# ENABLE_PUSH off
_OWN_SETTINGS = b"\x00\x02\x00\x00\x00\x00"
SETTINGS = base64.urlsafe_b64encode(_OWN_SETTINGS).rstrip(b"=")
"""The HTTP2-Settings header of an upgrade to h2c (RFC 7540, 3.2.1)."""

_FORGED = (("x-forwarded-for", "6.6.6.6"), ("x-forwarded-proto", "https"))
FORGED_LINES = tuple(f"{name.title()}: {value}".encode() for name, value in _FORGED)
"""What a client says who has the proxy's connection, and speaks HTTP/1.1 there."""


def headers(scheme: str, host: str, path: str, token: str) -> list[tuple[str, str]]:
    """Return the headers of a request that forges its client."""
    return [
        (":method", "GET"),
        (":scheme", scheme),
        (":authority", host),
        (":path", path),
        ("x-trusted-proxy-probe", token),
        *_FORGED,
    ]


def ask(connection: Wire, pairs: list[tuple[str, str]], stream: int) -> str | None:
    """Send a request on a stream; return the body of its answer, or None if none came."""
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in pairs)
    request = _frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, block)
    body = b""
    try:
        connection.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, _OWN_SETTINGS) + request)
        for _ in range(_MOST_FRAMES):
            kind, flags, of, payload = _received(connection)
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
            elif kind == _PING and not flags & _ACK:
                connection.sendall(_frame(_PING, _ACK, 0, payload))
            elif kind == _GOAWAY or (kind == _RST and of == stream):
                return None
            elif kind in (_DATA, _HEADERS) and of == stream:
                if kind == _DATA and payload:
                    body += payload[1 : len(payload) - payload[0]] if flags & _PADDED else payload
                if flags & _END_STREAM:
                    return body.decode("utf-8", "replace")
    except (OSError, EOFError):
        pass
    return None


def _text(text: str) -> bytes:
    """Return a string literal without Huffman coding (RFC 7541, 5.2)."""
    data = text.encode("latin-1")
    size, length = len(data), b""
    if size < 127:
        return bytes((size,)) + data
    size -= 127
    while size >= 128:
        length += bytes((size % 128 + 128,))
        size //= 128
    return b"\x7f" + length + bytes((size,)) + data


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
    return head + payload


def _received(connection: Wire) -> tuple[int, int, int, bytes]:
    """Return the type, flags, stream and payload of the next frame; raises EOFError at the end."""
    head = _exactly(connection, 9)
    size = int.from_bytes(head[:3], "big")
    if size > _LONGEST_FRAME:
        raise EOFError
    stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
    return head[3], head[4], stream, _exactly(connection, size)


def _exactly(connection: Wire, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
