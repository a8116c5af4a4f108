"""Requests as hypothesis draws them: honest chains of proxies, and whatever a client may write."""

import ipaddress

from hypothesis import strategies as st

from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from tests.invariants import SITES, Case
from tests.rows import MISSING

PROXIES = st.one_of(st.ip_addresses(network="10.0.0.0/8"), st.ip_addresses(network="fd00::/8"))
TRUSTED = [ipaddress.ip_network(network) for network in ("10.0.0.0/8", "fd00::/8")]
STRANGERS = (
    st.ip_addresses()
    .map(lambda a: getattr(a, "ipv4_mapped", None) or a)
    .filter(  # uWSGI reports a Unix socket as 0.0.0.0
        lambda a: int(a) and not any(a in network for network in TRUSTED)
    )
)
UNIX = "unix:"

# Text as fuzzers write it, as attackers do, and as a list of what proxies write.
JUNK = st.one_of(
    st.text(st.characters(codec="latin-1"), max_size=80),
    st.text('0123456789.:,; "\\[]=forunixphst%', max_size=120),
    st.lists(
        st.one_of(
            PROXIES.map(str),
            STRANGERS.map(str),
            st.sampled_from(
                [
                    UNIX,
                    "",
                    "unknown",
                    "_hidden",
                    "fe80::1%eth0",
                    "for=10.0.0.1",
                    'for="[fd00::1]:1"',
                ]
            ),
            st.text('0af.:," ;=', max_size=6),
        ),
        max_size=8,
    ).map(", ".join),
    st.builds(
        lambda text, times: f"{text}," * times,
        st.text("1.0,:f ", max_size=12),
        st.integers(95, 120),
    ),
    st.builds(
        lambda text, times: text * times,
        st.sampled_from([" ", "x", '"', '\\"', ";", ","]),
        st.integers(1000, 1050),
    ),
)


@st.composite
def spellings(draw, address, *, has_port=True):
    """Draw one way in which a proxy may write an address."""
    texts = [str(address)]
    if address.version == 4:
        texts += [f"::ffff:{address}", f"::FFFF:{int(address) >> 16:X}:{int(address) & 0xFFFF:x}"]
    else:
        texts += [address.exploded, address.exploded.upper(), str(address).upper()]
    text = draw(st.sampled_from(texts))
    if ":" in text and draw(st.booleans()):
        text = f"[{text}]"
    if has_port and (":" not in text or text.startswith("[")) and draw(st.booleans()):
        text = f"{text}:{draw(st.integers(1, 65535))}"
    return text


@st.composite
def list_entries(draw, sender):
    """Draw what a proxy appends to X-Forwarded-For about who connected to it."""
    return sender if sender == UNIX else draw(spellings(sender))


@st.composite
def elements(draw, sender):
    """Draw what a proxy appends to Forwarded about who connected to it."""
    node = draw(list_entries(sender))
    # Some proxies write addresses with colons unquoted.
    value = draw(st.sampled_from([f'"{node}"', node]))
    name = draw(st.sampled_from(["for", "For", "FOR"]))
    others = [
        pair
        for pair in (
            "proto=https",
            "by=_me",
            'by="[fd00::9]:1"',
            'host="a,b;for=6.6.6.6"',
            'x="\\""',
        )
        if draw(st.booleans())
    ]
    pairs = draw(st.permutations([f"{name}={value}", *others]))
    return draw(st.sampled_from([";", "; ", " ;"])).join(pairs)


WRITERS = {"X-Forwarded-For": list_entries, "Forwarded": elements}


@st.composite
def honest_chains(draw, header):
    """Draw a request and the way that it really took: the client and the trusted proxies.

    The client connects to the first proxy, each proxy to the next, the last to the server, and each
    appends to the header who connected to it, on the same line or on one of its own. Before that the
    client writes what it likes, which may be all that an untrusted proxy of its own wrote.
    """
    client = draw(STRANGERS)
    proxies = draw(st.lists(PROXIES, min_size=1, max_size=5))
    inner = [UNIX if draw(st.integers(0, 9)) == 0 else proxy for proxy in proxies[:-1]]
    senders = [client, *inner]
    lines = draw(st.lists(JUNK, max_size=3))
    for sender in senders:
        entry = draw(WRITERS[header](sender))
        if lines and draw(st.booleans()):
            lines[-1] += draw(st.sampled_from([",", ", ", " , ", ",\t", ",,"])) + entry
        else:
            lines.append(entry)
    case = Case(
        "forwarded" if header == "Forwarded" else "unix",
        draw(spellings(proxies[-1], has_port=False)).strip("[]"),
        tuple((header, line) for line in lines),
    )
    return case, str(client), tuple(map(str, [*inner, proxies[-1]]))


# Every type that servers, test clients and careless wrappers put into REMOTE_ADDR.
PEERS = st.one_of(
    PROXIES.map(str),
    STRANGERS.map(str),
    PROXIES.flatmap(lambda proxy: spellings(proxy, has_port=False)),
    st.sampled_from(
        [
            MISSING,
            None,
            "",
            UNIX,
            "localhost",
            "0.0.0.0",
            "::ffff:10.0.0.1",
            "fd00::1%eth0",
            "10.0.0.1 ",
        ]
    ),
    st.integers(),
    st.binary(max_size=16),
    st.lists(st.just("10.0.0.1"), max_size=2),
    st.tuples(st.just("10.0.0.1"), st.integers()),
    st.floats(),
    st.text(max_size=90),
)

NAMES = [name for names in FORWARDING_HEADERS.values() for name in names]
NAMES += ["HTTP-X-Forwarded-User", "HTTP-Remote-User"]
SAID = st.one_of(
    JUNK,
    st.text("htps,:/.[]a1-= ", max_size=30),
    st.lists(
        st.sampled_from(
            [
                "https",
                "HTTP",
                "wss",
                "on",
                "0",
                "a.example",
                "a.example:80",
                "[fd00::1]:443",
                "[::1",
                "443",
                "0443",
                "65536",
                "/app",
                "/a/",
                "//evil",
                "/a/../b",
                "/",
                "javascript",
            ]
        ),
        max_size=3,
    ).map(", ".join),
)
LINES = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(
                ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CloudFront-Viewer-Address"]
            ),
            st.sampled_from(NAMES),
            st.sampled_from(["Host", "User-Agent", "X-Forwarded-Four", "Via"]),
        ),
        SAID,
    ),
    max_size=6,
).map(tuple)
CASES = st.builds(Case, st.sampled_from(sorted(SITES)), PEERS, LINES)
FORGED = st.lists(st.tuples(st.sampled_from(NAMES), SAID), min_size=1, max_size=6).map(tuple)
