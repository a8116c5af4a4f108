"""Addresses and trusted networks, compared with the ipaddress module as the oracle."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_trustedproxy.engine.addresses import pack, unpack
from django_trustedproxy.engine.networks import EntryError, TrustedNetworks, parse_entry
from tests.naive_decision import read_address

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@st.composite
def networks(draw):
    address = draw(ADDRESSES)
    length = draw(st.integers(0, address.max_prefixlen))
    return ipaddress.ip_network((address, length), strict=False)


@pytest.mark.slow
@given(st.one_of(st.text(), st.text("0123456789.", max_size=16), st.text("0123456789abcdef:.%")))
@example("1.2.3.4\x00")
@example("\ud800")
@example("::ffff:1.2.3.4")
@example("::ffff:0:1.2.3.4")
@example("1.2.3.04")
@example("\u0661.2.3.4")
@example("fe80::1%eth0")
def test_a_text_is_the_address_that_ipaddress_reads_or_none(text):
    address = read_address(text)
    assert pack(text) == (None if address is None else address.packed)


@given(ADDRESSES.map(str))
@example("::1.2.3.4")
@example("2001:db8:0:1:1:1:1:1")
@example("0:0:1::")
@example("::ffff:0:1.2.3.4")
def test_the_text_of_an_address_is_canonical(text):
    packed = pack(text)
    assert unpack(packed) == str(ipaddress.ip_address(packed))
    assert pack(unpack(packed)) == packed


@given(st.lists(networks(), max_size=12), st.lists(ADDRESSES, max_size=12))
def test_membership_is_what_a_look_at_every_network_says(listed, strangers):
    trusted = TrustedNetworks(listed)
    edges = [edge for network in listed for edge in (network[0], network[-1])]
    neighbours = [
        type(edge)(int(edge) + step)
        for edge in edges
        for step in (-1, 1)
        if 0 <= int(edge) + step < 2**edge.max_prefixlen
    ]
    for address in [*edges, *neighbours, *strangers]:
        assert (address.packed in trusted) == any(address in network for network in listed)
        around = [network for network in trusted.merged if address in network]
        if around:
            assert trusted.size_around(address.packed) == around[0].num_addresses


@pytest.mark.parametrize(
    ("entry", "networks"),
    [
        ("10.0.0.7", ["10.0.0.7/32"]),
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("fd00::/8", ["fd00::/8"]),
        ("2001:DB8::1", ["2001:db8::1/128"]),
        ("::ffff:10.0.0.0/104", ["10.0.0.0/8"]),
        ("::ffff:10.0.0.7", ["10.0.0.7/32"]),
        ("::ffff:0.0.0.0/96", ["0.0.0.0/0"]),
        ("10.0.0.7/32", ["10.0.0.7/32"]),
        ("::1/128", ["::1/128"]),
        (ipaddress.ip_address("10.0.0.7"), ["10.0.0.7/32"]),
        (ipaddress.ip_network("fd00::/8"), ["fd00::/8"]),
        (ipaddress.ip_network("::ffff:10.0.0.0/104"), ["10.0.0.0/8"]),
        (ipaddress.ip_interface("10.0.0.0/8"), ["10.0.0.0/8"]),
        ("loopback", ["127.0.0.0/8", "::1/128"]),
        ("private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]),
        ("link-local", ["169.254.0.0/16", "fe80::/10"]),
        ("shared", ["100.64.0.0/10"]),
        ("unix:", []),
        (" 10.0.0.7\n", ["10.0.0.7/32"]),
        (" loopback", ["127.0.0.0/8", "::1/128"]),
    ],
    ids=str,
)
def test_an_entry_stands_for_its_networks(entry, networks):
    assert [str(network) for network in parse_entry(entry)] == networks


@pytest.mark.parametrize(
    "entry",
    [
        *(
            "10.0.0.1/8",
            "fd00::1/8",
            "::ffff:10.0.0.0/8",
            "::ffff:10.0.0.0/95",
            "nginx",
            "*",
            "unix",
        ),
        *(
            "",
            " ",
            "10.0.0.256",
            "010.0.0.1",
            "10.0.0.1:80",
            "[::1]",
            "fe80::1%eth0",
            "10.0.0.0/33",
        ),
        *(
            "10.0.0.0/0008",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0/",
            "fd00::/" + "9" * 5000,
            "10.0.0.0/\u0668",
        ),
        *(167772161, b"10.0.0.1", None, ["10.0.0.1"], ipaddress.ip_interface("fd00::1/8")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_entry_is_refused(entry):
    with pytest.raises(EntryError):
        parse_entry(entry)


@pytest.mark.parametrize(
    "networks",
    [
        [f"10.{n}.0.0/16" for n in range(0, 12, 2)],
        ["10.0.0.0/9", "10.128.0.0/10", "11.0.0.0/8", "255.0.0.0/8", "fd00::/8", "ff00::/8"],
        ["0.0.0.0/0", "::/0"],
        ["255.255.255.255/32", "::/128", "ffff::/16"],
        [],
    ],
    ids=str,
)
def test_networks_that_cannot_be_merged_stay_as_they_are(networks):
    trusted = TrustedNetworks(map(ipaddress.ip_network, reversed(networks)))
    assert [str(network) for network in trusted.merged] == networks


def test_networks_are_merged_and_told():
    trusted = TrustedNetworks.parse(["10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "::1", "unix:"])
    assert [str(network) for network in trusted.merged] == ["10.0.0.0/8", "::1/128"]
    assert trusted.unix
    assert TrustedNetworks.parse([" unix: "]).unix
    assert repr(trusted) == "TrustedNetworks(['10.0.0.0/8', '::1/128', 'unix:'])"


def test_an_empty_set_has_nobody():
    trusted = TrustedNetworks()
    assert pack("127.0.0.1") not in trusted
    assert pack("::1") not in trusted
    assert not trusted.unix
