"""Scheme, host, port, server and prefix: one peer decision governs them all."""

from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import set_script_prefix
from hypothesis import given
from hypothesis import strategies as st

from django_trustedproxy.conf import PURPOSE_SETTINGS, get_policy
from django_trustedproxy.engine import purposes
from django_trustedproxy.engine.hops import LONGEST_HOP
from django_trustedproxy.engine.policy import Designation
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, meta_name
from django_trustedproxy.environ import rewrite
from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.mounts import MOUNTS, ends
from tests.requests import CLIENT, handed_on, scope_of
from tests.rows import MISSING, Row

VIEWS = {name: MOUNTS[name] for name in MOUNTS if name != "meta"}
each_mount = pytest.mark.parametrize("run", VIEWS.values(), ids=VIEWS)

FLAGS = {"X-Forwarded-SSL", "X-Forwarded-HTTPS", "X-HTTPS", "Front-End-Https", "X-AppEngine-Https"}
# Other forms of "the client used TLS".
FORMS = {"Fastly-SSL": "1", "WL-Proxy-SSL": "true", "CF-Visitor": '{"scheme":"https"}'}
SAID = {
    "scheme": "https",
    "host": "public.example:8443",
    "port": "8443",
    "server": "public.example",
    "prefix": "/app",
}
PLAIN = {
    "scheme": "http",
    "is_secure": False,
    "host": "testserver",
    "port": "80",
    "server": "testserver",
    "uri": "http://testserver/echo",
    "path": "/echo",
    "path_info": "/echo",
    "script_name": "",
    "script_prefix": "/",
    "reverse": "/echo",
}
CHANGED = {
    "scheme": {"scheme": "https", "is_secure": True, "uri": "https://testserver/echo"},
    "host": {"host": "public.example:8443", "uri": "http://public.example:8443/echo"},
    "port": {"port": "8443"},
    "server": {"server": "public.example"},
    "prefix": {
        "uri": "http://testserver/app/echo",
        "path": "/app/echo",
        "script_name": "/app",
        "script_prefix": "/app/",
        "reverse": "/app/echo",
    },
}
OTHERS = [(purpose, name) for purpose in PURPOSE_SETTINGS for name in FORWARDING_HEADERS[purpose]]
PEERS = {
    "trusted": ("10.0.0.1", {}, True),
    "unix": ("unix:", {"TRUSTED_PROXIES": ["unix:"]}, True),
    "untrusted": ("192.0.2.1", {}, False),
    "missing-peer": (MISSING, {}, False),
}


def row(headers, peer="10.0.0.1", scheme="http", **settings):
    return Row("", headers, None, "", peer=peer, settings=settings, scheme=scheme)


def said(purpose, name):
    return FORMS.get(name, "on" if name in FLAGS else SAID[purpose])


def setting(purpose, name):
    return {PURPOSE_SETTINGS[purpose]: name}


@each_mount
@pytest.mark.parametrize("who", PEERS)
@pytest.mark.parametrize(("purpose", "name"), OTHERS)
def test_a_designated_header_is_believed_from_trusted_peers_alone(run, who, purpose, name):
    peer, settings, is_trusted = PEERS[who]
    text = said(purpose, name)
    seen = run(row([(name, text)], peer, **settings, **setting(purpose, name)))
    _, (server, port) = ends(peer)
    plain = PLAIN | {"server": server, "port": str(port)}
    assert seen.view == (plain | CHANGED[purpose] if is_trusted else plain)
    assert seen.meta.get(meta_name(name)) == (text if is_trusted else None)


@each_mount
@pytest.mark.parametrize(("purpose", "name"), OTHERS)
def test_a_header_that_is_not_designated_changes_nothing_and_goes_if_another_is(run, purpose, name):
    designated = next((n for n in FORWARDING_HEADERS[purpose] if n != name), "X-Vendor")
    text = said(purpose, name)
    seen = run(row([(name, text)], **setting(purpose, designated)))
    assert seen.view == PLAIN
    assert meta_name(name) not in seen.meta


