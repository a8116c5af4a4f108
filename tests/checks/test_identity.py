"""Checks of logins by header: each fires on the real thing and stays silent on the near miss."""

import json
import re
from io import StringIO

import pytest
from django.core.checks import Warning  # noqa: A004 - Django's own name
from django.core.checks.registry import registry
from django.core.management import call_command
from django.test import override_settings

from django_trustedproxy.checks import identity
from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from tests import custom_logins
from tests.checks.findings import ours

AUTH = {
    "INSTALLED_APPS": [
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django_trustedproxy",
    ]
}
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
DJANGOS = "django.contrib.auth.middleware.RemoteUserMiddleware"
PERSISTENT = "django.contrib.auth.middleware.PersistentRemoteUserMiddleware"
SUBCLASS = """
from django.contrib.auth.middleware import {base}


class Login({base}):
    header = {header!r}
"""


@pytest.fixture(autouse=True)
def _no_checks_are_left(monkeypatch):
    """Forget the checks that Django's own apps register when they are installed for a test."""
    monkeypatch.setattr(registry, "registered_checks", set(registry.registered_checks))


@pytest.fixture
def login(package):
    """Write a subclass of Django's middleware with a header; return its path."""

    def write(header, base="RemoteUserMiddleware"):
        package("logins_of_test", middleware=SUBCLASS.format(base=base, header=header))
        return "logins_of_test.middleware.Login"

    return write


def found(*middleware, **settings):
    """Return what the checks say of logins."""
    listed = [OUR_MIDDLEWARE, SESSIONS, USERS, *middleware]
    messages = ours(**{**AUTH, "MIDDLEWARE": listed, **settings})
    return [m for m in messages if "W050" <= m.id.removeprefix("trustedproxy.") <= "W059"]


@pytest.mark.parametrize("base", ["RemoteUserMiddleware", "PersistentRemoteUserMiddleware"])
def test_a_login_by_a_header_that_nobody_guards_is_a_warning(login, base):
    assert found(login("HTTP_X_COMPANY_USER", base)) == [
        Warning(
            "'logins_of_test.middleware.Login' logs in the user that X-Company-User names, and anyone "
            "can send that header.",
            hint="Write TRUSTED_PROXY_GUARDED_HEADERS = ['X-Company-User'], so that only a trusted "
            "proxy can.",
            id="trustedproxy.W050",
        )
    ]


def test_the_line_to_paste_keeps_what_is_guarded_already(login):
    (warning,) = found(login("HTTP_X_COMPANY_USER"), TRUSTED_PROXY_GUARDED_HEADERS=["X-Tenant"])
    assert "= ['X-Tenant', 'X-Company-User']," in warning.hint


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_USER", "HTTP_REMOTE_USER", "REMOTE_USER"])
def test_a_header_of_the_table_or_of_the_server_is_no_warning(login, header):
    assert found(login(header)) == []


def test_a_guarded_header_is_no_warning(login):
    guarded = {"TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User"]}
    assert found(login("HTTP_X_COMPANY_USER"), **guarded) == []


@pytest.mark.parametrize("path", [DJANGOS, PERSISTENT])
def test_djangos_own_header_comes_from_the_server_and_is_no_warning(path):
    assert found(path) == []
    assert found(path, TRUSTED_PROXIES=[]) == []
    assert found(path, ASGI_APPLICATION="a.b") == []


def test_a_header_that_is_made_at_run_time_is_left_alone(package):
    source = SUBCLASS.format(base="RemoteUserMiddleware", header="")
    source += "    header = property(lambda self: 'HTTP_X')\n"
    package("logins_of_test", middleware=source)
    assert found("logins_of_test.middleware.Login") == []


def test_a_login_before_ours_is_a_warning(login):
    path = login("HTTP_X_FORWARDED_USER")
    (warning,) = found(MIDDLEWARE=[SESSIONS, USERS, path, OUR_MIDDLEWARE])
    assert warning == Warning(
        f"'{path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE, so it logs in the user that a client names "
        "in X-Forwarded-User.",
        hint=f"Put '{OUR_MIDDLEWARE}' first in MIDDLEWARE.",
        id="trustedproxy.W051",
    )


def test_a_login_while_nobody_is_trusted_is_a_warning(login):
    path = login("HTTP_X_FORWARDED_USER")
    (warning,) = found(path, TRUSTED_PROXIES=[])
    assert warning == Warning(
        "TRUSTED_PROXIES trusts nobody, so X-Forwarded-User is dropped from every request and "
        f"'{path}' logs nobody in.",
        hint="Add the addresses of the proxy that logs people in to TRUSTED_PROXIES.",
        id="trustedproxy.W052",
    )
    assert found(path, TRUSTED_PROXIES=["unix:"]) == []
    assert found(path, TRUSTED_PROXIES=["nobody.example"]) == []


def test_a_name_that_django_changes_under_asgi_is_a_warning(login, monkeypatch):
    path = login("HTTP_X_FORWARDED_USER")
    monkeypatch.setattr(identity, "_ADDS_HTTP", True)
    (warning,) = found(path, ASGI_APPLICATION="project.asgi.application")
    assert warning == Warning(
        f"'{path}' has header = 'HTTP_X_FORWARDED_USER', and under ASGI this Django logs in the user that "
        "Http-X-Forwarded-User names: proxies do not remove that name.",
        hint="Write header = 'X_FORWARDED_USER' in it.",
        id="trustedproxy.W053",
    )
    monkeypatch.setattr(identity, "_ADDS_HTTP", False)
    assert found(path, ASGI_APPLICATION="project.asgi.application") == []


