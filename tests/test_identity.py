"""Identity headers: nobody but a trusted peer says who the user is."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import django
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_trustedproxy import explanation
from django_trustedproxy.checks import identity
from django_trustedproxy.conf import DEFAULTS, get_policy, parse
from django_trustedproxy.engine.answer import Answer
from django_trustedproxy.engine.identity import IDENTITY_HEADERS, SENDERS
from django_trustedproxy.engine.purposes import meta_name
from django_trustedproxy.explanation import lost_login
from tests.mounts import MOUNTS
from tests.requests import CLIENT, handed_on, scope_of
from tests.rows import MISSING, Row
from tests.stack import ROOT

each_mount = pytest.mark.parametrize("run", MOUNTS.values(), ids=MOUNTS)
UNIX = {"TRUSTED_PROXIES": ["unix:"]}
SITES_OWN = {"TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User", "HTTP_X_TENANT"]}
PEERS = {
    "trusted": ("10.0.0.1", {}, True),
    "trusted-unix": ("unix:", UNIX, True),
    "untrusted": ("192.0.2.1", {}, False),
    "untrusted-unix": ("unix:", {}, False),
    "no-address": ("10.0.0.1:8000", {}, False),
    "missing": (MISSING, {}, False),
}
each_peer = pytest.mark.parametrize(("peer", "settings", "is_trusted"), PEERS.values(), ids=PEERS)


def row(headers, peer="10.0.0.1", **settings):
    return Row("", headers, None, "", peer=peer, settings=settings)


def of_identity(seen, names):
    keys = set(map(meta_name, names))
    return {key: value for key, value in seen.meta.items() if key in keys}


@each_mount
@each_peer
def test_what_a_proxy_says_of_the_user_is_kept_from_trusted_peers_alone(
    run, peer, settings, is_trusted
):
    names = [*IDENTITY_HEADERS, *(f"HTTP-{name}" for name in IDENTITY_HEADERS)]
    lines = [(name, f"admin of {name}") for name in names]
    seen = run(row(lines, peer, **settings))
    sent = {meta_name(name): value for name, value in lines}
    assert of_identity(seen, names) == (sent if is_trusted else {})
    assert seen.answer["dropped"] == ([] if is_trusted else sorted(sent))


@each_mount
@each_peer
def test_the_sites_own_headers_are_guarded_like_those(run, peer, settings, is_trusted):
    own = ("X-Company-User", "HTTP-X-Company-User", "X-Tenant")
    lines = [*((name, f"admin of {name}") for name in own), ("X-Other", "1")]
    seen = run(row(lines, peer, **settings, **SITES_OWN))
    sent = {meta_name(name): f"admin of {name}" for name in own}
    assert of_identity(seen, own) == (sent if is_trusted else {})
    assert seen.meta["HTTP_X_OTHER"] == "1"
    assert seen.answer["dropped"] == ([] if is_trusted else sorted(sent))


@each_mount
def test_a_header_that_nobody_guards_passes_from_anybody(run):
    seen = run(row([("X-Company-User", "admin")], "192.0.2.1"))
    assert seen.meta["HTTP_X_COMPANY_USER"] == "admin"


@each_mount
@pytest.mark.parametrize(
    "name",
    [
        "X-Goog-IAP-JWT-Assertion",
        "Cf-Access-Jwt-Assertion",
        "X-Amzn-Oidc-Data",
        "X-Pomerium-Jwt-Assertion",
        "Authorization",
    ],
)
def test_what_carries_a_signature_is_left_to_the_application(run, name):
    seen = run(row([(name, "eyJ")], "192.0.2.1"))
    assert seen.meta[meta_name(name)] == "eyJ"


@pytest.mark.parametrize(
    "name",
    ["X_Forwarded_User", "x_forwarded-user", "X.Forwarded.User", "X-Forwarded.User"],
)
@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.1"])
def test_no_other_spelling_of_a_name_passes_the_asgi_wrapper(name, peer):
    got, _ = handed_on(scope_of((name, "admin"), client=(peer, 1)))
    assert got["headers"] == []


def test_the_asgi_wrapper_keeps_each_line_of_a_trusted_peer_in_its_place():
    lines = [
        ("host", "testserver"),
        ("x-forwarded-groups", "staff"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-user", " ali\xff\xe9, ce "),
        ("cookie", "a=1"),
        ("x-forwarded-groups", ""),
        ("x_forwarded_user", "admin"),
        ("x-forwarded-host", "a.example"),
        ("x-forwarded-host", "b.example"),
    ]
    got, _ = handed_on(scope_of(*lines))
    assert got["headers"] == [
        (b"host", b"testserver"),
        (b"x-forwarded-groups", b"staff"),
        (b"x-forwarded-user", b" ali\xff\xe9, ce "),
        (b"cookie", b"a=1"),
        (b"x-forwarded-groups", b""),
        (b"x-forwarded-host", b"a.example"),
        (b"x-forwarded-host", b"b.example"),
        (b"x-forwarded-for", b"203.0.113.9"),
    ]


def test_a_name_in_capitals_is_the_same_name():
    scope = scope_of(("x-forwarded-user", "alice"))
    scope["headers"] = [(name.upper(), value) for name, value in scope["headers"]]
    got, _ = handed_on(scope)
    assert got["headers"] == [(b"x-forwarded-user", b"alice")]


def test_each_header_has_one_sender_who_says_where_it_is_documented():
    assert all(sender.name and sender.source and sender.headers for sender in SENDERS)
    assert len(set(map(meta_name, IDENTITY_HEADERS))) == len(IDENTITY_HEADERS)


def problems_of(**settings):
    return parse(SimpleNamespace(**{**DEFAULTS, **settings}))[1]


@pytest.mark.parametrize(
    "names", [["X-Company-User"], ("Remote-User",), {"HTTP_X_TENANT"}, [" X-A "], []]
)
def test_any_collection_of_names_can_be_guarded(names):
    assert problems_of(TRUSTED_PROXY_GUARDED_HEADERS=names) == []


NAME = "TRUSTED_PROXY_GUARDED_HEADERS"
ANYWAY = f"Remove it from {NAME}: it is dropped from strangers without that."
CANNOT = f"Remove it from {NAME}, or write the name of a header that your proxy sets."


@pytest.mark.parametrize(
    ("value", "more", "problem", "fact", "hint"),
    [
        ("X-User", {}, "E050", "is not a list", f"Write {NAME} = ['X-User']."),
        ("X-A, X-B Cookie", {}, "E050", "is not a list", f"Write {NAME} = ['X-A', 'X-B']."),
        (None, {}, "E050", "is not a list", f"Write {NAME} = []."),
        (["Cookie"], {}, "E051", "names a header that cannot be guarded", CANNOT),
        (["HTTP_HOST"], {}, "E051", "names a header that cannot be guarded", CANNOT),
        (["X User"], {}, "E051", "names a header that cannot be guarded", CANNOT),
        (
            ["X_User"],
            {},
            "E051",
            "names a header that cannot be guarded",
            'Write "X-User": servers drop a name with an underscore.',
        ),
        (["*"], {}, "E051", "names a header that cannot be guarded", CANNOT),
        (["X-*"], {}, "E051", "names a header that cannot be guarded", CANNOT),
        ([7], {}, "E051", "names a header that cannot be guarded", CANNOT),
        ([""], {}, "E051", "names a header that cannot be guarded", CANNOT),
        (["X-Real-IP"], {}, "E052", "names a header that speaks about the client", ANYWAY),
        (["x-forwarded-host"], {}, "E052", "names a header that speaks about the host", ANYWAY),
        (
            ["X-Own-IP"],
            {"TRUSTED_PROXY_HEADER": "X-Own-IP"},
            "E052",
            "names a header that another setting designates",
            ANYWAY,
        ),
        (
            ["X-TLS"],
            {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_TLS", "yes")},
            "E052",
            "names a header that another setting designates",
            ANYWAY,
        ),
    ],
)
def test_what_cannot_be_guarded_says_why_and_what_to_write(value, more, problem, fact, hint):
    settings = {NAME: value, **more}
    (found,) = problems_of(**settings)
    assert found.id == f"trustedproxy.{problem}"
    assert found.msg.startswith(f"{NAME} {fact}: expected ")
    assert found.hint == hint
    with override_settings(**settings), pytest.raises(ImproperlyConfigured, match=problem):
        get_policy()


def test_a_name_that_cannot_be_guarded_leaves_the_others_guarded():
    names = ["X-Company-User", "Cookie", "X-Real-IP"]
    policy, problems = parse(SimpleNamespace(**{**DEFAULTS, NAME: names}))
    assert [problem.id for problem in problems] == ["trustedproxy.E051", "trustedproxy.E052"]
    assert "HTTP_X_COMPANY_USER" in policy.passed
    assert "HTTP_COOKIE" not in policy.dropped_if_direct


@pytest.mark.parametrize("setting", ["TRUSTED_PROXY_HEADER", "TRUSTED_PROXY_SCHEME_HEADER"])
def test_no_setting_designates_an_identity_header(setting):
    (found,) = problems_of(**{setting: "X-Forwarded-User"})
    assert found.id == "trustedproxy.E013"
    assert "speaks about the identity" in found.msg


NOT_TRUSTED = "which is not in TRUSTED_PROXIES"
USER, GROUPS = "HTTP_X_FORWARDED_USER", "HTTP_X_FORWARDED_GROUPS"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            Answer("198.51.100.66", "198.51.100.66", dropped=("HTTP_X_FORWARDED_FOR", USER)),
            f"X-Forwarded-User from 198.51.100.66, {NOT_TRUSTED}, was dropped; it would have logged the "
            "client in.",
        ),
        (
            Answer("unix:", None, dropped=(GROUPS, USER)),
            f"X-Forwarded-Groups, X-Forwarded-User from a peer on a Unix socket, {NOT_TRUSTED}, "
            "were dropped; they would have logged the client in.",
        ),
        (
            Answer(None, None, outcome="unknown", dropped=(USER,), reported="<script>"),
            f"X-Forwarded-User from a peer without an address, {NOT_TRUSTED}, was dropped; it would "
            "have logged the client in.",
        ),
        (Answer("192.0.2.1", "192.0.2.1", dropped=("HTTP_REMOTE_USER",)), ""),
        (Answer("10.0.0.1", "10.0.0.1", outcome="missing", header="X", dropped=(USER,)), ""),
    ],
)
def test_a_login_that_was_taken_from_a_stranger_is_explained(answer, expected, monkeypatch):
    monkeypatch.setattr(explanation, "find_login_keys", lambda: {USER, GROUPS})
    assert lost_login(answer) == expected


LOGIN = {
    "MIDDLEWARE": [
        "django_trustedproxy.middleware.TrustedProxyMiddleware",
        "tests.custom_logins.ByAuthenticate",
    ],
    **SITES_OWN,
}


def test_the_log_says_that_it_would_have_been_the_login(hear):
    stranger = "198.51.100.66"
    with override_settings(**LOGIN):
        # A scan before does not use up the line.
        (scan,) = hear(stranger, **{"X-Forwarded-For": "6.6.6.6"})
        (record,) = hear(stranger, **{"X-Company-User": "admin"})
        assert hear("10.0.0.1", **{"X-Forwarded-For": CLIENT, "X-Company-User": "alice"}) == []
    assert (scan.kind, record.kind) == ("direct", "login-lost")
    assert lost("X-Company-User") in record.getMessage()
    assert "login" not in scan.getMessage()
    assert "admin" not in record.getMessage()


def test_a_header_by_which_nobody_logs_in_is_no_login(hear):
    (record,) = hear("198.51.100.66", **{"X-Forwarded-User": "admin"})
    assert (record.kind, "login" in record.getMessage()) == ("direct", False)


def test_logins_are_found_once_and_a_failure_costs_no_request(monkeypatch, hear):
    looked = []

    def fail(**_):
        looked.append(1)
        raise RuntimeError

    monkeypatch.setattr(identity, "find_logins", fail)
    identity.login_keys.cache_clear()
    try:
        for peer in ("198.51.100.66", "203.0.113.66"):
            (record,) = hear(peer, **{"X-Forwarded-User": "admin"})
            assert record.kind == "direct"
    finally:
        identity.login_keys.cache_clear()
    assert looked == [1]


PROGRAM = """
import json, sys
from io import BytesIO
from asgiref.sync import async_to_sync
from tests.logins import applications
from django.core.management import call_command
from tests.mounts import exchange
from tests.requests import environ_of, lowered, scope_of

