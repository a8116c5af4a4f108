"""What a proxy says besides the client: scheme, host, port, server and prefix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .entries import BLANKS, LONGEST_ENTRY, parse_port
from .headers import meta_name
from .networks import pack

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_FLAGS = {"on": "https", "true": "https", "1": "https"} | {
    "off": "http",
    "false": "http",
    "0": "http",
}
# Headers that say whether the client used TLS, where others name the scheme.
_FLAG_HEADERS = frozenset(
    map(meta_name, ("X-Forwarded-SSL", "X-Forwarded-HTTPS", "X-HTTPS", "Front-End-Https"))
)
_FLAG_TEXTS = {"https": "on", "http": "off"}

_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
# RFC 3986, 3.3: what a path segment may hold without an escape. No escapes: "%2e%2e" is "..".
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+;=:@-]+)*/?")


class Statement(NamedTuple):
    """What the designated header of a purpose says.

    `header` is the META key, `value` the value in force, or None if the header is empty or
    malformed: its values differ, or one has the wrong form. `text` is what stays of the header.
    `is_written` tells whether the middleware writes the value, rather than Django reading it.
    """

    purpose: str
    header: str
    value: str | None
    text: str | None
    is_written: bool
    is_malformed: bool


class Designation(NamedTuple):
    """The one header (META key) that is believed for a purpose, and how it is read."""

    purpose: str
    header: str
    is_written: bool

    def read(self, text: str) -> Statement:
        """Return what the text of the header says.

        Of several values, which one a client wrote cannot be known, neither by position nor by
        count, so they count only if they agree.
        """
        if len(text) > LONGEST_ENTRY:
            return self._state({None})
        parts = (part.strip(BLANKS) for part in text.split(","))
        return self._state({self._parse(part) for part in parts if part})

    def read_parameter(self, text: str) -> Statement:
        """Return what a parameter of a `Forwarded` element says."""
        return self._state({self._parse(text)})

    def _parse(self, text: str) -> str | None:
        if not self.is_written:
            return text  # Django compares it with the value that its setting names
        return parse_flag(text) if self._is_flag else _PARSERS[self.purpose](text)

    @property
    def _is_flag(self) -> bool:
        return self.is_written and self.header in _FLAG_HEADERS

    def _state(self, values: set[str | None]) -> Statement:
        value = next(iter(values)) if len(values) == 1 else None
        text = _FLAG_TEXTS[value] if value is not None and self._is_flag else value
        is_malformed = value is None and bool(values)
        return Statement(self.purpose, self.header, value, text, self.is_written, is_malformed)


def parse_scheme(text: str) -> str | None:
    """Return "http" or "https" for http, https, ws or wss in any case, else None."""
    return _SCHEMES.get(text.lower())


def parse_flag(text: str) -> str | None:
    """Return "https" for on, true or 1 in any case, "http" for off, false or 0, else None."""
    return _FLAGS.get(text.lower())


def parse_host(text: str) -> str | None:
    """Return a host, with or without a port, as it is, or None if it is none.

    Whether the host is one of `ALLOWED_HOSTS` is Django's to ask.
    """
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    name, port = match.groups()
    if name[0] == "[" and (":" not in name or pack(name[1:-1]) is None):
        return None
    return text if port is None or parse_port(port) is not None else None


def parse_server(text: str) -> str | None:
    """Return a host without a port as it is, or None."""
    return parse_host(text) if text[-1:] == "]" or ":" not in text else None


def parse_port_text(text: str) -> str | None:
    """Return a port from 1 to 65535 as text, or None."""
    port = parse_port(text)
    return None if port is None else str(port)


def parse_prefix(text: str) -> str | None:
    """Return a path prefix without its trailing slash ("" for "/" alone), or None.

    "//host" would make every link of the site lead to that host, and ".." another path.
    """
    if text[:1] != "/" or _PREFIX.fullmatch(text) is None:
        return None
    return None if {".", ".."} & set(text.split("/")) else text.removesuffix("/")


_PARSERS: dict[str, Callable[[str], str | None]] = {
    "scheme": parse_scheme,
    "host": parse_host,
    "port": parse_port_text,
    "server": parse_server,
    "prefix": parse_prefix,
}
