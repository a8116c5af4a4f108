"""The requests that the references are asked, as a product of data: the same ones in each run."""

from itertools import chain, product
from typing import NamedTuple

# The addresses that requests come from; the last is the first one over a dual-stack socket.
PEERS = ("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1")

NOBODY = ()
ONE = ("127.0.0.1",)
WIDE = ("127.0.0.0/8", "::1", "10.0.0.0/8", "fd00::/8")
IPV6_PEER = ("::1", "10.0.0.0/8")
SOMEBODY = (ONE, WIDE, IPV6_PEER)

FORWARDED_FOR, REAL_IP, CLIENT_IP = "X-Forwarded-For", "X-Real-IP", "X-Client-IP"
SINGLE = (REAL_IP, CLIENT_IP)


class Question(NamedTuple):
    """A request, and the configuration under which it is asked who the client is.

    `trusted` are addresses and networks of proxies, `designated` the headers that may name the
    client, `headers` the lines of the request as pairs.
    """

    peer: str
    trusted: tuple[str, ...]
    designated: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]

    def value(self, header, blanks=" \t"):
        """Return the text of a header, its lines trimmed and joined as a server does, or None."""
        lines = [text.strip(blanks) for name, text in self.headers if name == header]
        return ", ".join(lines) if lines else None


# What may stand where an address is expected.
ENTRIES = (
    *("1.1.1.1", "10.0.0.3", "127.0.0.1", "2001:db8::1", "fd00::3", "192.168.0.1"),
    # Addresses in other spellings
    *("2001:DB8:0:0::1", "FD00:0::3", "::ffff:1.1.1.1", "::ffff:10.0.0.3", "::1.2.3.4"),
    # Addresses that hold another one
    *("64:ff9b::a00:3", "2002:a00:3::1", "2001::f5ff:fffc"),
    # Ports and brackets
    *("1.1.1.1:80", "10.0.0.3:80", "[2001:db8::1]:80", "[fd00::3]:80"),
    *("[2001:db8::1]", "[fd00::3]", "1.1.1.1:0", "1.1.1.1:", "1.1.1.1:000080", "[1.1.1.1]:80"),
    # What a resolver takes for an address
    *("127.1", "10.3", "0x01010101", "167772163", "012.0.0.3", "10.0.0.010"),
    # What nothing takes for an address
    *("evil.invalid", "<script>", "10.0.0.256", '"1.1.1.1"', "for=1.1.1.1", "unix:", "_hidden"),
    *("1.1.1.1\xff", "1.1.1.1;x", "1.1.1.1/32", "fe80::1%lo", "1.1.1.1 10.0.0.3"),
    # Nothing at all, more than anybody writes, and blanks without end
    *("", ", ".join(["10.0.0.4"] * 101), f"10.0.0.3{' ' * 1100}", "\t1.1.1.1\t"),
)
# What a client wrote further left, and what the proxies further right: None is a line of its own.
LEFT = ("", "6.6.6.6, ")
RIGHT = ("", ", 10.0.0.2", ", 9.9.9.9", ",", None)


def forwarded_for(left, entry, right):
    """Return the lines of an X-Forwarded-For with an entry in its middle."""
    if right is None:
        return ((FORWARDED_FOR, left + entry), (FORWARDED_FOR, "10.0.0.2"))
    return ((FORWARDED_FOR, left + entry + right),)


CHAINS = tuple(forwarded_for(*parts) for parts in product(LEFT, ENTRIES, RIGHT))
# X-Forwarded-For alone, for everybody who reads it.
ABOUT_CHAINS = tuple(
    Question(peer, trusted, (FORWARDED_FOR,), headers)
    for trusted, peer in product(SOMEBODY, PEERS)
    for headers in CHAINS
)
ABOUT_NOBODY = tuple(
    Question(peer, NOBODY, (FORWARDED_FOR,), forwarded_for(left, entry, ""))
    for peer, left, entry in product(PEERS, LEFT, ENTRIES)
)

# A header with one address, in one line and in two.
ABOUT_SINGLES = tuple(
    Question(peer, trusted, (header,), headers)
    for trusted, peer, header in product((NOBODY, *SOMEBODY), PEERS, SINGLE)
    for headers in (
        *(((header, entry),) for entry in ENTRIES),
        ((header, "6.6.6.6"), (header, "1.1.1.1")),
        ((header, "6.6.6.6, 10.0.0.3"),),
    )
)

# The three headers in all companies, one of them designated, or two.
_PRESENT = {FORWARDED_FOR: "6.6.6.6, 1.1.1.1, 10.0.0.2", REAL_IP: "2.2.2.2", CLIENT_IP: "3.3.3.3"}
_COMPANIES = tuple(
    tuple(pair for pair, is_there in zip(_PRESENT.items(), there, strict=True) if is_there)
    for there in product((False, True), repeat=3)
)
_DESIGNATIONS = (
    *((header,) for header in _PRESENT),
    *((FORWARDED_FOR, REAL_IP), (REAL_IP, FORWARDED_FOR), (REAL_IP, CLIENT_IP)),
)
ABOUT_COMPANY = tuple(
    Question(peer, trusted, designated, headers)
    for trusted, peer, designated, headers in product(
        (NOBODY, *SOMEBODY), PEERS, _DESIGNATIONS, _COMPANIES
    )
)

# Headers beside the three: other names for the client, and other purposes.
OTHER_CLIENT_HEADERS = {
    "True-Client-IP": "4.4.4.4",
    "CF-Connecting-IP": "4.4.4.4",
    "X-Cluster-Client-IP": "4.4.4.4",
    "Forwarded": "for=4.4.4.4",
}
OTHER_PURPOSES = {
    "X-Forwarded-Host": "evil.invalid",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "666",
    "X-Script-Name": "/evil",
}
BYSTANDERS = OTHER_CLIENT_HEADERS | OTHER_PURPOSES
ABOUT_BYSTANDERS = tuple(
    Question(peer, trusted, (header,), (bystander, *others))
    for trusted, peer, header, bystander in product(SOMEBODY, PEERS, _PRESENT, BYSTANDERS.items())
    for others in ((), tuple(_PRESENT.items()))
)

FOR_MOD_WSGI = tuple(
    dict.fromkeys(chain(ABOUT_CHAINS, ABOUT_NOBODY, ABOUT_SINGLES, ABOUT_COMPANY, ABOUT_BYSTANDERS))
)
# Of other servers only the address is compared, and of their settings only one header.
FOR_WALKS = (*ABOUT_CHAINS, *ABOUT_NOBODY)
