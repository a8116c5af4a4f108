"""Networks that nobody should trust: given up by their vendor, or of a cloud's customers."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django_trustedproxy.engine.networks import Network


class GivenUp(NamedTuple):
    """A network that a vendor no longer lists: whose it was, since when, and the source."""

    network: IPv4Network
    vendor: str
    since: str
    source: str


class Customers(NamedTuple):
    """A list that has the machines of a cloud's customers, and networks that show it."""

    name: str
    samples: tuple[IPv4Network, ...]
    source: str


GIVEN_UP = (
    GivenUp(
        # The part of 104.16.0.0/12 from which visitors come today (iCloud Private Relay, WARP).
        IPv4Network("104.28.0.0/14"),
        "Cloudflare",
        "April 2021",
        "https://github.com/cloudflare/cf-ip-rewrite/pull/19",
    ),
    GivenUp(
        IPv4Network("199.27.128.0/21"),
        "Cloudflare",
        "June 2017",
        "https://github.com/cloudflare/mod_cloudflare/pull/27",
    ),
    # Two that Cloudflare had leased.
    GivenUp(
        IPv4Network("204.93.240.0/24"),
        "Cloudflare",
        "2015",
        "https://github.com/cloudflare/mod_cloudflare/pull/10",
    ),
    GivenUp(
        IPv4Network("204.93.177.0/24"),
        "Cloudflare",
        "2015",
        "https://github.com/cloudflare/mod_cloudflare/pull/10",
    ),
)
CUSTOMERS = (
    Customers(
        "AMAZON or EC2 of ip-ranges.json",
        # us-east-1, us-west-2 and eu-central-1
        (IPv4Network("3.80.0.0/12"), IPv4Network("34.192.0.0/12"), IPv4Network("35.160.0.0/13")),
        "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html",
    ),
    Customers(
        "Google's cloud.json or goog.json",
        (IPv4Network("34.80.0.0/15"),),
        "https://www.gstatic.com/ipranges/cloud.json",
    ),
    Customers(
        "the service tag AzureCloud",
        (IPv4Network("13.64.0.0/16"), IPv4Network("20.0.0.0/16")),
        "https://learn.microsoft.com/en-us/azure/virtual-network/service-tags-overview",
    ),
    Customers(
        "DigitalOcean's list",
        (IPv4Network("104.131.0.0/16"), IPv4Network("165.227.0.0/16")),
        "https://digitalocean.com/geo/google.csv",
    ),
)


def given_up(networks: Iterable[Network]) -> Iterator[tuple[Network, GivenUp]]:
    """Yield the networks that overlap with one that its vendor gave up, and that one."""
    for network in networks:
        yield from ((network, row) for row in GIVEN_UP if _overlap(network, row.network))


def remaining(network: Network, row: GivenUp) -> list[Network]:
    """Return what is left of a network without the one that was given up."""
    if not isinstance(network, IPv4Network) or network.subnet_of(row.network):
        return []
    return sorted(network.address_exclude(row.network))


def customers(networks: Iterable[Network]) -> list[Customers]:
    """Return the lists of customers' machines from which networks seem to be.

    `networks` are merged: a list can have a sample in parts.
    """
    found = tuple(networks)
    return [row for row in CUSTOMERS if any(_contains(found, each) for each in row.samples)]


def _overlap(network: Network, other: IPv4Network) -> bool:
    return isinstance(network, IPv4Network) and network.overlaps(other)


def _contains(networks: Iterable[Network], sample: IPv4Network) -> bool:
    return any(isinstance(n, IPv4Network) and sample.subnet_of(n) for n in networks)
