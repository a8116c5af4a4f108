"""Checks of range files: their age, who can write them, and what is in them."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name

from django_trustedproxy import conf
from django_trustedproxy.engine.everybody import is_wide
from django_trustedproxy.engine.mistakes import quoted
from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.entries import networks_of
from django_trustedproxy.ranges.doubts import customers, given_up, remaining
from django_trustedproxy.ranges.file import RangeFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from django_trustedproxy.engine.networks import Network

_MOST = 5  # networks in a hint
_ADMITTED = timedelta(days=1)  # by which a clock may be wrong


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(timezone.utc)


def check_age(**_: object) -> list[CheckMessage]:
    """Warn of files that are older than they promise, or whose age is not known."""
    found: list[CheckMessage] = []
    for file in conf.range_files():
        if file.is_stale(now()):
            found.append(
                Warning(
                    f"{file} is stale: it was to be refreshed by {file.due:%Y-%m-%d}. It stays in "
                    "force.",
                    hint=f'Run "{file.command}".',
                    id="trustedproxy.W070",
                )
            )
        elif file.fetched is None or file.fetched > now() + _ADMITTED:
            fact = "has no date" if file.fetched is None else "has a date in the future"
            found.append(
                Warning(
                    f"{file} {fact}, so nothing shows when it is too old.",
                    hint='Fetch it with "manage.py trustedproxy refresh", which writes the date, '
                    "or silence this if something else renews the file.",
                    id="trustedproxy.W071",
                )
            )
    return found


def check_writable(**_: object) -> list[CheckMessage]:
    """Warn of files that everybody on this host can write: the writer decides who is trusted."""
    if os.name != "posix":
        return []
    return [
        Warning(
            f"Everybody on this host can write to {place}.",
            hint=f"Run chmod o-w {place}. Anyone who writes it decides who is trusted.",
            id="trustedproxy.W072",
        )
        for file in conf.range_files()
        for place in _open_to_all(file.path)
    ]


def _open_to_all(path: Path) -> list[Path]:
    """Return the file and the folders on the way to it, as far as everybody can write there."""
    try:
        folders = [*path.absolute().parents, *path.resolve().parents]
        modes = {place: place.stat().st_mode for place in (path, *folders)}
    except OSError:  # gone since it was read
        return []
    # In a sticky folder, such as /tmp, nobody can replace a file of another one.
    return [
        place
        for place, mode in modes.items()
        if mode & stat.S_IWOTH and (place == path or not mode & stat.S_ISVTX)
    ]


def check_customers(**_: object) -> list[CheckMessage]:
    """Warn of a list that has the machines of a cloud's customers."""
    return [
        Warning(
            f"{file} seems to be {row.name}, which has the machines of every customer.",
            hint="Remove the file: anyone who rents a machine there can claim any address. "
            "List the networks that your own proxy connects from.",
            id="trustedproxy.W073",
        )
        for file in conf.range_files()
        for row in customers(TrustedNetworks(file.lines).merged)
    ]


def check_given_up(**_: object) -> list[CheckMessage]:
    """Warn of trust in a network that its vendor gave up, in a file or in an entry."""
    found: list[CheckMessage] = []
    for entry in conf.all_entries():
        # What is wider than anybody's network is another finding.
        for network, row in given_up(n for n in networks_of(entry) if not is_wide(n)):
            place = entry.place(network) if isinstance(entry, RangeFile) else str(entry).strip()
            found.append(
                Warning(
                    f"{place} trusts {row.network}, which {row.vendor} gave up in {row.since}: "
                    "others connect from there.",
                    hint=_remedy(entry, remaining(network, row)),
                    id="trustedproxy.W074",
                )
            )
    return found


def _remedy(entry: object, rest: Sequence[Network]) -> str:
    if isinstance(entry, RangeFile):
        return f'Run "{entry.command}", or remove the line.'
    if not rest or len(rest) > _MOST:
        return "Remove it, or list the networks that your own proxies connect from."
    return f"Write {quoted(map(str, rest))} instead."
