"""How each of the four reads a request, in a few lines each: what is expected before it is asked.

These are written from the documentation and the sources of mod_wsgi 4.9.4, mod_remoteip 2.4.71 and
nginx 1.22.1, and from design decisions of this project, and share no code with the package.
"""

import re
import socket
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from tests.servers.reference_requests import (
    BYSTANDERS,
    CLIENT_IP,
    FORWARDED_FOR,
    OTHER_PURPOSES,
    REAL_IP,
)

MOST_ENTRIES = 100
LONGEST_ENTRY = 1024


class Hop(NamedTuple):
    """What an entry is written as, and the address that trust is asked about, if it is one."""

    text: str
    address: IPv4Address | IPv6Address | None


# Ends a walk, before an entry that cannot be read.
STOP = None


class Answer(NamedTuple):
    """What an application is told: the address, the three headers, and the names of others."""

    address: str
    forwarded_for: str | None = None
    client_ip: str | None = None
    real_ip: str | None = None
    others: frozenset[str] = frozenset()


def unmapped(address):
    """Return the IPv4 address of an IPv4-mapped one, and any other as it is."""
    return getattr(address, "ipv4_mapped", None) or address


def parsed(text):
    """Return the address that a text is, or None."""
    try:
        return None if "%" in text else unmapped(ip_address(text))
    except ValueError:
        return None