def test_a_name_without_http_is_a_header_under_asgi(login, monkeypatch):
    path = login("X_COMPANY_USER")
    monkeypatch.setattr(identity, "_ADDS_HTTP", True)
    assert found(path) == []
    (warning,) = found(path, ASGI_APPLICATION="project.asgi.application")
    assert warning.id == "trustedproxy.W050"
    assert "X-Company-User" in warning.msg


@pytest.mark.parametrize("adds_http", [False, True])
def test_djangos_default_name_is_a_header_under_asgi(login, monkeypatch, adds_http):
    path = login("REMOTE_USER")
    monkeypatch.setattr(identity, "_ADDS_HTTP", adds_http)
    asgi = {"ASGI_APPLICATION": "project.asgi.application", "TRUSTED_PROXIES": []}
    assert found(path, TRUSTED_PROXIES=[]) == []
    (warning,) = found(path, **asgi)
    assert warning.id == "trustedproxy.W052"
    assert "Remote-User is dropped from every request" in warning.msg


@pytest.mark.parametrize("name", custom_logins.LOGINS)
def test_a_custom_login_is_a_warning_with_its_line(name):
    (warning,) = found(f"tests.custom_logins.{name}")
    assert warning.id == "trustedproxy.W050"
    place = rf" names in {re.escape(custom_logins.__file__)}:\d+, and anyone"
    assert re.search(rf"X-Company-User{place}", warning.msg)
    guarded = {"TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User"]}
    assert found(f"tests.custom_logins.{name}", **guarded) == []


@pytest.mark.parametrize("name", custom_logins.INNOCENT)
def test_what_logs_in_by_a_proof_or_not_at_all_is_no_warning(name):
    assert found(f"tests.custom_logins.{name}") == []


def test_a_middleware_that_cannot_be_imported_is_left_to_django():
    assert found("no.such.Middleware") == []


# The real one is in tests/agreement.
REST_FRAMEWORK = """
class RemoteUserAuthentication:
    header = "REMOTE_USER"


class TokenAuthentication:
    header = "HTTP_AUTHORIZATION"


class Login(RemoteUserAuthentication):
    header = "HTTP_X_COMPANY_USER"
"""


def of_rest_framework(*names, **settings):
    paths = [f"rest_framework.authentication.{name}" for name in names]
    return found(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": paths}, **settings)


def test_a_login_of_rest_framework_by_a_header_that_nobody_guards_is_a_warning(package):
    package("rest_framework", authentication=REST_FRAMEWORK)
    path = "rest_framework.authentication.Login"
    with_zero = {"NUM_PROXIES": 0, "DEFAULT_AUTHENTICATION_CLASSES": [path]}
    (warning,) = found(REST_FRAMEWORK=with_zero)
    assert warning.id == "trustedproxy.W050"
    assert warning.msg.startswith(f"'{path}' logs in the user that X-Company-User names, and")
    guarded = {"TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User"]}
    assert of_rest_framework("Login", **guarded) == []
    (warning,) = of_rest_framework("Login", TRUSTED_PROXIES=[], **guarded)
    assert warning.id == "trustedproxy.W052"


@pytest.mark.parametrize("name", ["RemoteUserAuthentication", "TokenAuthentication", "NoSuch"])
def test_what_rest_framework_has_itself_is_no_warning(package, name):
    package("rest_framework", authentication=REST_FRAMEWORK)
    assert of_rest_framework(name) == []


def test_rest_framework_without_classes_of_its_own_is_no_warning():
    assert found(REST_FRAMEWORK={"NUM_PROXIES": 0}) == []


SHIBBOLETH = """
from shibboleth.middleware import ShibbolethRemoteUserMiddleware


class Login(ShibbolethRemoteUserMiddleware):
    header = {header!r}
"""


def test_a_login_of_a_package_is_found_by_what_it_inherits(package):
    package("logins_of_test", shib=SHIBBOLETH.format(header="HTTP_EPPN"))
    attributes = {"SHIBBOLETH_ATTRIBUTE_MAP": {"eppn": (True, "username")}}
    assert found("shibboleth.middleware.ShibbolethRemoteUserMiddleware", **attributes) == []
    (warning,) = found("logins_of_test.shib.Login", **attributes)
    assert warning.id == "trustedproxy.W050"
    assert "logs in the user that Eppn names" in warning.msg


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        (
            "198.51.100.66",
            "X-Forwarded-User from 198.51.100.66, which is not in TRUSTED_PROXIES, was dropped; it "
            "would have logged the client in.",
        ),
        ("10.0.0.1", None),
    ],
)
def test_explain_says_whose_login_was_dropped(login, peer, told):
    middleware = [OUR_MIDDLEWARE, SESSIONS, USERS, login("HTTP_X_FORWARDED_USER")]
    request = ("--peer", peer, "--header", "X-Forwarded-User: admin")
    texts = []
    with override_settings(**AUTH, MIDDLEWARE=middleware):
        for more in ((), ("--json",)):
            out = StringIO()
            call_command("trustedproxy", "explain", *request, *more, stdout=out, no_color=True)
            texts.append(out.getvalue())
    assert (told in texts[0].splitlines()) == (told is not None)
    assert json.loads(texts[1])["login"] == told
