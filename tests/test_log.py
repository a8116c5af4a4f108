"""What the log tells of the first requests, as a server or a middleware before ours would leave them."""

import asyncio
import logging
import random
import re

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from uvicorn.middleware.wsgi import WSGIMiddleware

from django_trustedproxy import counts, log, wsgi
from django_trustedproxy.asgi import TrustedProxy, rewrite_scope
from django_trustedproxy.conf import get_policy
from django_trustedproxy.environ import rewrite
from django_trustedproxy.limiter import DAY, MOST_COUNTED, MOST_LINES, MOST_TOLD
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.pages import SITE
from tests.logged import REWRITING, text_of
from tests.requests import CLIENT, scope_of
from tests.seven import SEVEN, meta_of
from tests.steps import steps

CHANGED = f"changed REMOTE_ADDR from '10.0.0.1' to '{CLIENT}' before"
SPEAKER = "django-trustedproxy: "
ONCE = " (Logged once per day and network.)"


@pytest.fixture
def serve(caplog):
    """Send requests through one middleware, and return the warnings of its log."""
    middleware = TrustedProxyMiddleware(lambda _: HttpResponse())

    def send(**meta):
        caplog.clear()
        middleware(RequestFactory().get("/", **{"REMOTE_ADDR": "10.0.0.1", **meta}))
        return messages(caplog)

    return send


def messages(caplog):
    records = [r for r in caplog.records if r.name == "django_trustedproxy"]
    return [text_of(r).removeprefix(SPEAKER) for r in records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("mark", "original"),
    [
        ("werkzeug.proxy_fix.orig", {"REMOTE_ADDR": "10.0.0.1"}),
        ("werkzeug.proxy_fix.orig_remote_addr", "10.0.0.1"),
        ("wsgi_cloudflare_proxy_fix.orig", {"REMOTE_ADDR": "10.0.0.1"}),
    ],
)
def test_the_mark_of_a_wrapper_that_changed_the_address_is_told_once(serve, mark, original):
    (message,) = serve(REMOTE_ADDR=CLIENT, **{mark: original})
    assert message == (
        f"A wrapper {CHANGED} Django saw the request (it left {mark!r}). Remove it: TRUSTED_PROXIES "
        "decides."
    )
    assert serve(REMOTE_ADDR=CLIENT, **{mark: original}) == []


@pytest.mark.parametrize("original", [{"REMOTE_ADDR": "10.0.0.1"}, {}, None])
def test_the_mark_of_a_wrapper_that_changed_nothing_is_not(serve, original):
    assert serve(**{"werkzeug.proxy_fix.orig": original}) == []


def test_a_middleware_that_changed_the_address_before_ours_is_told_once(caplog):
    chain = [
        REWRITING,
        "django_trustedproxy.middleware.TrustedProxyMiddleware",
    ]
    with override_settings(MIDDLEWARE=chain):
        client = Client()
        for _ in range(2):
            client.get("/echo", REMOTE_ADDR="10.0.0.1")
    assert messages(caplog) == [
        f"A middleware {CHANGED} TrustedProxyMiddleware. Put TrustedProxyMiddleware first in "
        "MIDDLEWARE, and remove the other."
    ]


def asgi_request(client, meta_address, header):
    headers = [("x-forwarded-for", header)] if header else []
    scope = scope_of(*headers, client=client)
    request = ASGIRequest(scope, None)
    if meta_address:
        request.META["REMOTE_ADDR"] = meta_address
    return request


async def respond(_):
    return HttpResponse()


