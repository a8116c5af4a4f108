"""An ASGI wrapper, for what reads the client's address before or beside Django's middleware."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from django.core.handlers.asgi import get_script_prefix

from . import log, staleness
from .conf import get_policy
from .engine.addresses import is_unix_scope
from .engine.purposes import PROBE_KEY, is_prefix, raw_name
from .environ import KEY, answer_of, environ_around, rewrite
from .exceptions import log_rejection, rejection, routed_path
from .probe.answer import headers_of, meta_of, take_token_of_scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .engine.answer import Answer
    from .engine.policy import Policy

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]
    # Any for its parameters, as frameworks type an ASGI application in different ways.
    Application = Callable[[Any, Any, Any], Awaitable[None]]
    Header = tuple[bytes, bytes]

_SECURE = {"http": "https", "websocket": "wss"}
_PLAIN = {"http": "http", "websocket": "ws"}
_PEER = "trusted_proxy.peer"
# Stands for a header of which a client may have written a line. A quote out of place is malformed
# in every form, and in each parameter of a Forwarded.
_UNREADABLE = '"'
# Servers that speak CGI write one underscore for each of these, and so would merge such a name
# with a forwarding header.
_COLLAPSE = bytes.maketrans(b"-.", b"__")
_UNAMBIGUOUS = b"abcdefghijklmnopqrstuvwxyz0123456789-"  # a name of these has no other spelling


class TrustedProxy:
    """Wrap an ASGI application so that its scope says what META says after the middleware.

    Handles `http` and `websocket`, and passes on any other scope. The application gets a copy of
    the scope and of its header list, with `client`, `scheme`, `headers`, `server`, `path` and
    `root_path` rewritten and the `Answer` under `scope["trusted_proxy"]`, which
    `TrustedProxyMiddleware` keeps; the server's own scope gets the client alone, for its access
    log. Raises `ImproperlyConfigured` at start-up if a setting cannot be used. A request that
    `TRUSTED_PROXY_REJECT` rejects is answered with 400, a WebSocket closed before it is accepted.
    """

    def __init__(self, application: Application) -> None:
        get_policy()
        log.watch()
        staleness.watch()
        log.tell_of_application(application)
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in _SECURE and answer_of(scope) is None:
            policy = get_policy()
            path = _path_of(scope) if policy.reject_exempt else ""
            asked = take_token_of_scope(policy, scope) if policy.is_probed else None
            changed = rewrite_scope(scope, policy, receive, path)
            # All that the server's own scope learns, for its access log. Sent through once more,
            # it is decided by its peer again.
            scope[_PEER] = _Peer(_client_of(scope))
            scope["client"] = changed.get("client")
            scope = changed
            if asked is not None:
                told = asked.tell(policy, meta_of(scope), scope[KEY], path, scope["scheme"])
                await _send(scope["method"], told, send)
                return
            if policy.reject and (reason := rejection(policy, scope[KEY], path)):
                log_rejection(reason)
                await _reject(scope, send)
                return
        await self.application(scope, receive, send)


async def _send(method: str, told: bytes, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in headers_of(told).items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else told})


async def _reject(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": b"Bad Request"})


def rewrite_scope(
    scope: Scope, policy: Policy, receive: Receive | None = None, path: str = ""
) -> Scope:
    """Return a copy of an `http` or `websocket` scope that says who the client is.

    From a server that may append trailers to the headers, which `receive` tells, a designated
    client header in several lines is malformed. `path` is what may be exempt from rejection.
    """
    sent = [*map(tuple, scope["headers"])]  # the server keeps its own pairs
    lines, headers = _split(sent, policy)
    meta: dict[str, Any] = {k: b",".join(found).decode("latin-1") for k, found in lines.items()}
    doubled = [key for key in policy.chains if key in lines and len(lines[key]) > 1]
    if doubled and _may_have_trailers(headers, receive):
        meta.update(dict.fromkeys(doubled, _UNREADABLE))
    meta.pop(PROBE_KEY, None)
    client = _client_of(scope)
    is_unix = is_unix_scope(client, scope.get("server"))
    if client:
        # By index, as Django does, so that a malformed pair does not raise.
        meta["REMOTE_ADDR"], meta["REMOTE_PORT"] = client[0], client[1]
    scheme = scope.get("scheme") or _PLAIN[scope["type"]]
    came = log.receive(meta, policy, event=scope.get("aws.event"))
    answer = rewrite(meta, policy, scheme, is_unix)
    log.tell(answer, came, policy, meta, scheme, headers, path)
    if lines and not answer:
        headers = [pair for pair in headers if pair[0] not in policy.raw_names]
    around = environ_around(scope, policy.stamps)
    changed = {**scope, **around, "scheme": scheme, "headers": headers, KEY: answer}
    if "HTTP_HOST" in meta:
        headers[:] = [pair for pair in headers if pair[0].lower() != b"host"]
        lines["HTTP_HOST"] = []
    written = [key for key in lines if key in meta and key not in policy.passed]
    headers += [(raw_name(key), meta[key].encode("latin-1")) for key in written]
    if answer.client is not None:
        port = client[1] if client and not answer.proxies else answer.client_port or 0
        changed["client"] = (meta["REMOTE_ADDR"], port)
    elif not is_unix:
        changed["client"] = None  # a text that is not an address would be taken for one
    if (root_path := scope.get("root_path")) and not is_prefix(root_path):
        changed["root_path"] = ""
    if answer.statements:
        _write_scope(changed, answer)
    return changed


def _path_of(scope: Scope) -> str:
    """Return the path of a scope that may be exempt from rejection, or ""."""
    path: str = scope["path"]
    return routed_path(path, path.removeprefix(get_script_prefix(scope)))


class _Peer(NamedTuple):
    """What the server's own scope had as its client before it was told the real one."""

    client: Any


