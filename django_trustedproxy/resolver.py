"""The decision: who the client is, from the peer and one header, with the reason."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .entries import node_of, parse_node, read_elements
from .headers import FORWARDED, wire_name
from .networks import UNIX, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .entries import Element
    from .networks import TrustedNetworks
    from .policy import Outcome, Policy
    from .purposes import Statement

MAX_HOPS = 100
LONGEST_PEER = 64  # an IPv6 address with the name of an interface
# What the walk needs of an honest header, and what a cache may hold of it: five hops or so.
LONGEST_TAIL = 256

# How servers report a peer on a Unix socket, besides leaving it out: gunicorn and granian, nginx,
# waitress, uWSGI.
UNIX_PEERS = ("", UNIX, "localhost", "0.0.0.0")  # noqa: S104 - compared, never bound


class Resolution(NamedTuple):
    """Who the client is, and why. Addresses are canonical text, as in REMOTE_ADDR.

    `peer` is None where the server reported no address, and "unix:" for a trusted Unix socket.
    `client` is None where there is no address at all. `proxies` are the trusted proxies that the
    request passed, in the order of X-Forwarded-For with the peer last, so that `client, *proxies`
    is the way of the request; it is empty where the peer is the client. `header` is the wire name
    of the designated header if it was consulted, `client_port` the port that it gave.
    `statements` is what the designated headers of other purposes said, `dropped` the META keys of
    the forwarding headers that were taken away.
    """

    peer: str | None
    client: str | None
    proxies: tuple[str, ...]
    outcome: Outcome
    header: str | None
    client_port: int | None
    statements: tuple[Statement, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def chain(self) -> tuple[str, ...]:
        """The verified entries of the header, the client first; empty if there are none."""
        # The peer, last of the proxies, is no entry: this server saw it itself.
        return (self.client, *self.proxies[:-1]) if self.client and self.proxies else ()

    @property
    def malformed_headers(self) -> tuple[str, ...]:
        """The wire names of the headers of other purposes that could not be believed."""
        return tuple(wire_name(s.header) for s in self.statements if s.is_malformed)

    def stated(self, purpose: str) -> str | None:
        """Return the value that the middleware wrote for a purpose, such as "scheme", or None."""
        for statement in self.statements:
            if statement.purpose == purpose and statement.is_written:
                return statement.value
        return None


class Address(NamedTuple):
    """An address, packed and as canonical text."""

    packed: bytes
    text: str


def parse_peer(peer: str) -> Address | None:
    """Return the address that a server reported as REMOTE_ADDR, or None if it is not an address.

    The zone id of a link-local peer is dropped: it names an interface of this host, not the peer.
    """
    packed = pack(peer)
    if packed is None and "%" in peer:
        address = peer.partition("%")[0]
        packed = pack(address) if ":" in address else None
    return None if packed is None else Address(packed, unpack(packed))


def resolve(policy: Policy, peer: object, lookup: Callable[[str], str | None]) -> Resolution:
    """Decide who the client is.

    `peer` is REMOTE_ADDR as the server reported it, of whatever type; `lookup` returns the text of
    a header by its META key, or None. Never raises on what a client or server sends, and reads
    no more of the header than the walk needs: the cost does not depend on its length.
    """
    if peer is not None and (not isinstance(peer, str) or len(peer) > LONGEST_PEER):
        return _NO_ADDRESS
    resolution = _meet(policy, peer)
    nearest = resolution.peer
    if resolution.outcome == "direct" or nearest is None:
        return resolution
    value = lookup(policy.header)
    if value:
        is_cut = len(value) > LONGEST_TAIL
        # A cut list is read one entry ahead; in Forwarded that would parse what a client wrote.
        has_tail = policy.form.is_list or not is_cut
        told = _read_tail(policy, nearest, value[-LONGEST_TAIL:], is_cut) if has_tail else None
        resolution = told or _read(policy, nearest, value)
    if policy.designations:
        return resolution._replace(statements=_statements(policy, nearest, lookup))
    return resolution


_NO_ADDRESS = Resolution(None, None, (), "direct", None, None)


# Behind a proxy there are few peers; without one, the cache has a bound.
@lru_cache(maxsize=1024)
def _meet(policy: Policy, peer: str | None) -> Resolution:
    """Return what the peer alone tells: it is the client, or it is trusted and said nothing yet."""
    address = None if peer is None else parse_peer(peer)
    networks = policy.networks
    if address is not None and address.packed in networks:
        return Resolution(address.text, address.text, (), "missing", policy.header_name, None)
    if networks.unix and (peer is None or peer in UNIX_PEERS):
        return Resolution(UNIX, None, (), "missing", policy.header_name, None)
    reported = None if address is None else address.text
    return Resolution(reported, reported, (), "direct", None, None)


# Clients come back. What stands left of the tail makes no difference.
@lru_cache(maxsize=4096)
def _read_tail(policy: Policy, nearest: str, tail: str, is_cut: bool) -> Resolution | None:  # noqa: FBT001 - lru_cache is slow with keywords
    """Return what the designated header tells, or None if that takes more of it than its tail."""
    entries = policy.form.read(tail)
    try:
        return _conclude(policy, nearest, _whole(entries) if is_cut else entries)
    except _TailError:
        return None


class _TailError(LookupError):
    """The walk has reached the cut."""


def _whole(entries: Iterator[str | None]) -> Iterator[str | None]:
    """Yield all entries but the leftmost, which the cut may have shortened."""
    entry = next(entries)
    for following in entries:
        yield entry
        entry = following
    raise _TailError


def forget() -> None:
    """Empty the caches, which keep the policies of their answers alive."""
    _meet.cache_clear()
    _read_tail.cache_clear()


def _read(policy: Policy, nearest: str, value: str) -> Resolution:
    """Return what the designated header of a trusted peer tells."""
    return _conclude(policy, nearest, policy.form.read(value))


def _conclude(policy: Policy, nearest: str, entries: Iterable[str | None]) -> Resolution:
    way, outcome, port = walk(policy.networks, nearest, entries)
    # A hop on a Unix socket has no address of its own: the client is then the hop that it reached.
    while len(way) > 1 and way[-1] == UNIX:
        way.pop()
    client = way.pop()
    return Resolution(
        nearest,
        None if client == UNIX else client,
        tuple(way[::-1]),
        outcome,
        policy.header_name,
        port,
    )


def walk(
    networks: TrustedNetworks, nearest: str, entries: Iterable[str | None]
) -> tuple[list[str], Outcome, int | None]:
    """Walk entries from the right and return the verified hops, nearest first.

    Ends at the first address that is not trusted, and before anything that is not an address:
    whoever wrote what lies further left is not one of the trusted proxies.
    """
    way = [nearest]
    outcome: Outcome = "missing"
    port = None
    for walked, text in enumerate(entries):
        if walked == MAX_HOPS:
            return way, "malformed", port
        if text == "":
            continue
        node = None if text is None else parse_node(text)
        if node is not None:
            way.append(node.text)
            port = node.port
        elif text == UNIX and networks.unix:
            way.append(UNIX)
            port = None
        else:
            return way, "malformed", port
        outcome = "forwarded"
        if node is not None and node.packed not in networks:
            break
    return way, outcome, port


def _statements(
    policy: Policy, nearest: str, lookup: Callable[[str], str | None]
) -> tuple[Statement, ...]:
    """Return what the designated headers of a trusted peer say, for those that are there."""
    statements = []
    for designation in policy.designations:
        value = lookup(designation.header)
        if value is None:
            continue
        if designation.header == FORWARDED and designation.is_written:
            parameter = _parameter(policy.networks, nearest, value, designation.purpose)
            if parameter is not None:
                statements.append(designation.read_parameter(parameter))
        else:
            statements.append(designation.read(value))
    return tuple(statements)


def _parameter(networks: TrustedNetworks, nearest: str, value: str, purpose: str) -> str | None:
    """Return the `proto` or `host` of the `Forwarded` element where the walk ends.

    If that element states none, the nearest one to its right that does counts: all of them were
    written by trusted proxies, each telling how it was reached. That holds as well for an element
    whose `for` is not an address and ends the walk.
    """
    walked: list[Element | None] = []

    def nodes() -> Iterator[str | None]:
        for element in read_elements(value):
            walked.append(element)
            yield node_of(element)

    walk(networks, nearest, nodes())
    elements = [element for element in reversed(walked[:MAX_HOPS]) if element is not None]
    stated = (e.proto if purpose == "scheme" else e.host for e in elements)
    return next((text for text in stated if text is not None), None)


def rejection(policy: Policy, resolution: Resolution) -> str | None:
    """Return why the policy rejects a request, as a sentence, or None if it does not.

    "malformed" also stands for a header of another purpose that could not be believed.
    """
    if resolution.outcome in policy.reject:
        reason = f"outcome {resolution.outcome!r}"
    elif "malformed" in policy.reject and resolution.malformed_headers:
        reason = f"malformed {', '.join(resolution.malformed_headers)}"
    else:
        return None
    return f"Request from peer {resolution.peer!r} with {reason}, which TRUSTED_PROXY_REJECT names."
