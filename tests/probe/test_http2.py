"""The few frames of HTTP/2 that a forged request takes."""

import base64

import pytest

from django_trustedproxy.probe import http2
from tests.probe.frames import (
    ACK,
    DATA,
    END,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    RST,
    SETTINGS,
    WINDOW,
    frame,
)

PAIRS = http2.headers("http", "example.com", "/" + "p" * 300, "token")


class Peer:
    """The other end: it has sent all its frames already, and keeps what it gets."""

    def __init__(self, data):
        self.data = data
        self.got = b""

    def sendall(self, data):
        self.got += data

    def recv(self, size):
        # In small pieces, as a network may.
        part, self.data = self.data[: min(size, 7)], self.data[min(size, 7) :]
        return part


@pytest.mark.parametrize(
    ("frames", "body"),
    [
        ([frame(DATA, END, 3, b"body")], "body"),
        ([frame(HEADERS, 4, 3), frame(DATA, 0, 3, b"bo"), frame(DATA, END, 3, b"dy")], "body"),
        ([frame(DATA, END | PADDED, 3, b"\x02body\x00\x00")], "body"),
        ([frame(DATA, PADDED, 3), frame(DATA, END, 3, b"body")], "body"),
        ([frame(DATA, END, 1, b"other"), frame(DATA, END, 3, b"body")], "body"),
        ([frame(WINDOW, 0, 0, b"1234"), frame(HEADERS, END, 3)], ""),
        ([frame(RST, 0, 1, b"1234"), frame(RST, 0, 3, b"1234")], None),
        ([frame(GOAWAY, 0, 0, b"12345678")], None),
        ([frame(DATA, 0, 3, b"body")], None),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9], None),
        ([frame(WINDOW, 0, 0)] * 300, None),
        ([], None),
    ],
)
def test_the_body_is_that_of_the_stream(frames, body):
    assert http2.ask(Peer(b"".join(frames)), PAIRS, 3) == body


def test_what_the_protocol_asks_for_is_acknowledged():
    frames = [
        frame(SETTINGS, 0, 0),
        frame(SETTINGS, ACK, 0),
        frame(PING, 0, 0, b"12345678"),
        frame(PING, ACK, 0, b"12345678"),
        frame(DATA, END, 1),
    ]
    peer = Peer(b"".join(frames))
    assert http2.ask(peer, PAIRS, 1) == ""
    assert peer.got.endswith(frame(SETTINGS, ACK, 0) + frame(PING, ACK, 0, b"12345678"))


def test_the_request_is_what_a_library_reads():
    peer = Peer(b"")
    http2.ask(peer, [("a" * 126, "b"), ("c", "d" * 127), ("e", "f" * 300)], 1)
    block = peer.got[peer.got.index(b"a" * 126) - 2 :]
    assert block == (
        b"\x00\x7e"
        + b"a" * 126
        + b"\x01b\x00\x01c\x7f\x00"
        + b"d" * 127
        + b"\x00\x01e\x7f\xad\x01"
        + b"f" * 300
    )
    assert base64.urlsafe_b64decode(http2.SETTINGS + b"=" * (-len(http2.SETTINGS) % 4)) in peer.got


def test_a_connection_that_breaks_has_no_answer():
    peer = Peer(b"")
    peer.sendall = lambda _: (_ for _ in ()).throw(BrokenPipeError)
    assert http2.ask(peer, PAIRS, 1) is None
