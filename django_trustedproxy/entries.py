"""The text of client headers, read entry by entry from the right and written from a chain.

A proxy adds what it saw on the right, so the right end is what the nearest proxy wrote and the
left end is whatever the client sent. The readers here yield entries from right to left and look
at no more text than their caller asks for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .headers import FORWARDED, VIEWER_ADDRESS
from .networks import UNIX, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BLANKS = " \t"
# An honest entry has at most 53 characters. An honest Forwarded element may repeat the Host that a
# client sent, which must not get so long that it hides the client's address. The bounds keep the
# cost of a hop apart from the header's length.
LONGEST_ENTRY = 1024
LONGEST_ELEMENT = 16384
_LONGEST_NODE = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")
MOST_PARAMETERS = 32


class Node(NamedTuple):
    """An address that a hop is known by, packed and as canonical text, and the port beside it."""

    packed: bytes
    text: str
    port: int | None


def parse_node(text: str) -> Node | None:
    """Read `IPv4`, `IPv4:port`, `IPv6`, `[IPv6]` or `[IPv6]:port`, or return None.

    A port is 1 to 65535. Never raises.
    """
    return _parse_short_node(text) if len(text) <= _LONGEST_NODE else None


# Proxies are few and clients come back. Entries are short, so the cache is small.
@lru_cache(maxsize=4096)
def _parse_short_node(text: str) -> Node | None:
    if text[:1] == "[":
        address, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in address or (rest and rest[0] != ":"):
            return None
        port_text = rest[1:] if rest else None
    elif text.count(":") == 1:
        address, _, port_text = text.partition(":")
    else:
        address, port_text = text, None
    packed = pack(address)
    if packed is None:
        return None
    if port_text is None:
        return Node(packed, unpack(packed), None)
    port = parse_port(port_text)
    return None if port is None else Node(packed, unpack(packed), port)


def parse_port(text: str) -> int | None:
    """Return a port from 1 to 65535, or None if `text` is none."""
    if len(text) <= 5 and text.isascii() and text.isdigit():
        return int(text) if 0 < int(text) < 65536 else None
    return None


class Element(NamedTuple):
    """What one hop said in a `Forwarded` header (RFC 7239, 4): its `for`, `proto` and `host`.

    None stands for a parameter that is absent, "" for one that cannot be read.
    """

    node: str | None
    proto: str | None
    host: str | None


_KNOWN_PARAMETERS = frozenset({"for", "proto", "host"})
_UNREADABLE = Element("", "", "")
# name[=value] and the semicolon or end behind it. A value is a quoted string, or text without a
# quote, which is wider than a token because proxies write IPv6 addresses and ports unquoted.
_PAIR = re.compile(
    r"""([^"=;]*)(?:=(?:([^";]*)|"((?:[^"\\]|\\.)*)"[ \t]*))?(?:;|\Z)""",
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


def read_list(value: str) -> Iterator[str | None]:
    """Yield the entries of an X-Forwarded-For from the right, "" for an empty one.

    None stands for an entry longer than `LONGEST_ENTRY`, and ends the reading.
    """
    end = len(value)
    while True:
        begin = value.rfind(",", max(0, end - LONGEST_ENTRY - 1), end)
        if begin < 0 and end > LONGEST_ENTRY:
            yield None
            return
        yield value[begin + 1 : end].strip(BLANKS)
        if begin < 0:
            return
        end = begin


def read_single(value: str) -> Iterator[str | None]:
    """Yield the one entry of a header that carries exactly one address.

    Servers join two such headers with a comma, which no address has.
    """
    yield value.strip(BLANKS) if len(value) <= LONGEST_ENTRY else None


def read_forwarded(value: str) -> Iterator[str | None]:
    """Yield the `for` parameters of a `Forwarded` header from the right, "" for an empty element.

    None stands for an element without one.
    """
    return map(node_of, read_elements(value))


def node_of(element: Element | None) -> str | None:
    """Return the `for` parameter of an element, None if it has none, "" for an empty element."""
    # An element that names nobody is not an empty one: skipping it would believe what is left of
    # it, which its writer did not vouch for.
    return "" if element is None else element.node or None


