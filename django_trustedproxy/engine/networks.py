"""The networks that are trusted: the entries of TRUSTED_PROXIES, and who is in them."""

from __future__ import annotations

from bisect import bisect_right
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
    summarize_address_range,
)
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from .addresses import UNIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Network = IPv4Network | IPv6Network

ALL_IPV4, ALL_IPV6 = IPv4Network("0.0.0.0/0"), IPv6Network("::/0")

NAMES: dict[str, tuple[Network, ...]] = {
    "loopback": (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
    "private": (
        IPv4Network("10.0.0.0/8"),
        IPv4Network("172.16.0.0/12"),
        IPv4Network("192.168.0.0/16"),
        IPv6Network("fc00::/7"),
    ),
    "link-local": (IPv4Network("169.254.0.0/16"), IPv6Network("fe80::/10")),
    "shared": (IPv4Network("100.64.0.0/10"),),
    # A Unix socket has no address, so this name stands for no network.
    UNIX: (),
}

_MAPPED_PREFIX_LENGTH = 96


class EntryError(ValueError):
    """An entry of `TRUSTED_PROXIES` that cannot be used; `mistakes.diagnose` says why."""


class TrustedNetworks:
    """A set of addresses that answers `packed in networks` in O(log n) of its networks.

    `unix` tells whether a peer on a Unix socket is trusted. `ipv4` and `ipv6` are the packed
    boundaries of the networks: behind an odd number of them, an address is inside of one.
    """

    __slots__ = ("ipv4", "ipv6", "unix")

    def __init__(self, networks: Iterable[Network] = (), *, unix: bool = False) -> None:
        networks = tuple(networks)
        self.unix = unix
        ipv4 = collapse_addresses(n for n in networks if isinstance(n, IPv4Network))
        ipv6 = collapse_addresses(n for n in networks if isinstance(n, IPv6Network))
        self.ipv4, self.ipv6 = _boundaries(ipv4), _boundaries(ipv6)

    @property
    def merged(self) -> tuple[Network, ...]:
        """The addresses as few networks as possible, IPv4 first."""
        # Rebuilt on each call: networks take ten times the memory of their boundaries.
        return (*_between(self.ipv4, ALL_IPV4), *_between(self.ipv6, ALL_IPV6))

    @classmethod
    def parse(cls, entries: Sequence[object]) -> TrustedNetworks:
        """Return the networks of `TRUSTED_PROXIES` entries; raises `EntryError` for a bad one."""
        networks = chain.from_iterable(map(parse_entry, entries))
        return cls(networks, unix=has_unix(entries))

    def __contains__(self, packed: bytes) -> bool:
        boundaries = self.ipv4 if len(packed) == 4 else self.ipv6
        return bisect_right(boundaries, packed) & 1 == 1

    def has_all_of(self, network: Network) -> bool:
        """Tell whether every address of a network is in the set."""
        boundaries = self.ipv4 if network.version == 4 else self.ipv6
        first = bisect_right(boundaries, network.network_address.packed)
        return first & 1 == 1 and first == bisect_right(
            boundaries, network.broadcast_address.packed
        )

    def size_around(self, packed: bytes) -> int:
        """Return the number of addresses in the network that an address of the set belongs to."""
        boundaries = self.ipv4 if len(packed) == 4 else self.ipv6
        place = bisect_right(boundaries, packed)
        is_last = place == len(boundaries)
        behind = 1 << 8 * len(packed) if is_last else int.from_bytes(boundaries[place], "big")
        return behind - int.from_bytes(boundaries[place - 1], "big")

    def __or__(self, other: TrustedNetworks) -> TrustedNetworks:
        return TrustedNetworks((*self.merged, *other.merged), unix=self.unix or other.unix)

    def __repr__(self) -> str:
        names = [str(network) for network in self.merged] + [UNIX] * self.unix
        return f"TrustedNetworks({names!r})"


def _boundaries(networks: Iterable[Network]) -> list[bytes]:
    """Return where sorted, disjoint networks begin and end, alternately.

    What ends with the last address of all has no end.
    """
    boundaries = []
    for network in networks:
        boundaries.append(network.network_address.packed)
        behind = int(network.broadcast_address) + 1
        if behind < 2**network.max_prefixlen:
            boundaries.append(behind.to_bytes(network.max_prefixlen // 8, "big"))
    return boundaries


def _between(boundaries: Sequence[bytes], everything: Network) -> Iterator[Network]:
    """Yield the networks between boundaries; `everything` is the network of all addresses."""
    for begin, behind in zip_longest(boundaries[::2], boundaries[1::2]):
        last = ip_address(behind) - 1 if behind else everything.broadcast_address
        yield from summarize_address_range(ip_address(begin), last)


def shortest(network: Network) -> str:
    """Return a network as text, one of a single address without its length."""
    is_single = network.prefixlen == network.max_prefixlen
    return str(network[0] if is_single else network)


def has_unix(entries: Iterable[object]) -> bool:
    """Tell whether one of the entries of `TRUSTED_PROXIES` is the name of Unix sockets."""
    return any(isinstance(entry, str) and entry.strip() == UNIX for entry in entries)


def parse_entry(entry: object) -> tuple[Network, ...]:
    """Return the networks that one entry of `TRUSTED_PROXIES` stands for, or raise `EntryError`.

    Blanks around it count for nothing. An IPv4-mapped entry is the IPv4 network, as an IPv4-mapped
    peer is the IPv4 address.
    """
    text = as_text(entry).strip()
    if text in NAMES:
        return NAMES[text]
    address, slash, length = text.partition("/")
    try:
        first = ip_address(address)
    except ValueError:
        raise EntryError(text) from None
    if isinstance(first, IPv6Address) and first.scope_id is not None:
        raise EntryError(text)
    if slash and not _is_prefix_length(length, first.max_prefixlen):
        raise EntryError(text)
    return (_strict_network(first, int(length) if slash else first.max_prefixlen),)


def _is_prefix_length(text: str, longest: int) -> bool:
    return len(text) <= 3 and text.isascii() and text.isdigit() and int(text) <= longest


def _strict_network(first: IPv4Address | IPv6Address, length: int) -> Network:
    if isinstance(first, IPv6Address) and first.ipv4_mapped is not None:
        if length < _MAPPED_PREFIX_LENGTH:
            # Read loosely, "::ffff:10.0.0.0/8" is "::/8" and trusts every IPv4 address:
            # CVE-2026-90711.
            raise EntryError(f"{first}/{length}")
        first, length = first.ipv4_mapped, length - _MAPPED_PREFIX_LENGTH
    network = ip_network((first, length), strict=False)
    if network.network_address != first:
        raise EntryError(f"{first}/{length}")
    return network


def as_text(entry: object) -> str:
    """Return an entry as text; raises `EntryError` if it is neither text nor of `ipaddress`."""
    if isinstance(entry, str):
        return str(entry)
    if isinstance(entry, (IPv4Interface, IPv6Interface)):
        return entry.with_prefixlen
    if isinstance(entry, (IPv4Address, IPv6Address, IPv4Network, IPv6Network)):
        return str(entry)
    raise EntryError(type(entry).__name__)