def _client_of(scope: Scope) -> Any:
    """Return the client that the server reported. Only a mark of ours is believed."""
    peer = scope.get(_PEER)
    return peer.client if isinstance(peer, _Peer) else scope.get("client")


def _split(headers: list[Header], policy: Policy) -> tuple[dict[str, list[bytes]], list[Header]]:
    """Return the lines of the forwarding headers by META key, and the headers that stay.

    Those stay that are no forwarding headers, and those that pass unchanged if the peer is trusted.
    """
    known, passed = policy.raw_names, policy.passed
    is_plain = not b"".join([name for name, _ in headers]).translate(None, _UNAMBIGUOUS)
    lines: dict[str, list[bytes]] = {}
    kept: list[Header] = []
    for pair in headers:
        name, value = pair if is_plain else (pair[0].lower(), pair[1])
        if name in known:
            key = known[name]
            lines.setdefault(key, []).append(value)
            if key in passed:
                kept.append((name, value))
        elif is_plain or not (
            name.translate(None, _UNAMBIGUOUS) and _is_other_spelling(name, policy)
        ):
            kept.append(pair)
    return lines, kept


def _is_other_spelling(name: bytes, policy: Policy) -> bool:
    """Tell whether a name is that of a forwarding header or of the probe, however it is spelled."""
    # "_" and "." collapse, and "ß" becomes "SS".
    key = "HTTP_" + name.translate(_COLLAPSE).decode("latin-1").upper()
    return key in policy.dropped_if_direct or key == PROBE_KEY


def _may_have_trailers(headers: list[tuple[bytes, bytes]], receive: Receive | None) -> bool:
    """Tell whether trailers can stand among the headers, behind what the proxy wrote.

    uvicorn 0.54.0 with httptools appends those of a chunked request; what comes with the headers in
    one packet, before the application runs, and what comes later, to the server's own list only.
    """
    # A wrapper of `receive` hides the server, so only a known one without trailers is spared.
    is_loaded = "uvicorn.protocols.http.httptools_impl" in sys.modules
    server = type(getattr(receive, "__self__", None)).__module__
    return (
        is_loaded
        and server != "uvicorn.protocols.http.h11_impl"
        and any(name.lower() == b"transfer-encoding" for name, _ in headers)
    )


def _write_scope(scope: Scope, answer: Answer) -> None:
    """Write what the designated headers said where ASGI has it."""
    scheme = answer.stated("scheme")
    if scheme is not None:
        scope["scheme"] = (_SECURE if scheme == "https" else _PLAIN)[scope["type"]]
    server, port = answer.stated("server"), answer.stated("port")
    if server is not None or port is not None:
        here = scope.get("server") or ("unknown", 0)  # as Django calls a server without a name
        scope["server"] = (server or here[0], int(port) if port else here[1])
    prefix = answer.stated("prefix")
    if prefix is not None:
        # ASGI's path includes the root path.
        inner = scope.get("root_path") or ""
        scope["root_path"] = prefix
        scope["path"] = prefix + scope["path"].removeprefix(inner)
        if scope.get("raw_path") is not None:
            raw = scope["raw_path"].removeprefix(quote(inner).encode())
            scope["raw_path"] = prefix.encode() + raw
