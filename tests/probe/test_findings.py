"""What is only wrong: each finding has its setting, and trusts no more than one address."""

import re

import pytest

from django_trustedproxy.pages import SITE
from django_trustedproxy.probe.findings import LEVELS, findings_of
from django_trustedproxy.probe.forms import Attack, Form
from django_trustedproxy.probe.report import Report
from django_trustedproxy.probe.run import Door, Settings
from django_trustedproxy.probe.send import parse_target
from django_trustedproxy.probe.verdict import Verdict
from tests.probe.facts import HONEST

DIGEST = "d"
SETTINGS = Settings("key", None, DIGEST)
TARGET = parse_target("https://example.com")


def found(
    verdicts=(), *, url="https://example.com", is_origin=False, with_settings=SETTINGS, **facts
):
    honest = HONEST | {"client": "8.8.4.4", "policy": DIGEST, "header": "X-Forwarded-For"} | facts
    door = Door(
        url, is_origin, honest, tuple(verdicts), "", "192.0.2.1", facts.get("to", "8.8.8.8")
    )
    return findings_of(door, parse_target(url), with_settings)


def only(findings):
    (finding,) = findings
    return finding


def test_a_site_in_order_has_no_finding():
    assert found() == []


@pytest.mark.parametrize("peer", ["10.0.0.9", "unix:"])
def test_a_proxy_that_is_not_listed_is_to_be_listed_itself(peer):
    finding = only(found(outcome="direct", peer=peer, client="10.0.0.9", proxies=[], scheme="http"))
    assert finding.level == "wrong"
    assert finding.lines == (
        f'settings.py: if {peer} is your proxy, add "{peer}" to TRUSTED_PROXIES',
    )


def test_a_client_that_connects_itself_is_right():
    assert found(outcome="direct", peer="192.0.2.1", client="192.0.2.1") == []


def test_a_proxy_that_the_site_does_not_see_is_told_by_what_it_sent():
    arrived = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    seen = {"outcome": "direct", "peer": "192.0.2.1", "client": "192.0.2.1"}
    finding = only(found(**seen, arrived=arrived))
    assert finding.text.startswith(
        "The peer is 192.0.2.1, this machine, but X-Forwarded-For, X-Forwarded-Proto arrived, which"
    )
    assert finding.lines[0] == "uvicorn: --no-proxy-headers"


@pytest.mark.parametrize("text", ["192.0.2.1, 10.0.0.7", 'for="192.0.2.1";proto=https'])
def test_a_client_in_front_of_which_this_machine_stands_may_be_a_proxy(text):
    finding = only(found(client="8.8.4.7", arrived={"X-Forwarded-For": text}))
    assert "The client is 8.8.4.7, but 192.0.2.1, this machine, stands in the" in finding.text
    assert finding.lines == (
        'settings.py: if 8.8.4.7 is your proxy, add "8.8.4.7" to TRUSTED_PROXIES',
    )
    assert found(client="8.8.4.7", arrived={"X-Forwarded-For": "192.0.2.11"}) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("X-Forwarded-Host", "X-Forwarded-Host $host"),
        ("X-Forwarded-Port", "X-Forwarded-Port $server_port"),
        ("X-Forwarded-Server", 'X-Forwarded-Server ""'),
        ("X-Scheme", "X-Scheme $scheme"),
        ("X-Real-IP", "X-Real-IP $remote_addr"),
        ("Forwarded", 'Forwarded "for=$remote_addr"'),
        ("X-Our-Client", "X-Our-Client $remote_addr"),
        ("X-Our-Scheme", "X-Our-Scheme $scheme"),
    ],
)
def test_the_header_that_was_believed_has_its_line(name, line):
    own = SETTINGS._replace(own=(("client", "X-Our-Client"), ("scheme", "X-Our-Scheme")))
    forged = verdict("header", f"{name} alone", "forged", "the host is evil.example")
    assert only(found([forged], with_settings=own)).lines[0] == f"nginx: proxy_set_header {line};"


