"""Writing the decision into a WSGI environ or a Django META, which have the same keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .headers import FORWARDED
from .resolver import Resolution, resolve

if TYPE_CHECKING:
    from .purposes import Statement
    from .resolver import Policy

KEY = "trusted_proxy"
"""Where META, environ and ASGI scope keep the `Resolution`. No header of a client can have it."""


def rewrite(meta: dict[str, Any], policy: Policy) -> Resolution:
    """Decide who the client is, change `meta` to say so, and return the decision.

    REMOTE_ADDR becomes the client, the designated header its verified part, and every other
    forwarding header goes. An address that the server reported is written in canonical spelling.
    The decision stays under `KEY`, and where there is one already, nothing changes: a second pass
    would take the client for an untrusted peer.
    """
    decided = meta.get(KEY)
    if isinstance(decided, Resolution):
        return decided
    reported = meta.get("REMOTE_ADDR")
    resolution = resolve(policy, reported, meta.get)
    is_direct = resolution.outcome == "direct"
    dropped = policy.dropped_if_direct if is_direct else policy.dropped
    if not meta.keys().isdisjoint(dropped):
        keys = meta.keys() & dropped
        for key in keys:
            del meta[key]
        resolution = resolution._replace(dropped=tuple(sorted(keys)))
    if not is_direct:
        _write_header(meta, policy, resolution)
    write_client(meta, resolution, reported)
    for statement in resolution.statements:
        _write_statement(meta, statement)
    meta[KEY] = resolution
    return resolution


def _write_header(meta: dict[str, Any], policy: Policy, resolution: Resolution) -> None:
    """Leave only what was verified, so that code that reads the leftmost entry agrees."""
    chain = resolution.chain
    if chain and policy.keep_header:
        meta[policy.header] = policy.form.write(chain)
    else:
        meta.pop(policy.header, None)


def write_client(meta: dict[str, Any], resolution: Resolution, reported: object) -> None:
    """Write the client's address, host and port, where `reported` was the peer's address."""
    if resolution.client is None:
        return
    meta["REMOTE_ADDR"] = resolution.client
    if "REMOTE_HOST" in meta and (resolution.proxies or meta["REMOTE_HOST"] == reported):
        meta["REMOTE_HOST"] = resolution.client
    if resolution.proxies:
        # The port that the server reported is the proxy's.
        meta.pop("REMOTE_PORT", None)
        if resolution.client_port is not None:
            meta["REMOTE_PORT"] = str(resolution.client_port)


_KEYS = {
    "host": "HTTP_HOST",
    "port": "SERVER_PORT",
    "server": "SERVER_NAME",
    "prefix": "SCRIPT_NAME",
}


def _write_statement(meta: dict[str, Any], statement: Statement) -> None:
    purpose, header, value, text, is_written, _ = statement
    if header != FORWARDED:  # whatever it says here, it is the client's to write or drop
        meta.pop(header, None)
        if text is not None:
            meta[header] = text
    if not is_written or value is None:
        return
    if purpose != "scheme":
        meta[_KEYS[purpose]] = value
    elif "wsgi.url_scheme" in meta:  # under ASGI the scheme is in the scope
        meta["wsgi.url_scheme"] = value
        if value == "http":
            meta.pop("HTTPS", None)  # Apache and uWSGI: the proxy's own connection used TLS