@pytest.mark.parametrize(
    ("client", "meta_address", "header", "kind"),
    [
        # uvicorn took the client from the header, and left the header in place
        ((CLIENT, 0), None, f"6.6.6.6, {CLIENT}", "server"),
        ((CLIENT, "0"), None, CLIENT, "server"),
        # An earlier middleware changed META; the scope still knows the peer
        (("10.0.0.1", 4711), CLIENT, CLIENT, "middleware"),
        # Near misses
        ((CLIENT, 4711), None, CLIENT, None),
        (("", "0"), None, None, None),
        (("0.0.0.0", "0"), None, "0.0.0.0", None),
        (("10.0.0.1", 0), None, CLIENT, None),
        (("3.0.113.9", 0), None, CLIENT, None),
        (("10.0.0.1", 0), None, None, None),
        (None, None, CLIENT, None),
    ],
)
def test_a_server_that_took_the_address_from_the_header_is_told(
    caplog, client, meta_address, header, kind
):
    middleware = TrustedProxyMiddleware(respond)
    asyncio.run(middleware(asgi_request(client, meta_address, header)))
    found = [r.kind for r in caplog.records if r.name == "django_trustedproxy"]
    assert [kind for kind in found if kind in ("server", "middleware")] == ([kind] if kind else [])
    # Nobody is invited to trust a client's address.
    assert not kind or f'add "{CLIENT}"' not in caplog.text


def test_a_peer_that_is_no_text_is_told_as_what_it_is(serve):
    (message,) = serve(REMOTE_ADDR=0, REMOTE_PORT=0, HTTP_X_FORWARDED_FOR="0")
    assert message.startswith("The server reported '0' as the peer, which is not an address")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_waitress_that_removes_the_header_is_told(serve, header):
    with override_settings(TRUSTED_PROXY_HEADER=header):
        assert serve(SERVER_SOFTWARE="waitress") == [
            f"waitress removes {header} before Django sees it. Run it with "
            f"--no-clear-untrusted-proxy-headers.{ONCE}"
        ]


@pytest.mark.parametrize(
    "meta",
    [
        {"HTTP_X_FORWARDED_FOR": CLIENT},
        {"REMOTE_ADDR": CLIENT},
        {"SERVER_SOFTWARE": "gunicorn"},
    ],
)
def test_waitress_with_the_header_or_a_direct_client_is_not(serve, meta):
    assert serve(**{"SERVER_SOFTWARE": "waitress", **meta}) == []


def test_waitress_does_not_remove_headers_with_one_address(serve):
    with override_settings(TRUSTED_PROXY_HEADER="X-Real-IP"):
        assert serve(SERVER_SOFTWARE="waitress") == []


GATEWAY = {"requestContext": {"http": {"sourceIp": CLIENT}}}
REST = {"requestContext": {"identity": {"sourceIp": CLIENT}}}
BALANCER = {"requestContext": {"elb": {}}, "headers": {"x-forwarded-for": f"6.6.6.6, {CLIENT}"}}
BALANCER_MULTI = {
    "requestContext": {"elb": {}},
    "multiValueHeaders": {"x-forwarded-for": [f"6.6.6.6, {CLIENT}"]},
}


@pytest.mark.parametrize("event", [GATEWAY, REST, BALANCER, BALANCER_MULTI])
@pytest.mark.parametrize("key", ["apig_wsgi.full_event", "serverless.event", "lambda.event"])
def test_an_adapter_that_took_the_peer_from_what_a_client_wrote_is_told(serve, key, event):
    (message,) = serve(REMOTE_ADDR="6.6.6.6", **{key: event})
    assert message == (
        f"The event says that {CLIENT!r} connected, but the adapter reported '6.6.6.6' as the peer. A "
        "client may have written what the adapter takes from X-Forwarded-For. Take the peer from the "
        f"event: see {SITE}platforms/serverless.html"
    )


@pytest.mark.parametrize("is_wrapped", [False, True])
@pytest.mark.parametrize(("peer", "hint"), [(CLIENT, None), ("6.6.6.6", "The event says")])
def test_an_adapter_under_asgi_is_told_by_what_its_event_says(caplog, peer, hint, is_wrapped):
    """Mangum leaves the event in the scope, and knows no port: that alone is no fault."""
    request = asgi_request((peer, 0), None, f"6.6.6.6, {CLIENT}")
    request.scope["aws.event"] = GATEWAY
    if is_wrapped:

        async def application(*_):
            pass

        asyncio.run(TrustedProxy(application)(request.scope, None, None))
    else:
        asyncio.run(TrustedProxyMiddleware(respond)(request))
    assert [hint in message for message in messages(caplog)] == ([True] if hint else [])


