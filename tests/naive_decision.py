"""A second decision, naive on purpose: the whole text, the ipaddress module, no thought of cost.

It shares no code with the package. The property tests and the fuzzers compare the two.
"""

import ipaddress
import re
from itertools import takewhile
from typing import NamedTuple

LONGEST_PEER = 64
LONGEST_ENTRY = 1024
LONGEST_ELEMENT = 16384
MOST_PARAMETERS = 31
MOST_QUOTED = 32
MOST_HOPS = 100
BLANKS = " \t"

UNIX = "unix:"
# Without a word of the server on what it listens to.
UNIX_PEERS = (UNIX, "0.0.0.0")
EMPTY, BAD = object(), object()


class Hop(NamedTuple):
    """An entry that can be verified; `address` is None for a Unix socket."""

    address: object
    port: int | None


class Answer(NamedTuple):
    """Who the client is: the first fields of a `Resolution`, without the header's name."""

    peer: str | None
    client: str | None
    proxies: tuple
    outcome: str
    port: int | None


def read_address(text):
    """Return what the ipaddress module makes of a text, without zones and mapped addresses."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if getattr(address, "scope_id", None) is not None:
        return None
    return getattr(address, "ipv4_mapped", None) or address


_NODES = [
    re.compile(r"\[(?P<address>[^\]]*:[^\]]*)\](?::(?P<port>[0-9]{1,5}))?"),
    re.compile(r"(?P<address>[^:]*)(?::(?P<port>[0-9]{1,5}))?"),
    re.compile(r"(?P<address>[^\[]*:.*:.*)(?P<port>)"),
]


def read_hop(text):
    """Return the hop that an entry names, EMPTY or BAD; whether it is trusted is not asked."""
    if text == "":
        return EMPTY
    if text == UNIX:
        return Hop(None, None)
    for form in _NODES:
        match = form.fullmatch(text or "?")
        if match is not None and (address := read_address(match["address"])) is not None:
            port = int(match["port"]) if match["port"] else None
            return BAD if port is not None and not 1 <= port <= 65535 else Hop(address, port)
    return BAD


def read_list(value):
    entries = reversed(value.split(","))
    return [e.strip(BLANKS) if len(e) <= LONGEST_ENTRY else None for e in entries]


def read_single(value):
    return [value.strip(BLANKS) if len(value) <= LONGEST_ENTRY else None]


def read_viewer(value):
    (text,) = read_single(value)
    joined = re.fullmatch(r"(?!\[)(.*:.*):([^:]*)", text or "", re.DOTALL)
    return [f"[{joined[1]}]:{joined[2]}" if joined else text]


# An element in the mirror: from its end, quoted strings whole, up to a comma outside of them. In
# the mirror the backslashes that escape a quote stand behind it.
_ESCAPED = r'"\\(?:\\\\)*(?!\\)'
_MIRRORED = re.compile(rf'(?:[^",]|"(?:[^"]|{_ESCAPED})*(?!{_ESCAPED})")*')
_QUOTED = re.compile(rf'"(?:[^"]|{_ESCAPED})*(?!{_ESCAPED})"')
_PARAMETER = re.compile(r'([^"=]*)(?:=([^"]*)|="((?:[^"\\]|\\.)*)"[ \t]*)?', re.DOTALL)
UNREADABLE = {"for": "", "proto": "", "host": ""}


def read_elements(value):
    """Return the elements of a `Forwarded` header from the right, None for an empty one."""
    mirrored, elements = value[::-1], []
    position = 0
    while True:
        text = _MIRRORED.match(mirrored, position).group()
        end = position + len(text)
        is_whole = end == len(mirrored) or mirrored[end] == ","
        is_readable = len(text) <= LONGEST_ELEMENT and len(_QUOTED.findall(text)) <= MOST_QUOTED
        if not is_whole or not is_readable:
            return [*elements, UNREADABLE]
        elements.append(read_element(text[::-1].strip(BLANKS)))
        if end == len(mirrored):
            return elements
        position = end + 1


def read_element(text):
    """Return what the parameters of one element say, None if it is empty."""
    if not text:
        return None
    said = {}
    parameters = _split_outside_quotes(text)
    if len(parameters) > MOST_PARAMETERS:
        return UNREADABLE
    for parameter in parameters:
        match = _PARAMETER.fullmatch(parameter)
        if match is None:
            return UNREADABLE
        name, plain, quoted = match.groups()
        said.setdefault(name.lstrip(BLANKS).lower(), []).append(
            (plain or "").rstrip(BLANKS) if quoted is None else re.sub(r"(?s)\\(.)", r"\1", quoted)
        )
    return {
        name: "" if len(said[name]) > 1 else said[name][0] for name in UNREADABLE if name in said
    }


def _split_outside_quotes(text):
    parts, is_quoted, is_escaped = [""], False, False
    for character in text:
        if character == ";" and not is_quoted:
            parts.append("")
            continue
        parts[-1] += character
        is_quoted ^= character == '"' and not is_escaped
        is_escaped = is_quoted and character == "\\" and not is_escaped
    return parts if parts[-1] else parts[:-1]


def read_forwarded(value):
    return ["" if e is None else _node(e) for e in read_elements(value)]


def _node(element):
    """Return the `for` of an element without an obfuscated port (RFC 7239, 6.3)."""
    text = element.get("for") or None
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*):_[\w.-]+", text or "", re.ASCII)
    return match[1] if match and read_address(match[1].strip("[]")) else text


READERS = {
    "X-Forwarded-For": read_list,
    "X-Real-IP": read_single,
    "CloudFront-Viewer-Address": read_viewer,
    "Forwarded": read_forwarded,
}


def read_peer(peer):
    """Return the address of REMOTE_ADDR without its zone id, or None."""
    if not isinstance(peer, str) or len(peer) > LONGEST_PEER:
        return None
    return read_address(peer.partition("%")[0] if ":" in peer.partition("%")[0] else peer)


def is_socket(peer):
    return isinstance(peer, str) and peer in UNIX_PEERS


class Trust:
    """Whom a site trusts, asked by a look at every network."""

    def __init__(self, proxies):
        self.unix = UNIX in proxies
        self.networks = [ipaddress.ip_network(entry) for entry in proxies if entry != UNIX]

    def has(self, address):
        return any(address in network for network in self.networks)

    def is_trusted(self, hop):
        return self.unix if hop.address is None else self.has(hop.address)

    def peer(self, peer):
        """Return the text of a trusted peer, or None."""
        address = read_peer(peer)
        if address is not None and self.has(address):
            return str(address)
        return UNIX if self.unix and is_socket(peer) else None


def walk(trust, entries):
    """Return the hops that are verified, nearest first, the outcome, and how many were looked at."""
    hops = [read_hop(text) for text in entries]
    if not trust.unix:
        hops = [BAD if isinstance(hop, Hop) and hop.address is None else hop for hop in hops]
    seen = hops[:MOST_HOPS]
    good = list(takewhile(lambda hop: hop is not BAD, seen))
    for place, hop in enumerate(good):
        if hop is not EMPTY and not trust.is_trusted(hop):
            return [h for h in good[: place + 1] if h is not EMPTY], "forwarded", place + 1
    verified = [hop for hop in good if hop is not EMPTY]
    if len(good) < len(hops):
        return verified, "malformed", len(good) + 1
    return verified, "forwarded" if verified else "missing", len(hops)


def decide(trust, header, peer, value):
    """Return who the client is, from the peer and the text of the designated header."""
    nearest = trust.peer(peer)
    if nearest is None:
        address = read_peer(peer)
        text = None if address is None else str(address)
        if is_socket(peer):
            return Answer(UNIX, None, (), "direct", None)
        return Answer(text, text, (), "direct" if text else "unknown", None)
    hops, outcome, _ = walk(trust, READERS[header](value) if value else [])
    way = [nearest, *(UNIX if hop.address is None else str(hop.address) for hop in hops)]
    port = hops[-1].port if hops else None
    last = max((i for i, text in enumerate(way) if text != UNIX), default=0)
    client = None if way[last] == UNIX else way[last]
    return Answer(nearest, client, tuple(reversed(way[:last])), outcome, port)


def stated(trust, purpose, value):
    """Return the `proto` or `host` that a `Forwarded` header of a trusted peer states, or None."""
    elements = read_elements(value)
    nodes = read_forwarded(value)
    *_, looked = walk(trust, nodes)
    name = {"scheme": "proto", "host": "host"}[purpose]
    said = [e[name] for e in elements[: min(looked, MOST_HOPS)] if e is not None and name in e]
    return said[-1] if said else None
