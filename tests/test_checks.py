"""System checks: each fires on the real thing and stays silent on the near miss."""

import re
import sys
from io import StringIO
from types import ModuleType

import pytest
from django.core.checks import Error, Tags, Warning, run_checks  # noqa: A004 - Django's own name
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.middleware.security import SecurityMiddleware
from django.test import override_settings
from django.utils.module_loading import import_string

from django_trustedproxy import checks
from django_trustedproxy.conf import DEFAULTS
from django_trustedproxy.inspection import find_store
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.processors import FIXERS, OUR_MIDDLEWARE, READERS
from tests import home_grown

INSTALLED = [
    "xff.middleware.XForwardedForMiddleware",
    "x_forwarded_for.middleware.XForwardedForMiddleware",
    "behind_lb.middleware.BehindLB",
]
# Not on the index, or (httpxforwardedfor) held back by its own pin to Django 2.1.
NOT_INSTALLED = sorted(set(FIXERS) - set(INSTALLED))


class OurSubclass(TrustedProxyMiddleware):
    """What a project may make of ours."""


class SecuritySubclass(SecurityMiddleware):
    """What a project may make of Django's."""


def instrumentation(get_response):
    """Wrap the chain as tracing packages do, reading nothing."""
    return get_response


def ours(**settings):
    """Run the checks under some settings and return our messages."""
    with override_settings(**settings):
        found = run_checks(tags=[Tags.security])
    return [message for message in found if message.id.startswith("trustedproxy.")]


def ids(**settings):
    return [message.id.removeprefix("trustedproxy.") for message in ours(**settings)]


def test_a_project_set_up_by_the_readme_has_no_finding():
    assert ours() == []


def test_every_problem_of_the_settings_is_an_error_with_its_id():
    found = ours(TRUSTED_PROXIES=["10.0.0.1/8"], TRUSTED_PROXY_KEEP_HEADER=1)
    assert found == [
        Error(
            "TRUSTED_PROXIES[0] has host bits set: expected a network's first address, got "
            "'10.0.0.1/8'.",
            hint='Write "10.0.0.1" for one address, or "10.0.0.0/8" for the network.',
            id="trustedproxy.E003",
        ),
        Error(
            "TRUSTED_PROXY_KEEP_HEADER is not a bool: expected True or False, got 1.",
            hint="Write TRUSTED_PROXY_KEEP_HEADER = True.",
            id="trustedproxy.E009",
        ),
    ]


def test_manage_py_check_reports_a_wrong_setting_instead_of_failing_on_it():
    with override_settings(TRUSTED_PROXIES="10.0.0.1"), pytest.raises(SystemCheckError) as caught:
        call_command("check", stdout=StringIO(), stderr=StringIO())
    assert "(trustedproxy.E001) TRUSTED_PROXIES is not a list" in str(caught.value)
    assert "HINT: Write TRUSTED_PROXIES = ['10.0.0.1']." in str(caught.value)


def test_a_check_can_be_silenced():
    with override_settings(TRUSTED_PROXY_HEADER=["X-Real-IP", "X-Client-IP"]):
        (message,) = ours()
        assert not message.is_silenced()
        with override_settings(SILENCED_SYSTEM_CHECKS=["trustedproxy.W001"]):
            assert message.is_silenced()


def test_several_headers_are_a_warning():
    assert ours(TRUSTED_PROXY_HEADER=["X-Real-IP", "X-Client-IP"]) == [
        Warning(
            "TRUSTED_PROXY_HEADER names 2 headers; only the first is used, and the others are "
            "dropped.",
            hint='Write TRUSTED_PROXY_HEADER = "X-Real-IP", the one that your proxy sets. '
            "See README, trustedproxy.W001.",
            id="trustedproxy.W001",
        )
    ]
    assert ids(TRUSTED_PROXY_HEADER=["X-Real-IP"]) == []


@pytest.mark.parametrize("path", INSTALLED)
def test_another_fixer_is_a_warning(path):
    assert ours(MIDDLEWARE=[OUR_MIDDLEWARE, path]) == [
        Warning(
            f"'{path}' writes REMOTE_ADDR too, in {find_store(import_string(path))}, by its own "
            "reading of the headers.",
            hint=f"Remove '{path}' from MIDDLEWARE; django-trustedproxy does its work. See README, "
            "trustedproxy.W002.",
            id="trustedproxy.W002",
        )
    ]


