"""The decision's outcomes, what it keeps and reads, and what its modules may import."""

import itertools
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from django_trustedproxy.engine import hops
from django_trustedproxy.engine.answer import OUTCOMES, REJECTABLE, Answer
from django_trustedproxy.engine.decision import decide, fold, read_steps, walk
from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.engine.policy import Designation, Policy
from django_trustedproxy.engine.purposes import meta_name

TRUSTED = ["10.0.0.0/8", "fd00::/8", "unix:"]
HEADERS = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CloudFront-Viewer-Address"]
POLICIES = {
    name: Policy.build(TrustedNetworks.parse(TRUSTED), [meta_name(name)]) for name in HEADERS
}


def test_a_policy_reads_and_keeps_x_forwarded_for_and_does_not_change():
    policy = Policy.build(TrustedNetworks())
    assert (policy.header, policy.keep_header) == ("HTTP_X_FORWARDED_FOR", True)
    with pytest.raises(FrozenInstanceError):
        policy.keep_header = False


def test_a_policy_answers_no_probe_unless_it_is_told_to():
    assert Policy.build(TrustedNetworks()).is_probed is False


@pytest.mark.parametrize(
    ("entries", "is_nobody"), [([], True), (["unix:"], False), (["10.0.0.0/8"], False)]
)
def test_a_policy_tells_whether_it_trusts_nobody(entries, is_nobody):
    assert Policy.build(TrustedNetworks.parse(entries)).trusts_nobody is is_nobody


def test_an_answer_about_a_peer_alone_is_direct():
    answer = Answer("203.0.113.9", "203.0.113.9")
    assert (answer.outcome, bool(answer)) == ("direct", False)


def test_every_outcome_but_the_good_one_can_be_rejected():
    assert set(OUTCOMES) - set(REJECTABLE) == {"forwarded"}


@pytest.mark.slow
def test_the_pure_modules_do_not_import_django():
    program = (
        "import sys, django_trustedproxy, django_trustedproxy.engine.decision\n"
        "print(sorted(m for m in sys.modules if m.partition('.')[0] in ('django', 'asgiref')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# Bits of a header, so that one address alone and lists of every kind come up.
BITS = st.sampled_from(
    [
        *(
            "10.0.0.2",
            "fd00::2",
            "unix:",
            "6.6.6.6",
            "2001:db8::6",
            "6",
            "unknown",
            ":80",
            "[",
            "]",
        ),
        *(",", ", ", ",,", " " * 30, "for=10.0.0.2", 'for="[fd00::2]"', "for=6.6.6.6", ";", '"'),
    ]
)


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.sampled_from(HEADERS), st.lists(BITS, min_size=1, max_size=6).map("".join))
def test_one_address_is_told_as_the_walk_tells_it(header, value):
    policy = POLICIES[header]
    answer = decide(policy, "10.0.0.1", {policy.header: value})
    told = fold("10.0.0.1", walk(policy.networks, policy.form.read(value)))
    assert (answer.client, answer.proxies, answer.outcome, answer.client_port) == told
    event(f"{header} is {answer.outcome}")


def test_an_element_left_of_the_answer_is_not_parsed(monkeypatch):
    parsed = []
    parse = vars(hops)["_parse_element"]
    monkeypatch.setattr(hops, "_parse_element", lambda text: parsed.append(text) or parse(text))
    policy = POLICIES["Forwarded"]
    value = "for=1.1.1.1;evil=x, for=6.6.6.6"
    assert decide(policy, "10.0.0.1", {policy.header: value}).client == "6.6.6.6"
    assert parsed == ["for=6.6.6.6"]


def test_a_policy_keeps_trusted_peers_alone_and_at_most_256():
    policy = Policy.build(TrustedNetworks.parse(TRUSTED))
    for number in range(300):
        client = {policy.header: f"203.0.113.{number % 256}"}
        decide(policy, f"192.0.2.{number % 256}", client)
        decide(policy, f"10.0.{number // 256}.{number % 256}", client)
    assert len(policy.peers) == 256
    assert {text.rpartition(".")[0] for text in policy.peers} == {"10.0.0"}
    answer = decide(policy, "10.0.1.43", {policy.header: "203.0.113.9"})
    assert (answer.client, answer.proxies) == ("203.0.113.9", ("10.0.1.43",))