@each_mount
@pytest.mark.parametrize(
    ("scheme", "host", "port", "expected"),
    [
        ("https", "a.example", "8443", "a.example:8443"),
        ("https", "a.example", "443", "a.example"),
        ("http", "a.example", "443", "a.example:443"),
        ("http", "a.example", "80", "a.example"),
        ("https", "a.example:443", "8443", "a.example:8443"),
        ("https", "a.example:443", None, "a.example"),
        ("https", "a.example:0443", None, "a.example"),
        ("http", "a.example:80", None, "a.example"),
        ("http", "a.example:443", None, "a.example:443"),
        ("https", "a.example:8443", "9443", "a.example:8443"),
        ("https", "[2001:db8::1]", "8443", "[2001:db8::1]:8443"),
        ("https", "[2001:db8::1]:443", None, "[2001:db8::1]"),
        ("http", "[2001:db8::1]:80", "8443", "[2001:db8::1]:8443"),
        ("http", "[2001:db8::1]", "443", "[2001:db8::1]:443"),
        ("wss", "a.example", "443", "a.example"),
        ("wss", "a.example", "80", "a.example:80"),
        ("ws", "a.example:80", None, "a.example"),
        ("https", "a.example", "none", "a.example"),
        (None, "a.example:80", None, "a.example"),
    ],
)
def test_a_host_has_the_port_that_links_need_and_no_other(run, scheme, host, port, expected):
    said = {"scheme": scheme, "host": host, "port": port}
    headers = [(FORWARDING_HEADERS[p][0], text) for p, text in said.items() if text]
    names = {PURPOSE_SETTINGS[p]: FORWARDING_HEADERS[p][0] for p in said}
    seen = run(row(headers, **names))
    assert seen.view["host"] == expected
    read = {"wss": "https", "https": "https"}.get(scheme, "http")
    assert seen.view["uri"] == f"{read}://{expected}/echo"
    assert seen.meta["HTTP_X_FORWARDED_HOST"] == expected


@each_mount
@pytest.mark.parametrize(
    ("text", "port", "expected"),
    [
        ("proto=https;host=a.example", "8443", "a.example:8443"),
        ("proto=https;host=a.example", "443", "a.example"),
        ('proto=https;host="a.example:443"', "8443", "a.example:8443"),
        ('proto=http;host="[2001:db8::1]"', "8080", "[2001:db8::1]:8080"),
    ],
)
def test_a_host_in_forwarded_has_the_port_that_links_need(run, text, port, expected):
    headers = [("Forwarded", f"for={CLIENT};{text}"), ("X-Forwarded-Port", port)]
    names = dict.fromkeys(map(PURPOSE_SETTINGS.get, ("scheme", "host")), "Forwarded")
    seen = run(row(headers, TRUSTED_PROXY_PORT_HEADER="X-Forwarded-Port", **names))
    assert seen.view["host"] == expected


@pytest.mark.parametrize(
    ("scheme", "port", "expected"),
    [("wss", "443", "a.example"), ("wss", "8443", "a.example:8443"), ("ws", "80", "a.example")],
)
def test_a_websocket_has_the_port_of_its_scheme(scheme, port, expected):
    headers = [("x-forwarded-host", "a.example"), ("x-forwarded-port", port)]
    names = {PURPOSE_SETTINGS[p]: FORWARDING_HEADERS[p][0] for p in ("host", "port")}
    with override_settings(**names):
        got, _ = handed_on(scope_of(*headers, kind="websocket", scheme=scheme))
    assert dict(got["headers"])[b"host"] == expected.encode()


@each_mount
def test_everything_at_once(run):
    headers = [(FORWARDING_HEADERS[purpose][0], SAID[purpose]) for purpose in SAID]
    names = {PURPOSE_SETTINGS[p]: FORWARDING_HEADERS[p][0] for p in SAID}
    seen = run(row([("X-Forwarded-For", CLIENT), *headers], **names))
    assert seen.meta["REMOTE_ADDR"] == CLIENT
    expected = {key: value for changed in CHANGED.values() for key, value in changed.items()}
    assert seen.view == PLAIN | expected | {"uri": "https://public.example:8443/app/echo"}