@pytest.mark.parametrize("name", ["WritesByAHelper", "writes_in_a_function"])
def test_a_home_grown_fixer_is_a_warning_with_its_line(name):
    (found,) = ours(MIDDLEWARE=[OUR_MIDDLEWARE, f"tests.home_grown.{name}"])
    assert found.id == "trustedproxy.W002"
    assert re.search(rf" in {re.escape(home_grown.__file__)}:\d+, ", found.msg)


@pytest.mark.parametrize("name", ["ReadsTheAddress", "ReadsIntoALogRecord", "reads_in_a_function"])
def test_a_home_grown_reader_behind_ours_is_no_finding(name):
    assert ids(MIDDLEWARE=[OUR_MIDDLEWARE, f"tests.home_grown.{name}"]) == []


def test_a_fixer_that_a_setting_stops_is_no_finding_of_its_own():
    path = "xff.middleware.XForwardedForMiddleware"
    found = ids(MIDDLEWARE=[OUR_MIDDLEWARE, path], XFF_REWRITE_REMOTE_ADDR=False)
    assert found == ["W030"]
    found = ids(MIDDLEWARE=[OUR_MIDDLEWARE, path], XFF_REWRITE_REMOTE_ADDR=True)
    assert sorted(found) == ["W002", "W030"]


@pytest.mark.parametrize("path", NOT_INSTALLED)
def test_a_fixer_is_known_by_where_it_is_defined(path, monkeypatch):
    put_class(monkeypatch, path)
    (found,) = ours(MIDDLEWARE=[OUR_MIDDLEWARE, path])
    assert found.id == "trustedproxy.W002"
    assert f"writes REMOTE_ADDR too, as {FIXERS[path].package} does, by" in found.msg


@pytest.mark.parametrize("path", INSTALLED)
def test_a_subclass_of_another_fixer_is_a_warning(path, monkeypatch):
    module, _, name = path.rpartition(".")
    fixer = getattr(__import__(module, fromlist=[name]), name)
    child = put_class(monkeypatch, "project.middleware.Child", fixer)
    assert ids(MIDDLEWARE=[OUR_MIDDLEWARE, child]) == ["W002"]


def put_class(monkeypatch, path, base=object):
    """Make a class importable by a path."""
    module_name, _, name = path.rpartition(".")
    parts = module_name.split(".")
    for end in range(1, len(parts) + 1):
        package = ".".join(parts[:end])
        if package not in sys.modules:
            monkeypatch.setitem(sys.modules, package, ModuleType(package))
    new = type(name, (base,), {"__module__": module_name})
    monkeypatch.setattr(sys.modules[module_name], name, new, raising=False)
    return path


def test_our_middleware_missing_is_a_warning():
    assert ours(MIDDLEWARE=["django.middleware.security.SecurityMiddleware"]) == [checks.W003]


def test_our_middleware_twice_is_a_warning():
    assert ours(MIDDLEWARE=[OUR_MIDDLEWARE, OUR_MIDDLEWARE]) == [checks.W004]
    assert ids(MIDDLEWARE=[OUR_MIDDLEWARE, "tests.test_checks.OurSubclass"]) == ["W004"]


def test_a_subclass_is_ours():
    assert ids(MIDDLEWARE=["tests.test_checks.OurSubclass"]) == []


def test_a_reader_before_ours_is_a_warning():
    path = "django.middleware.security.SecurityMiddleware"
    assert ours(MIDDLEWARE=[path, OUR_MIDDLEWARE]) == [
        Warning(
            f"'{path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE and reads the scheme and the "
            "host, which is then the proxy's or forged.",
            hint=f"Put '{OUR_MIDDLEWARE}' before '{path}', best first. See README, "
            "trustedproxy.W005.",
            id="trustedproxy.W005",
        )
    ]


@pytest.mark.parametrize(
    "path", [path for path in READERS if path.startswith(("django.", "debug_"))]
)
def test_every_known_reader_is_found_before_ours_and_not_after(path, settings):
    settings.STATIC_URL = "/static/"
    settings.INSTALLED_APPS = [
        *settings.INSTALLED_APPS,
        "django.contrib.contenttypes",
        "django.contrib.sites",
        "django.contrib.staticfiles",
        "debug_toolbar",
    ]
    assert ids(MIDDLEWARE=[path, OUR_MIDDLEWARE]) == ["W005"]
    assert ids(MIDDLEWARE=[OUR_MIDDLEWARE, path]) == []