def test_a_peer_has_one_spelling_whether_it_is_remembered_or_not():
    policy = POLICIES["X-Forwarded-For"]
    for _, peer in itertools.product(range(2), ("::ffff:10.0.0.1", "10.0.0.1", "fd00:0::1%eth0")):
        answer = decide(policy, peer, {})
        assert answer.peer in ("10.0.0.1", "fd00::1")
        assert answer.outcome == "missing"


def test_a_long_list_is_not_read_from_the_middle_of_a_hop():
    policy = POLICIES["X-Forwarded-For"]
    # The last 128 characters, which are looked at first, begin with "3.0.113.9", or have one hop.
    for text, told in (
        ("203.0.113.9," + " " * 110 + "10.0.0.2", ("203.0.113.9", "forwarded")),
        ("a" + " " * 130 + "6.6.6.6", ("10.0.0.1", "malformed")),
        (" " * 130 + "203.0.113.9", ("203.0.113.9", "forwarded")),
    ):
        answer = decide(policy, "10.0.0.1", {"HTTP_X_FORWARDED_FOR": text})
        assert (answer.client, answer.outcome) == told
    assert ("203.0.113.9," + " " * 110 + "10.0.0.2")[-128:].startswith("3.0.113.9")


def test_what_the_server_reported_is_kept_if_it_is_no_address():
    policy = POLICIES["X-Forwarded-For"]
    for reported, kept in (("192.0.2.1", None), ("", None), (None, None), ("a:1", "a:1"), (7, "7")):
        assert decide(policy, reported, {}).reported == kept


@pytest.mark.parametrize(
    ("scheme", "host", "expected"),
    [
        ("https", "example.com:443", "example.com"),
        ("https", "example.com:80", "example.com:80"),
        ("http", "example.com:80", "example.com"),
        ("http", "example.com:443", "example.com:443"),
        ("", "example.com:80", "example.com"),
    ],
)
def test_a_default_port_is_that_of_the_connection_where_no_scheme_is_designated(
    scheme, host, expected
):
    designated = [Designation("host", "HTTP_X_FORWARDED_HOST", is_written=True)]
    policy = Policy.build(TrustedNetworks.parse(TRUSTED), designations=designated)
    stated = {"HTTP_X_FORWARDED_HOST": host}
    for meta, given_scheme in (
        ({**stated, "wsgi.url_scheme": scheme}, ""),
        (stated, scheme),
        ({**stated, "wsgi.url_scheme": "other"}, scheme or "http"),
    ):
        answer = decide(policy, "10.0.0.1", meta, given_scheme)
        assert answer.stated("host") == expected


def test_the_steps_of_a_walk_have_their_verdicts():
    networks = TrustedNetworks.parse(TRUSTED)
    verdicts = [step[1] for step in walk(networks, ["unix:", "10.0.0.2", "", "6.6.6.6", "1.1.1.1"])]
    assert verdicts == ["trusted proxy", "trusted proxy", "empty", "client"]
    # A second proxy that only the secret makes trusted is the client.
    shared = TrustedNetworks.parse(["198.51.100.0/24"])
    policy = replace(Policy.build(networks | shared), own=networks)
    steps = read_steps(policy, "10.0.0.1", ["198.51.100.1", "198.51.100.2", "6.6.6.6"])
    assert [step[1] for step in steps] == ["trusted proxy", "client"]


def test_a_statement_that_cannot_be_believed_is_rejected_as_malformed():
    designated = [Designation("scheme", "HTTP_X_FORWARDED_PROTO", is_written=True)]
    networks = TrustedNetworks.parse(TRUSTED)
    policy = Policy.build(networks, designations=designated, reject=["malformed"])
    headers = {"HTTP_X_FORWARDED_FOR": "203.0.113.9", "HTTP_X_FORWARDED_PROTO": "http, https"}
    assert policy.rejects(decide(policy, "10.0.0.1", headers), "/") == "malformed"