@each_mount
@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("wss", "https"),
        ("http", "http"),
        ("ws", "http"),
        ("https, https", "https"),
        ("https,wss", "https"),
        (",https, ", "https"),
    ],
)
def test_a_scheme_that_all_values_agree_on_beats_the_peers_connection(run, text, scheme):
    other = "http" if scheme == "https" else "https"
    headers = [("X-Forwarded-Proto", text)]
    seen = run(row(headers, scheme=other, TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto"))
    assert (seen.view["scheme"], seen.view["is_secure"]) == (scheme, scheme == "https")
    assert seen.meta["HTTP_X_FORWARDED_PROTO"] == scheme


MALFORMED = {
    "scheme": [
        "https, http",
        "http,https",
        "javascript",
        "https\n",
        "https/1.1",
        "yes",
        "2",
        '"https"',
    ],
    "host": [
        "a.example, b.example",
        "evil/@a.example",
        "a.example:",
        "a.example:0",
        "a.example:65536",
        "a.example:80:80",
        "[::1",
        "[1::2::3]",
        "[1.2.3.4]",
        "a example",
        "a.example\r\nX: y",
        "user@a.example",
        "é.example",
    ],
    "port": ["80, 443", "0", "65536", "-1", "http", "8e1", "²"],
    "server": ["a.example:80", "a, b", "[::1]:80", "a/b"],
    "prefix": [
        "//evil.example",
        "/a//b",
        "/a/../b",
        "/..",
        "/./a",
        "a",
        "http://evil.example",
        "/a\r\nX: y",
        "/a\\b",
        "/%2e%2e",
        "/a?b",
        "/a#b",
        "/<script>",
        "/a, /b",
        "/é",
    ],
}


@each_mount
@pytest.mark.parametrize(
    ("purpose", "text"), [(p, text) for p in MALFORMED for text in MALFORMED[p]]
)
def test_a_malformed_header_rewrites_nothing_and_goes(run, purpose, text):
    name = FORWARDING_HEADERS[purpose][0]
    seen = run(row([(name, text)], **setting(purpose, name)))
    assert seen.view == PLAIN
    assert meta_name(name) not in seen.meta


@each_mount
@pytest.mark.parametrize("text", ["", " ", ",", "\t,"])
def test_an_empty_header_says_nothing_and_goes(run, text):
    headers = [("X-Forwarded-Proto", text)]
    settings = {
        "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto",
        "TRUSTED_PROXY_REJECT": ["malformed"],
    }
    seen = run(row(headers, scheme="https", **settings))
    assert seen.view["scheme"] == "https"
    assert "HTTP_X_FORWARDED_PROTO" not in seen.meta


@each_mount
@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("Fastly-SSL", "1", "0"),
        ("WL-Proxy-SSL", "true", "false"),
        ("CF-Visitor", '{"scheme":"https"}', '{"scheme":"http"}'),
    ],
)
@pytest.mark.parametrize("says_yes", [True, False])
def test_a_header_of_another_form_keeps_it(run, name, yes, no, says_yes):
    form = yes if says_yes else no
    for text in (form, "https" if says_yes else "http"):
        seen = run(row([(name, text)], TRUSTED_PROXY_SCHEME_HEADER=name))
        assert seen.view["is_secure"] is says_yes
        assert seen.meta[meta_name(name)] == form


@each_mount
@pytest.mark.parametrize("name", sorted(FLAGS))
@pytest.mark.parametrize(
    "text", ["on", "On", "TRUE", "1", "off", "False", "0", "yes", "https", "on, off"]
)
def test_a_flag_says_whether_the_client_used_tls(run, name, text):
    seen = run(row([(name, text)], TRUSTED_PROXY_SCHEME_HEADER=name))
    is_on = text.lower() in ("on", "true", "1", "https")
    is_off = text.lower() in ("off", "false", "0")
    assert seen.view["is_secure"] is is_on
    assert seen.meta.get(meta_name(name)) == ("on" if is_on else "off" if is_off else None)