@pytest.mark.parametrize(
    "path", [path for path in READERS if not path.startswith(("django.", "debug_"))]
)
def test_a_reader_is_known_by_where_it_is_defined(path, monkeypatch):
    put_class(monkeypatch, path)
    assert "W005" in ids(MIDDLEWARE=[path, OUR_MIDDLEWARE])
    assert "W005" not in ids(MIDDLEWARE=[OUR_MIDDLEWARE, path])


def test_a_subclass_of_a_reader_is_found():
    path = "tests.test_checks.SecuritySubclass"
    assert ids(MIDDLEWARE=[path, OUR_MIDDLEWARE]) == ["W005"]


def test_instrumentation_before_ours_is_fine():
    assert ids(MIDDLEWARE=["tests.test_checks.instrumentation", OUR_MIDDLEWARE]) == []


def test_a_middleware_that_cannot_be_imported_is_left_to_the_server():
    assert ids(MIDDLEWARE=["no.such.Middleware", OUR_MIDDLEWARE]) == []


def test_a_setting_that_is_only_nearly_ours_is_a_warning():
    assert ours(TRUSTED_PROXY_HEADERS=["X-Real-IP"]) == [
        Warning(
            "TRUSTED_PROXY_HEADERS is not a setting of django-trustedproxy.",
            hint=f"Use one of {', '.join(DEFAULTS)}, or remove TRUSTED_PROXY_HEADERS if no other "
            "package reads it. See README, trustedproxy.W006.",
            id="trustedproxy.W006",
        )
    ]
    assert ids(TRUSTEDPROXY="other") == []


@pytest.mark.parametrize(
    "believing",
    [
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        {"USE_X_FORWARDED_HOST": True},
        {"USE_X_FORWARDED_PORT": True},
        {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
        {"TRUSTED_PROXY_PREFIX_HEADER": "X-Forwarded-Prefix"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_nobody_trusted_while_django_believes_a_header_is_a_warning(believing):
    (name,) = believing
    assert ours(TRUSTED_PROXIES=[], **believing) == [
        Warning(
            f"TRUSTED_PROXIES is empty, so the header of {name} is dropped from every request: "
            "HTTPS or the host is not seen, and redirects can loop.",
            hint="Write TRUSTED_PROXIES with the networks that your proxies connect from, or remove "
            f"{name}. See README, trustedproxy.W007.",
            id="trustedproxy.W007",
        )
    ]
    assert ids(TRUSTED_PROXIES=["10.0.0.1"], **believing) == []
    assert ids(TRUSTED_PROXIES=[]) == []


@pytest.mark.parametrize(
    ("name", "header", "twin", "value"),
    [
        (
            "TRUSTED_PROXY_SCHEME_HEADER",
            "X-Forwarded-Proto",
            "SECURE_PROXY_SSL_HEADER",
            ("HTTP_X_FORWARDED_PROTO", "https"),
        ),
        ("TRUSTED_PROXY_HOST_HEADER", "X-Forwarded-Host", "USE_X_FORWARDED_HOST", True),
        ("TRUSTED_PROXY_PORT_HEADER", "X-Forwarded-Port", "USE_X_FORWARDED_PORT", True),
        ("TRUSTED_PROXY_PREFIX_HEADER", "X-Forwarded-Prefix", "FORCE_SCRIPT_NAME", "/app"),
    ],
)
def test_a_purpose_that_django_handles_too_is_a_warning(name, header, twin, value):
    assert ours(**{name: header, twin: value}) == [
        Warning(
            f"{name} and {twin} are both set; {name} is in force.",
            hint=f"Remove {twin}. See README, trustedproxy.W008.",
            id="trustedproxy.W008",
        )
    ]
    assert ids(**{name: header}) == []
    assert ids(**{twin: value}) == []


def test_replacing_djangos_settings_by_ours_leaves_no_finding_of_ours_on_deploy():
    settings = {
        "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto",
        "TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host",
        "MIDDLEWARE": [OUR_MIDDLEWARE, "django.middleware.security.SecurityMiddleware"],
        "SECURE_SSL_REDIRECT": True,
    }
    with override_settings(**settings):
        found = run_checks(include_deployment_checks=True)
    assert [message.id for message in found if message.id.startswith("trustedproxy.")] == []
