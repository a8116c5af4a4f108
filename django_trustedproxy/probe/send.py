"""Sends the probe's requests byte by byte, as no HTTP client would, and reads the responses."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from . import http2
from .answer import cut
from .token import MOST_A_SECOND, issue, new_nonce
from .wire import Bounded, Wire, closed_after, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .forms import Attack

SECONDS = 20
_TIMES = 3  # as long as one read may take, a whole exchange may
_MOST_BYTES = 256 * 1024
_MOST_READ = 4 * _MOST_BYTES  # the headers, and what comes after an upgrade
_PAUSE = 1.25 / MOST_A_SECOND
_PORTS = {"http": 80, "https": 443}


class Target(NamedTuple):
    """Where requests go: the site's scheme, its Host header and path, and who is connected to."""

    scheme: str
    host: str
    path: str
    address: tuple[str, int]

    @property
    def name(self) -> str:
        """The name that TLS is asked for."""
        return urlsplit(f"//{self.host}").hostname or ""


class Response(NamedTuple):
    """What came back: a status, or None for a connection that was closed or never opened.

    `error` then says what happened. `nonce` is the one that was sent with the request.
    """

    nonce: str
    status: int | None
    body: str = ""
    location: str = ""
    error: str = ""

    @property
    def failure(self) -> str:
        """The name of the exception that the error tells of, "" without one."""
        return self.error.partition(":")[0]


def parse_target(url: str, site: Target | None = None) -> Target | None:
    """Return the target that a URL names, or None if it is not of http or https.

    `site` is the front door, whose Host and path an origin is asked for.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    if any(not "!" <= char <= "~" for char in url):
        return None
    address = (parts.hostname, port or _PORTS[parts.scheme])
    if site is not None:
        return site._replace(scheme=parts.scheme, address=address)
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host = name if address[1] == _PORTS[parts.scheme] else f"{name}:{address[1]}"
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, (parts.path or "/") + query, address)


class Sender:
    """Sends requests to a target, each with a token of its own, and not too many in a second."""

    def __init__(
        self,
        target: Target,
        key: str,
        tls: ssl.SSLContext,
        *,
        seconds: float = SECONDS,
        source: str | None = None,
    ) -> None:
        self.target = target
        self.own_address = ""
        self._key = key
        self._tls = tls
        self._seconds = seconds
        self._source = (source, 0) if source else None
        self._address = target.address
        self._next = 0.0

    @property
    def address(self) -> str:
        """The address that is connected to."""
        return str(self._address[0])

    def ask(self, attack: Attack | None = None) -> list[Response]:
        """Send an attack, or an honest request; return the answers, the last of them to a forgery.

        An attack that asks for another protocol has two: whether it is granted, and what a forged
        request over the same connection is answered.
        """
        responses: list[Response] = []
        try:
            with self._connected() as connection:
                for response in self._exchange(connection, attack):
                    responses.append(response)  # noqa: PERF402 - what came before an error counts
        except (OSError, http.client.HTTPException, ValueError) as error:
            if attack is None or not attack.upgrades:
                responses.clear()  # it was cut off
            responses.append(Response("", None, error=_told(error)))
        return responses

    @contextlib.contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        raw = socket.create_connection(self._address, self._seconds, self._source)
        with contextlib.closing(raw):
            # One of several addresses of the name: the same for all requests.
            self._address = raw.getpeername()[:2]
            self.own_address = raw.getsockname()[0]
            connection = raw
            if self.target.scheme == "https":
                connection = self._tls.wrap_socket(
                    raw, server_hostname=self.target.name, do_handshake_on_connect=False
                )
            with connection, closed_after(connection, self._seconds * _TIMES):
                if isinstance(connection, ssl.SSLSocket):
                    connection.do_handshake()
                yield connection

    def _exchange(self, connection: socket.socket, attack: Attack | None) -> Iterator[Response]:
        if attack is not None and attack.speaks == "HTTP/2":
            yield self._over_http2(Wire(connection.sendall, connection.recv), stream=1)
            return
        nonce, token = self._token()
        method = attack.method if attack else "GET"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._write(connection, attack, token)
        reader = _reader(connection, method)
        # A response that is cut off leaves its file open, and so the connection.
        with contextlib.closing(reader):
            reader.begin()
            if attack is None or not attack.upgrades:
                yield _read(reader, nonce)
                return
            if reader.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                yield Response(nonce, reader.status)
                # Part of what comes next may already be read.
                with contextlib.closing(reader.fp) as rest:
                    reader.fp = None  # type: ignore[assignment]
                    wire = Wire(connection.sendall, rest.read1)
                    if "h2c" in (reader.getheader("Upgrade") or "").lower():
                        yield self._over_http2(wire, stream=3)
                    else:
                        yield from self._again(wire)
                return
            yield _read(reader, nonce)
            yield from self._again(connection)

    def _again(self, connection: Any) -> Iterator[Response]:
        """Forge over a connection on which an upgrade was asked for, if it is still open."""
        nonce, token = self._token()
        lines = [*self._head("GET", self.target.path, token), *http2.FORGED_LINES]
        try:
            connection.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
            reader = _reader(connection)
            with contextlib.closing(reader):
                reader.begin()
                yield _read(reader, nonce)
        except (OSError, http.client.HTTPException, ValueError):
            return

    def _over_http2(self, connection: Wire, stream: int) -> Response:
        nonce, token = self._token()
        headers = http2.headers(self.target.scheme, self.target.host, self.target.path, token)
        body = http2.ask(connection, headers, stream)
        if body is None:
            return Response(nonce, None, error="no HTTP/2")
        return Response(nonce, 200, body)

    def _token(self) -> tuple[str, str]:
        # A site does not verify more tokens than that.
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + _PAUSE
        nonce = new_nonce()
        return nonce, issue(nonce, self.target.host, self._key)

    def _head(self, method: str, path: str, token: str) -> list[bytes]:
        return [
            f"{method} {path} HTTP/1.1".encode(),
            f"Host: {self.target.host}".encode(),
            f"X-Trusted-Proxy-Probe: {token}".encode(),
            b"User-Agent: django-trustedproxy",
            b"Accept: */*",
        ]

    def _write(self, connection: socket.socket, attack: Attack | None, token: str) -> None:
        if attack is None:
            head = self._head("GET", self.target.path, token)
            connection.sendall(b"\r\n".join([*head, b"Connection: close", b"", b""]))
            return
        path = attack.path + self.target.path
        if attack.method == "CONNECT":
            path = "{}:{}".format(*self.target.address)
        method = "POST" if attack.form.trailers else attack.method
        lines = [*self._head(method, path, token), *attack.form.lines]
        lines = [line.replace(b"{settings}", http2.SETTINGS) for line in lines]
        is_named = any(line.startswith(b"Connection:") for line in lines)
        if not is_named and not attack.upgrades:
            lines.append(b"Connection: close")
        write(connection, lines, attack.form, self._seconds)


def _reader(connection: socket.socket | Wire, method: str = "GET") -> http.client.HTTPResponse:
    source: Any = Bounded(connection, _MOST_READ)
    return http.client.HTTPResponse(source, method=method)


def _read(reader: http.client.HTTPResponse, nonce: str) -> Response:
    body = reader.read(_MOST_BYTES).decode("utf-8", "replace")
    return Response(nonce, reader.status, body, cut(reader.getheader("Location")) or "")


def _told(error: Exception) -> str:
    """Return what happened, without what a server could write to a terminal."""
    return f"{type(error).__name__}: {cut(str(error))}"