@pytest.mark.parametrize(
    ("purpose", "text", "value"),
    [
        ("host", "a.example", "a.example"),
        ("host", "A_b.example:1", "A_b.example:1"),
        ("host", "[2001:db8::1]", "[2001:db8::1]"),
        ("host", "[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ("host", "192.0.2.1:80", "192.0.2.1:80"),
        ("port", "0443", "443"),
        ("server", "[2001:db8::1]", "[2001:db8::1]"),
        ("prefix", "/", ""),
        ("prefix", "/a/", "/a"),
        ("prefix", "/a/b-c/~d", "/a/b-c/~d"),
        ("prefix", "/a/...", "/a/..."),
    ],
)
def test_a_value_is_read_in_its_canonical_form(purpose, text, value):
    name = FORWARDING_HEADERS[purpose][0]
    statement = Designation(purpose, meta_name(name), is_written=True).read(text)
    assert (statement.value, statement.is_malformed) == (value, False)


@given(
    st.sampled_from([d for d in OTHERS if d[0] != "client"]),
    st.one_of(st.text(max_size=60), st.text("htps,:/.[]a1- ", max_size=60)),
)
def test_any_text_is_read_and_reading_what_stays_says_the_same(designated, text):
    purpose, name = designated
    designation = Designation(purpose, meta_name(name), is_written=True)
    statement = designation.read(text)
    assert not (statement.is_malformed and statement.value is not None)
    if statement.text is not None:
        assert designation.read(statement.text) in (
            statement,
            statement._replace(value=None, text=None),
        )
        if statement.text:
            assert designation.read(statement.text) == statement


@given(st.text(max_size=80))
def test_a_prefix_is_a_path_on_this_host(text):
    prefix = purposes.parse_prefix(text)
    if prefix:
        assert prefix.startswith("/")
        assert not prefix.startswith("//")
        assert not prefix.endswith("/")
        assert ".." not in prefix.split("/")
        assert prefix.isprintable()


def test_60_kb_are_malformed_without_being_split():
    designation = Designation("scheme", "HTTP_X_FORWARDED_PROTO", is_written=True)
    assert designation.read("https," * 10_000).is_malformed


@each_mount
@pytest.mark.parametrize("outcome", ["malformed", "missing"])
def test_reject_malformed_covers_the_other_purposes(run, outcome):
    settings = {
        "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto",
        "TRUSTED_PROXY_REJECT": [outcome],
    }
    headers = [("X-Forwarded-For", CLIENT), ("X-Forwarded-Proto", "https, http")]
    if outcome == "missing":
        assert run(row(headers, **settings)).view == PLAIN
    else:
        with pytest.raises(AssertionError, match="400"):
            run(row(headers, **settings))


def test_a_rejection_names_the_malformed_headers(client, caplog):
    settings = {
        "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto",
        "TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host",
        "TRUSTED_PROXY_REJECT": ["malformed"],
    }
    headers = {"X-Forwarded-For": CLIENT, "X-Forwarded-Host": "<evil>", "X-Forwarded-Proto": "x"}
    with override_settings(**settings):
        assert client.get("/echo", REMOTE_ADDR="10.0.0.1", headers=headers).status_code == 400
    rejections = [r for r in caplog.records if r.name.startswith("django.security")]
    assert rejections[0].getMessage() == (
        "Request from peer '10.0.0.1' with malformed X-Forwarded-Proto, X-Forwarded-Host, which "
        "TRUSTED_PROXY_REJECT names."
    )


FORWARDED = {
    "TRUSTED_PROXY_SCHEME_HEADER": "Forwarded",
    "TRUSTED_PROXY_HOST_HEADER": "Forwarded",
}


@each_mount
@pytest.mark.parametrize("client_header", ["Forwarded", "X-Forwarded-For"])
@pytest.mark.parametrize(
    ("text", "scheme", "host"),
    [
        (f"for={CLIENT};proto=https;host=a.example", "https", "a.example"),
        (f'for={CLIENT};proto=HTTPS;host="a.example:8443"', "https", "a.example:8443"),
        # What the client wrote, left of where the walk ends, says nothing
        (f"for=6.6.6.6;proto=https;host=evil.example, for={CLIENT}", "http", "testserver"),
        # The element where the walk ends, before those further right
        (f"for={CLIENT};proto=https, for=10.0.0.2;proto=http;host=b.example", "https", "b.example"),
        (
            f"for={CLIENT}, for=10.0.0.2, for=10.0.0.3;proto=https;host=c.example",
            "https",
            "c.example",
        ),
        (f"for={CLIENT}, , for=10.0.0.2;proto=https;host=b.example,", "https", "b.example"),
        # All hops trusted: the leftmost
        ("for=10.0.0.3;proto=https;host=d.example, for=10.0.0.2", "https", "d.example"),
        # What ends the walk was still written by a trusted proxy
        ("for=unknown;proto=https, for=10.0.0.2;host=b.example", "https", "b.example"),
        ("proto=https;host=b.example", "https", "b.example"),
        (f"for={CLIENT};proto=https" + ",for=10.0.0.2" * 100, "http", "testserver"),
        (f'for=6.6.6.6;proto=https, for="{CLIENT};proto=https', "http", "testserver"),
        # Each parameter is judged alone
        (f"for={CLIENT};proto=https;host=<evil>", "https", "testserver"),
        (f"for={CLIENT};proto=javascript;host=a.example", "http", "a.example"),
        # A parameter that cannot be read is not replaced by another element's
        (f"for={CLIENT};proto=x, for=10.0.0.2;proto=https", "http", "testserver"),
        (f"for={CLIENT};proto=https;proto=https, for=10.0.0.2;proto=https", "http", "testserver"),
        (f"for={CLIENT};proto, for=10.0.0.2;proto=https", "http", "testserver"),
        (f"for={CLIENT};proto=https;by=x", "https", "testserver"),
    ],
)
def test_forwarded_speaks_for_scheme_and_host(run, client_header, text, scheme, host):
    headers = [("Forwarded", text)]
    seen = run(row(headers, **FORWARDED, TRUSTED_PROXY_HEADER=client_header))
    assert (seen.view["scheme"], seen.view["host"]) == (scheme, host)
    assert "proto" not in seen.meta.get("HTTP_FORWARDED", "")
    if client_header != "Forwarded":
        assert "HTTP_FORWARDED" not in seen.meta


@each_mount
def test_forwarded_of_an_untrusted_peer_says_nothing(run):
    headers = [("Forwarded", "for=10.0.0.1;proto=https;host=evil.example")]
    assert run(row(headers, "192.0.2.1", **FORWARDED)).view == PLAIN


DJANGO = {
    "scheme": {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
    "vendor-scheme": {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_MY_TLS", "yes")},
    "host": {"USE_X_FORWARDED_HOST": True},
    "port": {"USE_X_FORWARDED_PORT": True},
}
DJANGO_SAID = {
    "scheme": ("X-Forwarded-Proto", "https"),
    "vendor-scheme": ("X-My-TLS", "yes"),
    "host": ("X-Forwarded-Host", "public.example:8443"),
    "port": ("X-Forwarded-Port", "8443"),
}


@each_mount
@pytest.mark.parametrize("who", PEERS)
@pytest.mark.parametrize("twin", DJANGO)
def test_djangos_own_settings_are_guarded(run, who, twin):
    peer, settings, is_trusted = PEERS[who]
    name, text = DJANGO_SAID[twin]
    seen = run(row([(name, text)], peer, **settings, **DJANGO[twin]))
    _, (server, port) = ends(peer)
    plain = PLAIN | {"server": server, "port": str(port)}
    changed = CHANGED[twin.removeprefix("vendor-")]
    assert seen.view == (plain | changed if is_trusted else plain)
    assert seen.meta.get(meta_name(name)) == (text if is_trusted else None)


@each_mount
@pytest.mark.parametrize("twin", DJANGO)
def test_djangos_reading_of_a_list_cannot_be_fooled(run, twin):
    name, text = DJANGO_SAID[twin]
    # Django takes the first of a list for the scheme: what a client put in front
    seen = run(row([(name, text), (name, "other")], **DJANGO[twin]))
    assert seen.view == PLAIN
    assert meta_name(name) not in seen.meta
    seen = run(row([(name, text), (name, text)], **DJANGO[twin]))
    assert seen.view == PLAIN | CHANGED[twin.removeprefix("vendor-")]
    assert seen.meta[meta_name(name)] == text


@each_mount
def test_synonyms_of_a_header_that_django_reads_go(run):
    headers = [("X-Forwarded-SSL", "on"), ("X-Scheme", "https")]
    seen = run(row(headers, **DJANGO["scheme"]))
    assert set(seen.meta) == {"HTTP_HOST", "REMOTE_ADDR"}


@each_mount
def test_our_setting_is_in_force_where_django_has_one_too(run):
    settings = {"TRUSTED_PROXY_SCHEME_HEADER": "X-Scheme", **DJANGO["vendor-scheme"]}
    seen = run(row([("X-Scheme", "https"), ("X-My-TLS", "no")], **settings))
    assert seen.view["is_secure"]
    seen = run(row([("X-My-TLS", "yes")], **settings))
    assert not seen.view["is_secure"]
    assert "HTTP_X_MY_TLS" not in seen.meta
    same = {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto", **DJANGO["scheme"]}
    assert run(row([("X-Forwarded-Proto", "WSS")], **same)).view["is_secure"]


@each_mount
def test_the_host_is_still_asked_of_allowed_hosts(run):
    settings = {"TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host", "ALLOWED_HOSTS": ["testserver"]}
    with pytest.raises(AssertionError, match="400"):
        run(row([("X-Forwarded-Host", "evil.example")], **settings))


def test_a_trusted_http_takes_the_servers_https_variable_away():
    meta = {
        "REMOTE_ADDR": "10.0.0.1",
        "wsgi.url_scheme": "https",
        "HTTPS": "on",
        "HTTP_X_SCHEME": "http",
    }
    with override_settings(TRUSTED_PROXY_SCHEME_HEADER="X-Scheme"):
        rewrite(meta, get_policy())
    meta.pop("trusted_proxy")
    assert meta == {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http", "HTTP_X_SCHEME": "http"}


def test_a_prefix_does_not_reach_the_next_request(client):
    headers = {"X-Forwarded-Prefix": "/app"}
    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        first = client.get("/echo", REMOTE_ADDR="10.0.0.1", headers=headers).json()["view"]
        assert first["reverse"] == "/app/echo"
        for peer in ("10.0.0.1", "192.0.2.1"):
            client.get("/echo", REMOTE_ADDR="10.0.0.1", headers=headers)
            assert client.get("/echo", REMOTE_ADDR=peer).json()["view"] == PLAIN


def test_a_prefix_replaces_the_servers_own():
    request = RequestFactory().get("/echo", REMOTE_ADDR="10.0.0.1", SCRIPT_NAME="/inner")
    request.META["HTTP_X_FORWARDED_PREFIX"] = "/outer"
    assert isinstance(request, WSGIRequest)
    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    set_script_prefix("/")
    assert (request.path, request.META["SCRIPT_NAME"]) == ("/outer/echo", "/outer")


def test_what_an_earlier_middleware_asked_for_is_forgotten():
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "public.example"}
    request = RequestFactory().get("/echo", REMOTE_ADDR="10.0.0.1", headers=headers)
    names = {
        "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto",
        "TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host",
    }
    with override_settings(ALLOWED_HOSTS=["*"], **names):
        assert request.build_absolute_uri() == "http://testserver/echo"
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
        assert request.build_absolute_uri() == "https://public.example/echo"
        assert request.trusted_proxy.stated("scheme") == "https"
        assert request.trusted_proxy.stated("port") is None


def scheme_under_uwsgi(peer, scheme, headers=(), settings=None, **told):
    """Return wsgi.url_scheme after the decision, where uWSGI wrote `scheme` into it."""
    meta = {"REMOTE_ADDR": peer, "wsgi.url_scheme": scheme, "uwsgi.version": b"2.0.31", **told}
    meta |= {meta_name(name): text for name, text in headers}
    with override_settings(**(settings or {})):
        rewrite(meta, get_policy())
    return meta["wsgi.url_scheme"]


DESIGNATED = setting("scheme", "X-Forwarded-Proto")


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "javascript", "https, http", ""])
@pytest.mark.parametrize("settings", [{}, DESIGNATED], ids=["left to others", "designated"])
def test_a_scheme_that_uwsgi_took_from_anybody_is_taken_back(scheme, settings):
    headers = [("X-Forwarded-Proto", scheme)]
    assert scheme_under_uwsgi("192.0.2.1", scheme, headers, settings) == "http"


@pytest.mark.parametrize(
    ("told", "scheme"),
    [
        ({"HTTPS": "on"}, "https"),
        ({"HTTPS": "ON"}, "https"),
        ({"HTTPS": "1"}, "https"),
        ({"HTTPS": "off"}, "http"),
        ({"UWSGI_SCHEME": "https"}, "https"),
        ({"UWSGI_SCHEME": "http", "HTTPS": "on"}, "http"),
        ({"UWSGI_SCHEME": "javascript"}, "http"),
    ],
    ids=str,
)
def test_the_scheme_is_then_what_uwsgi_was_told_by_a_server(told, scheme):
    assert scheme_under_uwsgi("192.0.2.1", "javascript", **told) == scheme


def test_under_uwsgi_a_designated_header_has_the_last_word_if_it_can_be_believed():
    header = "X-Forwarded-Proto"
    believed, malformed = [(header, "https")], [(header, "https, http")]
    assert scheme_under_uwsgi("10.0.0.1", "https", believed, DESIGNATED) == "https"
    assert scheme_under_uwsgi("10.0.0.1", "https, http", malformed, DESIGNATED) == "http"
    assert scheme_under_uwsgi("10.0.0.1", "https", (), DESIGNATED) == "http"


def test_without_a_designated_header_uwsgi_may_believe_a_trusted_proxy():
    other = setting("host", "X-Forwarded-Host")
    for settings in ({}, other):
        assert scheme_under_uwsgi("10.0.0.1", "https", settings=settings) == "https"
        assert scheme_under_uwsgi("10.0.0.1", "https, http", settings=settings) == "http"


def test_another_server_knows_its_own_scheme():
    meta = {"REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "https"}
    with override_settings(**DESIGNATED):
        rewrite(meta, get_policy())
    assert meta["wsgi.url_scheme"] == "https"


@pytest.mark.parametrize(
    ("text", "host"),
    [("[::1]", "[::1]"), ("[1::]", "[1::]"), ("[:::1]", None), ("[::1:]", None), ("[::1", None)],
)
def test_a_host_in_brackets_is_an_ipv6_address(text, host):
    assert purposes.parse_host(text) == host


@pytest.mark.parametrize(("length", "value"), [(LONGEST_HOP, "https"), (LONGEST_HOP + 1, None)])
def test_a_header_of_another_purpose_may_be_as_long_as_an_entry(length, value):
    text = "https".ljust(length, ",")
    assert (
        Designation("scheme", "HTTP_X_FORWARDED_PROTO", is_written=True).read(text).value == value
    )


HOST_ALONE = {"TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host"}
WITH_SCHEME = {**HOST_ALONE, "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Scheme"}


@pytest.mark.parametrize(
    ("meta", "scheme", "settings", "port"),
    [
        # What uWSGI has from a header that is not designated counts for nothing.
        ({"uwsgi.version": b"2", "wsgi.url_scheme": "http", "HTTPS": "on"}, "", WITH_SCHEME, 443),
        ({"uwsgi.version": b"2", "wsgi.url_scheme": "https"}, "", WITH_SCHEME, 80),
        ({"uwsgi.version": b"2", "wsgi.url_scheme": "https"}, "", HOST_ALONE, 443),
        ({"wsgi.url_scheme": "https"}, "", WITH_SCHEME, 443),
        ({}, "https", WITH_SCHEME, 443),
        ({}, "https", HOST_ALONE, 443),
    ],
)
def test_the_port_that_a_host_leaves_out_is_that_of_the_connection(meta, scheme, settings, port):
    with override_settings(**settings):
        for stated, kept in ((port, ""), (8443, ":8443"), (523 - port, f":{523 - port}")):
            request = {
                **meta,
                "REMOTE_ADDR": "10.0.0.1",
                "HTTP_X_FORWARDED_FOR": "203.0.113.9",
                "HTTP_X_FORWARDED_HOST": f"example.com:{stated}",
            }
            rewrite(request, get_policy(), scheme)
            assert request["HTTP_HOST"] == f"example.com{kept}"


@pytest.mark.parametrize(
    ("scheme", "host"), [("https", "a.example"), ("http", "a.example:443"), (None, "a.example:443")]
)
def test_the_scheme_of_the_connection_tells_the_default_port(scheme, host):
    scope = scope_of(("x-forwarded-host", "a.example:443"), scheme=scheme)
    request = ASGIRequest(scope, BytesIO())
    with override_settings(TRUSTED_PROXY_HOST_HEADER="X-Forwarded-Host"):
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    assert request.META["HTTP_HOST"] == host
