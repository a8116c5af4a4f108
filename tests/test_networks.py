"""Addresses and trusted networks, compared with the ipaddress module as the oracle."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_trustedproxy.engine.addresses import pack, unpack
from django_trustedproxy.engine.networks import NAMES, EntryError, TrustedNetworks, parse_entry
from tests.oracle import read_address

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
    ],
    ids=str,
)
def test_an_entry_stands_for_its_networks(entry, networks):
    assert [str(network) for network in parse_entry(entry)] == networks


NAME_LIST = ", ".join(NAMES)
ANY = f"an address, a network or a name ({NAME_LIST})"
EXAMPLE = 'Write an address or network as text, such as "10.0.0.0/8".'


@pytest.mark.parametrize(
    ("entry", "kind", "message", "hint"),
    [
        (
            "10.0.0.1/8",
            "host-bits",
            "has host bits set: expected a network's first address",
            'Write "10.0.0.1" for one address, or "10.0.0.0/8" for the network.',
        ),
        (
            ipaddress.ip_interface("fd00::1/8"),
            "host-bits",
            "has host bits set: expected a network's first address",
            'Write "fd00::1" for one address, or "fd00::/8" for the network.',
        ),
        (
            "::ffff:10.0.0.0/8",
            "mapped",
            "is an IPv4-mapped network wider than all of IPv4: expected a prefix length of 96 to 128",
            'Write the IPv4 network itself, such as "10.0.0.0/8".',
        ),
        (
            "::ffff:10.0.0.0/40",
            "mapped",
            "is an IPv4-mapped network wider than all of IPv4: expected a prefix length of 96 to 128",
            'Write the IPv4 network itself, such as "10.0.0.0/32".',
        ),
        (
            "::ffff:10.0.0.1/8",
            "mapped",
            "is an IPv4-mapped network wider than all of IPv4: expected a prefix length of 96 to 128",
            'Write the IPv4 network itself, such as "10.0.0.0/8".',
        ),
        (
            "nginx_1",
            "host-name",
            f"is a host name: expected {ANY}",
            "Write the proxy's address or network. Names are not resolved: whoever answers for them "
            "in DNS would decide who is trusted.",
        ),
        (
            "proxy-1.example.com.",
            "host-name",
            f"is a host name: expected {ANY}",
            "Write the proxy's address or network. Names are not resolved: whoever answers for them "
            "in DNS would decide who is trusted.",
        ),
        (
            "10.example.com",
            "host-name",
            f"is a host name: expected {ANY}",
            "Write the proxy's address or network. Names are not resolved: whoever answers for them "
            "in DNS would decide who is trusted.",
        ),
        (
            "*",
            "everybody",
            f"trusts everybody: expected {ANY}",
            'Write the networks that your proxies connect from, such as "private".',
        ),
        ("Private", "name", f"is not a known name: expected {ANY}", 'Write "private".'),
        ("localhost", "name", f"is not a known name: expected {ANY}", 'Write "loopback".'),
        ("unix", "name", f"is not a known name: expected {ANY}", 'Write "unix:".'),
        ("unix:/run/g.sock", "name", f"is not a known name: expected {ANY}", 'Write "unix:".'),
        (" 10.0.0.1", "address", f"has blanks around it: expected {ANY}", "Strip the blanks."),
        ("10.0.0.256", "address", f"is not an address: expected {ANY}", EXAMPLE),
        ("010.0.0.1", "address", f"is not an address: expected {ANY}", EXAMPLE),
        ("10.0.0.1:80", "address", f"is not an address: expected {ANY}", EXAMPLE),
        ("", "address", f"is not an address: expected {ANY}", EXAMPLE),
        (
            "10.0.0.0/0.255.255.255",
            "address",
            "is not in CIDR notation: expected a prefix length of 0 to 32 after the slash",
            EXAMPLE,
        ),
        (
            "10.0.0.0/33",
            "address",
            "is not in CIDR notation: expected a prefix length of 0 to 32 after the slash",
            EXAMPLE,
        ),
        (
            "10.0.0.0/0008",
            "address",
            "is not in CIDR notation: expected a prefix length of 0 to 32 after the slash",
            EXAMPLE,
        ),
        (
            "fd00::/" + "9" * 5000,
            "address",
            "is not in CIDR notation: expected a prefix length of 0 to 128 after the slash",
            EXAMPLE,
        ),
        (
            "fe80::%eth0/64",
            "address",
            "has a zone id: expected an address without one",
            'Write "fe80::/64".',
        ),
        (
            "fe80::1%eth0",
            "address",
            "has a zone id: expected an address without one",
            'Write "fe80::1".',
        ),
        (
            167772161,
            "address",
            "is not an address: expected text or an object of the ipaddress module",
            EXAMPLE,
        ),
        (
            b"10.0.0.1",
            "address",
            "is not an address: expected text or an object of the ipaddress module",
            EXAMPLE,
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_entry_says_what_is_wrong_and_what_to_write(entry, kind, message, hint):
    with pytest.raises(EntryError) as caught:
        parse_entry(entry)
    assert (caught.value.kind, str(caught.value), caught.value.hint) == (kind, message, hint)


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
    assert repr(trusted) == "TrustedNetworks(['10.0.0.0/8', '::1/128', 'unix:'])"


def test_an_empty_set_has_nobody():
    trusted = TrustedNetworks()
    assert pack("127.0.0.1") not in trusted
    assert pack("::1") not in trusted
    assert not trusted.unix
