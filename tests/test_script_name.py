"""The path prefix that a server states out of band: taken back where a client wrote it."""

import asyncio
from io import BytesIO
from urllib.parse import unquote_to_bytes

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.test import override_settings
from django.urls import get_script_prefix, set_script_prefix

from django_trustedproxy import Answer, asgi, wsgi
from django_trustedproxy.engine.purposes import is_prefix
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.script_name import take_back
from tests.requests import environ_of, scope_of


@pytest.fixture(autouse=True)
def _script_prefix():
    yield
    set_script_prefix("/")


@pytest.mark.parametrize("text", ["/app", "/app/", "/a b", "/ä/ö", "/a-b_c~d/e%20", "/", "/..."])
def test_what_a_server_may_be_mounted_at_is_a_prefix(text):
    assert is_prefix(text)


@pytest.mark.parametrize(
    "text",
    [
        *(".evil.example", "https://evil.example", "//evil.example", "/\\evil.example", "app"),
        *("/a//b", "/a/../b", "/..", "/.", "/a\r\nX: y", "/a\x00", "/a?b", "/a#b", "\\\\evil"),
    ],
)
def test_what_leads_elsewhere_is_none(text):
    assert not is_prefix(text)


def said(request):
    return request.META["SCRIPT_NAME"], request.path, request.path_info, get_script_prefix()


def under_wsgi(wrap=lambda application: application, **meta):
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "REMOTE_ADDR": "10.0.0.1", **meta}

    def application(environ, _start):
        set_script_prefix(environ.get("SCRIPT_NAME", "") or "/")
        return [TrustedProxyMiddleware(said)(WSGIRequest(environ))]

    (answer,) = wrap(application)(environ, None)
    return answer


def under_asgi(wrap=lambda application: application, **changes):
    scope = scope_of(**{"path": "/admin/", "client": ("10.0.0.1", 1), **changes})
    seen = []

    async def respond(request):
        return said(request)

    async def application(scope, _receive, _send):
        set_script_prefix(scope.get("root_path") or "/")
        seen.append(await TrustedProxyMiddleware(respond)(ASGIRequest(scope, BytesIO())))

    asyncio.run(wrap(application)(scope, None, None))
    return seen[0]


WSGI = {"middleware": under_wsgi, "wrapper": lambda **m: under_wsgi(wsgi.TrustedProxy, **m)}
ASGI = {"middleware": under_asgi, "wrapper": lambda **m: under_asgi(asgi.TrustedProxy, **m)}
PLAIN = ("", "/admin/", "/admin/", "/")


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize("forged", ["//evil.example", ".evil.example", "https://evil.example"])
def test_a_script_name_that_is_no_prefix_is_empty(mount, forged):
    assert WSGI[mount](SCRIPT_NAME=forged, PATH_INFO="/admin/") == PLAIN


@pytest.mark.parametrize("mount", ASGI)
@pytest.mark.parametrize("forged", ["//evil.example", ".evil.example", "https://evil.example"])
def test_a_root_path_that_is_no_prefix_is_empty(mount, forged):
    assert ASGI[mount](root_path=forged) == PLAIN


@pytest.mark.parametrize("mount", ASGI)
def test_a_root_path_that_is_no_prefix_takes_nothing_off_the_path(mount):
    path = "//evil.example/admin/"
    assert ASGI[mount](root_path="//evil.example", path=path) == ("", path, path, "/")


def test_what_code_before_made_of_the_path_stays():
    request = WSGIRequest(environ_of(SCRIPT_NAME="/app", PATH_INFO="/admin/"))
    request.path_info = "/other/"
    TrustedProxyMiddleware(said)(request)
    assert (request.path_info, request.path) == ("/other/", "/app/admin/")


@pytest.mark.parametrize("mount", WSGI)
def test_an_honest_script_name_stays(mount):
    honest = ("/app", "/app/admin/", "/admin/", "/app/")
    assert WSGI[mount](SCRIPT_NAME="/app", PATH_INFO="/admin/") == honest


@pytest.mark.parametrize("mount", ASGI)
def test_an_honest_root_path_stays(mount):
    honest = ("/app", "/app/admin/", "/admin/", "/app/")
    assert ASGI[mount](root_path="/app", path="/app/admin/") == honest


# What gunicorn makes of "GET /x/admin/" with a header SCRIPT_NAME.
FORGED = {
    "SCRIPT_NAME": "/x",
    "HTTP_SCRIPT_NAME": "/x",
    "PATH_INFO": "/admin/",
    "RAW_URI": "/x/admin/",
}


