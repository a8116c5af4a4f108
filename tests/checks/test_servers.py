"""Checks of what runs before any middleware; tests/agreement has the real packages."""

import sys
from types import SimpleNamespace

import pytest
from django.core.checks import Warning  # noqa: A004 - Django's own name

from django_trustedproxy.checks.servers import WRAPPERS
from tests.checks.findings import HERE, OUR_WRAPPER, ids, ours

NOBODY = (
    'FORWARDED_ALLOW_IPS="" in the environment: without it, uvicorn and its worker for gunicorn '
    "believe 127.0.0.1."
)


@pytest.mark.parametrize("path", WRAPPERS)
def test_a_wrapper_is_a_warning_with_its_place(project, path):
    module, _, name = path.rpartition(".")
    source = f"raise RuntimeError\nfrom {module} import {name} as wrap\napplication = wrap(1)\n"
    package = project(wsgi=source)
    (found,) = ours(**HERE)
    assert found == Warning(
        f"{path} ({WRAPPERS[path].package}) rewrites the request before this package sees it, in "
        f"{package / 'wsgi.py'}:3.",
        hint="Remove the wrapper. django_trustedproxy.wsgi and .asgi have one that trusts your "
        "proxies alone.",
        id="trustedproxy.W009",
    )
    assert "site_of_test.wsgi" not in sys.modules


@pytest.mark.parametrize(
    "source",
    [
        "import werkzeug.middleware.proxy_fix\nwerkzeug.middleware.proxy_fix.ProxyFix(1)",
        "from werkzeug.middleware import proxy_fix\nx = proxy_fix.ProxyFix(app, x_for=0)",
        "from werkzeug.middleware.proxy_fix import ProxyFix\nx = ProxyFix(app, x_for=0, x_proto=1)",
        "from hypercorn.middleware import ProxyFixMiddleware as P\nx = P(app, trusted_hops=1)",
    ],
)
@pytest.mark.parametrize("module", ["wsgi", "asgi"])
def test_a_wrapper_is_found_however_it_is_imported(project, module, source):
    project(**{module: source})
    assert ids(**HERE) == ["W009"]


@pytest.mark.parametrize("setting", ["WSGI_APPLICATION", "ASGI_APPLICATION"])
def test_a_wrapper_is_found_where_the_settings_point(project, setting):
    project(main="from async_proxy_headers import ProxyHeadersMiddleware as P\na = P(b)")
    assert ids(**{setting: "site_of_test.main.application"}) == ["W009"]


@pytest.mark.parametrize(
    "source",
    [
        "from werkzeug.middleware.proxy_fix import ProxyFix",
        "from werkzeug.middleware.proxy_fix import ProxyFix\nProxyFix(app, x_for=0, x_proto=0)",
        "from hypercorn.middleware import ProxyFixMiddleware as P\nP(app, trusted_hops=0)",
        "from paste.deploy.config import PrefixMiddleware as P\nP(a, translate_forwarded_server=False)",
        "from .local import ProxyFix\nProxyFix(app)",
        "from mine import ProxyFix\nProxyFix(app)\n(lambda: 1)()",
        "this is not Python",
    ],
)
def test_what_is_no_wrapper_is_no_finding(project, source):
    project(wsgi=source)
    assert ids(**HERE) == []


def test_an_application_that_is_not_there_is_no_finding():
    assert ids(WSGI_APPLICATION="no.such.application", ROOT_URLCONF="urls") == []
    assert ids(WSGI_APPLICATION=None, ROOT_URLCONF=None) == []


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("FORWARDED_ALLOW_IPS", "*", "*"),
        ("UVICORN_FORWARDED_ALLOW_IPS", "10.0.0.1", "10.0.0.1"),
        ("UVICORN_PROXY_HEADERS", "1", "1"),
    ],
)
def test_an_environment_in_which_the_server_reads_headers_is_a_warning(
    monkeypatch, name, value, shown
):
    monkeypatch.setenv(name, value)
    remedy = "W" if name == "FORWARDED_ALLOW_IPS" else f"Remove {name}, and w"
    assert ours() == [
        Warning(
            f"{name} lets the server process proxy headers before Django: {shown!r}.",
            hint=f"{remedy}rite {NOBODY}",
            id="trustedproxy.W010",
        )
    ]


@pytest.mark.parametrize(
    "environment",
    [
        {"FORWARDED_ALLOW_IPS": ""},
        {"FORWARDED_ALLOW_IPS": "*", "UVICORN_PROXY_HEADERS": "False"},
        {"UVICORN_PROXY_HEADERS": "0"},
    ],
    ids=str,
)
def test_an_environment_in_which_it_does_not_is_no_finding(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ids() == []


def test_request_events_of_easy_audit_are_a_warning_without_a_wrapper(monkeypatch, project):
    monkeypatch.setattr("django.apps.apps.is_installed", lambda app: app == "easyaudit")
    assert ours() == [
        Warning(
            "django-easy-audit records request events before any middleware, with the proxy's "
            "address (read in 1.3.9).",
            hint="Wrap the application in django_trustedproxy.wsgi.TrustedProxy or "
            ".asgi.TrustedProxy, or write DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS = False.",
            id="trustedproxy.W028",
        )
    ]
    assert ids(DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS=False) == []
    project(wsgi=OUR_WRAPPER)
    assert ids(**HERE) == []


@pytest.mark.parametrize(
    ("options", "sends"),
    [
        ({}, False),
        ({"send_default_pii": True}, True),
        ({"send_default_pii": False, "data_collection": {"user_info": True}}, True),
        ({"send_default_pii": True, "data_collection": {"user_info": False}}, False),
    ],
)
@pytest.mark.parametrize("integration", [None, object()])
def test_sentry_that_sends_addresses_is_a_warning_without_a_wrapper(
    monkeypatch, project, options, sends, integration
):
    client = SimpleNamespace(options=options, get_integration={"django": integration}.get)
    monkeypatch.setitem(sys.modules, "sentry_sdk", SimpleNamespace(get_client=lambda: client))
    is_wrong = sends and integration is not None
    warning = Warning(
        "Sentry reads the first entry of X-Forwarded-For before any middleware, whoever wrote it (read "
        "in sentry-sdk 2.75.0).",
        hint="Wrap the application in django_trustedproxy.wsgi.TrustedProxy or .asgi.TrustedProxy.",
        id="trustedproxy.W029",
    )
    assert ours() == ([warning] if is_wrong else [])
    project(wsgi=OUR_WRAPPER)
    assert ids(**HERE) == []
