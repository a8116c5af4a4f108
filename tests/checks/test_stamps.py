"""Checks of an edge's secret, and of headers that an edge passes on from the client."""

import re
import sys
from types import SimpleNamespace

import pytest
from django.core.checks import Warning  # noqa: A004 - Django's own name

from django_trustedproxy import conf
from django_trustedproxy.checks import stamps
from django_trustedproxy.checks.stamps import PASSED
from tests.checks.findings import HERE, OUR_WRAPPER, ids, ours
from tests.edge import HEADER, OLDER, SECRET, STAMPS

THIRD = "qW8_eR5-tY2uIo9pAs6dFg3hJk0lZx7c"


@pytest.fixture(autouse=True)
def _without_tracers(monkeypatch):
    for name in ("sentry_sdk", *(f"opentelemetry.instrumentation.{n}" for n in ("django", "wsgi"))):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_project_set_up_by_the_guide_has_no_finding():
    assert ours(**STAMPS) == []


def test_a_name_that_the_debug_page_shows_is_a_warning():
    named = {**STAMPS, "TRUSTED_PROXY_SECRET_HEADER": ["X-Origin-Verify", HEADER]}
    assert ours(**named) == [
        Warning(
            "TRUSTED_PROXY_SECRET_HEADER names X-Origin-Verify, whose value Django's debug page shows "
            "where a request fails before it is dropped.",
            hint="Name one with SECRET in it, such as X-Edge-Secret.",
            id="trustedproxy.W080",
        )
    ]
    # Its name is Azure's, and it is no secret.
    assert ids(**{**STAMPS, "TRUSTED_PROXY_SECRET_HEADER": "X-Azure-FDID"}) == []


def test_a_filter_of_the_projects_own_is_asked_for_the_names_that_it_hides(monkeypatch):
    for own in (OwnFilter(), SimpleNamespace(hidden_settings=re.compile("VERIFY"))):
        monkeypatch.setattr(stamps, "get_default_exception_reporter_filter", lambda own=own: own)
        assert ids(**{**STAMPS, "TRUSTED_PROXY_SECRET_HEADER": "X-Origin-Verify"}) == []


class OwnFilter:
    """A filter that hides by no pattern."""


def test_more_secrets_than_a_rotation_needs_are_a_warning():
    assert ids(**{**STAMPS, "TRUSTED_PROXY_SECRETS": [SECRET, OLDER]}) == []
    assert ours(**{**STAMPS, "TRUSTED_PROXY_SECRETS": [SECRET, OLDER, THIRD]}) == [
        Warning(
            "TRUSTED_PROXY_SECRETS has 3 secrets, and each of them makes a request trusted; a rotation "
            "needs the new one and the old one.",
            hint="Remove those that no edge sends any more.",
            id="trustedproxy.W081",
        )
    ]


def sentry(*, is_active):
    client = SimpleNamespace(
        options={}, get_integration=lambda _: None, is_active=lambda: is_active
    )
    return SimpleNamespace(get_client=lambda: client)


@pytest.mark.parametrize(
    ("module", "loaded", "tracer"),
    [
        ("sentry_sdk", sentry(is_active=True), "Sentry"),
        ("opentelemetry.instrumentation.django", SimpleNamespace(), "OpenTelemetry"),
        ("opentelemetry.instrumentation.asgi", SimpleNamespace(), "OpenTelemetry"),
    ],
)
def test_a_tracer_that_reads_the_secret_first_is_a_warning_without_a_wrapper(
    monkeypatch, project, module, loaded, tracer
):
    monkeypatch.setitem(sys.modules, module, loaded)
    assert ours(**STAMPS) == [
        Warning(
            f"{tracer} reads the headers of a request before any middleware, {HEADER} too, and can send "
            "the secret on.",
            hint="Wrap the application in django_trustedproxy.wsgi.TrustedProxy or .asgi.TrustedProxy, "
            "which drops it first.",
            id="trustedproxy.W082",
        )
    ]
    assert ids() == []
    project(wsgi=OUR_WRAPPER)
    assert ids(**STAMPS, **HERE) == []


def test_an_sdk_that_is_only_imported_sends_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", sentry(is_active=False))
    assert ids(**STAMPS) == []


@pytest.mark.parametrize("name", PASSED)
def test_a_header_that_its_vendor_passes_on_from_the_client_is_a_warning(name):
    setting = "TRUSTED_PROXY_SCHEME_HEADER" if name == "Fastly-SSL" else "TRUSTED_PROXY_HEADER"
    (found,) = ours(**{setting: name})
    passed = PASSED[name]
    assert found.id == "trustedproxy.W077"
    assert found.msg == (
        f"{name} is believed, and {passed.vendor} passes on what a client wrote into it "
        f"({passed.source})."
    )
    assert found.hint == f"{passed.remedy} If it is set there already, silence this."


