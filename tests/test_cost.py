"""What a request costs does not depend on what a client writes or how many networks there are."""

import ipaddress
import timeit
from itertools import product

import pytest

from django_trustedproxy.engine.decision import MAX_HOPS
from django_trustedproxy.engine.hops import LONGEST_ELEMENT, LONGEST_HOP
from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.engine.policy import Designation, Policy
from django_trustedproxy.engine.purposes import meta_name
from django_trustedproxy.environ import rewrite
from tests.requests import CLIENT
from tests.steps import steps

pytestmark = pytest.mark.slow

NOISE = 1.5


def policy(entries, header="HTTP_X_FORWARDED_FOR"):
    return Policy.build(TrustedNetworks.parse(entries), [header])


def ratio(one, other, number=5):
    """Return how much longer `one` takes than `other`: the best of many short turns of each."""

    def best(case):
        trusted, key, value = case
        return min(
            timeit.repeat(
                lambda: rewrite({"REMOTE_ADDR": "10.0.0.1", key: value}, trusted),
                number=number,
                repeat=20,
            )
        )

    # By turns, so that what else the machine does falls on both; the best of three rounds.
    return min(best(one) / best(other) for _ in range(3))


FORWARDED = "HTTP_FORWARDED"
LIST = "HTTP_X_FORWARDED_FOR"


@pytest.mark.parametrize(
    ("key", "prefix", "entry"),
    [
        (LIST, "6.6.6.6, " * 7000, CLIENT),
        (LIST, "," * 60_000, CLIENT),
        (LIST, " " * 60_000 + ",", CLIENT),
        (LIST, '"' * 60_000 + ",", CLIENT),
        # Only a short Forwarded is remembered, so that the shortest of the others is compared.
        (FORWARDED, "for=6.6.6.6, " * 5000, f"{'x' * 256},for={CLIENT}"),
        (FORWARDED, '"' * 60_000 + ",", f"{'x' * 256},for={CLIENT}"),
        (FORWARDED, '\\"' * 30_000 + ",", f"{'x' * 256},for={CLIENT}"),
    ],
    ids=lambda value: value[:12],
)
def test_60_kb_left_of_the_answer_cost_what_a_short_header_costs(key, prefix, entry):
    trusted = policy(["10.0.0.0/8"], key)
    assert ratio((trusted, key, prefix + entry), (trusted, key, entry)) < NOISE


@pytest.mark.parametrize("value", [CLIENT, "2001:db8::1"])
def test_10_000_networks_cost_what_two_cost(value):
    few = policy(["10.0.0.0/8", "fd00::/8"])
    step = 2**12
    first = int(ipaddress.ip_address("11.0.0.0"))
    many = policy(
        ["10.0.0.0/8", *(f"{ipaddress.ip_address(first + i * step)}/21" for i in range(10_000))]
        + [f"fd00:{i:x}::/33" for i in range(10_000)]
    )
    assert len(many.networks.merged) == 20_001
    assert ratio((many, LIST, value), (few, LIST, value)) < NOISE


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (LIST, "," * 60_000 + "10.0.0.2"),
        (LIST, " " * 60_000 + ",10.0.0.2"),
        (LIST, "10.0.0.2," * 7000),
        (FORWARDED, "for=10.0.0.2," * 5000),
        (FORWARDED, ";" * 60_000 + ",for=10.0.0.2"),
        (FORWARDED, "for=10.0.0.2" + ";" * 16_000),
    ],
    ids=lambda value: value[:12],
)
def test_what_a_trusted_hop_hands_on_costs_no_more_than_100_hops(key, value):
    trusted = policy(["10.0.0.0/8"], key)
    entry = "10.0.0.2" if key == LIST else "for=10.0.0.2"
    hundred = ",".join([entry] * 100)
    assert ratio((trusted, key, value), (trusted, key, hundred)) < NOISE


@pytest.mark.parametrize("text", ['"', '\\"', 'x="",', '"\\"'])
def test_quotes_that_a_trusted_hop_hands_on_cost_no_more_than_those_of_one_element(text):
    trusted = policy(["10.0.0.0/8"], FORWARDED)
    one = text * (LONGEST_ELEMENT // len(text)) + ", for=10.0.0.2"
    many = text * (4 * LONGEST_ELEMENT // len(text)) + ", for=10.0.0.2"
    assert ratio((trusted, FORWARDED, many), (trusted, FORWARDED, one), 1) < NOISE


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
