"""What the log and `explain` say of a request besides who the client is."""

import logging
import re

import pytest
from django.test import override_settings

from django_trustedproxy.conf import get_policy
from django_trustedproxy.engine.answer import Answer
from django_trustedproxy.engine.purposes import meta_name
from django_trustedproxy.explanation import explain, sentence
from tests.command import ask
from tests.logged import text_of
from tests.requests import CLIENT

PROXY = "10.0.0.9"
SCHEME, PROTO = "TRUSTED_PROXY_SCHEME_HEADER", "X-Forwarded-Proto"
REDIRECT = {"SECURE_SSL_REDIRECT": True}
LOOP = ", so Django sees http, and SECURE_SSL_REDIRECT redirects every request in a loop."

# Each way of getting a redirect loop: settings, peer, headers, and what is said.
LOOPS = {
    "the proxy sends nothing": (
        {SCHEME: PROTO},
        PROXY,
        {},
        f"The trusted proxy {PROXY} sent no {PROTO}, which {SCHEME} names{LOOP} Have the proxy set it.",
    ),
    "the proxy sends a synonym": (
        {SCHEME: PROTO},
        PROXY,
        {"X-Forwarded-SSL": "on"},
        f"The trusted proxy {PROXY} sent no {PROTO}, which {SCHEME} names{LOOP} It sent "
        f"X-Forwarded-SSL: if the proxy sets it, name it in {SCHEME}.",
    ),
    "a synonym is named": (
        {SCHEME: "X-Forwarded-SSL"},
        PROXY,
        {PROTO: "https"},
        f"The trusted proxy {PROXY} sent no X-Forwarded-SSL, which {SCHEME} names{LOOP} It sent "
        f"{PROTO}: if the proxy sets it, name it in {SCHEME}.",
    ),
    "nobody reads it": (
        {},
        PROXY,
        {PROTO: "https"},
        f"The trusted proxy {PROXY} says https in {PROTO}, and nothing reads it{LOOP} If the proxy "
        f'sets {PROTO} itself, write {SCHEME} = "{PROTO}".',
    ),
    "the proxy is not listed": (
        {SCHEME: PROTO},
        "172.18.0.2",
        {PROTO: "https"},
        f"The peer 172.18.0.2 is not in TRUSTED_PROXIES, so it is the client, and X-Forwarded-For, "
        f'{PROTO} were dropped. If it is your own proxy, add "172.18.0.2" to TRUSTED_PROXIES',
    ),
}

