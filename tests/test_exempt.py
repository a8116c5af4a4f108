"""Paths that are never rejected: the same in every mount, and no spelling of another path."""

import json
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from django_trustedproxy import asgi, wsgi
from django_trustedproxy.conf import parse
from tests.handlers import HANDLERS
from tests.mounts import ANSWER_SECONDS
from tests.requests import environ_of

STRANGER, PROXY = "192.0.2.66", "10.0.0.1"
LOCKED = {"TRUSTED_PROXY_REJECT": ["direct", "missing", "malformed"]}
EXEMPT = {**LOCKED, "TRUSTED_PROXY_REJECT_EXEMPT": ["/echo"]}


@pytest.fixture(params=HANDLERS)
def mount(request):
    return request.param


@pytest.fixture
def ask(mount):
    """Return what sends a request through a mount, and gives the status and the body."""
    send, wrap = HANDLERS[mount]

    def run(path="/echo", root="", peer=STRANGER, headers=(), **settings):
        with override_settings(**settings):
            return send(path, root, peer, {"Host": "testserver", **dict(headers)}, wrap)

    return run


@pytest.mark.parametrize(
    ("peer", "headers", "outcome"),
    [
        (STRANGER, {"X-Forwarded-For": "6.6.6.6"}, "direct"),
        (PROXY, {}, "missing"),
        (PROXY, {"X-Forwarded-For": "junk"}, "malformed"),
    ],
)
def test_an_exempt_path_is_decided_as_ever_and_never_rejected(ask, peer, headers, outcome):
    assert ask(peer=peer, headers=headers, **LOCKED)[0] == 400
    status, body = ask(peer=peer, headers=headers, **EXEMPT)
    assert status == 200
    seen = json.loads(body)
    assert seen["meta"]["REMOTE_ADDR"] == peer
    assert "HTTP_X_FORWARDED_FOR" not in seen["meta"] or peer == PROXY
    assert seen["answer"]["outcome"] == outcome


def test_what_is_no_exact_path_is_told_with_an_example():
    name, expected = "TRUSTED_PROXY_REJECT_EXEMPT", "expected exact paths, such as '/healthz'"
    line = f"Write {name} = [%s]. Each path is exempt as it is written, and nothing else."
    for value, fact, paths in (
        ("/X, /a", "is not a collection", '"/X", "/a"'),
        (["/X*"], "has an entry that is not an exact path", '"/X"'),
        (["^X$"], "has an entry that is not an exact path", '"/X"'),
        (["*"], "has an entry that is not an exact path", ""),
    ):
        ((_, msg, hint),) = parse(SimpleNamespace(**{name: value}))[1]
        got = value if isinstance(value, str) else value[0]
        assert (msg, hint) == (f"{name} {fact}: {expected}, got {got!r}.", line % paths)


def test_the_log_does_not_say_that_an_exempt_request_was_rejected(ask, told, caplog):
    told.clear()
    headers = {"X-Forwarded-For": "junk"}
    ask(peer=PROXY, headers=headers, **LOCKED)
    said = "\n".join(r.getMessage() for r in caplog.records if r.name == "django_trustedproxy")
    assert "answered with 400" in said
    told.clear()
    caplog.clear()
    ask(peer=PROXY, headers=headers, **EXEMPT)
    said = "\n".join(r.getMessage() for r in caplog.records if r.name == "django_trustedproxy")
    assert "junk" in said
    assert "400" not in said


@pytest.mark.parametrize(
    "path",
    [
        *("/echo/", "//echo", "/echo;x", "/echo%2e", "/echo.", "/./echo", "/x/../echo", "/ECHO"),
        *("/ech", "/echo\u00e9", "/", "", "echo", "ec/ho", "/echo ", "/echo\x00", "/echo?x", "*"),
    ],
)
def test_no_other_path_is_exempt(ask, path):
    assert ask(path, **EXEMPT)[0] == 400


@pytest.mark.parametrize("path", ["/", "/health/live/now"])
def test_the_root_and_a_path_of_several_parts_can_be_exempt(ask, path):
    assert ask(path, **LOCKED)[0] == 400
    assert ask(path, **LOCKED, TRUSTED_PROXY_REJECT_EXEMPT=[path])[0] == 404


def test_no_path_is_the_root_where_django_takes_it_for_that(ask, mount):
    exempt = {**LOCKED, "TRUSTED_PROXY_REJECT_EXEMPT": ["/"]}
    assert ask("", **exempt)[0] == (404 if "wsgi" in mount else 400)


def test_the_script_name_is_part_of_the_path(ask):
    mounted = {**LOCKED, "TRUSTED_PROXY_REJECT_EXEMPT": ["/app/echo"]}
    assert ask("/echo", "/app", **mounted)[0] == 200
    assert ask("/echo", "", **mounted)[0] == 400
    assert ask("/echo", "/app", **EXEMPT)[0] == 400


@pytest.mark.parametrize("peer", [STRANGER, PROXY])
def test_a_prefix_that_a_header_states_makes_no_other_path_exempt(ask, peer):
    settings = {
        **LOCKED,
        "TRUSTED_PROXY_PREFIX_HEADER": "X-Forwarded-Prefix",
        "TRUSTED_PROXY_REJECT_EXEMPT": ["/app/echo", "/app"],
    }
    headers = {"X-Forwarded-Prefix": "/app"}
    assert ask("/echo", "", peer, headers, **settings)[0] == 400
    assert ask("/", "", peer, headers, **settings)[0] == 400


