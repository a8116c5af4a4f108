"""Checks of the settings: each fires on the mistake and stays silent on the near miss."""

from io import StringIO

import pytest
from django.core.checks import Error, Warning, run_checks  # noqa: A004 - Django's own name
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from django_trustedproxy.conf import DEFAULTS
from tests.checks.findings import ids, ours


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


def test_a_proxy_in_internal_ips_is_a_warning():
    assert ours(INTERNAL_IPS=["127.0.0.1", "10.0.0.1"]) == [
        Warning(
            "INTERNAL_IPS has '10.0.0.1', which TRUSTED_PROXIES trusts: a request through the proxy "
            "without its header is internal, whoever sent it.",
            hint="Remove it from INTERNAL_IPS. See README, trustedproxy.W031.",
            id="trustedproxy.W031",
        )
    ]


@pytest.mark.parametrize(
    "internal", [["127.0.0.1"], [], ["localhost", None], {"10.0.0.1": 1}, object()]
)
def test_internal_ips_without_a_proxy_are_no_finding(internal):
    assert ids(INTERNAL_IPS=internal) == []


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (["0.0.0.0/1"], ["W032"]),
        (["52.0.0.0/7"], ["W032"]),
        (["52.0.0.0/8", "53.0.0.0/8"], ["W032"]),
        (["2000::/3"], ["W032"]),
        (["52.0.0.0/8"], []),
        (["2400:cb00::/32"], []),
        (["private", "loopback", "link-local", "shared"], []),
    ],
    ids=str,
)
def test_a_very_wide_public_network_is_a_warning_on_deploy(entries, found):
    deployed = ours(deploy=True, TRUSTED_PROXIES=entries)
    assert [message.id for message in deployed] == [f"trustedproxy.{name}" for name in found]
    assert ids(TRUSTED_PROXIES=entries) == []


def test_the_warning_about_a_wide_network_names_it():
    assert ours(deploy=True, TRUSTED_PROXIES=["52.0.0.0/7"]) == [
        Warning(
            "TRUSTED_PROXIES trusts 52.0.0.0/7, a very wide range of public addresses.",
            hint="List the networks that your proxies connect from; whoever has an address in this one "
            "can claim any other. See README, trustedproxy.W032.",
            id="trustedproxy.W032",
        )
    ]