# The rest: settings, peer, headers, and what is said, a line each.
SAID = {
    "Django's own setting": (
        {**REDIRECT, "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        PROXY,
        {},
        [
            f"The trusted proxy {PROXY} sent no {PROTO}, which SECURE_PROXY_SSL_HEADER names{LOOP} Have "
            "the proxy set it."
        ],
    ),
    "the scheme is of no consequence": (
        {SCHEME: PROTO},
        PROXY,
        {},
        [
            f"The trusted proxy {PROXY} sent no {PROTO}, which {SCHEME} names, so the scheme stays as it is. "
            "Have the proxy set it."
        ],
    ),
    "secure cookies": (
        {"CSRF_COOKIE_SECURE": True},
        PROXY,
        {PROTO: "https"},
        [
            f"The trusted proxy {PROXY} says https in {PROTO}, and nothing reads it, so Django sees http, "
            f'although CSRF_COOKIE_SECURE is for https. If the proxy sets {PROTO} itself, write {SCHEME} = "'
            f'{PROTO}".'
        ],
    ),
    "the scheme in Forwarded": (
        {"TRUSTED_PROXY_HEADER": "Forwarded", SCHEME: "Forwarded"},
        PROXY,
        {"Forwarded": f"for={CLIENT}"},
        [
            f"The trusted proxy {PROXY} sent no proto in Forwarded, which {SCHEME} names, so the scheme stays "
            "as it is. Have the proxy set it."
        ],
    ),
    "a host under another name": (
        {"TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host"},
        PROXY,
        {"X-Original-Host": "example.com"},
        [
            f"The trusted proxy {PROXY} sent no X-Forwarded-Host, which TRUSTED_PROXY_HOST_HEADER names, so "
            "the host stays as it is. It sent X-Original-Host: if the proxy sets it, name it in "
            "TRUSTED_PROXY_HOST_HEADER."
        ],
    ),
    "a host that nothing reads": (
        {"ALLOWED_HOSTS": ["example.com"]},
        PROXY,
        {"Host": "app:8000", "X-Forwarded-Host": "example.com"},
        [
            f"The trusted proxy {PROXY} passed the host 'example.com' in X-Forwarded-Host, which nothing "
            "reads, and 'app:8000' in Host, which ALLOWED_HOSTS does not have. Have the proxy pass Host "
            'unchanged, or, if it sets X-Forwarded-Host itself, write TRUSTED_PROXY_HOST_HEADER = "X-Forwarded-Host".'
        ],
    ),
    "values that differ": (
        {SCHEME: PROTO},
        PROXY,
        {PROTO: "https, http"},
        [
            f"{PROTO} from the trusted proxy {PROXY} is malformed: its values differ, and a client may "
            "have written one of them. It came as 'https, http'. Have the proxy set it."
        ],
    ),
    "a value of no form, escaped and cut": (
        {SCHEME: PROTO},
        PROXY,
        {PROTO: "\x1b[31m" + "x" * 200},
        [
            f"{PROTO} from the trusted proxy {PROXY} is malformed: it is not a scheme. It came as "
            f"'\\x1b[31m{'x' * 19}...{'x' * 28}'. Have the proxy set it."
        ],
    ),
    "a parameter of no form": (
        {"TRUSTED_PROXY_HEADER": "Forwarded", SCHEME: "Forwarded"},
        PROXY,
        {"Forwarded": f"for={CLIENT};proto=quic"},
        [
            f"Forwarded from the trusted proxy {PROXY} is malformed: its values differ, or one has the wrong "
            f"form. It came as 'for={CLIENT};proto=quic'. Have the proxy set it."
        ],
    ),
    "a scheme that the browser contradicts": (
        {SCHEME: PROTO},
        PROXY,
        {
            "Host": "example.com",
            "X-Forwarded-For": f"{CLIENT}, 10.0.0.5",
            PROTO: "http",
            "Origin": "https://example.com",
        },
        [
            f"{PROTO} from the trusted proxy {PROXY} says http, but the browser's Origin is "
            f"'https://example.com'. {PROXY} probably overwrites what 10.0.0.5 sent. Have it pass {PROTO} on."
        ],
    ),
}

# What says http between two proxies, and the Host and Origin beside it.
OVERWRITTEN = {
    "in capitals": ({SCHEME: PROTO}, {PROTO: "HTTP"}, "Example.COM", "https://example.com"),
    "a flag": (
        {SCHEME: "X-Forwarded-SSL"},
        {"X-Forwarded-SSL": "off"},
        "example.com",
        "https://example.com",
    ),
    "Django's own setting": (
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        {PROTO: "http"},
        "example.com",
        "https://example.com",
    ),
    "a port of the inner proxy": (
        {SCHEME: PROTO},
        {PROTO: "http"},
        "example.com:8084",
        "https://example.com",
    ),
    "a port of the site": (
        {SCHEME: PROTO},
        {PROTO: "http"},
        "example.com:8443",
        "https://example.com:8443",
    ),
    "IPv6": ({SCHEME: PROTO}, {PROTO: "http"}, "[2001:db8::1]", "https://[2001:db8::1]"),
}


@pytest.mark.parametrize("case", OVERWRITTEN)
def test_a_scheme_that_an_inner_proxy_overwrites_is_told_and_nothing_is_believed(case, hear):
    settings, said, host, origin = OVERWRITTEN[case]
    way = {"X-Forwarded-For": f"{CLIENT}, 10.0.0.5", "Host": host, "Origin": origin}
    with override_settings(**settings):
        (record,) = hear(PROXY, **way, **said)
    assert record.kind == "scheme-contradicted"
    assert f"says http, but the browser's Origin is {origin!r}" in record.getMessage()
    assert f"{PROXY} probably overwrites what 10.0.0.5 sent." in record.getMessage()
    before = {"REMOTE_ADDR": PROXY, "wsgi.url_scheme": "http"}
    before |= {meta_name(name): text for name, text in {**way, **said}.items()}
    with override_settings(**settings):
        found = explain(get_policy(), ["10.0.0.0/8"], before)
    assert [remark.kind for remark in found.remarks] == ["scheme-contradicted"]
    assert found.after["wsgi.url_scheme"] == "http"


# What is in order: nothing is said.
SILENT = {
    "a scheme that is read": ({**REDIRECT, SCHEME: PROTO}, {PROTO: "https"}),
    "http, and nobody reads it": (REDIRECT, {PROTO: "http"}),
    "https, and nothing asks for it": ({}, {PROTO: "https"}),
    "a host that is passed twice": (
        {"ALLOWED_HOSTS": ["example.com"]},
        {"Host": "example.com", "X-Forwarded-Host": "example.com"},
    ),
    "a host that no setting knows": (
        {"ALLOWED_HOSTS": ["example.com"]},
        {"Host": "app:8000", "X-Forwarded-Host": "evil.example"},
    ),
    "a host that Django reads where there is one": ({"USE_X_FORWARDED_HOST": True}, {}),
    "Django's own setting, and nothing asks for https": (
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        {},
    ),
    "one proxy that the browser contradicts": (
        {SCHEME: PROTO},
        {"Host": "example.com", PROTO: "http", "Origin": "https://example.com"},
    ),
    "https, and the browser says so": (
        {SCHEME: PROTO},
        {
            "Host": "example.com",
            "X-Forwarded-For": f"{CLIENT}, 10.0.0.5",
            PROTO: "https",
            "Origin": "https://example.com",
        },
    ),
    **{
        f"the origin {origin}": (
            {SCHEME: PROTO},
            {
                "Host": host,
                "X-Forwarded-For": f"{CLIENT}, 10.0.0.5",
                PROTO: "http",
                "Origin": origin,
            },
        )
        for host, origin in (
            ("example.com", "http://example.com"),
            ("example.com", "https://example.com:8443"),
            ("example.com", "null"),
            ("example.com", ""),
            ("example.com", "https://example.com/<script>"),
            ("exa mple.com", "https://exa mple.com"),
            ("", "https://"),
        )
    },
    "another origin": (
        {SCHEME: PROTO},
        {
            "Host": "example.com",
            "X-Forwarded-For": f"{CLIENT}, 10.0.0.5",
            PROTO: "http",
            "Origin": "https://other.example",
        },
    ),
}


def explained(settings, peer, headers):
    """Return the lines of `explain` that are no part of the way and the change."""
    arguments = [f"{name}: {value}" for name, value in {"Accept": "*/*", **headers}.items()]
    lines = ask(
        "explain",
        *("--peer", peer),
        *(part for argument in arguments for part in ("--header", argument)),
        **settings,
    ).splitlines()
    return [line for line in lines if re.match(r"[A-Z\w-]+ from |The |[a-z]+: ", line)]


@pytest.mark.parametrize("way", LOOPS)
def test_a_redirect_loop_is_told_by_the_log_and_by_explain(way, hear):
    settings, peer, headers, line = LOOPS[way]
    settings = {SCHEME: None, **REDIRECT, **settings}
    headers = {"X-Forwarded-For": CLIENT, **headers}
    assert any(line in said for said in explained(settings, peer, headers))
    with override_settings(**settings):
        (record,) = hear(peer, **headers)
    assert record.levelno == logging.WARNING
    assert line in record.getMessage()


@pytest.mark.parametrize("case", SAID)
def test_a_proxy_that_does_not_say_what_it_should_is_told(case, hear):
    settings, peer, headers, lines = SAID[case]
    first = {} if "Forwarded" in headers else {"X-Forwarded-For": CLIENT}
    headers = {**first, **headers}
    assert explained(settings, peer, headers)[:-1] == lines
    with override_settings(**settings):
        records = hear(peer, **headers)
    tail = " (Logged once per day and network.)"
    assert [text_of(r) for r in records] == [f"django-trustedproxy: {line}{tail}" for line in lines]
    assert {r.levelno for r in records} == {logging.WARNING}


@pytest.mark.parametrize("case", SILENT)
def test_what_is_in_order_is_not_told(case, hear):
    settings, headers = SILENT[case]
    headers = {"X-Forwarded-For": CLIENT, **headers}
    assert len(explained(settings, PROXY, headers)) == 1
    with override_settings(**settings):
        assert hear(PROXY, **headers) == []


def test_a_health_check_is_not_asked_for_headers(hear):
    with override_settings(**{SCHEME: PROTO, **REDIRECT}):
        (record,) = hear(PROXY)
    assert record.kind == "missing"


def test_a_proxy_that_sends_no_client_is_told_of_its_scheme_all_the_same(hear):
    with override_settings(**REDIRECT):
        records = hear(PROXY, **{PROTO: "https"})
    assert [(r.kind, r.levelno) for r in records] == [
        ("missing", logging.INFO),
        ("scheme-unread", logging.WARNING),
    ]


def test_a_connection_with_tls_is_no_loop(hear):
    with override_settings(**REDIRECT):
        assert (
            hear(PROXY, {"wsgi.url_scheme": "https"}, **{"X-Forwarded-For": CLIENT, PROTO: "https"})
            == []
        )


OF_ITS_OWN = (
    "But {0} is in TRUSTED_PROXIES too: each entry of X-Forwarded-For is one of your own proxies. "
)
ALL_TRUSTED = OF_ITS_OWN + (
    "Either the request was sent from {0}, as a test or a health check on the proxy's own host is, or a proxy "
    "replaced X-Forwarded-For instead of appending to it."
)
HELD_ANOTHER = OF_ITS_OWN + (
    "A proxy probably replaced X-Forwarded-For instead of appending to it: {1}, which was dropped, has "
    "{2}, unless a client wrote that."
)
OWN_HOST = (
    "The trusted {0} is also an entry of X-Forwarded-For: two of your proxies share that address, or the "
    "request was sent from the proxy's own host. What is sent from there is believed, even with a forged "
    "X-Forwarded-For. Test from another host."
)
MAYBE = "If {0} is a proxy of your own, add it to TRUSTED_PROXIES."

# Settings, peer, header, and what is said of the client: kind, level, sentence.
CLIENTS = {
    "curl on the proxy's own host": (
        ["127.0.0.1"],
        "127.0.0.1",
        "127.0.0.1",
        [("all-trusted", logging.INFO, ALL_TRUSTED.format("127.0.0.1"))],
    ),
    "curl there, with a forged header": (
        ["loopback"],
        "127.0.0.1",
        "6.6.6.6, 127.0.0.1",
        [("own-host", logging.INFO, OWN_HOST.format("127.0.0.1"))],
    ),
    "a proxy in the middle that replaces the header": (
        ["172.18.0.4", "172.18.0.1"],
        "172.18.0.4",
        "172.18.0.1",
        [("all-trusted", logging.WARNING, ALL_TRUSTED.format("172.18.0.1"))],
    ),
    "a service in the proxies' own network": (
        ["10.0.0.0/8"],
        PROXY,
        "10.1.2.3",
        [("all-trusted", logging.INFO, ALL_TRUSTED.format("10.1.2.3"))],
    ),
    "three proxies listed one by one": (
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        "10.0.0.1",
        "10.0.0.3, 10.0.0.2",
        [("all-trusted", logging.WARNING, ALL_TRUSTED.format("10.0.0.3"))],
    ),
    "a proxy that is not listed": (
        [PROXY],
        PROXY,
        f"{CLIENT}, 10.0.0.2",
        [("maybe-proxy", logging.WARNING, MAYBE.format("10.0.0.2"))],
    ),
    "a client in an intranet": (
        ["127.0.0.1"],
        "127.0.0.1",
        "192.168.1.50",
        [("maybe-proxy", logging.INFO, MAYBE.format("192.168.1.50"))],
    ),
    "a client of the public": ([PROXY], PROXY, f"6.6.6.6, {CLIENT}", []),
}


@pytest.mark.parametrize("case", CLIENTS)
def test_a_client_that_may_be_a_proxy_is_told(case, hear):
    proxies, peer, header, said = CLIENTS[case]
    with override_settings(TRUSTED_PROXIES=proxies):
        records = hear(peer, **{"X-Forwarded-For": header})
        (line,) = explained({"TRUSTED_PROXIES": proxies}, peer, {"X-Forwarded-For": header})
    assert [(r.kind, r.levelno) for r in records] == [(kind, level) for kind, level, _ in said]
    for record, (_, _, text) in zip(records, said, strict=True):
        assert text in record.getMessage()
        assert text in line


# Client header that is dropped: its name, its text, and the address that it has, if it is a client's.
OTHER_HEADERS = {
    "X-Real-IP": ("X-Real-IP", CLIENT, CLIENT),
    "Forwarded": ("Forwarded", f"for={CLIENT}, for=10.0.0.5", CLIENT),
    "a proxy's own": ("X-Real-IP", "10.1.2.3", None),
    "no address": ("X-Real-IP", "<script>", None),
    "nothing": ("X-Real-IP", "", None),
    "two values": ("X-Real-IP", f"{CLIENT}, {CLIENT}", None),
}


@pytest.mark.parametrize("case", OTHER_HEADERS)
def test_a_header_that_was_dropped_tells_of_a_proxy_that_replaces(case, hear):
    name, text, address = OTHER_HEADERS[case]
    headers = {"X-Forwarded-For": "10.1.2.3", name: text}
    said = HELD_ANOTHER if address else ALL_TRUSTED
    (record,) = hear(PROXY, **headers)
    assert record.kind == "all-trusted"
    assert record.levelno == (logging.WARNING if address else logging.INFO)
    (line,) = explained({}, PROXY, headers)
    for each in (record.getMessage(), line):
        assert said.format("10.1.2.3", name, address) in each
        assert "add" not in each
        assert "script" not in each


@pytest.mark.parametrize("proxies", [["127.0.0.1"], ["10.0.0.0/8"]], ids=["own", "network"])
@pytest.mark.parametrize(
    ("more", "is_debug", "level"),
    [
        ({}, False, logging.INFO),
        ({"Accept-Language": "en"}, False, logging.WARNING),
        ({"Cookie": "sessionid=1"}, False, logging.WARNING),
        ({"Accept-Language": "en"}, True, logging.INFO),
    ],
)
def test_nobody_browses_on_a_proxy_but_a_developer(proxies, more, is_debug, level, hear):
    peer, client = ("127.0.0.1",) * 2 if proxies == ["127.0.0.1"] else (PROXY, "10.1.2.3")
    with override_settings(TRUSTED_PROXIES=proxies, DEBUG=is_debug):
        (record,) = hear(peer, **{"X-Forwarded-For": client}, **more)
    assert (record.kind, record.levelno) == ("all-trusted", level)


# Outcome in TRUSTED_PROXY_REJECT, peer, headers, what is said, and what is not.
REJECTED = {
    "direct": (
        "192.0.2.1",
        {"X-Forwarded-For": CLIENT},
        "The peer 192.0.2.1 is not in TRUSTED_PROXIES, so the request is answered with 400 "
        '(TRUSTED_PROXY_REJECT names "direct"), and X-Forwarded-For was dropped.',
    ),
    "missing": (
        PROXY,
        {},
        f"The peer {PROXY} is a trusted proxy but sent no X-Forwarded-For, so the request is answered with 400 "
        '(TRUSTED_PROXY_REJECT names "missing").',
    ),
    "malformed": (
        PROXY,
        {"X-Forwarded-For": "unknown"},
        ', so the request is answered with 400 (TRUSTED_PROXY_REJECT names "malformed").',
    ),
}


@pytest.mark.parametrize("outcome", REJECTED)
def test_a_rejected_request_is_told_as_such(outcome, hear):
    peer, headers, text = REJECTED[outcome]
    settings = {"TRUSTED_PROXY_REJECT": [outcome]}
    (line,) = explained(settings, peer, headers)
    with override_settings(**settings):
        (record,) = hear(peer, **headers)
    assert record.levelno == logging.WARNING
    for said in (line, record.getMessage()):
        assert text in said
        assert not re.search("stays|is the client|stands for the client", said)


def test_a_request_that_a_malformed_scheme_rejects_is_told_as_such(hear):
    settings = {"TRUSTED_PROXY_REJECT": ["malformed"], SCHEME: PROTO}
    answered = 'The request is answered with 400 (TRUSTED_PROXY_REJECT names "malformed").'
    with override_settings(**settings):
        (record,) = hear(PROXY, **{"X-Forwarded-For": CLIENT, PROTO: "maybe"})
    assert answered in record.getMessage()
    # A missing header alone is not rejected, so it is no reason.
    lines = explained(settings, PROXY, {PROTO: "maybe"})
    assert lines[-1].startswith(
        f"missing: The peer {PROXY} is a trusted proxy but sent no X-Forwarded-For; the request is answered"
    )
    lines = explained(settings, PROXY, {"X-Forwarded-For": CLIENT, PROTO: "maybe"})
    assert lines[-1].endswith(answered)


# The peer as the server reported it, and what is said.
PEERS = {
    "10.0.0.1:8000": (
        "The server reported '10.0.0.1:8000' as the peer. That has a port in it and is not an address, so "
        "nobody is trusted. Have it report 10.0.0.1 without the port."
    ),
    "[fd00::1]:8000": (
        "The server reported '[fd00::1]:8000' as the peer. That has a port in it and is not an address, so "
        "nobody is trusted. Have it report fd00::1 without the port."
    ),
    "6.6.6.6, 203.0.113.9": (
        "The server reported '6.6.6.6, 203.0.113.9' as the peer, which is not an address, so nobody is "
        "trusted. Have it report the address that connected; an adapter or a middleware may have put a header "
        "there."
    ),
}


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_that_is_no_address_is_shown_as_what_it_is(peer, hear):
    (line,) = explained({}, peer, {"X-Forwarded-For": CLIENT})
    assert line.endswith(PEERS[peer])
    (record,) = hear(peer, **{"X-Forwarded-For": CLIENT})
    assert PEERS[peer] in record.getMessage()
    assert record.kind == "unknown"


def test_a_peer_that_the_server_did_not_report_is_told():
    said = sentence(Answer(None, None, outcome="unknown"))
    assert said == (
        "The server reported no address for the peer, so nobody is trusted. A connection that the client has "
        "closed already can look like this."
    )
