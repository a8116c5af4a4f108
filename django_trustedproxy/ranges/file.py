"""A range file as it is read: networks, one a line, and what its comments promise."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django_trustedproxy.display import short_repr
from django_trustedproxy.engine.everybody import NOT_PUBLIC, WIDEST, is_everybody
from django_trustedproxy.engine.mistakes import diagnose, quoted
from django_trustedproxy.engine.networks import NAMES, EntryError, parse_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_trustedproxy.engine.networks import Network

MOST_LINES = 10_000
MOST_BYTES = 2**20
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_SOURCE = re.compile(r"# ([a-z0-9][a-z0-9-]*)  (https://\S+)")
_FETCHED = re.compile(
    r"# fetched (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ), refresh within ([1-9]\d{0,2}) days?"
)
_END = re.compile(r"# end (0|[1-9]\d*)")
_BLANKS = " \t\r"


class RangeFileError(Exception):
    """A range file that cannot be used: the id of its system check, the fact, and the remedy."""

    def __init__(self, check: str, fact: str, expected: str, hint: str) -> None:
        self.id, self.msg, self.hint = check, f"{fact}: expected {expected}.", hint


@dataclass(frozen=True, slots=True, eq=False)
class RangeFile:
    """The networks of a file, each with the number of its line.

    `source` and `address` say who publishes them, `fetched` (UTC) and `days` how long the file is
    good for. A value that the file does not have is None.
    """

    path: Path
    source: str | None
    address: str | None
    fetched: datetime | None
    days: int | None
    lines: Mapping[Network, int]

    @property
    def due(self) -> datetime | None:
        """The time from which the file is stale, or None if it says none."""
        if self.fetched is None or self.days is None:
            return None
        return self.fetched + timedelta(days=self.days)

    def is_stale(self, now: datetime) -> bool:
        """Tell whether the file is older than it promises to be."""
        return self.due is not None and now > self.due

    @property
    def command(self) -> str:
        """The command that renews the file."""
        return _command(self.path, has_source=self.source is not None)

    def place(self, network: Network) -> str:
        """Return the file and the line of a network, as text."""
        return f"{self.path}, line {self.lines[network]}"

    def __str__(self) -> str:
        return str(self.path)


@cache
def load(path: Path) -> RangeFile | RangeFileError:
    """Return a range file, or what is wrong with it, as it was when first read."""
    try:
        return read(path)
    except RangeFileError as error:
        return error


def read(path: Path) -> RangeFile:
    """Read a range file; raises `RangeFileError`."""
    content = _content(path)
    if len(content) > MOST_BYTES:
        raise _unfit(path, f"{path} has more than {MOST_BYTES} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        got = short_repr(content.split(b"\n")[number - 1])
        raise _unfit(path, f"{path}, line {number}, is not UTF-8", f"text, got {got}") from None
    return parse(path, text)


def source_of(path: Path) -> str | None:
    """Return the source that a file names in its first line, even if the rest is broken."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            match = _SOURCE.fullmatch(file.readline(1_000).decode(errors="replace").strip())
    except OSError:
        return None
    return match[1] if match else None


def parse(path: Path, text: str) -> RangeFile:
    """Make a range file of its text; raises `RangeFileError` for the first bad line."""
    rows = [row.strip(_BLANKS) for row in text.removesuffix("\n").split("\n")]
    if len(rows) > MOST_LINES:
        raise _unfit(path, f"{path} has more than {MOST_LINES} lines")
    match = _SOURCE.fullmatch(rows[0])
    source, address = match.groups() if match else (None, None)
    parser = _Parser(path, is_published=source is not None)
    for number, row in enumerate(rows, 1):
        if row:
            parser.take(number, row)
    if not parser.lines:
        raise _empty(path)
    if parser.promise and not parser.end:
        expected = f"'# end {parser.count}' in the last line"
        raise _broken(path, len(rows), "has no end after it", expected, rows[-1])
    fetched, days = parser.promise or (None, None)
    return RangeFile(path, source, address, fetched, days, parser.lines)