call_command("migrate", verbosity=0)


def ask_wsgi(application, peer, name):
    environ = environ_of(("Host", "a"), (name, "admin"), peer=peer, PATH_INFO="/")
    return b"".join(application(environ, lambda *_: None)).decode()


def ask_asgi(application, peer, name):
    scope = scope_of(*lowered([("Host", "a"), (name, "admin")]), path="/", client=(peer, 1))
    return async_to_sync(exchange)(application, scope)[1].decode()


application = getattr(applications, sys.argv[1])
ask = ask_wsgi if sys.argv[1].startswith("wsgi") else ask_asgi
print(json.dumps([ask(application, peer, name) for peer, name in json.loads(sys.argv[2])]))
"""


def logged_in(tmp_path, mount, header, *requests):
    """Ask the project once for each (peer, header name).

    Return who is logged in each time, and what the log told.
    """
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.logins.settings",
        "LOGIN_DATABASE": str(tmp_path / "users.sqlite3"),
        "LOGIN_HEADER": header,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mount, json.dumps(requests)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [text.removeprefix("user=") for text in json.loads(done.stdout)], done.stderr


TRUSTED, STRANGER = "10.0.0.1", "198.51.100.66"


def lost(name):
    """Return what the log says of a stranger's header."""
    who = f"{name.title()} from {STRANGER}, {NOT_TRUSTED}"
    return f"{who}, was dropped; it would have logged the client in."


