"""What the log tells: why an answer may not be the expected one, once per process and kind.

Servers do not run system checks, so what they did to the first requests is told here as well.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.signals import request_started

from .display import short_repr
from .engine.addresses import parse_peer
from .engine.answer import OUTCOMES, Outcome
from .engine.purposes import FORWARDED
from .explanation import malformed_header, sentence, suggestion, taken_from_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engine.answer import Answer
    from .engine.policy import Policy

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
_counts: dict[Outcome, int] = dict.fromkeys(OUTCOMES, 0)
# Whether the first requests are looked at: until one came through a trusted proxy, or a finding was
# made.
_is_watching = False


def counts() -> dict[Outcome, int]:
    """Return how many requests had each outcome, in this process since its start."""
    return dict(_counts)


def watch() -> None:
    """Look at the next requests for what other code did to them before."""
    global _is_watching  # noqa: PLW0603 - the process has one log
    _is_watching = True
    request_started.connect(_remember, dispatch_uid=_SNAPSHOT)


def _settle() -> None:
    global _is_watching  # noqa: PLW0603 - the process has one log
    _is_watching = False
    request_started.disconnect(dispatch_uid=_SNAPSHOT)


# What ASGI says of the peer is still in the scope, so only an environ needs a snapshot.
def _remember(environ: dict[str, Any] | None = None, **_: object) -> None:
    if environ is not None:
        environ[_SNAPSHOT] = environ.get("REMOTE_ADDR")


def receive(meta: dict[str, Any], policy: Policy, peer: object = None) -> tuple[str, ...]:
    """Return what one of the first requests shows of other code that has processed it.

    `peer` is the address in the ASGI scope, where there is one.
    """
    return tuple(_findings(meta, meta.pop(_SNAPSHOT, peer), policy)) if _is_watching else ()


def tell(answer: Answer, findings: tuple[str, ...], policy: Policy, server: object = "") -> None:
    """Log what may be a wrong configuration, the first time that it happens in this process.

    `server` is the SERVER_SOFTWARE of an environ. Header text is shown escaped and shortened.
    """
    _counts[answer.outcome] += 1
    if _is_watching:
        _tell_first(answer, findings, policy, server)
    elif answer.outcome == "forwarded" and not answer.statements and not logger.isEnabledFor(10):
        return
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(sentence(answer))
    outcome = answer.outcome
    is_noted = outcome == "forwarded" or (outcome == "direct" and not answer.dropped)
    if not is_noted and outcome not in _told:
        _told.add(outcome)
        text = f" It came as {short_repr(answer.header_text)}." if outcome == "malformed" else ""
        logger.warning("%s%s (Logged once per process.)", sentence(answer), text)
    if answer.statements:
        for name in answer.malformed_headers:
            if name not in _told:
                _told.add(name)
                logger.warning("%s (Logged once per process.)", malformed_header(name, answer.peer))


def _tell_first(answer: Answer, came: tuple[str, ...], policy: Policy, server: object) -> None:
    findings = list(came)
    is_cleared = str(server).startswith("waitress") and policy.header in _CLEARED_BY_WAITRESS
    if is_cleared and answer.outcome == "missing":
        findings.append(
            f"waitress removes {policy.header_name} before Django sees it. Run it with "
            "--no-clear-untrusted-proxy-headers."
        )
    if further := suggestion(answer, policy.networks):
        findings.append(f"{sentence(answer)}{further}")
    for finding in findings:
        logger.warning(finding)
    if findings or answer.outcome in ("forwarded", "malformed"):
        _settle()


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
        yield taken_from_header(short_repr(address), policy.header_name)


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
    if address == "0.0.0.0" or parse_peer(address) is None:  # noqa: S104 - compared
        return False
    return address in [hop.strip() for hop in str(meta.get(policy.header, "")).split(",")]
