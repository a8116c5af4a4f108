"""Tokens: whose are valid, for how long, for which site, and how many are looked at."""

import pytest
from django.core import signing

from django_trustedproxy.probe import token as module
from django_trustedproxy.probe.token import (
    MOST_A_SECOND,
    Verifier,
    issue,
    new_nonce,
    seal,
    strong_keys,
    unseal,
)
from tests.probe.keys import HOST, KEY, OTHER, token


class Clock:
    now = 1_700_000_000.0

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(signing, "time", found)
    monkeypatch.setattr(module, "time", found)
    return found


def verified(text):
    return Verifier(lambda: 0.0).verify(text)


def test_a_token_tells_its_nonce_and_the_key_that_signed_it():
    nonce = new_nonce()
    assert verified(issue(nonce, HOST.upper(), KEY)) == (nonce, KEY)


def test_two_nonces_are_never_the_same():
    assert len({new_nonce() for _ in range(100)}) == 100


def test_a_token_of_a_fallback_is_valid_and_one_of_a_weak_fallback_is_not(settings):
    settings.SECRET_KEY_FALLBACKS = [OTHER, "weak"]
    assert verified(token(OTHER)).key == OTHER
    assert verified(token("weak")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x" * 10_000,
        token(OTHER),
        token() + " ",
        f"{token()},{token()}",
        token()[:-1],
        token().replace("/", "//", 1),
        "\N{LATIN SMALL LETTER E WITH ACUTE}" + token()[1:],
        token(host="a b"),
        signing.TimestampSigner(key=KEY).sign(f"{'n' * 22}/{HOST}"),
    ],
)
def test_anything_else_is_not_valid_and_raises_nothing(text):
    assert verified(text) is None


@pytest.mark.parametrize(
    ("later", "is_valid"),
    [(0, True), (120, True), (121, False), (-120, True), (-121, False)],
)
def test_a_token_is_valid_for_two_minutes_also_of_a_clock_that_is_ahead(clock, later, is_valid):
    text = token()
    clock.now += later
    assert (verified(text) is not None) == is_valid


@pytest.mark.parametrize(
    ("host", "allowed", "is_valid"),
    [
        ("example.com", ["example.com"], True),
        ("example.com:8443", ["example.com"], True),
        ("www.example.com", [".example.com"], True),
        ("[::1]:8000", ["[::1]"], True),
        ("evil.example", ["example.com"], False),
        ("evil.example", ["*"], True),
        ("localhost:8000", [], True),
        ("shop.localhost:8000", [], True),
        ("127.0.0.1:8000", [], True),
        ("[::1]:8000", [], True),
        ("example.com", [], False),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_a_token_is_for_the_hosts_that_the_site_has(settings, host, allowed, is_valid, debug):
    settings.ALLOWED_HOSTS, settings.DEBUG = allowed, debug
    assert (verified(token(host=host)) is not None) == is_valid


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 60, f"django-insecure-{KEY}", KEY.encode(), "abcd" * 20]
)
def test_a_weak_key_verifies_nothing(settings, key):
    settings.SECRET_KEY_FALLBACKS = [KEY]
    settings.SECRET_KEY = key
    assert strong_keys() == []
    assert verified(token()) is None


def test_no_more_tokens_are_verified_in_a_second_than_a_probe_sends(monkeypatch):
    now, seen = [1000.0], []
    monkeypatch.setattr(module, "strong_keys", lambda: seen.append(1) or [KEY])
    verifier = Verifier(lambda: now[0])
    for _ in range(30):
        assert verifier.verify(token()) is not None
    assert verifier.verify(token()) is None
    now[0] = 1000.99
    # One that is wrong costs no more: it is counted before anything is computed.
    assert verifier.verify(token(OTHER)) is None
    assert len(seen) == 30
    now[0] = 1001.0
    assert verifier.verify(token(OTHER)) is None
    assert len(seen) == 31
    assert verifier.verify(token()) is not None


def test_room_is_made_by_the_oldest_token(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module, "strong_keys", lambda: [KEY])
    verifier = Verifier(lambda: now[0])
    assert verifier.verify(token()) is not None
    now[0] = 1000.5
    for _ in range(29):
        assert verifier.verify(token()) is not None
    now[0] = 1001.0
    assert verifier.verify(token()) is not None
    assert verifier.verify(token()) is None


def test_a_key_that_just_passes_djangos_check_is_strong(settings):
    settings.SECRET_KEY = "aBc7-" * 10
    assert strong_keys() == ["aBc7-" * 10]


def test_what_has_not_the_form_of_a_token_takes_no_room():
    verifier = Verifier(lambda: 0.0)
    for _ in range(2 * MOST_A_SECOND):
        assert verifier.verify("junk") is None
    assert verifier.verify(token()) is not None


def test_an_answer_is_known_by_its_key_and_is_no_token():
    sealed = seal("text", KEY)
    assert unseal(sealed, KEY) == "text"
    assert unseal(sealed, OTHER) is None
    assert unseal(sealed.replace("text", "test"), KEY) is None
    assert unseal("", KEY) is None
    assert unseal(token(), KEY) is None