def test_a_prefix_that_a_header_states_does_not_end_an_exemption(ask):
    settings = {**EXEMPT, "TRUSTED_PROXY_PREFIX_HEADER": "X-Forwarded-Prefix"}
    assert ask("/echo", "", PROXY, {"X-Forwarded-Prefix": "/app"}, **settings)[0] == 200


@pytest.mark.parametrize(("path", "root"), [("/", "/echo"), ("", "/echo"), ("//", "/echo")])
def test_a_script_name_alone_is_no_exempt_path(ask, path, root):
    exempt = ["/echo", "/echo/", "/echo//"]
    settings = {**LOCKED, "TRUSTED_PROXY_REJECT_EXEMPT": exempt}
    assert ask(path, root, **settings)[0] in {400, 404}
    assert ask(path, root, **{**settings, "TRUSTED_PROXY_REJECT_EXEMPT": exempt[:2]})[0] == 400


def test_a_path_of_other_letters_is_compared_as_django_decodes_it(ask, mount):
    exempt = {**LOCKED, "TRUSTED_PROXY_REJECT_EXEMPT": ["/gr\u00fcn"]}
    path = "/gr\u00fcn" if "asgi" in mount else "/gr\u00fcn".encode().decode("latin-1")
    assert ask(path, **exempt)[0] == 404
    assert ask("/gr\u00fcnd", **exempt)[0] == 400


def test_bytes_that_are_no_text_are_no_exempt_path():
    environ = {"SCRIPT_NAME": "/\xff", "PATH_INFO": "/echo", "REMOTE_ADDR": STRANGER}
    started = []
    with override_settings(**EXEMPT):
        application = wsgi.TrustedProxy(lambda *_: [b"reached"])
        body = application(environ, lambda status, _: started.append(status))
    assert (body, started) == ([b"Bad Request"], ["400 Bad Request"])


@pytest.mark.parametrize(("path", "answer"), [("/echo", "reached"), ("/echo/", "websocket.close")])
def test_a_websocket_at_an_exempt_path_is_accepted(path, answer):
    async def application(_scope, _receive, send):
        await send({"type": "reached"})

    async def first():
        scope = {"type": "websocket", "path": path, "headers": [], "client": (STRANGER, 1)}
        communicator = ApplicationCommunicator(asgi.TrustedProxy(application), scope)
        return await communicator.receive_output(ANSWER_SECONDS)

    with override_settings(**EXEMPT):
        assert async_to_sync(first)()["type"] == answer


@pytest.mark.parametrize("paths", [["/echo"], ("/echo",), {"/echo"}, [" /echo "]])
def test_exempt_paths_are_any_collection(paths):
    policy, found = parse(SimpleNamespace(TRUSTED_PROXY_REJECT_EXEMPT=paths))
    assert (policy.reject_exempt, found) == ({"/echo"}, [])


ALONE = "Each path is exempt as it is written, and nothing else."
NAME = "TRUSTED_PROXY_REJECT_EXEMPT"


@pytest.mark.parametrize(
    ("value", "problem", "line"),
    [
        ("/healthz", "E016", '["/healthz"]'),
        ("/healthz, /readyz", "E016", '["/healthz", "/readyz"]'),
        (None, "E016", "[]"),
        ({"/healthz": 1}, "E016", "[]"),
        (["healthz"], "E017", '["/healthz"]'),
        (["/live", "^/healthz$"], "E017", '["/live", "/healthz"]'),
        (["/healthz*"], "E017", '["/healthz"]'),
        (["/health(z|y)"], "E017", "[]"),
        (["/healthz?x=1"], "E017", "[]"),
        (["/%68ealthz"], "E017", "[]"),
        (["https://example.com/healthz"], "E017", "[]"),
        ([""], "E017", "[]"),
        ([1, "/live"], "E017", '["/live"]'),
    ],
    ids=str,
)
def test_what_is_no_exact_path_is_an_error_that_says_what_to_write(value, problem, line):
    policy, (found,) = parse(SimpleNamespace(TRUSTED_PROXY_REJECT_EXEMPT=value))
    assert found.id == f"trustedproxy.{problem}"
    assert found.hint == f"Write {NAME} = {line}. {ALONE}"
    assert "'/healthz'" in found.msg
    assert policy.reject_exempt <= {"/live"}


@pytest.mark.parametrize("forced", [None, "", "/app"])
def test_no_header_makes_another_path_an_exempt_one(forced):
    # What gunicorn makes of "GET /files/healthz" with "SCRIPT_NAME: /files".
    environ = environ_of(("SCRIPT_NAME", "/files"), peer=STRANGER, PATH_INFO="/healthz")
    environ |= {"SCRIPT_NAME": "/files", "RAW_URI": "/files/healthz"}
    exempt = ["/healthz", "/app/healthz"]
    with override_settings(**LOCKED, TRUSTED_PROXY_REJECT_EXEMPT=exempt, FORCE_SCRIPT_NAME=forced):
        for wrap in (wsgi.TrustedProxy, lambda application: application):
            start = Mock()
            wrap(WSGIHandler())(dict(environ), start)
            assert start.call_args.args[0] == "400 Bad Request"
