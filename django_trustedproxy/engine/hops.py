"""The text of client headers, read hop by hop from the right and written from a chain.

A proxy adds what it saw on the right, so the right end is what the nearest proxy wrote and the
left end is what the client sent. The readers here yield hops from right to left and look at no
more text than their caller asks for.
"""

from __future__ import annotations

import re
from operator import methodcaller
from typing import TYPE_CHECKING, NamedTuple

from .addresses import UNIX, parse_hop
from .purposes import FORWARDED, VIEWER_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

BLANKS = " \t"
# An honest hop has at most 53 characters. An honest Forwarded element may repeat the Host that a
# client sent, which must not get so long that it hides the client's address. The bounds keep the
# cost of a hop apart from the header's length.
LONGEST_HOP = 1024
LONGEST_ELEMENT = 16384
MOST_PARAMETERS = 32
# So few that the hops left of the answer, which a client may have written, cost next to nothing.
HOPS_AT_ONCE = 4


class Element(NamedTuple):
    """What one hop said in a `Forwarded` header (RFC 7239, 4): its `for`, `proto` and `host`.

    None stands for a parameter that is absent, "" for one that cannot be read.
    """

    node: str | None
    proto: str | None
    host: str | None


_KNOWN_PARAMETERS = frozenset({"for", "proto", "host"})
_UNREADABLE = Element("", "", "")
# name[=value] and the semicolon or end behind it, or name=" before a quoted string. Other values
# are wider than a token, because proxies write IPv6 addresses and ports unquoted.
_PAIR = re.compile(r"""([^"=;]*)(?:="|(?:=([^";]*))?(?:;|\Z))""")
_BEHIND_QUOTES = re.compile(r"[ \t]*(?:;|\Z)")
# RFC 7239, 6.3: a port may be hidden behind an identifier. An IPv6 address then has brackets.
_OBFUSCATED_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):_[A-Za-z0-9._-]+")


def read_list(value: str) -> Iterable[str | None]:
    """Return the hops of an X-Forwarded-For from the right, with the blanks around them.

    None stands for a hop longer than `LONGEST_HOP`, and ends the reading.
    """
    if len(value) <= LONGEST_HOP:
        hops = value.rsplit(",", HOPS_AT_ONCE)
        if len(hops) <= HOPS_AT_ONCE:
            return reversed(hops)
    return _read_long_list(value)


def _read_long_list(value: str) -> Iterator[str | None]:
    end = len(value)
    while True:
        left = max(0, end - LONGEST_HOP - 1)
        rest, *hops = value[left:end].rsplit(",", HOPS_AT_ONCE)
        if not hops:
            yield rest if end <= LONGEST_HOP else None
            return
        yield from reversed(hops)
        end = left + len(rest)


def read_single(value: str) -> Iterable[str | None]:
    """Return the one hop of a header that carries exactly one address.

    Servers join two such headers with a comma, which no address has.
    """
    return (value if len(value) <= LONGEST_HOP else None,)


def read_forwarded(value: str) -> Iterator[str | None]:
    """Yield the `for` parameters of a `Forwarded` header from the right, "" for an empty element.

    None stands for an element without one.
    """
    return map(node_of, read_elements(value))


