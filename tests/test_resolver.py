"""The decision's outcomes, what its cache may tell, and what its modules may import."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
from django.test import override_settings
from hypothesis import event, given, settings
from hypothesis import strategies as st

from django_trustedproxy import entries
from django_trustedproxy.conf import get_policy
from django_trustedproxy.networks import TrustedNetworks
from django_trustedproxy.policy import OUTCOMES, REJECTABLE, Policy
from django_trustedproxy.resolver import LONGEST_TAIL, _meet, _read, _read_tail, resolve

TRUSTED = ["10.0.0.0/8", "fd00::/8", "unix:"]
HEADERS = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CloudFront-Viewer-Address"]
POLICIES = {
    name: Policy.build(TrustedNetworks.parse(TRUSTED), ["HTTP_" + name.upper().replace("-", "_")])
    for name in HEADERS
}


def test_a_policy_reads_and_keeps_x_forwarded_for_and_does_not_change():
    policy = Policy.build(TrustedNetworks())
    assert (policy.header, policy.keep_header) == ("HTTP_X_FORWARDED_FOR", True)
    with pytest.raises(FrozenInstanceError):
        policy.keep_header = False


def test_every_outcome_but_the_good_one_can_be_rejected():
    assert set(OUTCOMES) - set(REJECTABLE) == {"forwarded"}


@pytest.mark.slow
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
        *(",for=10.0.0.2" * 18, ",10.0.0.2" * 27, "," * 250, "\\" * 255, '"' * 40, "x" * 400),
    ]
)


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.sampled_from(HEADERS), st.lists(BITS, max_size=25).map("".join))
def test_the_tail_of_a_header_tells_what_the_whole_header_tells(header, value):
    policy = POLICIES[header]
    is_cut = len(value) > LONGEST_TAIL
    told = _read_tail(policy, "10.0.0.1", value[-LONGEST_TAIL:], is_cut)
    whole = _read(policy, "10.0.0.1", value)
    assert told == whole or (told is None and is_cut)
    if value:
        assert resolve(policy, "10.0.0.1", {policy.header: value}.get) == whole
    event(f"{header} is {'cut' if told is None else 'told'}")


def test_the_tail_tells_where_the_walk_ends_in_it():
    policy = POLICIES["X-Forwarded-For"]
    tail = ("6.6.6.6, " * LONGEST_TAIL + "203.0.113.9, 10.0.0.2")[-LONGEST_TAIL:]
    is_cut = True
    told = _read_tail(policy, "10.0.0.1", tail, is_cut)
    assert (told.client, told.proxies) == ("203.0.113.9", ("10.0.0.2", "10.0.0.1"))
    assert _read_tail(policy, "10.0.0.1", "3.0.113.9, 10.0.0.2", is_cut) is None


def test_an_element_left_of_the_answer_is_not_parsed(monkeypatch):
    parsed = []
    parse = vars(entries)["_parse_element"]
    monkeypatch.setattr(entries, "_parse_element", lambda text: parsed.append(text) or parse(text))
    policy = POLICIES["Forwarded"]
    value = "for=1.1.1.1;evil=" + "x" * LONGEST_TAIL + ", for=6.6.6.6"
    assert resolve(policy, "10.0.0.1", {policy.header: value}.get).client == "6.6.6.6"
    assert parsed == ["for=6.6.6.6"]


def test_the_caches_keep_no_policy_after_a_setting_has_changed():
    with override_settings(TRUSTED_PROXIES=["10.0.0.0/8"]):
        policy = get_policy()
        resolve(policy, "10.0.0.1", {policy.header: "6.6.6.6"}.get)
        assert [cache.cache_info().currsize for cache in (_meet, _read_tail)] == [1, 1]
    assert [cache.cache_info().currsize for cache in (_meet, _read_tail)] == [0, 0]
