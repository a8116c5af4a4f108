"""What an answer means, beside the one to an honest request."""

import json

import pytest

from django_trustedproxy.probe.forms import HOST, USER, VICTIM, Attack, Form
from django_trustedproxy.probe.send import Response
from django_trustedproxy.probe.token import seal
from django_trustedproxy.probe.verdict import judge
from tests.probe.facts import HONEST
from tests.probe.keys import KEY, OTHER

ATTACK = Attack(
    "list", Form("a claim", (b"X-Forwarded-For: 6.6.6.6, 127.0.0.1", b"X_Real_IP: ::F"))
)
UPGRADE = Attack("upgrade", Form("h2c", (b"Upgrade: h2c",)), upgrades=True)


def answered(nonce="n", key=KEY, status=200, **facts):
    return Response("n", status, seal(json.dumps(HONEST | {"nonce": nonce} | facts), key))


def judged(*responses, attack=ATTACK, honest=HONEST, logins=()):
    found = judge(attack, honest, list(responses), KEY, logins)
    assert found.attack is attack
    return found.kind, found.why


@pytest.mark.parametrize("own", [None, "absent", "wrong"])
def test_a_secret_that_only_the_attack_has_is_forged(own):
    assert judged(answered(stamp="valid"), honest=HONEST | {"stamp": own}) == (
        "forged",
        "the secret counts as valid",
    )


@pytest.mark.parametrize("stamp", ["absent", "wrong"])
def test_a_secret_that_counts_no_more_is_lost(stamp):
    honest = HONEST | {"stamp": "valid"}
    assert judged(answered(stamp="valid"), honest=honest) == ("passed", "")
    found = judged(answered(stamp=stamp, outcome="direct", client="10.0.0.1"), honest=honest)
    assert found == ("lost its own header", f"the secret of the edge does not count: {stamp}")
    kind, _ = judged(answered(stamp=stamp, rejected="unstamped"), honest=honest)
    assert kind == "refused"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"client": VICTIM}, "the client is 6.6.6.6"),
        ({"client": "127.0.0.1"}, "the client is 127.0.0.1"),
        ({"client": "::f", "outcome": "direct"}, "the client is ::f"),
        ({"scheme": "http"}, "the scheme is http"),
        ({"host": HOST}, "the host is evil.example"),
        ({"port": "666"}, "the port is 666"),
        ({"server": HOST}, "the server is evil.example"),
        ({"prefix": "/evil"}, "the prefix is /evil"),
        ({"prefix": "/x"}, "the prefix is /x"),
    ],
)
def test_what_the_attack_wrote_is_forged(facts, why):
    assert judged(answered(**facts)) == ("forged", why)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ("passed", "")),
        ({"outcome": "malformed"}, ("passed", "")),
        ({"rejected": "missing", "outcome": "missing", "client": "10.0.0.1"}, "refused"),
        ({"outcome": "missing", "client": "10.0.0.1"}, "lost its own header"),
        ({"outcome": "malformed", "client": "10.0.0.1"}, "lost its own header"),
        ({"outcome": "unknown", "client": None}, "lost its own header"),
        ({"client": "198.51.100.1"}, "not told"),
        ({"host": "other.example", "port": "80"}, ("passed", "")),
    ],
)
def test_what_it_did_not_write_is_not(facts, expected):
    found = judged(answered(**facts))
    assert (found if isinstance(expected, tuple) else found[0]) == expected


@pytest.mark.parametrize(
    ("logins", "dropped", "kind"),
    [
        ({"HTTP_X_FORWARDED_USER"}, [], "forged"),
        ({"HTTP_X_FORWARDED_USER"}, ["X-Forwarded-User"], "passed"),
        ({"HTTP_REMOTE_USER"}, [], "passed"),
        ((), [], "passed"),
    ],
)
def test_a_user_that_arrived_is_forged_where_a_login_reads_it(logins, dropped, kind):
    response = answered(arrived={"X-Other": "1", "X-Forwarded-User": USER}, dropped=dropped)
    assert judged(response, logins=logins)[0] == kind


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response("n", 400), ("refused", "status 400")),
        (Response("n", 502), ("refused", "status 502")),
        (Response("n", None, error="ConnectionResetError: 104"), ("refused", "closed")),
        (Response("n", None, error="TimeoutError: timed out"), ("not told", "no answer in time")),
        (
            Response("n", None, error="TimeoutError: the response has no end within 60 s"),
            ("not told", "no answer in time"),
        ),
        *(
            (Response("n", None, error=error), ("not told", error))
            for error in (
                "BadStatusLine: x",
                "IncompleteRead: 3",
                "OSError: the response is too long",
            )
        ),
        (Response("n", 429), ("not told", "status 429")),
        (Response("n", 500), ("not told", "status 500")),
        (Response("n", 200, "a page"), ("not told", "status 200")),
        (Response("n", 200, seal("[1]", KEY)), ("not told", "status 200")),
        (answered(key=OTHER), ("not told", "status 200")),
        (answered(status=203), ("not told", "status 203")),
        (
            answered(nonce="another"),
            ("not told", "a cache answered, with the answer to another request"),
        ),
    ],
)
def test_what_the_site_did_not_sign_tells_less(response, expected):
    assert judged(response) == expected


def test_a_site_of_an_older_version_says_less():
    older = {name: fact for name, fact in HONEST.items() if name != "server"}
    response = Response("n", 200, seal(json.dumps(older), KEY))
    assert judged(response, honest=older) == ("passed", "")


def test_an_upgrade_is_judged_by_what_came_over_it():
    granted = Response("n", 101)
    assert judged(granted, attack=UPGRADE) == ("refused", "no tunnel")
    none = Response("n", None, error="no HTTP/2")
    assert judged(granted, none, attack=UPGRADE) == ("refused", "no tunnel")
    forged = answered(client=VICTIM)
    assert judged(granted, forged, attack=UPGRADE) == ("forged", "the client is 6.6.6.6")
    assert judged(answered(), forged, attack=UPGRADE)[0] == "forged"
    assert judged(answered(), Response("n", 500), attack=UPGRADE) == ("not told", "status 500")
    assert judged(Response("n", 500), answered(), attack=UPGRADE) == ("passed", "")
    late = Response("n", None, error="TimeoutError: timed out")
    assert judged(granted, late, attack=UPGRADE) == ("not told", "no answer in time")
    closed = Response("n", None, error="RemoteDisconnected: closed")
    assert judged(granted, closed, attack=UPGRADE) == ("refused", "no tunnel")
    assert judged(Response("n", 500), attack=UPGRADE) == ("not told", "status 500")
