"""What a new list changes, and whether a person has to review it first."""

from __future__ import annotations

from ipaddress import IPv4Network, collapse_addresses
from typing import TYPE_CHECKING

from django_trustedproxy.engine.networks import shortest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from django_trustedproxy.engine.networks import Network


def differences(old: Collection[Network], new: Collection[Network]) -> list[str]:
    """Return the networks that go and those that come, as lines of a diff."""
    ordered = sorted({*old, *new}, key=lambda network: (network.version, network))
    return [
        f"{'+' if network in new else '-'} {shortest(network)}"
        for network in ordered
        if (network in old) != (network in new)
    ]


def objections(old: Collection[Network], new: Collection[Network]) -> Iterator[str]:
    """Yield the reasons why a list may not replace another one unreviewed.

    In four years of published lists, no list's IPv4 space grew by more than 35 % at once. Numbers
    of entries say nothing, and the IPv6 space of an honest list has grown fifteenfold in two days.
    """
    before, after = ipv4_space(old), ipv4_space(new)
    if after > 2 * before and before:
        yield f"the IPv4 addresses more than double, from {before:,} to {after:,}"
    elif after * 2 < before:
        yield f"the IPv4 addresses become less than half, from {before:,} to {after:,}"
    elif after > before == 0:
        yield f"IPv4 addresses appear for the first time: {after:,}"
    for version in (4, 6):
        had, has = (any(n.version == version for n in networks) for networks in (old, new))
        if had and not has:
            yield f"all IPv{version} networks disappear"


def ipv4_space(networks: Collection[Network]) -> int:
    """Return how many IPv4 addresses are in networks."""
    merged = collapse_addresses(n for n in networks if isinstance(n, IPv4Network))
    return sum(network.num_addresses for network in merged)
