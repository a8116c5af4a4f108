"""The site's end of a probe, in every mount: what it tells, and its silence towards strangers."""

import json
from traceback import TracebackException

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from django_trustedproxy import asgi, counts, wsgi
from django_trustedproxy.conf import get_policy, parse
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from django_trustedproxy.probe import answer as module
from django_trustedproxy.probe.answer import LONGEST, digest, take_token
from django_trustedproxy.probe.forms import USER
from django_trustedproxy.probe.token import MOST_A_SECOND, Verifier, new_nonce, unseal
from tests.edge import ANY, EDGE, OLDER, SECRET, STAMPS
from tests.edge import HEADER as EDGE_HEADER
from tests.mounts import answered
from tests.probe.keys import HOST, KEY, OTHER, token
from tests.requests import environ_of, lowered, scope_of

HEADER = "X-Trusted-Proxy-Probe"
FIELDS = [
    *("nonce", "arrived", "peer", "outcome", "client", "proxies", "header", "statements"),
    *("dropped", "stamp", "rejected", "scheme", "host", "port", "server", "prefix", "policy"),
]


def by_wsgi(application, headers, method="GET", peer="10.0.0.1", version="1.1", **more):
    environ = environ_of(
        *headers,
        peer=peer,
        REQUEST_METHOD=method,
        SERVER_PROTOCOL=f"HTTP/{version}",
        **{"SERVER_NAME": "server", "SERVER_PORT": "8000", **more},
    )
    started = []
    response = application(environ, lambda status, headers: started.append((status, headers)))
    body = b"".join(response)
    ((status, sent),) = started
    return int(status.split()[0]), dict(sent), body, environ


