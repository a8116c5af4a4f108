"""What the log tells: why an answer may not be the expected one, in few lines.

Servers do not run system checks, so the log also tells what they did to the first requests.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.core.signals import request_started

from . import lines
from .clients import ABOUT_CLIENT
from .engine.answer import OUTCOMES, Outcome
from .engine.purposes import FORWARDED, raw_name
from .explanation import (
    answered,
    cleared_by_waitress,
    lost_login,
    lost_logins,
    names,
    sentence,
)
from .remarks import about_stamp, remarks
from .seen import OF_BROWSERS, Seen
from .servers import running_server
from .traces import connected_by_event, findings, hands_nothing_on, has_no_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .engine.answer import Answer
    from .engine.policy import Policy
    from .limiter import Kind

_is_enabled_for = lines.logger.isEnabledFor

_SNAPSHOT = "trusted_proxy.reported"
_CLEARED_BY_WAITRESS = ("HTTP_X_FORWARDED_FOR", FORWARDED)
_OF_STRANGERS = ("direct", "unknown")
# Of the requests in good order, the first ones and then one in so many are looked at closely.
_FIRST, _SELDOM = 64, 4_096
_MOST_WATCHED = 1_000
# Of the headers of an ASGI scope, what is looked at besides the forwarding headers.
_READ = {raw_name(key): key for key in (*OF_BROWSERS, "HTTP_HOST")}


class Came(NamedTuple):
    """What one request shows before it is decided.

    `findings` are what other code did to it, as a kind and a sentence. `headers` has the designated
    headers as they came, by META key, and of the first requests those too that are dropped.
    """

    findings: tuple[tuple[str, str], ...]
    headers: Mapping[str, Any]
    names_itself: bool


_counts: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
# How many requests are still looked at for what other code did to them before. It ends with the
# first one that came through a trusted proxy.
_watched = 0
# The number of the next forwarded request that is looked at closely.
_next_look = 0
# The kind of the last finding, after which peers are clients; also "event" in a function.
_rewriter = ""


def counts() -> dict[Outcome, int]:
    """Return how many requests had each outcome in this process since it started."""
    return {outcome: _counts[outcome] for outcome in OUTCOMES}


def watch() -> None:
    """Look at the next requests for what other code did to them before."""
    _look_at(_MOST_WATCHED)
    request_started.connect(_remember, dispatch_uid=_SNAPSHOT)
    if apps.ready and not apps.is_installed("django_trustedproxy"):
        lines.write(
            "not-installed",
            logging.WARNING,
            '"django_trustedproxy" is not in INSTALLED_APPS, so "manage.py check" finds no mistake '
            'in the TRUSTED_ settings, and "manage.py trustedproxy" is missing. Add it.',
            tail="",
        )


def tell_of_application(application: object) -> None:
    """Say at start if the wrapped application cannot pass on the wrapper's answer."""
    if text := hands_nothing_on(application):
        lines.write("adapter", logging.WARNING, text, tail="")


def _look_at(requests: int) -> None:
    global _watched  # noqa: PLW0603 - the process has one log
    _watched = requests
    if not requests:
        request_started.disconnect(dispatch_uid=_SNAPSHOT)


# What ASGI says of the peer is still in the scope, so only an environ needs a snapshot.
def _remember(environ: dict[str, Any] | None = None, **_: object) -> None:
    if environ is not None:
        environ[_SNAPSHOT] = environ.get("REMOTE_ADDR")


def receive(
    meta: dict[str, Any], policy: Policy, peer: object = None, event: object = None
) -> Came | None:
    """Return what there is to remember of a request until it is decided, or None.

    `peer` is the address in the ASGI scope and `event` that of a function, where there is one.
    """
    global _rewriter  # noqa: PLW0603 - the process has one log
    if not _watched and not policy.designations:
        return None
    headers = {d.header: meta.get(d.header) for d in policy.designations}
    if not _watched:
        return Came((), headers, names_itself=False)
    # Local variables of the middleware are in error reports, so no secret may be kept here.
    secrets = policy.stamps.headers if policy.stamps else ()
    headers |= {key: meta[key] for key in policy.dropped.intersection(meta).difference(secrets)}
    _look_at(max(_watched - 1, 0))  # threads may come here at once
    connected = connected_by_event(meta, event)
    if connected:
        _rewriter = "event"
    found = tuple(findings(meta, meta.pop(_SNAPSHOT, peer), policy, connected))
    return Came(found, headers, names(meta.get(policy.header), meta.get("REMOTE_ADDR")))


def tell(  # noqa: PLR0913, PLR0917 - what there is to see of a request
    answer: Answer,
    came: Came | None,
    policy: Policy,
    meta: Mapping[str, Any],
    scheme: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
    path: str = "",
) -> None:
    """Log what may be a wrong configuration, in few lines. Header text is escaped and shortened.

    `meta` is META after the decision, `scheme` that of the connection where it is not there, and
    `headers` the other headers of an ASGI scope; `path` is what may be exempt from rejection.
    """
    if answer.stamp is not None and (stamp := about_stamp(policy, answer, path)):
        lines.write_summaries()
        lines.write(stamp.kind, stamp.level, stamp.text, answer)
    outcome = answer.outcome
    number = _counts[outcome] = _counts[outcome] + 1
    is_quiet = not (came and came.findings) and not _is_enabled_for(logging.DEBUG)
    if outcome == "forwarded":
        is_plain = number < _next_look and not (
            answer.statements and any(statement.is_malformed for statement in answer.statements)
        )
    else:
        is_plain = outcome == "direct" and not answer.dropped
    if is_quiet and is_plain:
        return
    if headers and answer:
        meta = _with_read(meta, headers)
    if is_quiet and _repeats(answer, number, came, policy, meta):
        return
    seen = Seen(meta, came.headers if came else {}, scheme)
    _tell(answer, came or _NOTHING, policy, seen, policy.rejects(answer, path))


