"""The lines of the log: written if the limiter admits them, and summed up each hour."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .limiter import Limiter
from .pages import page_of_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from .engine.answer import Answer
    from .limiter import Count

logger = logging.getLogger("django_trustedproxy")
limiter = Limiter()

_DAILY = "(Logged once per day and network.)"
# Even without a LOGGING setting, which would name the logger.
_SPEAKER = "django-trustedproxy: "
_LINE = f"{_SPEAKER}%s%s See %s"
_MOST_NAMED = 10
# This does not mean the networks of a CDN, which its customers share.
_BELONGS = (
    " If one is a proxy of your own that nobody else can use, add its address to TRUSTED_PROXIES; "
    "add nobody else."
)


def write(  # noqa: PLR0913, PLR0917 - the parts of a line
    kind: str,
    level: int,
    text: str | Callable[[], str],
    answer: Answer | None = None,
    about: str | None = None,
    tail: str = f" {_DAILY}",
) -> None:
    """Write a line, if the limiter admits one about the network of `about`, or of the peer."""
    address = about or (None if answer is None else answer.peer)
    if not limiter.admit((kind, level), address):
        return
    written = text if isinstance(text, str) else text()
    logger.log(level, _LINE, written, tail, page_of_kind(kind), extra=_extra(kind, answer))


def write_summaries() -> None:
    """Write a line about each kind whose hour is over."""
    for summary in limiter.summaries():
        kind, level = summary.kind
        # A line has already reported these.
        logger.log(
            level if summary.is_news else logging.INFO,
            _LINE,
            f"Requests of kind {kind!r} in the last hour: {summary.total}. Most came from "
            f"{', '.join(_counted(count) for count in summary.counts[:_MOST_NAMED])}.",
            _BELONGS if kind == "direct" else "",
            page_of_kind(kind),
            extra=_extra(kind, None),
        )


def debug(answer: Answer, text: Callable[[], str]) -> None:
    """Write a line about each answer, where that is asked for."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s%s", _SPEAKER, text(), extra=_extra(answer.outcome, answer))


def _counted(count: Count) -> str:
    if count.network == count.address:
        return f"{count.network or 'no address'} (at least {count.number})"
    return f"{count.network} (at least {count.number}, the last from {count.address})"


def _extra(kind: str, answer: Answer | None) -> dict[str, str | None]:
    facts: dict[str, str | None] = {"kind": kind, "peer": None, "client": None, "outcome": None}
    if answer is not None:
        facts |= {"peer": answer.peer, "client": answer.client, "outcome": answer.outcome}
    return facts