def by_asgi(application, headers, method="GET", peer="10.0.0.1", version="1.1", **more):
    scope = scope_of(
        *lowered(headers),
        http_version=version,
        method=method,
        client=(peer, 4711),
        **{"server": ("server", 8000), **more},
    )

    start, body = async_to_sync(answered)(application, scope)
    headers = {name.decode().title(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, body["body"], scope


ANSWERING = {
    "wsgi": lambda *args, **more: by_wsgi(WSGIHandler(), *args, **more),
    "asgi": lambda *args, **more: by_asgi(ASGIHandler(), *args, **more),
    "wsgi-wrapper": lambda *args, **more: by_wsgi(wsgi.TrustedProxy(refuses), *args, **more),
    "asgi-wrapper": lambda *args, **more: by_asgi(asgi.TrustedProxy(refuses), *args, **more),
}
ECHOES = {
    "wsgi": ANSWERING["wsgi"],
    "asgi": ANSWERING["asgi"],
    "wsgi-wrapper": lambda *a, **more: by_wsgi(wsgi.TrustedProxy(WSGIHandler()), *a, **more),
    "asgi-wrapper": lambda *a, **more: by_asgi(asgi.TrustedProxy(ASGIHandler()), *a, **more),
}
HONEST = [("Host", HOST), ("X-Forwarded-For", "192.0.2.43, 10.0.0.2")]


def refuses(*_):
    pytest.fail("The application was asked.")


def told(answered):
    status, _, body, _ = answered
    assert status == 200
    return json.loads(unseal(body.decode(), KEY))


@pytest.fixture(params=ANSWERING)
def ask(request):
    return ANSWERING[request.param]


@pytest.fixture(params=ECHOES)
def echo(request):
    return ECHOES[request.param]


def test_the_owner_is_told_what_the_site_concluded_and_nothing_else(ask):
    nonce = new_nonce()
    facts = told(ask([*HONEST, (HEADER, token(nonce=nonce))]))
    assert list(facts) == FIELDS
    assert facts == {
        "nonce": nonce,
        "arrived": {"X-Forwarded-For": "192.0.2.43, 10.0.0.2"},
        "peer": "10.0.0.1",
        "outcome": "forwarded",
        "client": "192.0.2.43",
        "proxies": ["10.0.0.2", "10.0.0.1"],
        "header": "X-Forwarded-For",
        "statements": [],
        "dropped": [],
        "stamp": None,
        "rejected": None,
        "scheme": "http",
        "host": HOST,
        "port": "8000",
        "server": "server",
        "prefix": "",
        "policy": digest(get_policy(), KEY),
    }


def test_what_the_settings_make_of_the_other_headers_is_told(ask, settings):
    settings.TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
    settings.TRUSTED_PROXY_HOST_HEADER = "X-Forwarded-Host"
    settings.TRUSTED_PROXY_PORT_HEADER = "X-Forwarded-Port"
    settings.TRUSTED_PROXY_PREFIX_HEADER = "X-Forwarded-Prefix"
    said = [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "example.com"),
        ("X-Forwarded-Port", "8443"),
        ("X-Forwarded-Prefix", "/app/"),
        ("X-Real-IP", "6.6.6.6"),
    ]
    facts = told(ask([*HONEST, *said, (HEADER, token())]))
    of_url = {purpose: facts[purpose] for purpose in ("scheme", "host", "port", "prefix")}
    assert of_url == {
        "scheme": "https",
        "host": "example.com:8443",
        "port": "8443",
        "prefix": "/app",
    }
    assert ["scheme", "X-Forwarded-Proto", "https"] in facts["statements"]
    assert facts["dropped"] == ["X-Real-IP"]
    assert facts["arrived"]["X-Real-IP"] == "6.6.6.6"


def test_a_statement_that_is_not_believed_has_no_value(ask, settings):
    settings.TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
    facts = told(ask([*HONEST, ("X-Forwarded-Proto", "gopher"), (HEADER, token())]))
    assert facts["statements"] == [["scheme", "X-Forwarded-Proto", None]]
    assert facts["scheme"] == "http"


@pytest.mark.parametrize(("said", "scheme"), [("https", "https"), ("http", "http"), (None, "http")])
def test_so_is_what_djangos_own_settings_make_of_them(ask, settings, said, scheme):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.USE_X_FORWARDED_HOST = settings.USE_X_FORWARDED_PORT = True
    headers = [("X-Forwarded-Host", "example.com"), ("X-Forwarded-Port", "8443")]
    headers += [("X-Forwarded-Proto", said)] if said else []
    facts = told(ask([*HONEST, *headers, (HEADER, token())]))
    assert (facts["scheme"], facts["host"], facts["port"]) == (scheme, "example.com", "8443")


@pytest.mark.parametrize("is_used", [False, True])
def test_a_header_that_django_does_not_read_or_that_is_absent_says_nothing(ask, settings, is_used):
    settings.USE_X_FORWARDED_HOST = settings.USE_X_FORWARDED_PORT = is_used
    headers = [] if is_used else [("X-Forwarded-Host", "a.example"), ("X-Forwarded-Port", "1")]
    facts = told(ask([*HONEST, *headers, (HEADER, token())]))
    assert (facts["host"], facts["port"]) == (HOST, "8000")


def test_without_a_host_the_name_of_the_server_counts(ask):
    assert told(ask([(HEADER, token())], version="1.0"))["host"] == "server"


@pytest.mark.parametrize("prefix", ["/app", "//evil.example"])
def test_a_prefix_that_is_none_is_not_told(ask, prefix):
    if ask in (ANSWERING["wsgi"], ANSWERING["wsgi-wrapper"]):
        more = {"SCRIPT_NAME": prefix}
    else:
        more = {"root_path": prefix, "path": f"{prefix}/echo"}
    facts = told(ask([*HONEST, (HEADER, token())], **more))
    assert facts["prefix"] == (prefix if prefix == "/app" else "")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "FOO"])