@pytest.mark.parametrize("arrived", [{}, {"X-Forwarded-For": "192.0.2.1, 10.0.0.8"}])
def test_one_more_proxy_behind_the_secret_is_listed_with_it(arrived):
    finding = only(found(client="10.0.0.8", stamp="valid", arrived=arrived))
    assert finding.lines == (
        'settings.py: if 10.0.0.8 is your proxy, add "10.0.0.8" to TRUSTED_PROXIES_WITH_SECRET',
    )


def test_what_nobody_can_tell_is_neither_good_nor_the_end():
    unknown = Door("https://origin", is_origin=True, honest=None, unknown="It answered with 404.")
    report = Report(((unknown, findings_of(unknown, TARGET, SETTINGS)),))
    assert [text for _, text in report.lines()] == [
        "Origin https://origin",
        "  NOT TOLD: It answered with 404.",
        "No attack worked. Not everything was tried.",
    ]
    assert (report.is_forged, report.is_complete) == (False, False)


def test_a_peer_without_an_address_is_told():
    assert only(found(outcome="unknown", client=None)).text.startswith("The server reports no")


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (
            {"outcome": "missing"},
            "The proxy 10.0.0.1 sent no X-Forwarded-For that can be read. It sent no header about "
            "the client. Or it is this machine, as the site sees it: then run the probe on another "
            "one.",
        ),
        (
            {"outcome": "missing", "peer": "unix:", "arrived": {"X-Real-IP": "1", "X-Host": "2"}},
            "The proxy on the Unix socket sent no X-Forwarded-For that can be read. It sent "
            "X-Real-IP.",
        ),
        (
            {"outcome": "malformed", "arrived": {"X-Forwarded-For": "unknown"}},
            "The proxy 10.0.0.1 sent no X-Forwarded-For that can be read. It sent X-Forwarded-For.",
        ),
    ],
)
def test_a_header_that_is_missing_is_told_with_what_came(facts, text):
    finding = only(found(client="10.0.0.1", **facts))
    assert finding.text == text
    if "arrived" in facts:
        assert "TRUSTED_PROXY_HEADER" in finding.lines[0]
    else:
        assert finding.lines == (
            "nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        )


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        (
            {"scheme": "http", "arrived": {"X-Forwarded-Ssl": "on", "X-Forwarded-SSL": "on"}},
            ('settings.py: TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-SSL"',),
        ),
        (
            {"scheme": "http"},
            (
                "proxy: set X-Forwarded-Proto on every request",
                'settings.py: and only then, TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"',
            ),
        ),
        (
            {"host": "127.0.0.1:8000", "arrived": {"X-Forwarded-Host": "Example.com"}},
            ('settings.py: TRUSTED_PROXY_HOST_HEADER = "X-Forwarded-Host"',),
        ),
        (
            {"host": "127.0.0.1:8000"},
            (
                "proxy: pass on the Host that was asked for; nginx: proxy_set_header Host $http_host;",
            ),
        ),
    ],
)
def test_what_differs_from_the_url_is_told_with_its_setting(facts, lines):
    finding = only(found(**facts))
    assert finding.level == "wrong"
    assert finding.lines == lines
    assert "in the URL" in finding.text


def test_a_host_is_compared_without_regard_to_case():
    assert found(host="EXAMPLE.com") == []


def test_a_private_client_of_a_public_site_may_be_a_proxy():
    finding = only(found(client="10.0.0.8"))
    assert finding.lines == (
        'settings.py: if 10.0.0.8 is your proxy, add "10.0.0.8" to TRUSTED_PROXIES',
    )
    assert found(client="10.0.0.8", to="10.0.0.1") == []
    assert found(client="fe80::1", to="fe80::2%eth0") == []


def test_other_settings_and_a_rejected_site_are_told():
    assert "other settings than this command" in only(found(policy="other")).text
    assert "is answered with 400" in only(found(rejected="malformed")).text


def test_an_origin_is_locked_by_a_line():
    direct = only(found(is_origin=True, outcome="direct", scheme="http", host="other"))
    assert direct.level == "good"
    assert direct.lines[0] == 'settings.py: TRUSTED_PROXY_REJECT = ["direct"]'
    behind = only(found(is_origin=True, outcome="forwarded"))
    assert (behind.level, behind.lines) == (
        "wrong",
        ("or a firewall that lets only your proxies in",),
    )
    assert only(found(is_origin=True, outcome="direct", rejected="direct")).lines == ()