class _Parser:
    """What the lines of a file have said so far."""

    def __init__(self, path: Path, *, is_published: bool) -> None:
        self.path, self.is_published = path, is_published
        self.promise: tuple[datetime, int] | None = None
        self.lines: dict[Network, int] = {}
        self.count = self.end = 0

    def take(self, number: int, row: str) -> None:
        """Read a line that is not empty."""
        if self.end:
            fact, expected = "is after the end", f"nothing after line {self.end}"
            raise _broken(self.path, number, fact, expected, row)
        if re.match(r"# fetched\b", row):
            if self.promise:
                raise _broken(self.path, number, "is a second date", "one", row)
            self.promise = self._promise(number, row)
        elif re.match(r"# end( |$)", row):
            match = _END.fullmatch(row)
            if match is None or int(match[1]) != self.count:
                expected = f"'# end {self.count}'"
                raise _broken(self.path, number, "does not count the networks", expected, row)
            self.end = number
        elif row[0] != "#":
            self.lines.setdefault(self._network(number, row), number)
            self.count += 1

    def _promise(self, number: int, row: str) -> tuple[datetime, int]:
        if match := _FETCHED.fullmatch(row):
            with suppress(ValueError, OverflowError):  # no such day, or none so many days later
                fetched = datetime.strptime(match[1], TIME_FORMAT).replace(tzinfo=timezone.utc)
                days = int(match[2])
                fetched + timedelta(days=days)
                return fetched, days
        expected = "'# fetched 2026-11-25T08:00:00Z, refresh within 30 days'"
        raise _broken(self.path, number, "has no date that can be read", expected, row)

    def _network(self, number: int, row: str) -> Network:
        """Return the network of a line, by the rules of an entry of `TRUSTED_PROXIES`."""
        where, got = f"{self.path}, line {number},", short_repr(row)
        command = _command(self.path, has_source=self.is_published)
        again = f"fetch the file again with {quoted([command])}"
        anything = f"an address or a network, got {got}"
        if row.strip() in NAMES:
            hint = "Names belong in the setting itself. Remove the line."
            raise RangeFileError("trustedproxy.E072", f"{where} is a name", anything, hint)
        try:
            (network,) = parse_entry(row)
        except EntryError:
            mistake = diagnose(row)
            remedy = "" if mistake.kind == "name" else mistake.remedy
            hint = f"{remedy} Correct the line, or {again}.".strip()
            fact = f"{where} {'is a web page, not a list' if row[0] == '<' else mistake.fact}"
            raise RangeFileError("trustedproxy.E072", fact, anything, hint) from None
        if is_everybody(network) or network.prefixlen < WIDEST[network.version]:
            expected = f"a prefix length of {WIDEST[network.version]} or more, got {got}"
            hint = "Anyone who is trusted can claim any address. Remove the line."
            fact = f"{where} is wider than any network that has one owner"
            raise RangeFileError("trustedproxy.E075", fact, expected, hint)
        if self.is_published and _is_not_public(network):
            fact, expected = (
                f"{where} is not a public network",
                f"what a vendor publishes, got {got}",
            )
            hint = (
                f"No vendor connects from it: {again}. Networks of your own belong in the setting "
                "itself, or in a file that names no source."
            )
            raise RangeFileError("trustedproxy.E076", fact, expected, hint)
        return network


def _is_not_public(network: Network) -> bool:
    others = (other for other in NOT_PUBLIC if other.version == network.version)
    return any(network.overlaps(other) for other in others)


def _content(path: Path) -> bytes:
    """Return a file, or just enough of it to show that it is too long."""
    try:
        # Anything but a plain file, such as a pipe, could block the start.
        if path.exists() and not path.is_file():
            raise _unreadable(path, "is not a file")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, f"cannot be read ({error.strerror})") from None
    except ValueError:  # no path contains NUL
        raise _unreadable(path, "cannot be a path") from None


def _command(path: Path, *, has_source: bool = True) -> str:
    """Return the command that renews a file, whose first line may have to get a source."""
    more = "" if has_source else " --source NAME"
    return f"manage.py trustedproxy refresh {shlex.quote(str(path))}{more}"


def _unreadable(path: Path, fact: str) -> RangeFileError:
    command = quoted([_command(path, has_source=False)])
    where = "" if path.is_absolute() else f" The path is relative to {Path.cwd()}."
    hint = f"Make it with {command}, or write it yourself.{where}"
    return RangeFileError("trustedproxy.E070", f"{path} {fact}", "a file of networks", hint)


def _unfit(path: Path, fact: str, expected: str = "a list of networks") -> RangeFileError:
    hint = f"Fetch it again with {quoted([_command(path)])}."
    return RangeFileError("trustedproxy.E071", fact, expected, hint)


def _empty(path: Path) -> RangeFileError:
    hint = (
        f"Make it with {quoted([_command(path, has_source=False)])}, or remove it from the setting."
    )
    return RangeFileError("trustedproxy.E073", f"{path} is empty", "a network in each line", hint)


def _broken(path: Path, number: int, fact: str, expected: str, got: str) -> RangeFileError:
    return RangeFileError(
        "trustedproxy.E074",
        f"{path}, line {number}, {fact}",
        f"{expected}, got {short_repr(got)}",
        f"The file is not as it was written. Fetch it again with {quoted([_command(path)])}.",
    )
