"""What the log tells: why an answer may not be the expected one, once per process and kind.

Servers do not run system checks, so what they did to the first requests is told here as well.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.signals import request_started

from .explanation import sentence, suggestion
from .headers import FORWARDED
from .meta import KEY, rewrite
from .networks import short_repr
from .resolver import UNIX_PEERS, parse_peer, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .policy import Policy
    from .resolver import Resolution

logger = logging.getLogger("django_trustedproxy")

_SNAPSHOT = "trusted_proxy.reported"
# The marks of other wrappers: what they keep of REMOTE_ADDR, as it is or in a dictionary.
_MARKS = (
    "werkzeug.proxy_fix.orig",
    "werkzeug.proxy_fix.orig_remote_addr",
    "wsgi_cloudflare_proxy_fix.orig",
)
_CLEARED_BY_WAITRESS = ("HTTP_X_FORWARDED_FOR", FORWARDED)


# The kinds that were told. There are few, so that a flood of requests changes nothing.
_told: set[str] = set()


def tell(resolution: Resolution, header_text: str | None = None) -> None:
    """Log what may be a wrong configuration, the first time that it happens in this process.

    `header_text` is the designated header as it came; it is shown escaped and shortened.
    """
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(sentence(resolution))
    outcome = resolution.outcome
    is_noted = outcome == "forwarded" or (outcome == "direct" and not resolution.dropped)
    if not is_noted and outcome not in _told:
        _told.add(outcome)
        came = f" It came as {short_repr(header_text)}." if outcome == "malformed" else ""
        logger.warning("%s%s This is told once.", sentence(resolution), came)
    if resolution.statements:
        for name in resolution.malformed_headers:
            if name not in _told:
                _told.add(name)
                logger.warning(
                    "%s from the trusted proxy %s is malformed: its values differ, or one has the "
                    "wrong form. Have the proxy set it. This is told once.",
                    name,
                    resolution.peer,
                )


class Diagnosis:
    """Looks at requests until one came through a trusted proxy, or a finding was made."""

    def __init__(self) -> None:
        self.remaining = 1000
        request_started.connect(_remember, dispatch_uid=_SNAPSHOT)

    def rewrite(self, meta: dict[str, Any], policy: Policy, peer: object = None) -> Resolution:
        """Decide about a request as `meta.rewrite` does, and log what has to be told.

        `peer` is the address in the ASGI scope, where there is one.
        """
        if KEY in meta:
            return rewrite(meta, policy)
        reported = meta.pop(_SNAPSHOT, peer)
        header_text = meta.get(policy.header)
        if self.remaining:
            resolution = self._examine(meta, policy, reported)
        else:
            resolution = rewrite(meta, policy)
        tell(resolution, header_text)
        return resolution

    def _examine(self, meta: dict[str, Any], policy: Policy, reported: object) -> Resolution:
        """Decide, and log what the request shows of what else has processed it."""
        findings = list(_findings(meta, reported, policy))
        resolution = rewrite(meta, policy)
        if further := suggestion(resolution, policy.networks):
            findings.append(f"{sentence(resolution)}{further}")
        for finding in findings:
            logger.warning(finding)
        is_over = findings or resolution.outcome in ("forwarded", "malformed")
        # Another thread may have ended it meanwhile.
        self.remaining = 0 if is_over else max(0, self.remaining - 1)
        if not self.remaining:
            request_started.disconnect(dispatch_uid=_SNAPSHOT)
        return resolution


# What ASGI says of the peer is still in the scope, so only an environ needs a snapshot.
def _remember(environ: dict[str, Any] | None = None, **_: object) -> None:
    if environ is not None:
        environ[_SNAPSHOT] = environ.get("REMOTE_ADDR")


def _findings(meta: dict[str, Any], reported: object, policy: Policy) -> Iterator[str]:
    address = meta.get("REMOTE_ADDR")
    marks = [m for m in _MARKS if m in meta and _original(meta[m], address) != address]
    if marks:
        original = _original(meta[marks[0]], address)
        yield (
            f"A wrapper changed REMOTE_ADDR from {short_repr(original)} to {short_repr(address)} "
            f"before Django saw the request (it left {marks[0]!r}). Remove it: TRUSTED_PROXIES "
            "decides."
        )
    elif reported is not None and reported != address:
        yield (
            f"A middleware changed REMOTE_ADDR from {short_repr(reported)} to "
            f"{short_repr(address)} before TrustedProxyMiddleware. Put TrustedProxyMiddleware "
            "first in MIDDLEWARE, and remove the other."
        )
    elif _is_from_header(meta, address, policy):
        yield (
            f"The server seems to have taken REMOTE_ADDR ({short_repr(address)}) from "
            f"{policy.header_name} already, so the proxy cannot be seen any more. Run uvicorn with "
            "--no-proxy-headers, and daphne without --proxy-headers."
        )
    if (
        str(meta.get("SERVER_SOFTWARE", "")).startswith("waitress")
        and policy.header in _CLEARED_BY_WAITRESS
        and resolve(policy, address, meta.get).outcome == "missing"
    ):
        yield (
            f"waitress removes {policy.header_name} before Django sees it. Run it with "
            "--no-clear-untrusted-proxy-headers."
        )


def _original(mark: object, address: object) -> object:
    if isinstance(mark, dict):
        return mark.get("REMOTE_ADDR", address)
    return address if mark is None else mark


def _is_from_header(meta: dict[str, Any], address: object, policy: Policy) -> bool:
    """Tell whether an ASGI client without a port is an address of the header."""
    # Django's AsyncClient has the port 0 as well, so the port alone says nothing. On a Unix socket,
    # some servers report it with an address that is none.
    if meta.get("REMOTE_PORT") not in (0, "0") or not isinstance(address, str):
        return False
    if address in UNIX_PEERS or parse_peer(address) is None:
        return False
    return address in [entry.strip() for entry in str(meta.get(policy.header, "")).split(",")]