def test_djangos_own_setting_believes_such_a_header_too():
    assert ids(SECURE_PROXY_SSL_HEADER=("HTTP_FASTLY_SSL", "1")) == ["W077"]


@pytest.mark.parametrize("name", ["CF-Connecting-IP", "X-Azure-SocketIP", "X-Forwarded-For"])
def test_a_header_that_the_vendor_sets_is_no_finding(name):
    assert ids(TRUSTED_PROXY_HEADER=name) == []


def test_the_other_checks_know_whom_a_secret_makes_trusted():
    settings = {**STAMPS, "TRUSTED_PROXIES": []}
    assert ids(**settings, TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto") == []
    assert ids(**settings, SECURE_SSL_REDIRECT=True) == ["W038"]
    (found,) = ours(**settings, INTERNAL_IPS=["198.51.100.7"])
    assert found.id == "trustedproxy.W031"
    assert "which TRUSTED_PROXIES_WITH_SECRET trusts" in found.msg


def cdn_file(folder):
    path = folder / "cdn.txt"
    path.write_text(
        "# cloudflare  https://api.cloudflare.com/client/v4/ips\n"
        "# fetched 2026-11-25T08:00:00Z, refresh within 365 days\n"
        "103.21.244.0/22\n2400:cb00::/32\n# end 2\n"
    )
    return path


def test_a_list_of_a_vendor_that_is_trusted_without_a_secret_is_a_warning(tmp_path):
    path = cdn_file(tmp_path)
    shared = {"TRUSTED_PROXIES": ["10.0.0.1", path]}
    found = [message for message in ours(deploy=True, **shared) if message.id.endswith("W083")]
    assert found == [
        Warning(
            f"{path} has the networks of cloudflare, which its customers share, and TRUSTED_PROXIES "
            "trusts them without a secret.",
            hint="Move it to TRUSTED_PROXIES_WITH_SECRET, and have your edge send a secret. If a "
            "certificate or a tunnel keeps other customers out, silence this.",
            id="trustedproxy.W083",
        )
    ]
    locked = {**STAMPS, **shared, "TRUSTED_PROXY_REJECT": ["unstamped"]}
    moved = {**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": [path]}
    path_alone = {"TRUSTED_PROXIES": [own := tmp_path / "own.txt"]}
    own.write_text("10.0.0.1\n")
    for settings in (locked, moved, path_alone):
        assert "trustedproxy.W083" not in [m.id for m in ours(deploy=True, **settings)]
    policy = conf.parse(SimpleNamespace(**moved))[0]
    assert [str(n) for n in policy.stamped.networks.merged] == ["103.21.244.0/22", "2400:cb00::/32"]


@pytest.mark.parametrize(
    ("with_secret", "without", "shown"),
    [
        (["198.51.100.0/24"], ["198.51.100.0/24"], "198.51.100.0/24"),
        (["198.51.100.7", "10.0.0.1"], ["198.51.100.0/24"], "198.51.100.7"),
        # one of two neighbours
        (["198.51.100.6", "198.51.100.7"], ["198.51.100.6"], "198.51.100.6"),
        (["2001:db8::/64", "unix:"], ["2001:db8::/32", "unix:"], "2001:db8::/64, unix:"),
        (["198.51.100.0/24"], ["198.51.100.0/25"], None),
        (["198.51.100.0/24", "unix:"], ["10.0.0.0/8"], None),
        (["0.0.0.0/8"], ["255.0.0.0/8", "224.0.0.0/4"], None),
    ],
)
def test_who_is_trusted_without_the_secret_too_is_told(with_secret, without, shown):
    settings = {**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": with_secret, "TRUSTED_PROXIES": without}
    found = [message for message in ours(**settings) if message.id.endswith("W084")]
    verb, them = ("are", "them") if "," in (shown or "") else ("is", "it")
    assert [(message.msg, message.hint) for message in found] == [
        (
            f"{text} of TRUSTED_PROXIES_WITH_SECRET {verb} in TRUSTED_PROXIES too, and so {verb} "
            "trusted without the secret.",
            f"Remove {them} from TRUSTED_PROXIES.",
        )
        for text in [shown]
        if text
    ]
    assert "W084" not in ids(**settings, TRUSTED_PROXY_REJECT=["unstamped"])
    assert "W084" not in ids(TRUSTED_PROXIES=without)
