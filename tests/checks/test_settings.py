"""Checks of the settings: each fires on the mistake and stays silent on the near miss."""

from io import StringIO

import pytest
from django.core.checks import Error, Warning, run_checks  # noqa: A004 - Django's own name
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from django_trustedproxy.engine.purposes import meta_name, wire_name
from tests.checks.findings import ids, ours


def test_a_project_set_up_by_the_readme_has_no_finding():
    assert ours() == []


def test_every_problem_of_the_settings_is_an_error_with_its_id():
    found = ours(TRUSTED_PROXIES=["10.0.0.1/8"], TRUSTED_PROXY_KEEP_HEADER=1)
    assert found == [
        Error(
            "TRUSTED_PROXIES[0] has host bits set: expected a network's first address, got "
            "'10.0.0.1/8'.",
            hint='For the whole network, write "10.0.0.0/8". Write TRUSTED_PROXIES = ["10.0.0.1"].',
            id="trustedproxy.E003",
        ),
        Error(
            "TRUSTED_PROXY_KEEP_HEADER is not a bool: expected True or False, got 1.",
            hint="Write TRUSTED_PROXY_KEEP_HEADER = True.",
            id="trustedproxy.E009",
        ),
    ]


def test_a_probe_that_a_weak_key_cannot_answer_is_a_warning():
    assert ours(TRUSTED_PROXY_PROBE=True, SECRET_KEY="weak") == [
        Warning(
            "TRUSTED_PROXY_PROBE is on, and SECRET_KEY is weak (security.W009), so the site "
            "answers no probe.",
            hint="Set a SECRET_KEY of 50 random characters, or write TRUSTED_PROXY_PROBE = False.",
            id="trustedproxy.W090",
        )
    ]
    assert ids(TRUSTED_PROXY_PROBE=True, SECRET_KEY="0123456789" * 6) == []
    assert ids(TRUSTED_PROXY_PROBE=False, SECRET_KEY="weak") == []


def test_manage_py_check_reports_a_wrong_setting_instead_of_failing_on_it():
    with override_settings(TRUSTED_PROXIES="10.0.0.1"), pytest.raises(SystemCheckError) as caught:
        call_command("check", stdout=StringIO(), stderr=StringIO())
    assert "(trustedproxy.E001) TRUSTED_PROXIES is not a list" in str(caught.value)
    assert 'HINT: Write TRUSTED_PROXIES = ["10.0.0.1"].' in str(caught.value)


def test_a_check_can_be_silenced():
    with override_settings(TRUSTED_PROXY_HEADER=["X-Real-IP", "X-Client-IP"]):
        (message,) = ours()
        assert not message.is_silenced()
        with override_settings(SILENCED_SYSTEM_CHECKS=["trustedproxy.W001"]):
            assert message.is_silenced()


def test_several_headers_are_a_warning():
    assert ours(TRUSTED_PROXY_HEADER=["X-Real-IP", "X-Client-IP"]) == [
        Warning(
            "TRUSTED_PROXY_HEADER names 2 headers. X-Real-IP is used; X-Client-IP is dropped.",
            hint='Write TRUSTED_PROXY_HEADER = "X-Real-IP", the one that your proxy sets.',
            id="trustedproxy.W001",
        )
    ]
    (three,) = ours(TRUSTED_PROXY_HEADER=["X-Real-IP", "X-Client-IP", "Forwarded", "x-real-ip"])
    assert three.msg.endswith(
        "names 3 headers. X-Real-IP is used; X-Client-IP, Forwarded are dropped."
    )
    assert ids(TRUSTED_PROXY_HEADER=["X-Real-IP"]) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("TRUSTED_PROXYS", "TRUSTED_PROXIES"),
        ("TRUST_PROXIES", "TRUSTED_PROXIES"),
        ("TRUSTEDPROXIES", "TRUSTED_PROXIES"),
        ("TRUSTED_PROXIS", "TRUSTED_PROXIES"),
        ("TRUSTED_PROXY_IPS", "TRUSTED_PROXIES"),
        ("TRUSTED_POXIES", "TRUSTED_PROXIES"),
        ("TRUSTED_PROXY_HEADERS", "TRUSTED_PROXY_HEADER"),
        ("TRUSTED_PROXIES_HEADER", "TRUSTED_PROXY_HEADER"),
        ("TRUSTED_PROXY_PROTO_HEADER", "TRUSTED_PROXY_SCHEME_HEADER"),
        ("TRUSTED_PROXY_SSL_HEADER", "TRUSTED_PROXY_SCHEME_HEADER"),
        ("TRUSTED_PROXY_PATH_HEADER", "TRUSTED_PROXY_PREFIX_HEADER"),
        ("TRUST_PROXY_KEEP_HEADERS", "TRUSTED_PROXY_KEEP_HEADER"),
        ("TRUSTED_PROXY_REJECTS", "TRUSTED_PROXY_REJECT"),
        ("TRUSTED_PROXY_REJECT_EXEMPTS", "TRUSTED_PROXY_REJECT_EXEMPT"),
    ],
)
def test_a_setting_that_is_only_nearly_ours_is_a_warning(name, meant):
    assert ours(**{name: "x"}) == [
        Warning(
            f"{name} is not a setting of django-trustedproxy, so it has no effect here.",
            hint=f"Did you mean {meant}? Rename it, or silence this if another package reads it.",
            id="trustedproxy.W006",
        )
    ]