_NOTHING = Came((), {}, names_itself=False)


def _repeats(
    answer: Answer, number: int, came: Came | None, policy: Policy, meta: Mapping[str, Any]
) -> bool:
    """Count a request of which `_tell` would say nothing, and tell whether it is one.

    Strangers may send many, and so do health checks.
    """
    outcome = answer.outcome
    if number <= _FIRST or number % _FIRST == 0:
        return False  # looked at closely
    if outcome == "missing" and not policy.reject:
        return lines.limiter.repeats(_kind_of_missing(answer, policy, meta), answer.peer)
    if outcome not in _OF_STRANGERS or _rewriter or (came and came.names_itself):
        return False
    return lines.limiter.repeats(_kind_of_stranger(answer), answer.peer)


def _kind_of_stranger(answer: Answer) -> Kind:
    """Return what a line about a peer that is not trusted is about."""
    return "login-lost" if lost_logins(answer) else answer.outcome, logging.WARNING


def _with_read(
    meta: Mapping[str, Any], headers: Sequence[tuple[bytes, bytes]]
) -> Mapping[str, Any]:
    """Return META with those of the other headers of an ASGI scope that are looked at."""
    pairs = [(_READ.get(name.lower()), value) for name, value in headers]
    read = {key: value.decode("latin-1") for key, value in pairs if key is not None}
    return {**read, **meta}


def _tell(answer: Answer, came: Came, policy: Policy, seen: Seen, reject: str) -> None:
    global _rewriter, _next_look  # noqa: PLW0603 - the process has one log
    if answer.outcome == "forwarded" and _counts["forwarded"] >= _FIRST:
        _next_look = _counts["forwarded"] + _SELDOM
    lines.write_summaries()
    for kind, text in came.findings:
        # Its peers are clients, whose networks do not count.
        lines.write(kind, logging.WARNING, text, answer, about=kind, tail="")
        _rewriter = kind
    if not answer:
        _tell_of_stranger(answer, came, seen, reject)
        return
    if answer.outcome != "missing" and _watched:
        _look_at(0)

    def said() -> str:
        return sentence(answer, reject=reject)

    lines.debug(answer, said)
    if answer.outcome == "malformed":
        lines.write("malformed", logging.WARNING, said, answer)
    elif answer.outcome == "missing":
        _tell_of_missing(answer, policy, seen, said, is_rejected=bool(reject))
    # A health check every second is no news.
    is_seldom = answer.outcome == "missing" and _counts["missing"] > _FIRST
    if not is_seldom or _counts["missing"] % _FIRST == 0:
        _tell_remarks(answer, policy, seen, said, reject)


def _tell_remarks(
    answer: Answer, policy: Policy, seen: Seen, said: Callable[[], str], reject: str
) -> None:
    for remark in remarks(policy, answer, seen):
        text = f"{said()} {remark.text}" if remark.kind in ABOUT_CLIENT else remark.text
        if reject and remark.kind.endswith("malformed"):
            text = f"{text} {answered(reject)}"
        lines.write(remark.kind, remark.level, text, answer, remark.about)


def _tell_of_stranger(answer: Answer, came: Came, seen: Seen, reject: str) -> None:
    """Tell of a request whose peer is not trusted."""

    # Worded only where it is written: strangers may send many.
    def text() -> str:
        # A peer that is a client: nobody may be invited to trust it.
        is_client = came.names_itself or _is_rewritten(seen.after)
        server = running_server()
        said = sentence(answer, reject=reject, names_itself=is_client, server=server)
        return f"{said} {lost_login(answer)}".rstrip()

    lines.debug(answer, text)
    if answer.outcome == "unknown" or answer.dropped:
        if _counts[answer.outcome] % _FIRST == 0 and not _watched:
            _look_at(1)  # a server that rewrites is noticed, no matter who sends the first requests
        # Nothing is lost where the header names the peer.
        if not (came.names_itself or _is_rewritten(seen.after)):
            lines.write(*_kind_of_stranger(answer), text, answer)


def _is_rewritten(meta: Mapping[str, Any]) -> bool:
    """Tell whether the peer is what a server, wrapper or middleware wrote, as a finding told."""
    return bool(_rewriter) and (_rewriter != "server" or has_no_port(meta))


def _tell_of_missing(
    answer: Answer, policy: Policy, seen: Seen, said: Callable[[], str], *, is_rejected: bool
) -> None:
    """Tell of a trusted peer without the header, as in every health check."""
    kind, level = _kind_of_missing(answer, policy, seen.after)
    if kind == "waitress":
        lines.write(kind, level, cleared_by_waitress(policy.header_name), answer)
    else:
        lines.write(kind, logging.WARNING if is_rejected else level, said, answer)


def _kind_of_missing(answer: Answer, policy: Policy, meta: Mapping[str, Any]) -> Kind:
    """Return what a line about a trusted peer without the header is about, if it is answered."""
    is_new = not _counts["forwarded"] and policy.header in _CLEARED_BY_WAITRESS
    if is_new and str(meta.get("SERVER_SOFTWARE")).startswith("waitress"):
        return "waitress", logging.WARNING
    is_likely = answer.dropped or any(map(meta.get, OF_BROWSERS))
    return "missing", logging.WARNING if is_likely else logging.INFO
