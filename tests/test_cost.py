"""What a request costs does not depend on what a client writes or how many networks there are.

No clock: characters, comparisons and lines of Python are counted.
"""

import ipaddress
from itertools import product

import pytest

from django_trustedproxy.engine.decision import MAX_HOPS
from django_trustedproxy.engine.hops import LONGEST_ELEMENT, LONGEST_HOP
from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.engine.policy import Designation, Policy
from django_trustedproxy.engine.purposes import meta_name
from django_trustedproxy.environ import rewrite
from tests.requests import CLIENT
from tests.steps import characters, steps

pytestmark = pytest.mark.slow


def policy(entries, header="HTTP_X_FORWARDED_FOR"):
    return Policy.build(TrustedNetworks.parse(entries), [header])


FORWARDED = "HTTP_FORWARDED"
LIST = "HTTP_X_FORWARDED_FOR"


def read(trusted, key, value):
    """Return how many characters of a header are read."""
    return characters(lambda text: rewrite({"REMOTE_ADDR": "10.0.0.1", key: text}, trusted), value)


@pytest.mark.parametrize(
    ("key", "prefix", "entry"),
    [
        (LIST, "6.6.6.6, ", CLIENT),
        (LIST, ",", CLIENT),
        (LIST, " ", f",{CLIENT}"),
        (LIST, '"', f",{CLIENT}"),
        (FORWARDED, "for=6.6.6.6, ", f"for={CLIENT}"),
        (FORWARDED, '"', f",for={CLIENT}"),
        (FORWARDED, '\\"', f",for={CLIENT}"),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_left_of_the_answer_is_not_read(key, prefix, entry):
    trusted = policy(["10.0.0.0/8"], key)
    long, longer = (read(trusted, key, prefix * number + entry) for number in (50_000, 100_000))
    limit = 3 * (LONGEST_ELEMENT if key == FORWARDED else LONGEST_HOP)
    assert 0 < long == longer < limit


@pytest.mark.parametrize("value", [CLIENT, "2001:db8::1"])
def test_10_000_networks_cost_what_two_cost(value):
    class Boundary(bytes):
        compared = 0

        def __gt__(self, other):
            Boundary.compared += 1
            return super().__gt__(other)

    def compared(*entries):
        trusted = policy(["10.0.0.0/8", "fd00::/8", *entries])
        networks = trusted.networks
        networks.ipv4, networks.ipv6 = (
            list(map(Boundary, each)) for each in (networks.ipv4, networks.ipv6)
        )
        Boundary.compared = 0
        rewrite({"REMOTE_ADDR": "10.0.0.1", LIST: value}, trusted)
        return Boundary.compared

    first, step = int(ipaddress.ip_address("11.0.0.0")), 2**12
    ipv4 = [f"{ipaddress.ip_address(first + i * step)}/21" for i in range(10_000)]
    many = compared(*ipv4, *(f"fd00:{i:x}::/33" for i in range(10_000)))
    # Each doubling is one comparison more, of the peer and of the client.
    assert compared() <= many <= compared() + 2 * 14


@pytest.mark.parametrize(
    ("key", "value", "entry"),
    [
        (LIST, ",", "10.0.0.2"),
        (LIST, " ", ",10.0.0.2"),
        (LIST, "10.0.0.2,", ""),
        (FORWARDED, "for=10.0.0.2,", ""),
        (FORWARDED, ";", ",for=10.0.0.2"),
        *((FORWARDED, text, ", for=10.0.0.2") for text in ('"', '\\"', 'x="",', '"\\"')),
    ],
)
def test_what_a_trusted_hop_hands_on_is_read_up_to_a_limit(key, value, entry):
    trusted = policy(["10.0.0.0/8"], key)
    long, longer = (read(trusted, key, value * number + entry) for number in (40_000, 80_000))
    assert 0 < long == longer


class Reader:
    """A reader of header text, with the costliest header that proxies write for it."""

    def __init__(self, name, costliest, *purposes):
        self.key = meta_name(name)
        client = LIST if purposes and self.key != FORWARDED else self.key
        designations = [Designation(purpose, self.key, is_written=True) for purpose in purposes]
        networks = TrustedNetworks.parse(["10.0.0.0/8"])
        self.policy = Policy.build(networks, [client], designations)
        self.costliest = costliest
        self.name = "-".join((name, *purposes))

    def __str__(self):
        return self.name

    def cost(self, value):
        meta = {"REMOTE_ADDR": "10.0.0.1", self.key: value}
        rewrite(dict(meta), self.policy)  # from here on the addresses are remembered
        return steps(lambda: rewrite(meta, self.policy))


READERS = [
    Reader("X-Forwarded-For", "10.0.0.2," * MAX_HOPS),
    Reader("X-Real-IP", "10.0.0.2"),  # a proxy that asks for itself
    Reader("CloudFront-Viewer-Address", f"{CLIENT}:4711"),
    Reader("Forwarded", "for=10.0.0.2," * MAX_HOPS),
    Reader("Forwarded", "for=10.0.0.2;proto=https;host=a," * MAX_HOPS, "scheme", "host"),
    Reader("X-Forwarded-Proto", "https, http", "scheme"),
    Reader("X-Forwarded-SSL", "on, off", "scheme"),
    Reader("X-Forwarded-Host", "a:8443, a:8443", "host"),
    Reader("X-Forwarded-Port", "443, 80", "port"),
    Reader("X-Forwarded-Server", "a, b", "server"),
    Reader("X-Forwarded-Prefix", "/a, /b", "prefix"),
]
FRAMES = ["{}", '"{}",{}', 'for=203.0.113.9;host="{}"', 'host="{}";for={}']
WORST = [
    *map("".join, product(' \\",;=a:', repeat=2)),
    *"\0\t\xff1.[]/%",
    *('x="";', 'x="",', '";x="', 'for="",', '\\",', "//", "../", "://", "10.0.0.2,"),
]


@pytest.mark.parametrize("length", [LONGEST_HOP - 20, LONGEST_ELEMENT - 50, 60_000])
@pytest.mark.parametrize(
    ("reader", "frame"),
    [(reader, frame) for reader in READERS for frame in FRAMES],
    ids=str,
)
def test_no_characters_cost_more_than_the_costliest_header_of_proxies(reader, frame, length):
    limit = 1.05 * reader.cost(reader.costliest)
    room = length // frame.count("{}")
    costs = {text: reader.cost(frame.replace("{}", text * (room // len(text)))) for text in WORST}
    assert {text: cost for text, cost in costs.items() if cost > limit} == {}
