"""What a server shows of its peer: an address, a Unix socket, or nothing that can be believed."""

import socket
import sys
from types import ModuleType, SimpleNamespace

import pytest
from django.test import override_settings

from django_trustedproxy import asgi
from django_trustedproxy.conf import get_policy
from django_trustedproxy.engine.addresses import is_unix_scope, shows_unix_socket
from django_trustedproxy.environ import rewrite
from tests.requests import scope_of
from tests.rows import MISSING

UNIX_LISTENER = SimpleNamespace(family=socket.AF_UNIX)
TCP_LISTENER = SimpleNamespace(family=socket.AF_INET)
UNIX = {"TRUSTED_PROXIES": ["unix:"]}

# What each server was seen to report, on a Unix socket and over TCP.
ENVIRONS = [
    (True, "gunicorn", {"REMOTE_ADDR": "", "SERVER_PORT": "80", "gunicorn.socket": UNIX_LISTENER}),
    (True, "granian", {"REMOTE_ADDR": "", "SERVER_NAME": "/run/s.sock", "SERVER_PORT": "0"}),
    (True, "waitress", {"REMOTE_ADDR": "localhost", "SERVER_PORT": "/run/s.sock"}),
    (True, "uWSGI", {"REMOTE_ADDR": "0.0.0.0", "SERVER_PORT": "80"}),
    (True, "nginx before uwsgi_pass", {"REMOTE_ADDR": "unix:", "SERVER_PORT": "80"}),
    (True, "uvicorn wsgi", {"SERVER_NAME": "/run/s.sock", "SERVER_PORT": "0"}),
    (True, "cheroot", {"REMOTE_ADDR": "", "SERVER_PORT": ""}),
    (True, "gevent", {"SERVER_NAME": "", "SERVER_PORT": ""}),
    (False, "gunicorn, PROXY LOCAL", {"REMOTE_ADDR": None, "gunicorn.socket": UNIX_LISTENER}),
    (False, "gunicorn over TCP", {"REMOTE_ADDR": "", "gunicorn.socket": TCP_LISTENER}),
    (False, "uvicorn wsgi, reset", {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000"}),
    (False, "an adapter without an address", {"REMOTE_ADDR": "", "SERVER_PORT": "443"}),
    (False, "an adapter with None", {"REMOTE_ADDR": None, "SERVER_PORT": "443"}),
    (False, "a header that was copied", {"REMOTE_ADDR": "localhost", "SERVER_PORT": "80"}),
    (False, "nothing at all", {}),
    (False, "a name of its own", {"SERVER_NAME": "localhost", "SERVER_PORT": 80}),
]


@pytest.mark.parametrize(("is_unix", "server", "environ"), ENVIRONS, ids=str)
def test_a_wsgi_server_has_to_show_a_unix_socket(is_unix, server, environ):
    assert shows_unix_socket(environ.get("REMOTE_ADDR"), environ) is is_unix, server
    meta = {**environ, "HTTP_X_FORWARDED_FOR": "6.6.6.6"}
    with override_settings(**UNIX):
        answer = rewrite(meta, get_policy())
    assert answer.outcome == ("forwarded" if is_unix else "unknown")
    assert meta["REMOTE_ADDR"] == ("6.6.6.6" if is_unix else "")
    assert bool(answer) is is_unix


def test_hypercorn_is_known_by_the_name_that_it_gives_itself(monkeypatch):
    environ = {"SERVER_NAME": "localhost", "SERVER_PORT": 80}
    monkeypatch.setitem(sys.modules, "hypercorn", ModuleType("hypercorn"))
    assert shows_unix_socket(None, environ)
    assert not shows_unix_socket(None, {**environ, "SERVER_NAME": "127.0.0.1"})
    assert not shows_unix_socket("", {**environ, "REMOTE_ADDR": ""})


SCOPES = [
    (True, "uvicorn", None, ("/run/s.sock", None)),
    (True, "gunicorn -k asgi", None, ("/", "w")),
    (True, "granian", ("", "0"), ("/run/s.sock", "0")),
    (True, "hypercorn, daphne", None, None),
    (False, "a reset connection", None, ("127.0.0.1", 8000)),
    (False, "a reset connection over IPv6", None, ("::1", 8000)),
    (False, "an adapter without an address", (None, 0), ("site.example", 443)),
    (False, "an adapter with a name", None, ("site.example", 443)),
    (False, "an empty address over TCP", ("", 0), ("127.0.0.1", 8000)),
    (False, "a header that was copied", ("unix:", 0), None),
    (False, "text", ("localhost", 0), None),
    (False, "an adapter with the Host /x:80", ("", 0), ("/x", 80)),
]


@pytest.mark.parametrize(("is_unix", "name", "client", "server"), SCOPES)
def test_an_asgi_server_has_to_show_a_unix_socket(is_unix, name, client, server):
    scope = scope_of(("x-forwarded-for", "6.6.6.6"), client=client, server=server)
    assert is_unix_scope(scope.get("client"), scope.get("server")) is is_unix, name
    with override_settings(**UNIX):
        changed = asgi.rewrite_scope(scope, get_policy())
    assert changed["trusted_proxy"].outcome == ("forwarded" if is_unix else "unknown")
    assert changed["client"] == (("6.6.6.6", 0) if is_unix else None)
    assert changed["headers"] == ([(b"x-forwarded-for", b"6.6.6.6")] if is_unix else [])


@pytest.mark.parametrize(
    ("peer", "reported"),
    [
        ("6.6.6.6, 203.0.113.9", "6.6.6.6, 203.0.113.9"),
        ("<script>", "<script>"),
        ("10.0.0.1:8000", "10.0.0.1:8000"),
        (0, "0"),
        (b"10.0.0.1", "b'10.0.0.1'"),
        ("", None),
        (None, None),
        (MISSING, None),
    ],
)
def test_what_is_no_address_does_not_stay_and_is_kept_to_be_told(peer, reported):
    meta = {} if peer is MISSING else {"REMOTE_ADDR": peer}
    answer = rewrite(meta, get_policy())
    assert (answer.outcome, answer.peer, answer.client) == ("unknown", None, None)
    assert answer.reported == reported
    assert meta["REMOTE_ADDR"] == ""


def test_a_lock_to_the_proxies_shuts_out_who_is_unknown():
    with override_settings(TRUSTED_PROXY_REJECT=["direct"]):
        assert "unknown" in get_policy().reject
    with override_settings(TRUSTED_PROXY_REJECT=["missing"]):
        assert "unknown" not in get_policy().reject
