"""The traces in a request of other code that changed REMOTE_ADDR before the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .display import short_repr
from .engine.addresses import UNIX_PEERS, parse_peer
from .explanation import names, taken_from_header
from .servers import is_function, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .engine.policy import Policy

# The marks of other wrappers: what they keep of REMOTE_ADDR, as it is or in a dictionary.
_MARKS = (
    "werkzeug.proxy_fix.orig",
    "werkzeug.proxy_fix.orig_remote_addr",
    "wsgi_cloudflare_proxy_fix.orig",
)


def has_no_port(meta: Mapping[str, Any]) -> bool:
    """Tell whether the peer has no port, as the address of a header has none."""
    return meta.get("REMOTE_PORT") in (0, "0")


def findings(meta: dict[str, Any], reported: object, policy: Policy) -> Iterator[tuple[str, str]]:
    address = meta.get("REMOTE_ADDR")
    marks = [m for m in _MARKS if m in meta and _original(meta[m], address) != address]
    if marks:
        original = _original(meta[marks[0]], address)
        yield (
            "wrapper",
            (
                f"A wrapper changed REMOTE_ADDR from {short_repr(original)} to "
                f"{short_repr(address)} before Django saw the request (it left {marks[0]!r}). "
                "Remove it: TRUSTED_PROXIES decides."
            ),
        )
    elif reported is not None and reported != address:
        yield (
            "middleware",
            (
                f"A middleware changed REMOTE_ADDR from {short_repr(reported)} to "
                f"{short_repr(address)} before TrustedProxyMiddleware. Put TrustedProxyMiddleware "
                "first in MIDDLEWARE, and remove the other."
            ),
        )
    elif _is_from_header(meta, address, policy):
        text = taken_from_header(short_repr(address), policy.header_name, running_server())
        yield "server", text


def _original(mark: object, address: object) -> object:
    if isinstance(mark, dict):
        return mark.get("REMOTE_ADDR", address)
    return address if mark is None else mark


def _is_from_header(meta: dict[str, Any], address: object, policy: Policy) -> bool:
    """Tell whether an ASGI client without a port is an address of the header."""
    # Django's AsyncClient has the port 0 as well, so the port alone says nothing. On a Unix socket,
    # some servers report it with an address that is none.
    if not has_no_port(meta) or not isinstance(address, str) or is_function():
        return False
    if address in UNIX_PEERS or parse_peer(address) is None:
        return False
    return names(meta.get(policy.header), address)