@pytest.mark.parametrize("mount", WSGI)
def test_the_path_gets_back_what_a_header_took_from_it(mount):
    taken_back = ("", "/x/admin/", "/x/admin/", "/")
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **FORGED) == taken_back
    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        assert WSGI[mount](**FORGED) == taken_back


@pytest.mark.parametrize("mount", WSGI)
def test_the_header_of_a_trusted_proxy_counts_where_no_other_is_named(mount):
    assert WSGI[mount](**FORGED) == ("/x", "/x/admin/", "/admin/", "/x/")


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize("change", [{"HTTP_SCRIPT_NAME": "/y"}, {"RAW_URI": None}])
def test_a_prefix_of_the_servers_own_is_not_taken_back(mount, change):
    meta = {**FORGED, "REMOTE_ADDR": "192.0.2.1", **change}
    meta = {key: value for key, value in meta.items() if value is not None}
    assert WSGI[mount](**meta)[0] == "/x"


@pytest.mark.parametrize("mount", WSGI)
def test_a_client_cannot_take_the_prefix_of_gunicorns_environment_away(mount, monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/x")
    assert WSGI[mount](**FORGED, REMOTE_ADDR="192.0.2.1")[::2] == ("/x", "/admin/")


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize(
    ("sent", "uri", "path", "expected"),
    [
        # gunicorn believes the line with the underscore, and joins it with that with the dash
        ("/y,/x", "/x/admin/", "/admin/", "/x/admin/"),
        ("/x,/y", "/x/admin/?q=1", "/admin/", "/x/admin/"),
        ("/%76", "/%76/admin/", "/admin/", "/v/admin/"),
        ("/x", "http://site.example/x/admin/", "/admin/", "/x/admin/"),
        ("/x", "/x", "", "/x"),
    ],
)
def test_no_spelling_keeps_a_prefix_that_a_client_stated(mount, sent, uri, path, expected):
    prefix = "/%76" if "%" in sent else "/x"
    meta = {"HTTP_SCRIPT_NAME": sent, "RAW_URI": uri, "SCRIPT_NAME": prefix, "PATH_INFO": path}
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **meta)[::2] == ("", expected)


@pytest.mark.parametrize("mount", WSGI)
def test_a_header_that_is_no_prefix_moves_no_path_of_a_trusted_proxy_either(mount):
    meta = {**FORGED, "SCRIPT_NAME": "//x", "HTTP_SCRIPT_NAME": "//x", "RAW_URI": "//x/admin/"}
    assert WSGI[mount](**meta)[::2] == ("", "//x/admin/")


def test_the_forced_prefix_of_a_site_stays_whatever_a_client_writes():
    with override_settings(FORCE_SCRIPT_NAME="/app"):
        forged = {"HTTP_SCRIPT_NAME": "/app", "RAW_URI": "/v/", "PATH_INFO": "/v/"}
        assert under_wsgi(REMOTE_ADDR="192.0.2.1", **forged)[:3] == ("/app", "/app/v/", "/v/")
        assert under_wsgi(REMOTE_ADDR="192.0.2.1", **FORGED)[::2] == ("/app", "/x/admin/")