@pytest.mark.parametrize(
    "event", [None, (), {}, {"requestContext": {}}, {"requestContext": {"elb": {}}}]
)
def test_an_event_that_tells_nobody_is_no_finding(serve, event):
    assert serve(REMOTE_ADDR="6.6.6.6", **{"lambda.event": event}) == []


def test_waitress_that_let_the_header_through_once_is_not_told_at_a_health_check(serve):
    assert serve(SERVER_SOFTWARE="waitress", HTTP_X_FORWARDED_FOR=CLIENT) == []
    assert serve(SERVER_SOFTWARE="waitress") == []


MARK = {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "10.0.0.9"}}


def test_looking_ends_with_the_first_header_that_comes_by(serve):
    assert serve() == []
    assert serve(HTTP_X_FORWARDED_FOR=CLIENT) == []
    assert serve(**MARK) == []


def test_looking_is_cheap_in_the_end_whoever_comes(serve):
    for number in range(1_000):
        serve(REMOTE_ADDR=f"192.0.2.{number % 250}")
    assert serve(REMOTE_ADDR="192.0.2.1", **MARK) == []


def test_a_server_that_rewrites_is_noticed_after_whatever_came_first(serve):
    for number in range(1_000):
        serve(REMOTE_ADDR=f"192.0.2.{number % 250}")
    meta = {"REMOTE_ADDR": CLIENT, "REMOTE_PORT": 0, "HTTP_X_FORWARDED_FOR": CLIENT}
    found = [message for _ in range(130) for message in serve(**meta)]
    assert [message for message in found if message.startswith("The server seems to have")]


def test_what_is_noted_before_a_request_does_not_reach_a_view():
    middleware = TrustedProxyMiddleware(lambda request: request)
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": CLIENT}
    request = RequestFactory().get("/", **meta, **{"trusted_proxy.reported": "10.0.0.1"})
    assert "trusted_proxy.reported" not in middleware(request).META


def test_requests_are_counted_by_outcome():
    before = counts()
    assert set(before.values()) == {0}
    middleware = TrustedProxyMiddleware(lambda request: request)
    for peer in ("10.0.0.1", "192.0.2.1", "192.0.2.2"):
        middleware(RequestFactory().get("/", REMOTE_ADDR=peer))
    more = {outcome: number - before[outcome] for outcome, number in counts().items()}
    assert more == {"direct": 2, "missing": 1, "forwarded": 0, "malformed": 0, "unknown": 0}


def test_a_peer_that_the_header_names_is_nobody_to_list(serve):
    assert serve(REMOTE_ADDR=CLIENT, HTTP_X_FORWARDED_FOR=f"6.6.6.6, {CLIENT}") == []


# How often


