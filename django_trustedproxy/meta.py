"""Writing the decision into a WSGI environ or a Django META, which have the same keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .headers import FORWARDED
from .resolver import Resolution, resolve

if TYPE_CHECKING:
    from .policy import Policy
    from .purposes import Statement

KEY = "trusted_proxy"
"""Where META, environ and ASGI scope keep the `Resolution`. No header of a client can have it."""


def rewrite(meta: dict[str, Any], policy: Policy) -> Resolution:
    """Decide who the client is, change `meta` to say so, and return the decision.

    REMOTE_ADDR becomes the client, the designated header its verified part, and every other
    forwarding header goes. An address that the server reported is written in canonical spelling.
    The decision stays under `KEY`. Where there is one already it is kept, as a second one would
    take the client for an untrusted peer; headers that have come since then go all the same.
    """
    decided = meta.get(KEY)
    if isinstance(decided, Resolution):
        _clean(meta, policy, decided)
        return decided
    reported = meta.get("REMOTE_ADDR")
    resolution = resolve(policy, reported, meta.get)
    dropped = _clean(meta, policy, resolution)
    if dropped:
        # `_replace` takes thrice as long.
        resolution = Resolution(*resolution[:-1], tuple(sorted(dropped)))
    write_client(meta, resolution, reported)
    if "uwsgi.version" in meta:
        _take_back_scheme(meta, policy, resolution)
    for statement in resolution.statements:
        _write_value(meta, statement)
    meta[KEY] = resolution
    return resolution


def _clean(meta: dict[str, Any], policy: Policy, resolution: Resolution) -> frozenset[str]:
    """Leave of the headers only what the decision is about, and return the keys that went."""
    if resolution.outcome == "direct":
        dropped = policy.dropped_if_direct.intersection(meta)
    else:
        dropped = policy.dropped.intersection(meta)
        chain = resolution.chain
        # Only what was verified, so that code that reads the leftmost entry agrees.
        if chain and policy.keep_header:
            meta[policy.header] = policy.form.write(chain)
        else:
            meta.pop(policy.header, None)
        if policy.designations:
            _write_designated(meta, policy, resolution)
    for key in dropped:
        del meta[key]
    return dropped


def _write_designated(meta: dict[str, Any], policy: Policy, resolution: Resolution) -> None:
    """Leave of the designated headers of other purposes what was believed."""
    for designation in policy.designations:
        # What `Forwarded` says here, it is the client's to write or drop.
        if designation.header != FORWARDED:
            meta.pop(designation.header, None)
    for statement in resolution.statements:
        if statement.header != FORWARDED and statement.text:
            meta[statement.header] = statement.text


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


def _take_back_scheme(meta: dict[str, Any], policy: Policy, resolution: Resolution) -> None:
    """Write the scheme of the connection where uWSGI wrote what a forwarding header said.

    uWSGI 2.0.31 makes the text of any X-Forwarded-Proto, from anybody, wsgi.url_scheme. What it
    knows itself, or a server that speaks its protocol told it, is in HTTPS and UWSGI_SCHEME.
    """
    is_left_to_others = resolution.outcome != "direct" and not any(
        designation.purpose == "scheme" for designation in policy.designations
    )
    if is_left_to_others and meta.get("wsgi.url_scheme") in _SCHEMES:
        return
    own = meta.get("UWSGI_SCHEME")
    if own not in _SCHEMES:
        own = "https" if str(meta.get("HTTPS")).lower() in ("on", "1") else "http"
    meta["wsgi.url_scheme"] = own


_SCHEMES = ("http", "https")
_KEYS = {
    "host": "HTTP_HOST",
    "port": "SERVER_PORT",
    "server": "SERVER_NAME",
    "prefix": "SCRIPT_NAME",
}


def _write_value(meta: dict[str, Any], statement: Statement) -> None:
    purpose, value = statement.purpose, statement.value
    if not statement.is_written or value is None:
        return
    if purpose != "scheme":
        meta[_KEYS[purpose]] = value
    elif "wsgi.url_scheme" in meta:  # under ASGI the scheme is in the scope
        meta["wsgi.url_scheme"] = value
        if value == "http":
            meta.pop("HTTPS", None)  # Apache and uWSGI: the proxy's own connection used TLS