# Ticket 36300: under ASGI they put HTTP_ before the name, later versions only before the default.
PREFIXES_EVERY_NAME = django.VERSION < (6, 1)
READ_INSTEAD = ["HTTP_X_FORWARDED_USER", "REMOTE_USER"] if PREFIXES_EVERY_NAME else ["REMOTE_USER"]
MOUNTED = ["wsgi", "wsgi_in_wrapper", "asgi", "asgi_in_wrapper"]


@pytest.mark.slow
@pytest.mark.parametrize("mount", MOUNTED)
def test_a_login_by_header_is_the_proxys_to_make(tmp_path, mount):
    is_prefixed = mount.startswith("asgi") and PREFIXES_EVERY_NAME
    header = "X_FORWARDED_USER" if is_prefixed else "HTTP_X_FORWARDED_USER"
    name = "X-Forwarded-User"
    users, told = logged_in(tmp_path, mount, header, (STRANGER, name), (TRUSTED, name))
    assert users == ["", "admin"]
    assert told.count(lost(name)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("mount", ["asgi", "asgi_in_wrapper"])
@pytest.mark.parametrize("header", READ_INSTEAD)
def test_what_django_reads_instead_under_asgi_is_the_proxys_to_say_too(tmp_path, mount, header):
    name = "HTTP-X-Forwarded-User" if header.startswith("HTTP_") else "Remote-User"
    users, told = logged_in(tmp_path, mount, header, (STRANGER, name), (TRUSTED, name))
    assert users == ["", "admin"]
    assert told.count(lost(name)) == 1