@pytest.mark.parametrize(
    ("meta", "beginning"),
    [
        (
            {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": CLIENT},
            "The peer 192.0.2.1 is not in TRUSTED_PROXIES",
        ),
        (
            {"HTTP_X_REAL_IP": CLIENT},
            "The peer 10.0.0.1 is a trusted proxy but sent no X-Forwarded-For",
        ),
        (
            {"HTTP_X_FORWARDED_FOR": "evil\x1b[31m" + "x" * 500},
            "The walk through X-Forwarded-For ended before something that is not an address",
        ),
    ],
)
def test_what_may_be_a_wrong_configuration_is_told_once_a_day(serve, told, meta, beginning):
    said = [message for _ in range(3) for message in serve(**meta)]
    told.now = DAY
    (message,) = said
    assert message.startswith(beginning)
    assert message.endswith(ONCE)
    assert message.isprintable()
    assert len(message) < 500
    assert message in serve(**meta)


def test_a_proxy_that_is_not_listed_is_named_after_a_stranger(serve):
    serve(REMOTE_ADDR="192.0.2.66", HTTP_X_FORWARDED_FOR="6.6.6.6")
    (message,) = serve(REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR=CLIENT)
    assert 'add "172.18.0.2" to TRUSTED_PROXIES' in message


def test_a_proxy_that_is_not_listed_is_named_within_the_hour_in_a_flood(serve, told):
    said = []
    for number in range(3_000):
        peer = f"{100 + number // 256}.{number % 256}.2.1"
        said += serve(REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="6.6.6.6")
    for number in range(60):
        told.now += 3_600 / 60
        said += serve(REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR=CLIENT)
        said += serve(REMOTE_ADDR=f"99.{number}.2.1", HTTP_X_FORWARDED_FOR=CLIENT)
    lines, (summary, proxy, _) = said[:MOST_LINES], said[MOST_LINES:]
    assert all("172.18.0.2" not in line for line in lines)
    assert 'add "172.18.0.2" to TRUSTED_PROXIES' in proxy
    assert re.fullmatch(
        r"Requests of kind 'direct' in the last hour: 3118\. Most came from 172\.18\.0\.0/24 \(at least \d\d, the last "
        r"from 172\.18\.0\.2\), .*\. If one is a proxy of your own that nobody else can use, add its address to "
        r"TRUSTED_PROXIES; add nobody else\.",
        summary,
    )
    assert (len(summary) < 800, summary.count("(at least")) == (True, 10)
    remembered, counted = told.limiter.size()
    assert remembered <= MOST_TOLD
    assert counted <= MOST_COUNTED


def told_of(requests, told, serve):
    """Return what the log tells of (peer, seconds, headers) in turn."""
    said = []
    for peer, seconds, headers in requests:
        told.now += seconds
        said += serve(REMOTE_ADDR=peer, **headers)
    return said


@pytest.mark.parametrize("seed", range(3))
def test_requests_that_repeat_are_told_and_counted_as_if_each_was_the_first(
    serve, told, monkeypatch, seed
):
    chance = random.Random(seed)
    peers = [f"192.0.{n}.{n}" for n in range(300)] + ["10.0.0.1", "10.0.0.2", "10.7.0.1"] * 40
    kinds = [{"HTTP_X_REAL_IP": CLIENT}, {"HTTP_X_FORWARDED_FOR": "6.6.6.6"}, {}]
    kinds += [{"HTTP_COOKIE": "a=b"}, {"SERVER_SOFTWARE": "waitress"}]
    often = chance.sample(peers, 30)
    requests = [
        (chance.choice(chance.choice([peers, often])), chance.choice([1, 5, 90]), headers)
        for headers in chance.choices(kinds, k=6_000)
    ]
    repeats, found = told.limiter.repeats, []
    monkeypatch.setattr(
        told.limiter, "repeats", lambda *of: found.append(repeats(*of)) or found[-1]
    )
    said = told_of(requests, told, serve)
    assert sum(found) > 500
    told.now = 0.0
    told.clear()
    monkeypatch.setattr(told.limiter, "repeats", lambda *_: False)
    assert said == told_of(requests, told, serve)
    assert len(said) > 100


def test_an_hour_that_a_line_told_of_is_summed_up_below_a_warning(hear, told):
    (first,) = hear("10.0.0.1", **{"X-Real-IP": CLIENT})
    told.now = 3_600
    (summary, _) = hear("")
    assert (first.levelno, summary.levelno) == (logging.WARNING, logging.INFO)
    assert text_of(summary) == (
        f"{SPEAKER}Requests of kind 'missing' in the last hour: 1. Most came from 10.0.0.0/24 (at least 1, the last from "
        "10.0.0.1)."
    )


def test_a_peer_without_an_address_is_summed_up_as_such(hear, told):
    hear("", **{"X-Real-IP": CLIENT})
    told.now = 3_600
    (summary, *_) = hear("192.0.2.1", **{"X-Real-IP": CLIENT})
    assert "Most came from no address (at least 1)." in summary.getMessage()


def test_a_peer_on_a_socket_is_summed_up_by_its_name(hear, told):
    with override_settings(TRUSTED_PROXIES=["unix:"]):
        hear("unix:")
        told.now = 3_600
        (summary, *_) = hear("192.0.2.1", **{"X-Real-IP": CLIENT})
    assert "Most came from unix: (at least 1)." in summary.getMessage()


@pytest.mark.parametrize(
    "meta",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"HTTP_X_FORWARDED_FOR": CLIENT, "HTTP_X_REAL_IP": "1.1.1.1"},
        {},
    ],
)
def test_what_is_in_order_is_no_warning(serve, meta):
    assert serve(**meta) == []