def test_every_method_is_answered_alike_and_kept_by_nobody(ask, method):
    status, headers, body, _ = ask([*HONEST, (HEADER, token())], method=method)
    assert status == 200
    size = headers.pop("Content-Length")
    assert headers == {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if method == "HEAD":
        assert body == b""
        assert int(size) > 100
    else:
        assert int(size) == len(body)


REJECTED = {
    "direct": ("192.0.2.1", []),
    "missing": ("10.0.0.1", []),
    "malformed": ("10.0.0.1", [("X-Forwarded-For", "unknown")]),
}


@pytest.mark.parametrize("outcome", REJECTED)
@pytest.mark.parametrize("is_exempt", [False, True])
def test_what_would_be_rejected_is_answered_and_told(ask, settings, outcome, is_exempt):
    peer, headers = REJECTED[outcome]
    settings.TRUSTED_PROXY_REJECT = [outcome]
    settings.TRUSTED_PROXY_REJECT_EXEMPT = ["/echo"] if is_exempt else []
    facts = told(ask([("Host", HOST), *headers, (HEADER, token())], peer=peer))
    assert facts["outcome"] == outcome
    assert facts["rejected"] == (None if is_exempt else outcome)


def test_the_answer_is_signed_with_the_key_of_the_token(ask, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OTHER, [KEY]
    facts = told(ask([*HONEST, (HEADER, token())]))
    assert facts["policy"] == digest(get_policy(), KEY) != digest(get_policy(), OTHER)


def test_the_size_of_an_answer_has_a_limit(ask):
    names = [name for names in FORWARDING_HEADERS.values() for name in names]
    junk = [(name, "\x01\xff" * 30_000) for name in names]
    _, headers, body, _ = ask([("Host", HOST), *junk, (HEADER, token())])
    assert len(body) < 64 * 1024
    assert set(map(len, told((200, headers, body, None))["arrived"].values())) == {LONGEST - 1, 1}


def test_what_a_proxy_says_of_the_user_is_not_told(ask, settings):
    settings.TRUSTED_PROXY_GUARDED_HEADERS = ["X-Tenant"]
    said = [
        ("X-Forwarded-Access-Token", "secret"),
        ("X-Tenant", "secret"),
        ("X-Forwarded-User", f"{USER},secret"),
        ("Cookie", "secret"),
        ("Authorization", "secret"),
    ]
    _, _, body, _ = answered = ask([*HONEST, *said, (HEADER, token())])
    assert told(answered)["arrived"] == {
        "X-Forwarded-Access-Token": "…",
        "X-Forwarded-For": "192.0.2.43, 10.0.0.2",
        "X-Forwarded-User": USER,
        "X-Tenant": "…",
    }
    assert b"secret" not in body


INVALID = {
    "none": lambda: "",
    "junk": lambda: "junk",
    "another key": lambda: token(OTHER),
    "twice": lambda: f"{token()}, {token()}",
}


def plain(answered):
    """Return a response without what no two of Django's have in common."""
    status, headers, body, _ = answered
    return status, headers, body


@pytest.mark.parametrize("invalid", INVALID)
@pytest.mark.parametrize("headers", [HONEST, HONEST[:1]], ids=["forwarded", "missing"])
@pytest.mark.parametrize("debug", [False, True])
def test_an_invalid_token_is_as_good_as_none_and_reaches_no_view(
    echo, settings, invalid, headers, debug
):
    settings.DEBUG = debug
    expected = plain(echo(headers))
    assert plain(echo([*headers, (HEADER, INVALID[invalid]())])) == expected
    assert b"PROBE" not in expected[2]


@pytest.mark.parametrize("off", [{"TRUSTED_PROXY_PROBE": False}, {"SECRET_KEY": "weak"}])
@pytest.mark.parametrize("debug", [False, True])
def test_a_site_that_is_not_probed_answers_as_ever(echo, settings, off, debug):
    settings.DEBUG = debug
    for name, value in off.items():
        setattr(settings, name, value)
    key = off.get("SECRET_KEY", KEY)
    assert plain(echo([*HONEST, (HEADER, token(key))])) == plain(echo(HONEST))


def test_too_many_tokens_are_as_good_as_none(echo, monkeypatch):
    monkeypatch.setattr(module, "_verifier", Verifier(lambda: 0.0))
    expected = plain(echo(HONEST))
    for _ in range(MOST_A_SECOND):
        echo([*HONEST, (HEADER, token(OTHER))])
    assert plain(echo([*HONEST, (HEADER, token())])) == expected


def test_a_website_of_another_origin_learns_nothing(ask):
    _, headers, *_ = ask([*HONEST, ("Origin", "https://evil.example"), (HEADER, token())])
    assert not any(name.lower().startswith("access-control") for name in headers)


def test_the_mount_that_decides_first_answers():
    wrapped = wsgi.TrustedProxy(WSGIHandler())
    facts = told(by_wsgi(wrapped, [*HONEST, (HEADER, token())]))
    assert facts["client"] == "192.0.2.43"
    _, _, _, environ = by_wsgi(wrapped, [*HONEST, (HEADER, "junk")])
    assert "HTTP_X_TRUSTED_PROXY_PROBE" not in environ


def test_a_websocket_has_no_answer_and_no_token():
    seen = []

    async def application(scope, _receive, send):
        seen.append(scope["headers"])
        await send({"type": "websocket.close"})

    scope = {
        "type": "websocket",
        "path": "/",
        "headers": [(b"x-trusted-proxy-probe", token().encode()), (b"x-other", b"1")],
        "client": ("192.0.2.1", 1),
        "server": ("server", 80),
    }

    async def exchange():
        communicator = ApplicationCommunicator(asgi.TrustedProxy(application), scope)
        sent = await communicator.receive_output(60)
        await communicator.wait(60)
        return sent

    assert async_to_sync(exchange)() == {"type": "websocket.close"}
    assert seen == [[(b"x-other", b"1")]]


def test_the_digest_tells_two_policies_apart(settings):
    found = {digest(get_policy(), KEY)}
    for name, value in {
        "TRUSTED_PROXIES": ["10.0.0.0/9"],
        "TRUSTED_PROXY_HEADER": "X-Real-IP",
        "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto",
        "TRUSTED_PROXY_KEEP_HEADER": False,
        "TRUSTED_PROXY_REJECT": ["direct"],
        "TRUSTED_PROXY_REJECT_EXEMPT": ["/healthz"],
        "TRUSTED_PROXY_GUARDED_HEADERS": ["X-Tenant"],
    }.items():
        setattr(settings, name, value)
        found.add(digest(get_policy(), KEY))
    settings.TRUSTED_PROXIES = ["10.0.0.0/9", "unix:"]
    found.add(digest(get_policy(), KEY))
    assert len(found) == 9
    for name, value in [
        *STAMPS.items(),
        ("TRUSTED_PROXY_SECRETS", [OLDER]),
        ("TRUSTED_PROXIES_WITH_SECRET", ["198.51.100.0/25"]),
    ]:
        setattr(settings, name, value)
        policy, problems = parse(settings)
        found.add(digest(policy, KEY))
    assert problems == []
    assert len(found) == 12


@pytest.mark.parametrize(
    "name", ["x-trusted-proxy-probe", "x_trusted_proxy_probe", "x.trusted.proxy.probe"]
)
def test_no_spelling_of_the_header_passes_the_wrapper(name):
    scopes = []

    async def application(scope, _receive, send):
        scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    headers = [("Host", HOST), (name, "x")]
    by_asgi(asgi.TrustedProxy(application), headers)
    assert not [pair for pair in scopes[0]["headers"] if b"probe" in pair[0].lower()]


STAMPED = {
    "valid": [(EDGE_HEADER, SECRET)],
    "wrong": [(EDGE_HEADER, OLDER)],
    "absent": [],
}


@pytest.fixture
def _stamps(settings):
    for name, value in STAMPS.items():
        setattr(settings, name, value)


@pytest.mark.usefixtures("_stamps")
@pytest.mark.parametrize("stamp", STAMPED)
def test_a_stamp_is_judged_as_ever_and_told(ask, stamp, settings):
    settings.TRUSTED_PROXY_REJECT = ["unstamped"]
    headers = [("Host", HOST), ("X-Forwarded-For", "192.0.2.43"), *STAMPED[stamp]]
    facts = told(ask([*headers, (HEADER, token())], peer=EDGE))
    is_valid = stamp == "valid"
    assert facts["stamp"] == stamp
    assert facts["client"] == ("192.0.2.43" if is_valid else EDGE)
    assert facts["outcome"] == ("forwarded" if is_valid else "direct")
    assert facts["rejected"] == (None if is_valid else "unstamped")
    assert facts["arrived"].get(EDGE_HEADER) == (None if stamp == "absent" else "…")


@pytest.mark.usefixtures("_stamps")
@pytest.mark.parametrize("sent", [SECRET, OLDER, f"{USER}{SECRET}", f"{SECRET},{SECRET}"])
def test_no_secret_is_in_an_answer_or_a_line_of_the_log(ask, caplog, sent):
    caplog.set_level("DEBUG")
    _, headers, body, _ = ask([*HONEST, (EDGE_HEADER, sent), (HEADER, token())], peer=EDGE)
    written = f"{headers}{body.decode()}{caplog.text}{[vars(record) for record in caplog.records]}"
    assert SECRET not in written
    assert OLDER not in written


@pytest.mark.usefixtures("_stamps")
@pytest.mark.parametrize("make", ["wsgi", "wsgi-wrapper"])
def test_nothing_that_outlives_the_answer_has_the_secret(make):
    *_, environ = ANSWERING[make]([*HONEST, (EDGE_HEADER, SECRET), (HEADER, token())], peer=EDGE)
    assert SECRET not in map(str, environ.values())


def test_what_is_kept_until_the_answer_shows_no_key():
    asked = take_token(get_policy(), {"HTTP_X_TRUSTED_PROXY_PROBE": token()})
    assert KEY not in repr(asked)


def test_a_probe_is_counted_as_any_other_request(ask):
    before = counts()
    told(ask([*HONEST, (HEADER, token())]))
    assert counts() == before | {"forwarded": before["forwarded"] + 1}


def test_the_digest_tells_two_settings_of_stamps_apart(settings):
    found = {digest(get_policy(), KEY)}
    for changed in (
        STAMPS,
        {"TRUSTED_PROXIES_WITH_SECRET": ["198.51.100.0/25"]},
        {"TRUSTED_PROXY_SECRET_HEADER": "X-Other"},
        {"TRUSTED_PROXY_SECRETS": [OLDER]},
        {"TRUSTED_PROXIES_WITH_SECRET": ["unix:"]},
        ANY,
    ):
        for name, value in changed.items():
            setattr(settings, name, value)
        found.add(digest(get_policy(), KEY))
    assert len(found) == 7
    assert not any(secret in each for each in found for secret in (SECRET, OLDER))


def by_scope(headers, peer):
    """Ask the ASGI wrapper without the communicator, which waits before it raises."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/echo",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": (peer, 4711),
    }
    async_to_sync(asgi.TrustedProxy(refuses))(scope, None, None)


@pytest.mark.usefixtures("_stamps")
@pytest.mark.parametrize("mount", ANSWERING)
def test_no_secret_is_in_a_traceback(mount, settings, monkeypatch):
    settings.DEBUG = True

    def fails(*_):
        raise RuntimeError

    monkeypatch.setattr(module, "seal", fails)
    request = [*HONEST, (EDGE_HEADER, SECRET), (HEADER, token())]
    if mount in ("wsgi", "asgi"):
        status, _, body, _ = ANSWERING[mount](request, peer=EDGE)
        assert status == 500
        written = body.decode()
    else:
        with pytest.raises(RuntimeError) as caught:
            (by_scope if mount == "asgi-wrapper" else ANSWERING[mount])(request, peer=EDGE)
        frames = TracebackException.from_exception(caught.value, capture_locals=True).stack
        # A frame of the server has what the server got.
        own = [frame for frame in frames if "django_trustedproxy" in frame.filename]
        written = "".join(str(frame.locals) for frame in own)
    assert "outcome" in written
    assert SECRET not in written