def test_a_designated_prefix_replaces_that_of_the_server_in_every_mount():
    with override_settings(TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix"):
        expected = ("/new", "/new/v/", "/v/", "/new/")
        for ask in ASGI.values():
            headers = [(b"x-forwarded-prefix", b"/new")]
            assert ask(root_path="/old", path="/old/v/", headers=headers) == expected
        for ask in WSGI.values():
            meta = {"HTTP_X_FORWARDED_PREFIX": "/new", "SCRIPT_NAME": "/old", "PATH_INFO": "/v/"}
            assert ask(**meta) == expected


def gunicorn(path, *, header, uri=None):
    """Return what gunicorn makes of a path and a header SCRIPT_NAME."""
    return {
        "RAW_URI": uri or path,
        "HTTP_SCRIPT_NAME": header,
        "SCRIPT_NAME": header,
        "PATH_INFO": unquote_to_bytes(path.removeprefix(header)).decode("latin-1"),
    }


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize(
    ("path", "header", "expected"),
    [
        ("/%C3%A4/admin/", "/%C3%A4", "/ä/admin/"),
        # as gunicorn reads bytes that are not escaped
        ("/\xc3\xa4/admin/", "/\xc3\xa4", "/\xc3\xa4/admin/"),
        ("/%E2%82%AC/b", "/%E2%82%AC", "/€/b"),
        ("/x/%E2%82%AC", "/x", "/x/€"),
        # bytes that are no UTF-8, which Django leaves escaped
        ("/x/files/%ff", "/x", "/x/files/%FF"),
        ("/a%E2%82/b", "/a%E2%82", "/a%E2%82/b"),
        ("/a%E2%82%AC/b", "/a%E2", "/a€/b"),
        # nothing is left of the path, which is "/" to Django
        ("/x/", "/x/", "/x/"),
        ("/x", "/x", "/x"),
        ("//x/admin/", "//x", "//x/admin/"),
    ],
)
def test_whatever_is_in_the_path_it_gets_back_what_a_header_took(mount, path, header, expected):
    meta = gunicorn(path, header=header)
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **meta)[::2] == ("", expected)


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize("uri", ["/x/admin/#a", "/x/admin/?q#a", "http://a/x/admin/#?", "http://["])
def test_the_path_of_a_request_line_ends_where_gunicorn_ends_it(mount, uri):
    meta = gunicorn("/x/admin/", header="/x", uri=uri)
    kept = ("/x", "/admin/") if "[" in uri else ("", "/x/admin/")
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **meta)[::2] == kept


@pytest.mark.parametrize("mount", WSGI)
def test_a_path_of_http2_that_is_no_url_is_whole(mount):
    meta = gunicorn("http://[/admin/", header="http://[")
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **meta)[2] == "http://[/admin/"


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize(
    ("path", "expected"),
    [("/admin/", "admin/"), ("//admin/", "admin/"), ("X/admin/", "X/admin/")],
)
def test_no_path_outside_of_gunicorns_own_prefix_is_routed(mount, path, expected, monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/app")
    meta = gunicorn(path, header="")
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **meta)[::2] == ("/app", expected)


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize(
    ("path", "header", "expected"),
    [
        ("/app%2F", "/app%2F", ("/app", "/app/", "/", "/app/")),
        ("/app/a/b", "/app", ("/app/", "/app/ab", "a/b", "/app/")),
    ],
)
def test_all_that_django_makes_of_a_path_is_as_without_the_header(
    mount, path, header, expected, monkeypatch
):
    own = expected[0]
    monkeypatch.setenv("SCRIPT_NAME", own)
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **gunicorn(path, header=header)) == expected
    honest = gunicorn(path, header=own)
    del honest["HTTP_SCRIPT_NAME"]
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **honest) == expected


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize("header", ["", "/APEX/v"])
def test_a_header_cannot_replace_the_prefix_of_gunicorns_environment(mount, header, monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/APEX")
    meta = gunicorn("/APEX/v/", header=header)
    assert WSGI[mount](REMOTE_ADDR="192.0.2.1", **meta)[:3] == ("/APEX", "/APEX/v/", "/v/")


@pytest.mark.parametrize("mount", WSGI)
@pytest.mark.parametrize(("forced", "path"), [("", "/x/admin/"), ("/app", "/app/x/admin/")])
def test_a_forced_prefix_hides_no_header(mount, forced, path):
    with override_settings(FORCE_SCRIPT_NAME=forced):
        meta = gunicorn("/x/admin/", header="/x")
        found = WSGI[mount](REMOTE_ADDR="192.0.2.1", **meta)
        assert found[:3] == (forced, path, "/x/admin/")


def test_the_setting_of_django_is_the_sites_own():
    with override_settings(FORCE_SCRIPT_NAME="//cdn.example/app"):
        assert under_wsgi(PATH_INFO="/admin/")[0] == "//cdn.example/app"
        assert under_asgi()[0] == "//cdn.example/app"


@pytest.mark.parametrize("mount", WSGI)
def test_an_empty_header_of_a_trusted_proxy_counts(mount, monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/app")
    assert WSGI[mount](**gunicorn("/app/v/", header=""))[::2] == ("", "/app/v/")


def test_text_that_no_server_writes_is_taken_back_without_an_error():
    meta = {
        "RAW_URI": "/x",
        "HTTP_SCRIPT_NAME": "\ud800",
        "SCRIPT_NAME": "\ud800",
        "PATH_INFO": "/",
    }
    answer = Answer("192.0.2.1", "192.0.2.1", dropped=("HTTP_SCRIPT_NAME",))
    for is_django in (False, True):
        take_back(dict(meta), answer, is_django=is_django)