def test_a_health_check_is_told_at_info_and_once(hear):
    assert [r.levelno for r in hear("10.0.0.1")] == [logging.INFO]
    assert hear("10.0.0.1") == []


@pytest.mark.parametrize("header", ["Cookie", "Referer", "Origin", "Accept-Language"])
def test_a_browser_without_the_header_is_a_warning_also_after_a_health_check(hear, header):
    hear("10.0.0.1")
    (record,) = hear("10.0.0.1", **{header: "de"})
    assert record.levelno == logging.WARNING
    assert "Have the proxy set it" in record.getMessage()


def test_a_mistake_that_begins_late_is_told(serve):
    for _ in range(100):
        assert serve(HTTP_X_FORWARDED_FOR=CLIENT) == []
    found = []
    with override_settings(SECURE_SSL_REDIRECT=True):
        for _ in range(4_200):
            found += serve(HTTP_X_FORWARDED_FOR=CLIENT, HTTP_X_FORWARDED_PROTO="https")
    assert len(found) == 1
    assert "nothing reads it" in found[0]


def test_a_malformed_header_is_told_at_once_however_late(serve):
    with override_settings(TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto"):
        for _ in range(100):
            assert serve(HTTP_X_FORWARDED_FOR=CLIENT, HTTP_X_FORWARDED_PROTO="https") == []
        (message,) = serve(HTTP_X_FORWARDED_FOR=CLIENT, HTTP_X_FORWARDED_PROTO="quic")
    assert "It came as 'quic'." in message


# What a record has


def test_a_record_has_fields_for_a_pipeline(hear):
    (record,) = hear("192.0.2.1", **{"X-Forwarded-For": CLIENT})
    fields = (record.kind, record.peer, record.client, record.outcome)
    assert fields == ("direct", "192.0.2.1", "192.0.2.1", "direct")
    assert record.getMessage().startswith(SPEAKER)
    (record,) = hear("10.0.0.1", **{"X-Forwarded-For": f"{CLIENT}, 10.0.0.7, 10.0.0.1"})
    fields = (record.kind, record.peer, record.client, record.outcome)
    assert fields == ("own-host", "10.0.0.1", CLIENT, "forwarded")


def test_each_request_is_told_at_debug(caplog, serve):
    with caplog.at_level(logging.DEBUG, "django_trustedproxy"):
        for _ in range(100):
            serve(HTTP_X_FORWARDED_FOR=CLIENT)
        assert [record.getMessage() for record in caplog.records] == [
            f"{SPEAKER}{CLIENT} is the client: X-Forwarded-For names it, behind the trusted 10.0.0.1."
        ]
        serve(REMOTE_ADDR="192.0.2.1")
        assert [record.getMessage() for record in caplog.records] == [
            f"{SPEAKER}The peer 192.0.2.1 is not in TRUSTED_PROXIES, so it is the client."
        ]


@pytest.mark.parametrize(
    "mount",
    [TrustedProxyMiddleware, TrustedProxy, wsgi.TrustedProxy],
    ids=["middleware", "ASGI", "WSGI"],
)
def test_an_app_that_is_not_installed_is_told_once(mount, settings, caplog):
    settings.INSTALLED_APPS = []
    for _ in range(2):
        mount(respond)
    (message,) = messages(caplog)
    assert message.startswith('"django_trustedproxy" is not in INSTALLED_APPS')
    (record,) = caplog.records
    fields = (record.kind, record.peer, record.client, record.outcome)
    assert fields == ("not-installed", None, None, None)


def test_the_wrapper_sees_what_a_browser_sent(caplog):
    scope = scope_of(
        ("host", "example.com"),
        ("origin", "https://example.com"),
        ("x-forwarded-for", f"{CLIENT}, 10.0.0.7"),
        ("x-forwarded-proto", "http"),
    )
    with override_settings(TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto"):
        rewrite_scope(scope, get_policy())
    (message,) = messages(caplog)
    assert "10.0.0.1 probably overwrites what 10.0.0.7 sent" in message


# What leads on from SEVEN.
LOGGED = {
    "peer not listed": 'add "172.18.0.2" to TRUSTED_PROXIES',
    "wrong header name": "It sent X-Real-IP: name the header that your proxy sets",
    "uvicorn rewrote already": "Run uvicorn with --no-proxy-headers",
    "nginx does not set the header": "Have the proxy set it",
    "Unix socket not listed": 'add "unix:" to TRUSTED_PROXIES',
    "two proxies but one listed": "If 10.0.0.2 is a proxy of your own, add it to TRUSTED_PROXIES.",
}


@pytest.mark.parametrize("case", LOGGED)
def test_one_log_line_says_why(case, hear):
    settings, arguments, _ = SEVEN[case]
    meta = meta_of(arguments)
    with override_settings(**settings):
        (record,) = hear(meta.pop("REMOTE_ADDR"), meta)
    assert LOGGED[case] in record.getMessage()


def test_a_port_from_azure_is_no_matter_for_the_log(hear):
    meta = meta_of(SEVEN["port from Azure"][1])
    assert hear(meta.pop("REMOTE_ADDR"), meta) == []


@pytest.mark.parametrize("is_adapter", [True, False])
def test_an_adapter_that_hands_no_answer_on_is_told_at_start(caplog, is_adapter):
    with pytest.warns(DeprecationWarning, match="a2wsgi"):
        adapter = WSGIMiddleware(lambda *_: [])
    TrustedProxy(adapter if is_adapter else respond)
    told = [r for r in caplog.records if "does not pass on the answer" in r.getMessage()]
    assert len(told) == is_adapter


def test_a_look_that_two_requests_take_at_once_is_the_last_one(monkeypatch):
    class Meta(dict):
        def __getitem__(self, key):
            monkeypatch.setattr(log, "_watched", 0)  # another thread is done meanwhile
            return super().__getitem__(key)

    monkeypatch.setattr(log, "_watched", 1)
    log.receive(Meta(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=CLIENT), get_policy())
    assert log.receive({}, get_policy()) is None  # nothing is looked at any more


def test_what_is_told_of_a_client_costs_the_same_with_many_networks(settings):
    settings.TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"

    def cost(*entries):
        settings.TRUSTED_PROXIES = ["10.0.0.0/8", *entries]
        policy = get_policy()
        meta = {
            "REMOTE_ADDR": "10.0.0.1",
            "HTTP_X_FORWARDED_FOR": "10.2.3.4",
            "HTTP_X_FORWARDED_PROTO": "http,https",
        }
        came = log.receive(meta, policy)
        answer = rewrite(meta, policy)
        log.tell(answer, came, policy, meta)
        return steps(lambda: log.tell(answer, came, policy, meta))

    assert cost(*(f"11.{number}.0.0/17" for number in range(200))) == cost("11.0.0.0/17")
