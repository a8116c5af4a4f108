"""Networks that nobody can own entirely: trusting one of them is trusting everybody."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from itertools import chain
from typing import TYPE_CHECKING

from .networks import ALL_IPV4, ALL_IPV6, NAMES, TrustedNetworks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .networks import Network

# Not public unicast addresses: "this" network, multicast and reserved addresses, and
# what is outside of 2000::/3 (IANA's registries, 2026).
NOT_PUBLIC = (
    *chain.from_iterable(NAMES.values()),
    IPv4Network("0.0.0.0/8"),
    IPv4Network("224.0.0.0/3"),
    IPv6Network("::/3"),
    IPv6Network("4000::/2"),
    IPv6Network("8000::/1"),
)

# The widest single allocations by version: nobody owns more.
WIDEST = {4: 8, 6: 19}


def is_everybody(network: Network) -> bool:
    """Tell whether a network is everybody, or one of the addresses that stand for everybody.

    A server listens on 0.0.0.0 or :: for all, and nobody connects from there.
    """
    return network.prefixlen == 0 or int(network.broadcast_address) == 0


def covering(merged: Sequence[Network]) -> list[Network]:
    """Return the merged networks that together include every public address."""
    filled = TrustedNetworks([*merged, *NOT_PUBLIC]).merged
    versions = [everybody.version for everybody in (ALL_IPV4, ALL_IPV6) if everybody in filled]
    return [network for network in merged if network.version in versions]


def is_wide(network: Network) -> bool:
    """Tell whether a network has more public addresses than anybody owns."""
    if network.prefixlen >= WIDEST[network.version]:
        return False
    return not any(
        int(network[0]) >= int(known[0]) and int(network[-1]) <= int(known[-1])
        for known in chain.from_iterable(NAMES.values())
        if known.version == network.version
    )
