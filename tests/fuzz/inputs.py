"""What a fuzzer's bytes mean, and what is asked of each input.

Inputs are text that can be read and written by hand. The first line is a letter for the site and
then the peer; each further line is a letter for the name of a header and then its value:

    B10.0.0.1
    A6.6.6.6, 203.0.113.9

A peer "!B" is the second of `PEERS`. Four control characters stand for much text, so that short
inputs reach the bounds of the readers.
"""

from pathlib import Path

from django_trustedproxy.engine.addresses import pack, parse_hop, unpack
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from tests import naive_decision
from tests.invariants import SITES, Case, check_decision, check_mounts, check_raw_names, site_of
from tests.rows import MISSING

HERE = Path(__file__).parent
FIRST = ord("A")
SITE_NAMES = tuple(SITES)
NAMES = tuple(
    dict.fromkeys(
        [
            *("X-Forwarded-For", "Forwarded", "X-Real-IP", "CloudFront-Viewer-Address"),
            *(
                names[0]
                for purpose, names in FORWARDING_HEADERS.items()
                if purpose not in ("client", "identity")
            ),
            *("X-Forwarded-SSL", "X-Client-IP", "Host", "Via"),
            *(name for names in FORWARDING_HEADERS.values() for name in names),
        ]
    )
)
PEERS = (MISSING, None, 0, b"10.0.0.1", ["10.0.0.1"], ("10.0.0.1", 1), 167772161, True)
MUCH = {
    "\x01": "10.0.0.2," * 50,
    "\x02": " " * 1020,
    "\x03": "x" * 16380,
    "\x04": ",for=10.0.0.2" * 50,
}


def letter(names, name):
    return chr(FIRST + names.index(name))


def pick(names, character):
    return names[(ord(character or "A") - FIRST) % len(names)]


def case_of(data):
    """Return the request that the bytes stand for."""
    first, *rest = data.decode("latin-1").split("\n")
    site, peer = pick(SITE_NAMES, first[:1]), first[1:]
    peer = pick(PEERS, peer[1:2]) if peer.startswith("!") else peer
    lines = [(pick(NAMES, line[:1]), expanded(line[1:])) for line in rest]
    return Case(site, peer, tuple(lines))


def expanded(text):
    for short, long in MUCH.items():
        # Twice is more than any bound; all of them would only be slow.
        text = text.replace(short, long, 2)
    return text


def bytes_of(site, peer, lines):
    """Return the bytes that stand for a request whose peer is text or one of `PEERS`."""
    peer = peer if isinstance(peer, str) else f"!{letter(PEERS, peer)}"
    text = [f"{letter(SITE_NAMES, site)}{peer}"]
    text += [f"{letter(NAMES, name)}{value}" for name, value in lines]
    return "\n".join(text).encode("latin-1")


def fuzz_address(data):
    """Any text as one entry: the address and port that the ipaddress module reads, or none."""
    text = data.decode("utf-8", "surrogateescape")
    hop, found = naive_decision.read_hop(text), parse_hop(text)
    is_address = isinstance(hop, naive_decision.Hop) and hop.address is not None
    expected = (str(hop.address), hop.port) if is_address else None
    assert (None if found is None else found[1:]) == expected, (text, found, expected)
    packed = pack(text)
    address = naive_decision.read_address(text)
    assert packed == (None if address is None else address.packed), (text, packed, address)
    if packed is None:
        return
    assert unpack(packed) == str(address), (text, unpack(packed))
    site = site_of(Case("list", text, ()))
    assert (packed in site.policy.networks) == site.trust.has(address), text


def fuzz_decision(data):
    """Any request: the engine against the naive oracle, and all that is promised of an answer."""
    check_decision(case_of(data))


def fuzz_mounts(data):
    """Any request: middleware and wrappers, sync and async, against the engine and each other."""
    case = case_of(data)
    check_mounts(case)
    names = [(line[:24], b"") for line in data.split(b"\n")[1:]]
    check_raw_names(case.site, case.peer, names)


TARGETS = {"address": fuzz_address, "decision": fuzz_decision, "mounts": fuzz_mounts}