def test_a_setting_that_begins_like_ours_and_is_close_to_none_is_a_warning():
    (found,) = ours(TRUSTED_PROXY_COUNT=2)
    assert found.id == "trustedproxy.W006"
    assert found.hint.startswith("Remove TRUSTED_PROXY_COUNT, or silence this if another package")


@pytest.mark.parametrize(
    "name",
    [
        *("PROXIES", "TRUSTED_HOSTS", "IPWARE_TRUSTED_PROXY_LIST", "TRUSTED_PROXYING", "TRUST"),
        *("CSRF_TRUSTED_ORIGINS", "trusted_proxy", "HTTP_PROXY_HEADER", "_TRUSTED_PROXIES"),
    ],
)
def test_a_setting_of_another_name_is_no_finding(name):
    assert ids(**{name: "x"}) == []


def test_no_trusted_proxies_at_all_is_a_warning(settings):
    del settings.TRUSTED_PROXIES
    assert ours() == [
        Warning(
            "TRUSTED_PROXIES is not set, so nobody is trusted, and every forwarding header is "
            "dropped.",
            hint="Write TRUSTED_PROXIES with the addresses that your proxies connect from, or "
            "TRUSTED_PROXIES = [] if clients connect directly.",
            id="trustedproxy.W036",
        )
    ]
    assert ids(TRUSTED_PROXY=["10.0.0.1"]) == ["W006"]
    assert ids(TRUSTED_PROXIES=[]) == []


@pytest.mark.parametrize(
    ("setting", "name", "meant"),
    [
        ("TRUSTED_PROXY_HEADER", "X-Forwarded-Four", "X-Forwarded-For"),
        ("TRUSTED_PROXY_HEADER", "HTTP_X_FORWARED_FOR", "X-Forwarded-For"),
        ("TRUSTED_PROXY_HEADER", "XForwardedFor", "X-Forwarded-For"),
        ("TRUSTED_PROXY_HEADER", "X-Forwarded-Fo", "X-Forwarded-For"),
        ("TRUSTED_PROXY_HEADER", "HTTP-X-Real-IP", "X-Real-IP"),
        ("TRUSTED_PROXY_HEADER", "X-RealIP", "X-Real-IP"),
        ("TRUSTED_PROXY_HEADER", "CF-Connection-IP", "CF-Connecting-IP"),
        ("TRUSTED_PROXY_SCHEME_HEADER", "X-Forward-Proto", "X-Forwarded-Proto"),
        ("TRUSTED_PROXY_HOST_HEADER", "X-Forwarded-Hosts", "X-Forwarded-Host"),
    ],
)
def test_a_header_that_is_nearly_in_the_table_is_a_warning(setting, name, meant):
    shown = wire_name(name if name.startswith("HTTP_") else meta_name(name))
    assert ours(**{setting: name}) == [
        Warning(
            f"{setting} names {shown}, which no proxy is known to send.",
            hint=f'Did you mean {setting} = "{meant}"?',
            id="trustedproxy.W037",
        )
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("EO-Connecting-IP", "Incap-Client-IP", "X-Sucuri-ClientIP", "Ali-CDN-Real-IP"),
        *("Akamai-Client-IP", "X-Client-Real-IP", "CDN-Client-IP", "Cdn-Src-IP", "X-Forwarded-By"),
        *("X-Company-Client", "X-Original-For", "X-ProxyUser-IP", "x-forwarded-for"),
    ],
)
def test_a_header_of_a_vendor_that_is_not_in_the_table_is_no_finding(name):
    assert ids(TRUSTED_PROXY_HEADER=name) == []


def test_a_redirect_loop_that_the_settings_foretell_is_a_warning():
    assert ours(SECURE_SSL_REDIRECT=True) == [
        Warning(
            "SECURE_SSL_REDIRECT is on, and no header of the trusted proxies is believed about the "
            "scheme: if TLS ends at a proxy, every request is redirected to HTTPS forever.",
            hint='Write TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto", or the header in which '
            "your proxy says it. If TLS ends at your own server, silence this.",
            id="trustedproxy.W038",
        )
    ]
    assert ids(SECURE_SSL_REDIRECT=True, TRUSTED_PROXIES=["unix:"]) == ["W038"]


@pytest.mark.parametrize(
    "change",
    [
        {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        {"SECURE_SSL_REDIRECT": False},
        {"TRUSTED_PROXIES": []},
    ],
    ids=str,
)
def test_what_does_not_foretell_a_redirect_loop_is_no_finding(change):
    assert ids(**{"SECURE_SSL_REDIRECT": True, **change}) == []


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
            f"{name}.",
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
            hint=f"Remove {twin}.",
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
            hint="Remove it from INTERNAL_IPS.",
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
        (["2400::/6"], ["W032"]),
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
            hint="List the networks that your proxies connect from; anyone with an address in this one "
            "can claim any other.",
            id="trustedproxy.W032",
        )
    ]
