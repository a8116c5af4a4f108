"""A connection to the site: what is written to it byte by byte, and how long it may last."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .forms import Form


class Wire(NamedTuple):
    """Both ends of a connection, whose first bytes may be read already."""

    sendall: Callable[[bytes], object]
    recv: Callable[[int], bytes]


class Bounded(io.RawIOBase):
    """Reads of a connection no more than `most` bytes, whatever lengths a response states."""

    def __init__(self, connection: socket.socket | Wire, most: int) -> None:
        self._recv, self._left = connection.recv, most

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what an `HTTPResponse` reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; raises `OSError` beyond the bound."""
        if self._left <= 0:
            raise OSError("the response is too long")
        data = self._recv(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


@contextlib.contextmanager
def closed_after(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Close a connection after that time, and then raise `TimeoutError`.

    A read has a limit of its own, but a peer can send one byte after another without end.
    """
    over = threading.Event()

    def close() -> None:
        over.set()
        # Not that of an SSLSocket, whose reader in the other thread needs its state.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, close)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not over.is_set():
            raise
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError(f"the response has no end within {seconds:g} s")


def write(connection: socket.socket, lines: list[bytes], form: Form, seconds: float) -> None:
    """Send a request whose head is `lines`, with the trailers of a form behind a chunked body."""
    trailers = b"".join(line + b"\r\n" for line in form.trailers)
    if not form.trailers:
        connection.sendall(b"\r\n".join([*lines, b"", b""]))
        return
    names = b", ".join(line.partition(b":")[0] for line in form.trailers)
    head = [*lines, b"Transfer-Encoding: chunked", b"Trailer: " + names]
    request = b"\r\n".join([*head, b"", b"1", b"x", b"0", b""])
    if form.pause:
        connection.sendall(request)
        request = b""
        if _has_answered(connection, form.pause, seconds):
            return
    connection.sendall(request + trailers + b"\r\n")


def _has_answered(connection: socket.socket, pause: float, seconds: float) -> bool:
    """Wait; tell whether the server has answered by then.

    One that has does not wait for trailers, and would reset the connection where they still came.
    """
    connection.settimeout(pause)
    try:
        # TLS has no MSG_PEEK; there the wait alone must do.
        if isinstance(connection, ssl.SSLSocket):
            time.sleep(pause)
            return connection.pending() > 0
        connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    else:
        return True
    finally:
        connection.settimeout(seconds)