def verdict(group, name, kind, why):
    return Verdict(Attack(group, Form(name)), kind, why)


def test_what_was_forged_comes_first_and_what_explains_more_is_told_once():
    verdicts = [
        *(
            verdict("header", f"{each} alone", "forged", "the client is 6.6.6.6")
            for each in "abcdefg"
        ),
        verdict("client", "every client header", "forged", "the client is 6.6.6.6"),
        verdict("purposes", "every other", "forged", "the scheme is http"),
        verdict("connection", "named", "lost its own header", "outcome missing"),
        verdict("list", "a byte", "not told", "status 500"),
        verdict("list", "commas", "passed", ""),
    ]
    findings = found(verdicts, scheme="http", arrived={"X-Forwarded-Proto": "https"})
    assert [finding.level for finding in findings] == [
        "forged",
        "forged",
        "lost",
        "wrong",
        "not told",
    ]
    assert [finding.level for finding in findings] == sorted(
        (finding.level for finding in findings), key=LEVELS.index
    )
    alone, scheme, lost, _, untold = findings
    assert alone.text.startswith("each header alone: a alone (the client is 6.6.6.6); b alone")
    assert "; and 2 more. A header that no proxy of yours sets" in alone.text
    assert scheme.text.startswith("scheme, host, port and prefix: every other (the scheme is http)")
    assert lost.lines[0] == 'settings.py: TRUSTED_PROXY_REJECT = ["missing", "malformed"]'
    assert untold.lines == ()
    assert all(re.fullmatch(rf"{SITE}\w+\.html#[\w-]+", finding.link) for finding in findings)


def test_a_report_is_forged_if_one_door_is():
    closed = Door("https://origin", is_origin=True, honest=None, closed="refused")
    report = Report(((closed, findings_of(closed, TARGET, SETTINGS)),))
    assert not report.is_forged
    assert [text for _, text in report.lines()] == [
        "Origin https://origin",
        "  GOOD: closed to everybody but your proxies, if the address and port are right: refused.",
        "No attack worked.",
    ]
    front = Door("https://a", is_origin=False, honest=HONEST)
    assert [text for _, text in Report(((front, []),)).lines()][1] == (
        "  GOOD: nothing is forged, and nothing else is wrong."
    )


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        ("absent", "an honest request came without X-Edge-Secret, so it"),
        ("wrong", "an honest request has in X-Edge-Secret none of TRUSTED_PROXY_SECRETS, or more"),
    ],
)
def test_an_edge_that_sends_no_secret_is_to_send_it_and_not_to_be_listed(stamp, text):
    settings = SETTINGS._replace(stamps=("X-Edge-Secret",))
    finding = only(found(stamp=stamp, outcome="direct", peer="10.0.0.9", with_settings=settings))
    assert (finding.level, finding.text.startswith("The front door is not stamped: ")) == (
        "wrong",
        True,
    )
    assert text in finding.text
    assert finding.lines == (
        "edge: send one of TRUSTED_PROXY_SECRETS in X-Edge-Secret with every request",
        'nginx: proxy_set_header X-Edge-Secret "the secret";',
    )
    assert "the header of TRUSTED_PROXY_SECRET_HEADER" in only(found(stamp=stamp)).text


def test_a_proxy_behind_the_secret_is_listed_with_it():
    finding = only(found(outcome="direct", peer="10.0.0.9", stamp="valid"))
    assert finding.lines == (
        'settings.py: if 10.0.0.9 is your proxy, add "10.0.0.9" to TRUSTED_PROXIES_WITH_SECRET',
    )


def test_an_origin_that_answers_without_a_secret_is_locked_by_it():
    direct = only(found(is_origin=True, outcome="direct", stamp="absent"))
    assert direct.lines[:2] == (
        'settings.py: TRUSTED_PROXY_REJECT = ["unstamped"]',
        'settings.py: TRUSTED_PROXY_REJECT = ["direct"]',
    )
    locked = only(found(is_origin=True, outcome="direct", stamp="absent", rejected="unstamped"))
    assert (locked.level, locked.lines) == ("good", ())