def read_elements(value: str) -> Iterator[Element | None]:
    """Yield the elements of a `Forwarded` header (RFC 7239, 4) from the right; None for empty.

    A reader that begins on the left lets `for=1.1.1.1;by="` from a client swallow what the proxies
    append. From the right, each element's bounds are found in text that a hop further right wrote.
    """
    end = len(value)
    while True:
        begin = _element_begin(value, end)
        if begin is None:
            yield _UNREADABLE
            return
        text = value[begin:end].strip(BLANKS)
        yield _parse_element(text) if text else None
        if begin == 0:
            return
        end = begin - 1


def _element_begin(value: str, end: int) -> int | None:
    """Return where the element that ends before `end` begins, or None if that cannot be told."""
    left = max(0, end - LONGEST_ELEMENT - 1)
    outside = end
    comma = value.rfind(",", left, outside)
    while True:
        closing = value.rfind('"', max(left, comma), outside)
        if closing < 0:
            return comma + 1 if comma >= 0 or end <= LONGEST_ELEMENT else None
        outside = value.rfind('"', left, closing)
        while outside > left and value[outside - 1] == "\\" and _is_escaped(value, outside, left):
            outside = value.rfind('"', left, outside)
        if outside < 0:
            return None
        if comma > outside:  # it was inside the quotes
            comma = value.rfind(",", left, outside)


def _is_escaped(value: str, index: int, left: int) -> bool:
    """Tell whether an odd number of backslashes stands before `index`: a quoted pair."""
    first = index
    while first > left and value[first - 1] == "\\":
        first -= 1
    return (index - first) & 1 == 1


def _parse_element(text: str) -> Element:
    """Read one element. A quote out of place makes all of it unreadable: its bounds are in doubt.

    Otherwise each parameter is judged alone, and one given twice counts as unreadable.
    """
    found: dict[str, str] = {}
    position = 0
    for _ in range(MOST_PARAMETERS):
        if position == len(text):
            return Element(found.get("for"), found.get("proto"), found.get("host"))
        pair = _PAIR.match(text, position)
        if pair is None:
            break
        position = pair.end()
        name, plain, quoted = pair.groups()
        name = name.lstrip(BLANKS).lower()
        if name not in _KNOWN_PARAMETERS:
            continue
        if name in found:
            found[name] = ""
        elif quoted is not None:
            found[name] = _QUOTED_PAIR.sub(r"\1", quoted)
        else:
            found[name] = plain.rstrip(BLANKS) if plain else ""
    return _UNREADABLE


def read_viewer_address(value: str) -> Iterator[str | None]:
    """Yield the one entry of a CloudFront-Viewer-Address, which always ends in a port.

    Its IPv6 form has no brackets, so that address and port run together.
    """
    text = next(read_single(value))
    address, _, port = (text or "").rpartition(":")
    is_joined = ":" in address and not address.startswith("[")
    yield f"[{address}]:{port}" if is_joined else text


def write_list(chain: Sequence[str]) -> str:
    """Return the text of a header that `read_list` or, for one address, `read_single` reads."""
    return ", ".join(chain)


def write_forwarded(chain: Sequence[str]) -> str:
    """Return the text of a `Forwarded` header that names the addresses of `chain`."""
    return ", ".join(f"for={_write_node(node)}" for node in chain)


def write_viewer_address(chain: Sequence[str]) -> str:
    """Return the text of a header that `read_viewer_address` reads, without a port."""
    (client, *_) = chain
    return f"[{client}]" if ":" in client else client


def _write_node(node: str) -> str:
    if ":" not in node:
        return node
    return f'"{node}"' if node == UNIX else f'"[{node}]"'


class HeaderForm(NamedTuple):
    """How a client header is read, entry by entry from the right, and written from a chain.

    `is_list` tells whether each comma separates entries, whatever stands around it.
    """

    read: Callable[[str], Iterator[str | None]]
    write: Callable[[Sequence[str]], str]
    is_list: bool = False


def header_form(key: str) -> HeaderForm:
    """Return the form of a client header, which its META key tells."""
    if key == FORWARDED:
        return HeaderForm(read_forwarded, write_forwarded)
    if key == VIEWER_ADDRESS:
        return HeaderForm(read_viewer_address, write_viewer_address)
    if key.endswith("FORWARDED_FOR"):
        return HeaderForm(read_list, write_list, is_list=True)
    return HeaderForm(read_single, write_list)
