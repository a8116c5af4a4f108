"""Properties of the decision: what holds for every request."""

import ipaddress
import subprocess
import sys

from hypothesis import event, given, settings
from hypothesis import strategies as st

from django_trustedproxy.meta import rewrite
from django_trustedproxy.networks import TrustedNetworks, pack, unpack
from django_trustedproxy.policy import OUTCOMES, REJECTABLE, Policy
from django_trustedproxy.resolver import LONGEST_TAIL, MAX_HOPS, _read, _read_tail, resolve

TRUSTED = ["10.0.0.0/8", "fd00::/8", "unix:"]
HEADERS = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP"]
POLICIES = {
    name: Policy.build(TrustedNetworks.parse(TRUSTED), ["HTTP_" + name.upper().replace("-", "_")])
    for name in HEADERS
}

PROXY = st.one_of(st.ip_addresses(network="10.0.0.0/8"), st.ip_addresses(network="fd00::/8")).map(
    str
)
STRANGER = (
    st.ip_addresses()
    .map(lambda a: unpack(pack(str(a))))
    .filter(  # uWSGI reports a Unix socket as 0.0.0.0
        lambda text: text != "0.0.0.0" and pack(text) not in POLICIES["Forwarded"].networks
    )
)
# Text as attackers write it, and as fuzzers do.
HOSTILE = st.one_of(
    st.text(st.characters(codec="latin-1"), max_size=80),
    st.text('0123456789.:,; "\\[]=forunix%', max_size=120),
    st.lists(st.one_of(PROXY, STRANGER, st.just("unix:"), st.text(max_size=5)), max_size=6).map(
        ", ".join
    ),
)
PEER = st.one_of(
    PROXY,
    STRANGER,
    st.none(),
    st.integers(),
    st.binary(),
    st.text(max_size=12),
    st.just(""),
    st.just("unix:"),
)


def as_list(node):
    return f"[{node}]:443" if ":" in node else f"{node}:443"


def as_element(node):
    return f'for="{as_list(node)}";proto=https;by=_me'


@given(st.sampled_from(HEADERS[:2]), STRANGER, st.lists(PROXY, min_size=1, max_size=5), HOSTILE)
def test_the_client_is_the_last_sender_that_is_no_proxy(header, client, proxies, prefix):
    write = as_element if header == "Forwarded" else as_list
    *inner, peer = proxies
    value = ", ".join([prefix, *map(write, [client, *inner])])
    policy = POLICIES[header]
    resolution = resolve(policy, peer, {policy.header: value}.get)
    assert resolution[:6] == (peer, client, tuple(proxies), "forwarded", header, 443)


@given(st.sampled_from(HEADERS), PEER, HOSTILE)
def test_an_answer_is_canonical_and_the_peer_or_a_part_of_the_header(header, peer, value):
    policy = POLICIES[header]
    resolution = resolve(policy, peer, {policy.header: value}.get)
    assert resolution.outcome in OUTCOMES
    if resolution.client is not None:
        assert str(ipaddress.ip_address(resolution.client)) == resolution.client
        assert resolution.client == resolution.peer or resolution.proxies
    assert len(resolution.proxies) <= MAX_HOPS
    if resolution.proxies:
        assert resolution.proxies[-1] == resolution.peer
        assert all(p == "unix:" or pack(p) in policy.networks for p in resolution.proxies)


@given(st.sampled_from(HEADERS), PROXY, HOSTILE)
def test_feeding_the_answer_back_to_the_peer_changes_nothing(header, peer, value):
    policy = POLICIES[header]
    first = {"REMOTE_ADDR": peer, policy.header: value}
    before = rewrite(first, policy)
    again = {"REMOTE_ADDR": peer, **{k: v for k, v in first.items() if k.startswith("HTTP_")}}
    after = rewrite(again, policy)
    if before.proxies:
        assert (after.client, after.proxies, after.outcome) == (
            before.client,
            before.proxies,
            "forwarded",
        )
    else:
        assert (after.client, after.proxies, after.outcome) == (before.client, (), "missing")
    changing = {"REMOTE_PORT", "trusted_proxy"}
    assert {k: v for k, v in again.items() if k not in changing} == {
        k: v for k, v in first.items() if k not in changing
    }


@given(
    st.sampled_from(HEADERS),
    st.one_of(STRANGER, st.integers(), st.text("evil/", min_size=1)),
    st.lists(st.tuples(st.sampled_from(sorted(POLICIES["Forwarded"].dropped_if_direct)), HOSTILE)),
)
def test_forwarding_headers_of_an_untrusted_peer_change_nothing(header, peer, forged):
    plain = {"REMOTE_ADDR": peer, "HTTP_HOST": "testserver"}
    hostile = {**plain, **dict(forged)}
    answer = rewrite(hostile, POLICIES[header])
    assert answer._replace(dropped=()) == rewrite(plain, POLICIES[header])
    assert set(answer.dropped) == {key for key, _ in forged}
    assert hostile.pop("trusted_proxy") == answer
    plain.pop("trusted_proxy")
    assert hostile == plain


def test_every_outcome_but_the_good_one_can_be_rejected():
    assert set(OUTCOMES) - set(REJECTABLE) == {"forwarded"}


def test_the_pure_modules_do_not_import_django():
    program = (
        "import sys, django_trustedproxy.meta, django_trustedproxy.neighbours\n"
        "print(sorted(m for m in sys.modules if m.partition('.')[0] in ('django', 'asgiref')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# Bits of a header, so that the cut falls into entries, quotes, quoted pairs and blanks.
BITS = st.sampled_from(
    [
        *("10.0.0.2", "fd00::2", "unix:", "6.6.6.6", "6", "unknown", ",", ", ", ",,", " " * 30),
        *("for=10.0.0.2", 'for="[fd00::2]"', "for=6.6.6.6", "for=", ";", '"', '\\"', "\\", "=,"),
        *(",for=10.0.0.2" * 9, ",10.0.0.2" * 13, "," * 120, "\\" * 127, '"' * 40, "x" * 200),
    ]
)


@settings(max_examples=1000)
@given(st.sampled_from(HEADERS), st.lists(BITS, max_size=25).map("".join))
def test_the_tail_of_a_header_tells_what_the_whole_header_tells(header, value):
    policy = POLICIES[header]
    tail = value[-LONGEST_TAIL:]
    told = _read_tail(policy, "10.0.0.1", tail, len(value) > LONGEST_TAIL)
    assert told in (None, _read(policy, "10.0.0.1", value))
    assert told is not None or len(value) > LONGEST_TAIL
    event(f"{header} is {'cut' if told is None else 'told'}")
