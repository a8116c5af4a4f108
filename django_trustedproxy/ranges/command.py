"""The command `trustedproxy refresh`: range files made and renewed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import fetch
from .file import RangeFileError, parse, read, source_of
from .gate import differences, ipv4_space, objections
from .sources import SOURCES, AnswerError
from .store import compose, replace

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from django_trustedproxy.engine.networks import Network

    from .file import RangeFile
    from .sources import Source

REFUSED, FAILED = 1, 2
MOST_DAYS = 365
_DESCRIPTION = (
    "Renew the range files that the settings name, each from its source, or make or renew one. "
    "Exits with 1 if a file was refused, or with --check differs or is stale, and with 2 if a list "
    "could not be fetched. The old file then stays."
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of `refresh`."""
    parser.description = _DESCRIPTION
    parser.add_argument("file", nargs="?", metavar="FILE", type=Path, help="make or renew this one")
    parser.add_argument("--source", choices=sorted(SOURCES), help="who publishes the list")
    parser.add_argument("--days", type=int, metavar="N", help="how long the file is good for")
    parser.add_argument(
        "--from",
        dest="origins",
        action="append",
        metavar="FROM",
        help="- for the vendor's answer on standard input, or an https address, such as a mirror",
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--accept", action="store_true", help="accept a change that is refused")


class RefreshError(Exception):
    """Why a file is not renewed, and the exit code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Old(NamedTuple):
    """What was there before: a file, or what is wrong with it, or nothing; and its source."""

    file: RangeFile | None
    error: RangeFileError | None
    source: str | None

    @classmethod
    def at(cls, path: Path) -> Old:
        """Read what is at a path."""
        try:
            file = read(path)
        except RangeFileError as error:
            # Without networks, there is nothing to compare.
            source = source_of(path)
            is_empty = error.id == "trustedproxy.E073" and (source or not path.read_bytes().strip())
            # Until Python 3.14, Path.exists raises where a folder may not be searched.
            is_there = os.path.exists(path)  # noqa: PTH110
            return cls(None, error if is_there and not is_empty else None, source)
        return cls(file, None, file.source)

    @property
    def networks(self) -> set[Network]:
        """The networks that can be compared."""
        return set(self.file.lines) if self.file else set()

    @property
    def stays(self) -> str:
        """Say that the old file stays, if there is one."""
        return " The old file stays." if self.file else ""

    def objections(self, name: str, new: RangeFile) -> Iterator[str]:
        """Yield the reasons not to replace a file unreviewed."""
        if self.error:
            yield f"the old file cannot be compared ({self.error.msg.rstrip('.')})"
        if self.file is None:
            return
        if self.source not in (None, name):
            yield f"the file is of {self.source}"
        yield from objections(self.networks, set(new.lines))


class Refresh:
    """One run over the files of the settings, or one file. `write` prints a line."""

    def __init__(
        self,
        paths: Sequence[Path],
        options: dict[str, Any],
        write: Callable[[str], object],
        now: datetime,
    ) -> None:
        self.paths = [options["file"]] if options["file"] else paths
        self.options, self.write, self.now = options, write, now

    def run(self) -> tuple[int, list[str]]:
        """Renew the files that are due; return the exit code and what went wrong."""
        if problem := _misuse(self.options):
            return FAILED, [problem]
        if not self.paths:
            self.write("No setting names a range file.")
        code, problems = 0, []
        for path in self.paths:
            try:
                self._renew(path)
            except RefreshError as error:
                code = max(code, error.code)
                problems.append(f"{path}: {error}")
        return code, problems

    def _renew(self, path: Path) -> None:
        old = Old.at(path)
        name = self._source(path, old)
        if name is None:
            return
        text = self._made(path, old, name)
        new = parse(path, text)
        for line in differences(old.networks, set(new.lines)):
            self.write(line)
        self.write(
            f"{path}: {name}, networks {len(old.networks):,} to {len(new.lines):,}, "
            f"IPv4 addresses {ipv4_space(old.networks):,} to {ipv4_space(set(new.lines)):,}"
        )
        if self.options["check"]:
            self._compare(old, new)
            return
        if old.error and old.source is None:
            text = f"is no range file ({old.error.msg.rstrip('.')}). Remove it, or name another."
            raise RefreshError(REFUSED, text)
        reasons = [] if self.options["accept"] else list(old.objections(name, new))
        if reasons:
            advice = "The old file stays. If the difference is right, repeat this with --accept."
            raise RefreshError(REFUSED, f"refused, because {', and '.join(reasons)}. {advice}")
        try:
            replace(path, text)
        except OSError as error:
            raise RefreshError(FAILED, f"cannot be written ({error.strerror}).") from None
        self.write(f"{path}: written. Restart or reload the workers: they keep what they read.")

    def _source(self, path: Path, old: Old) -> str | None:
        """Return the source of a file, or None if the file stays as it is."""
        name: str | None = self.options["source"] or old.source
        if name is None:
            text = "names no source. Name FILE and --source to fetch it."
        elif name not in SOURCES:
            text = f"names the source {name!r}, which is not one of {', '.join(sorted(SOURCES))}."
        elif SOURCES[name].addresses or self.options["origins"]:
            return name
        else:
            text = f"is of {name}, which is read with --from -: see docs/address-lists.md."
        if self.options["file"] or old.file is None or old.file.is_stale(self.now):
            raise RefreshError(FAILED, text)
        self.write(f"{path}: left as it is; it {text}")
        return None

    def _made(self, path: Path, old: Old, name: str) -> str:
        """Return the text of the new file, which can be read."""
        source = SOURCES[name]
        address, answer = self._answer(source, old)
        kept = old.file.days if old.file and old.source == name else None
        days = self.options["days"] or kept or source.days
        try:
            text = compose(name, address, self.now, days, source.networks(answer))
            parse(path, text)
        except AnswerError as error:
            raise RefreshError(FAILED, f"the answer of {name} {error}.{old.stays}") from None
        except RangeFileError as error:
            text = f"the answer gives no valid range file: {error.msg}{old.stays}"
            raise RefreshError(FAILED, text) from None
        return text

    def _answer(self, source: Source, old: Old) -> tuple[str, str]:
        """Return where the vendor's answer is from, and the answer."""
        published = source.addresses[0] if source.addresses else source.page
        origins = self.options["origins"] or source.addresses
        is_piped = list(origins) == ["-"]
        if is_piped and sys.stdin is None:
            raise RefreshError(FAILED, f"standard input is closed.{old.stays}")
        try:
            if is_piped:
                return published, fetch.decoded("standard input", sys.stdin.buffer)
            answers = [fetch.fetch(origin, source.body) for origin in origins]
        except fetch.FetchError as error:
            raise RefreshError(FAILED, f"{error}.{old.stays}") from None
        return origins[0], "\n".join(answers)

    def _compare(self, old: Old, new: RangeFile) -> None:
        if old.file is None:
            raise RefreshError(REFUSED, "is not there, or cannot be read.")
        if old.networks != set(new.lines):
            raise RefreshError(REFUSED, "differs from what its source publishes.")
        if old.file.is_stale(self.now):
            raise RefreshError(REFUSED, f"is stale since {old.file.due:%Y-%m-%d}.")


def _misuse(options: dict[str, Any]) -> str:
    """Say which options do not go together, or return ""."""
    days = options["days"]
    if options["file"] is None and (options["source"] or options["origins"] or days is not None):
        return "--source, --days and --from are for one FILE: name it."
    if days is not None and not 1 <= days <= MOST_DAYS:
        return f"--days: expected 1 to {MOST_DAYS}, got {days}."
    return ""