def node_of(element: Element | None) -> str | None:
    """Return the `for` parameter of an element, None if it has none, "" for an empty element."""
    if element is None:
        return ""
    # An element that names nobody is not an empty one: skipping it would believe what is left of
    # it, which its writer did not vouch for.
    node = element.node or None
    if node is None:
        return None
    if node != node.strip(BLANKS):
        return f'"{node}"'  # as it stood there: blanks inside the quotes make it no address
    match = _OBFUSCATED_PORT.fullmatch(node) if ":_" in node else None
    return match[1] if match and parse_hop(match[1]) else node


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
    window = value[left:end]
    comma = window.rfind(",")
    outside = len(window)
    bare = ""
    # Each turn passes one quoted string. With more of them than an element has parameters, it is
    # unreadable wherever it begins.
    for _ in range(MOST_PARAMETERS + 1):
        closing = window.rfind('"', max(0, comma), outside)
        if closing < 0:
            return left + comma + 1 if comma >= 0 or end <= LONGEST_ELEMENT else None
        outside = window.rfind('"', 0, closing)
        if outside > 0 and window[outside - 1] == "\\":
            bare = bare or _hide_quoted_pairs(window)
            outside = bare.rfind('"', 0, closing)
        if outside < 0:
            return None
        if comma > outside:  # it was inside the quotes
            comma = window.rfind(",", 0, outside)
    return None


def _hide_quoted_pairs(text: str) -> str:
    """Return a text of the same length that has only the quotes that no backslash escapes.

    A client may write a quoted pair in every second character, so each takes no step of Python.
    """
    # From the left, as pairs are read: the last backslash of an odd run is left for the quote.
    return text.replace("\\\\", "..").replace('\\"', "..")


def _parse_element(text: str) -> Element:
    """Read one element. A quote out of place makes all of it unreadable: its bounds are in doubt.

    Otherwise each parameter is judged alone, and one given twice counts as unreadable.
    """
    found: dict[str, str] = {}
    bare = _hide_quoted_pairs(text) if '\\"' in text else text
    position = 0
    for _ in range(MOST_PARAMETERS):
        if position == len(text):
            return Element(found.get("for"), found.get("proto"), found.get("host"))
        pair = _PAIR.match(bare, position)
        if pair is None:
            break
        begin = pair.end()
        is_quoted = bare[begin - 1] == '"'
        # Only a quoted string has quoted pairs.
        if bare is not text and text.find('"', position, begin - is_quoted) >= 0:
            break
        end = pair.end(2)
        position = begin
        if is_quoted:
            closing = bare.find('"', begin)
            behind = _BEHIND_QUOTES.match(text, closing + 1)
            if closing < 0 or behind is None:
                break
            position = behind.end()
            end = closing
        name = pair[1].lstrip(BLANKS).lower()
        if name in found:
            found[name] = ""
        elif name in _KNOWN_PARAMETERS:
            value = text[begin if is_quoted else pair.start(2) : end]
            found[name] = _unescape(value) if is_quoted else value.rstrip(BLANKS)
    return _UNREADABLE


def _unescape(text: str) -> str:
    """Return what a quoted string says (RFC 9110, 5.6.4), without a step for each quoted pair."""
    return "\\".join(map(_drop_backslashes, text.split("\\\\")))


_drop_backslashes = methodcaller("replace", "\\", "")


def read_viewer_address(value: str) -> Iterable[str | None]:
    """Return the one hop of a CloudFront-Viewer-Address, which always ends in a port.

    Its IPv6 form has no brackets, so that address and port run together.
    """
    (text,) = read_single(value)
    if text is None:
        return (None,)
    text = text.strip(BLANKS)
    address, _, port = text.rpartition(":")
    is_joined = ":" in address and not address.startswith("[")
    return (f"[{address}]:{port}" if is_joined else text,)


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
    """How a client header is read, hop by hop from the right, and written from a chain.

    `separator` is what stands between plain hops: "" if there is only one, None in other forms.
    """

    read: Callable[[str], Iterable[str | None]]
    write: Callable[[Sequence[str]], str]
    separator: str | None = None


def header_form(key: str) -> HeaderForm:
    """Return the form of a client header, which its META key tells."""
    if key == FORWARDED:
        return HeaderForm(read_forwarded, write_forwarded)
    if key == VIEWER_ADDRESS:
        return HeaderForm(read_viewer_address, write_viewer_address)
    if key.endswith("FORWARDED_FOR"):
        return HeaderForm(read_list, ", ".join, ",")
    return HeaderForm(read_single, ", ".join, "")
