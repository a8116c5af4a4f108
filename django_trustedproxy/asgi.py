"""An ASGI wrapper, for what reads the client's address before or beside Django's middleware."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .conf import get_policy
from .diagnosis import Diagnosis
from .exceptions import log_rejection
from .headers import raw_name
from .meta import KEY, rewrite
from .resolver import rejection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .policy import Policy
    from .resolver import Resolution

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

_SECURE = {"http": "https", "websocket": "wss"}
_PEER = "trusted_proxy.peer"
_AMBIGUOUS = "ambiguous"  # as good as any text that is not an address
_PLAIN = {"http": "http", "websocket": "ws"}
# Servers that speak CGI write one underscore for each of these, and so would merge such a name
# with a forwarding header.
_COLLAPSE = bytes.maketrans(b"-.", b"__")
_UNAMBIGUOUS = b"abcdefghijklmnopqrstuvwxyz0123456789-"  # a name of these has no other spelling
_FORGED = ""


class TrustedProxy:
    """Wrap an ASGI application so that its scope says what META says after the middleware.

    Handles `http` and `websocket`, and passes on any other scope. The application gets a copy of
    the scope and of its header list, with `client`, `scheme`, `headers`, `server`, `path` and
    `root_path` rewritten and the `Resolution` under `scope["trusted_proxy"]`, which
    `TrustedProxyMiddleware` keeps; the server's own scope gets the client alone, for its access
    log. Raises `ImproperlyConfigured` at start-up if a setting cannot be used. A request whose
    outcome `TRUSTED_PROXY_REJECT` names is answered with 400, a WebSocket closed before it is
    accepted.
    """

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        get_policy()
        self.application = application
        self.diagnosis = Diagnosis()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in _SECURE and KEY not in scope:
            policy = get_policy()
            changed = rewrite_scope(scope, policy, self.diagnosis.rewrite, receive)
            # All that the server's own scope learns, for its access log. Sent through once more,
            # it is decided by its peer again.
            scope.setdefault(_PEER, scope.get("client"))
            scope["client"] = changed.get("client")
            scope = changed
            if reason := rejection(policy, scope[KEY]):
                log_rejection(reason)
                await _reject(scope, send)
                return
        await self.application(scope, receive, send)


async def _reject(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": b"Bad Request"})


def rewrite_scope(
    scope: Scope,
    policy: Policy,
    decide: Callable[[dict[str, Any], Policy], Resolution] = rewrite,
    receive: Receive | None = None,
) -> Scope:
    """Return a copy of an `http` or `websocket` scope that says who the client is.

    `decide` decides about its META. From a server that may append trailers to the headers, which
    `receive` tells, a designated client header in several lines is malformed.
    """
    meta, headers = _split(scope, policy, receive)
    keys = list(meta)
    client = scope.get(_PEER, scope.get("client"))
    if client:
        # By index, as Django does, so that what is no pair is no error.
        meta["REMOTE_ADDR"], meta["REMOTE_PORT"] = client[0], client[1]
    resolution = decide(meta, policy)
    if "HTTP_HOST" in meta:
        headers = [pair for pair in headers if pair[0].lower() != b"host"]
        keys.append("HTTP_HOST")
    headers += [(raw_name(key), meta[key].encode("latin-1")) for key in keys if key in meta]
    changed = {**scope, "headers": headers, KEY: resolution}
    if resolution.client is not None:
        port = client[1] if client and not resolution.proxies else resolution.client_port or 0
        changed["client"] = (resolution.client, port)
    if resolution.statements:
        _state(changed, resolution)
    return changed


def _split(
    scope: Scope, policy: Policy, receive: Receive | None
) -> tuple[dict[str, Any], list[tuple[bytes, bytes]]]:
    """Return the forwarding headers as META has them, and all the other headers."""
    others = []
    lines: dict[str, list[bytes]] = {}
    for name, value in scope["headers"]:
        key = policy.raw_names.get(name)
        if key is None and name.translate(None, _UNAMBIGUOUS):
            key = _key_of(name, policy)
        if key is None:
            others.append((name, value))
        elif key is not _FORGED:
            lines.setdefault(key, []).append(value)
    meta: dict[str, Any] = {key: b",".join(found).decode("latin-1") for key, found in lines.items()}
    if len(lines.get(policy.header, ())) > 1 and _may_have_trailers(others, receive):
        meta[policy.header] = _AMBIGUOUS
    return meta, others


def _key_of(name: bytes, policy: Policy) -> str | None:
    """Return the key of a forwarding header, `_FORGED` if another spelling is one, else None."""
    key = policy.raw_names.get(name.lower())
    if key is not None or (b"_" not in name and b"." not in name and name.isascii()):
        return key
    # "_" and "." collapse, and "ß" becomes "SS".
    collapsed = "HTTP_" + name.translate(_COLLAPSE).decode("latin-1").upper()
    return _FORGED if collapsed in policy.dropped_if_direct else None


def _may_have_trailers(headers: list[tuple[bytes, bytes]], receive: Receive | None) -> bool:
    """Tell whether trailers can stand among the headers, behind what the proxy wrote.

    uvicorn 0.54.0 with httptools appends those of a chunked request; what comes with the headers in
    one packet, before the application runs, and what comes later, to the server's own list only.
    """
    # Whoever wraps `receive` hides the server, so that only a known one without trailers is spared.
    is_loaded = "uvicorn.protocols.http.httptools_impl" in sys.modules
    server = type(getattr(receive, "__self__", None)).__module__
    return (
        is_loaded
        and server != "uvicorn.protocols.http.h11_impl"
        and any(name.lower() == b"transfer-encoding" for name, _ in headers)
    )


def _state(scope: Scope, resolution: Resolution) -> None:
    """Write what the designated headers said where ASGI has it."""
    scheme = resolution.stated("scheme")
    if scheme is not None:
        scope["scheme"] = (_SECURE if scheme == "https" else _PLAIN)[scope["type"]]
    server, port = resolution.stated("server"), resolution.stated("port")
    if server is not None or port is not None:
        here = scope.get("server") or ("unknown", 0)  # as Django calls a server without a name
        scope["server"] = (server or here[0], int(port) if port else here[1])
    prefix = resolution.stated("prefix")
    if prefix is not None:
        # ASGI's path includes the root path.
        inner = scope.get("root_path") or ""
        scope["root_path"] = prefix
        scope["path"] = prefix + scope["path"].removeprefix(inner)
        if scope.get("raw_path") is not None:
            raw = scope["raw_path"].removeprefix(quote(inner).encode())
            scope["raw_path"] = prefix.encode() + raw
