"""The line that the log has once a day for each range file that is stale.

A server runs no checks, and a process may run for months. A site without range files has no
receiver for this.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING

from django.core.signals import request_started

from . import conf
from .lines import logger
from .pages import page_of_kind

if TYPE_CHECKING:
    from collections.abc import Callable

_UID = "trustedproxy.staleness"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EXTRA = {"kind": "stale-file", "peer": None, "client": None, "outcome": None}


class Reminder:
    """Looks once an hour whether a file has become stale. `clock` returns the time in UTC."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._next: datetime | None = None
        self._told: dict[str, datetime] = {}
        self._lock = Lock()

    def look(self) -> None:
        """Log what is stale, if an hour has passed."""
        now = self.clock()
        if self._next is not None and now < self._next:
            return
        with self._lock:
            self._next = now + _HOUR
            for file in conf.range_files():
                if not (self._is_due(str(file), now) and file.is_stale(now)):
                    continue
                self._told[str(file)] = now
                logger.warning(
                    "django-trustedproxy: %s is stale: it was to be refreshed by %s. It stays in "
                    'force. Run "%s", and restart or reload the workers. (Logged once per day.) '
                    "See %s",
                    file,
                    f"{file.due:%Y-%m-%d}",
                    file.command,
                    page_of_kind("stale-file"),
                    extra=_EXTRA,
                )

    def _is_due(self, name: str, now: datetime) -> bool:
        return name not in self._told or now - self._told[name] >= _DAY


_reminder = Reminder(lambda: datetime.now(timezone.utc))


def watch() -> None:
    """Look at the range files of the settings once an hour, if there are any."""
    if conf.range_paths():
        request_started.connect(_look, dispatch_uid=_UID)
    else:
        request_started.disconnect(dispatch_uid=_UID)


def _look(**_: object) -> None:
    _reminder.look()