def resolved(text):
    """Return the address that a C library finds in a text without asking anybody, or None."""
    try:
        found = socket.getaddrinfo(text.encode("latin-1"), None, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return None
    return unmapped(ip_address(found[0][4][0].partition("%")[0]))


def c_text(address):
    """Return an address as C libraries spell it: "::1.2.3.4", where Python has "::102:304"."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return socket.inet_ntop(family, address.packed)


network_of = cache(ip_network)


def is_trusted(trusted, address):
    """Tell whether an address is one of the trusted proxies; what is not an address never is."""
    return address is not None and any(address in network_of(text) for text in trusted)


# A reader takes an entry and its place from the right, and returns the steps of the walk that it
# stands for, from the right: mostly one, none for an entry that is skipped.


def read_here(entry, _place):
    """Read an entry as this package does."""
    text = entry.strip(" \t")
    if not text:
        return ()
    node = re.fullmatch(r"\[(.*:.*)\](?::([0-9]{1,5}))?", text)
    node = node or re.fullmatch(r"([^:]*):([0-9]{1,5})", text)
    address, port = node.groups() if node else (text, None)
    found = parsed(address)
    is_port = port is None or 0 < int(port) < 65536
    if found is None or not is_port or len(entry) > LONGEST_ENTRY:
        return (STOP,)
    return (Hop(str(found), found),)


def read_by_mod_wsgi(entry, place):
    """Read an entry as mod_wsgi does, which resolves it and writes it as it is."""
    text = entry.strip(" \t")
    return () if place == 0 and not text else (Hop(text, resolved(text)),)


def read_by_remoteip(entry, _place):
    """Read an entry as mod_remoteip does with RemoteIPInternalProxy: it writes what it resolved."""
    text = entry.strip(" ")
    found = resolved(text)
    if found is None:
        return (STOP,)
    return (Hop(c_text(found) + "".join(text.partition("%")[1:]), found),)


_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")


def read_by_remoteip_outside(entry, place):
    """Read an entry as mod_remoteip does with RemoteIPTrustedProxy: nothing private is believed."""
    (step,) = read_by_remoteip(entry, place)
    if step is STOP or is_private(step.address):
        return (STOP,)
    return (step,)


def is_private(address):
    """Tell whether mod_remoteip takes an address for private, or for nonsensical."""
    if address.version == 4:
        return is_trusted(_PRIVATE, address)
    return address not in network_of("2000::/3")


def read_by_nginx(entry, _place):
    """Read an entry as nginx does, to which a blank is as good as a comma."""
    return tuple(_read_token(token) for token in reversed(entry.split(" ")) if token)


def _read_token(token):
    node = re.fullmatch(r"\[(.*)\]:(\d+)", token) or re.fullmatch(r"([^:]*):(\d+)", token)
    address, port = node.groups() if node else (token, None)
    if re.fullmatch(r"\d+(\.\d+){3}", address):
        # No octal: a leading zero is nothing.
        address = ".".join(str(int(octet)) for octet in address.split("."))
    found = parsed(address)
    if found is None or (port is not None and not 0 < int(port) < 65536):
        return STOP
    return Hop(c_text(ip_address(address)), found)


class Entry(NamedTuple):
    """An entry of a header, as it stands there, its place from the right, and its steps."""

    text: str
    place: int
    steps: tuple[Hop | None, ...]


def entries(question, read, most=None, blanks=" \t"):
    """Return the entries of the designated header from the right, as a reader reads them."""
    header = question.designated[0]
    value = question.value(header, blanks) or ""
    texts = value.split(",") if header == FORWARDED_FOR else [value]
    return [
        Entry(text, place, (STOP,) if place == most else read(text, place))
        for place, text in enumerate(reversed(texts))
    ]


def walk(trusted, peer, read_entries):
    """Walk from the peer through entries, and return the hops, those of the header reversed."""
    way = [peer]
    for entry in read_entries:
        for step in entry.steps:
            if step is STOP:
                return way
            way.append(step)
            if not is_trusted(trusted, step.address):
                return way
    return way


def peer_of(question):
    """Return the hop that a request comes from, with an IPv4-mapped address as IPv4."""
    address = unmapped(ip_address(question.peer))
    return Hop(str(address), address)


def has_trusted_peer(question):
    return is_trusted(question.trusted, peer_of(question).address)


def _bystanders(question):
    return frozenset(name for name, _ in question.headers if name in BYSTANDERS)


def _of_headers(address, header, value, others):
    """Return an answer in which one of the three headers is left."""
    found = {header: value}
    headers = (found.get(name) for name in (FORWARDED_FOR, CLIENT_IP, REAL_IP))
    return Answer(address, *headers, others)


def expected_here(question):
    """Return the answer that is expected of this package."""
    peer, header = peer_of(question), question.designated[0]
    if not has_trusted_peer(question):
        return Answer(peer.text)
    _, *way = walk(question.trusted, peer, entries(question, read_here, MOST_ENTRIES))
    client = way[-1] if way else peer
    value = ", ".join(hop.text for hop in reversed(way)) or None
    others = _bystanders(question) & set(OTHER_PURPOSES)
    return _of_headers(client.text, header, value, others)


def expected_of_mod_wsgi(question):
    """Return the answer that is expected of mod_wsgi."""
    peer, others = peer_of(question), _bystanders(question)
    present = [name for name in question.designated if question.value(name) is not None]
    if (question.trusted and not has_trusted_peer(question)) or not present:
        return Answer(peer.text, others=others)
    header = present[-1]
    value = question.value(header)
    if header != FORWARDED_FOR:
        return _of_headers(value, header, value, others)
    if not question.trusted:
        first = value.partition(",")[0].strip(" \t") if value else peer.text
        return _of_headers(first, header, value, others)
    asked = question._replace(designated=(header,))
    _, *way = walk(question.trusted, peer, entries(asked, read_by_mod_wsgi))
    value = ", ".join(hop.text for hop in reversed(way))
    return _of_headers((way[-1] if way else peer).text, header, value, others)


EVERYBODY = ("0.0.0.0/0", "::/0")


def expected_of_remoteip(question):
    """Return the answer that is expected of mod_remoteip, and of RemoteIPInternalProxy."""
    read = read_by_remoteip if question.trusted else read_by_remoteip_outside
    return _expected_of_remoteip(question, read)


def expected_of_remoteip_outside(question):
    """Return the answer that is expected of mod_remoteip, and of RemoteIPTrustedProxy."""
    return _expected_of_remoteip(question, read_by_remoteip_outside)


def _expected_of_remoteip(question, read):
    trusted = question.trusted or EVERYBODY
    way = [peer_of(question)]
    if is_trusted(trusted, way[0].address):
        way = walk(trusted, way[0], entries(question, read))
    return Answer(way[-1].text)


def expected_of_nginx(question):
    """Return the answer that is expected of nginx, which leaves an IPv4-mapped peer as it is."""
    peer = Hop(question.peer, peer_of(question).address)
    way = [peer]
    if has_trusted_peer(question):
        way = walk(question.trusted, peer, entries(question, read_by_nginx, blanks=" "))
    return Answer(way[-1].text)
