"""Checks of the neighbours, with stand-ins for the packages; tests/agreement has the real ones."""

import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import django
import pytest
from django.core.checks import Error, Tags, Warning, run_checks  # noqa: A004 - Django's own name
from django.test import override_settings

from django_trustedproxy.neighbours import NEIGHBOURS
from django_trustedproxy.processors import WRAPPERS
from tests.neighbour_rows import RIGHT, WRONG
from tests.stack import ROOT
from tests.test_checks import ids, ours

BY_ID = {neighbour.id: neighbour for neighbour in NEIGHBOURS}


@pytest.fixture
def install(monkeypatch):
    """Make packages importable without installing them."""

    def put(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, name, ModuleType(name))

    return put


@pytest.fixture(autouse=True)
def _no_servers_settings(monkeypatch):
    for name in ("FORWARDED_ALLOW_IPS", "UVICORN_PROXY_HEADERS", "GUNICORN_CMD_ARGS"):
        monkeypatch.delenv(name, raising=False)


def cases(rows):
    return [pytest.param(i, case, id=f"{i}-{case}") for i, found in rows.items() for case in found]


def packages(neighbour):
    return [name for name in (neighbour.app, neighbour.reads_by) if name]


@pytest.mark.parametrize(("neighbour_id", "settings"), cases(WRONG))
def test_a_setting_that_gives_another_address_is_a_warning(install, neighbour_id, settings):
    neighbour = BY_ID[neighbour_id]
    install(*packages(neighbour))
    (found,) = ours(**settings)
    assert found.id == f"trustedproxy.{neighbour_id}"
    assert found.msg.endswith(f" as it is, {neighbour.package} {neighbour.effect}.")
    assert found.hint == f"Write {neighbour.remedy}. See README, {found.id}."


@pytest.mark.parametrize(("neighbour_id", "settings"), cases(RIGHT))
def test_a_near_miss_is_no_finding(install, neighbour_id, settings):
    install(*packages(BY_ID[neighbour_id]))
    assert ids(**settings) == []


@pytest.mark.parametrize("settings", [case for found in WRONG.values() for case in found], ids=str)
def test_a_package_that_is_not_there_is_no_finding(settings):
    assert ids(**settings) == []


def test_a_package_that_only_the_urls_import_is_found(project, monkeypatch):
    project(urls="import sys, types\nsys.modules['ninja'] = types.ModuleType('ninja')")
    monkeypatch.setitem(sys.modules, "ninja", None)  # so that it goes again
    del sys.modules["ninja"]
    assert ids(**HERE) == ["W012"]
    assert ids(ROOT_URLCONF="no.such.urls") == ["W012"]


def test_every_neighbour_has_rows():
    assert sorted(BY_ID) == sorted(WRONG) == sorted(RIGHT)


def test_axes_without_ipware_reads_no_header(install):
    install("axes")
    assert ids(AXES_IPWARE_PROXY_COUNT=1) == []


def test_what_lockdown_cannot_read_is_no_finding(install):
    install("lockdown")
    exceptions = ["a name"]
    settings = {"LOCKDOWN_TRUSTED_PROXIES": ["10.0.0.2"]}
    assert ids(LOCKDOWN_REMOTE_ADDR_EXCEPTIONS=exceptions, **settings) == []


def test_the_message_names_the_setting_that_counts(install):
    install("iprestrict")
    (found,) = ours(IGNORE_PROXY_HEADER=False, IPRESTRICT_IGNORE_PROXY_HEADER=True)
    assert found.msg.startswith("With IGNORE_PROXY_HEADER as it is, django-iprestrict-redux")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a package `site_of_test` with the given source as its modules."""

    def put(**modules):
        package = tmp_path / "site_of_test"
        package.mkdir()
        for name, source in {"__init__": "", "urls": "", **modules}.items():
            (package / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return package

    yield put
    for name in [name for name in sys.modules if name.partition(".")[0] == "site_of_test"]:
        del sys.modules[name]


HERE = {"ROOT_URLCONF": "site_of_test.urls"}


@pytest.mark.parametrize("path", WRAPPERS)
def test_a_wrapper_is_a_warning_with_its_place(project, path):
    module, _, name = path.rpartition(".")
    source = f"raise RuntimeError\nfrom {module} import {name} as wrap\napplication = wrap(1)\n"
    package = project(wsgi=source)
    (found,) = ours(**HERE)
    assert found == Warning(
        f"{path} ({WRAPPERS[path].package}) rewrites the request before this package sees it, in "
        f"{package / 'wsgi.py'}:3.",
        hint="Remove the wrapper; with django_trustedproxy.wsgi or .asgi there is one of the same "
        "policy. See README, trustedproxy.W009.",
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


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("FORWARDED_ALLOW_IPS", "*", "*"),
        ("UVICORN_FORWARDED_ALLOW_IPS", "10.0.0.1", "10.0.0.1"),
        ("UVICORN_PROXY_HEADERS", "1", "1"),
        ("GUNICORN_CMD_ARGS", "--bind :1 --forwarded-allow-ips=*", "--forwarded-allow-ips *"),
        ("GUNICORN_CMD_ARGS", "--forwarded-allow-ips '10.0.0.1'", "--forwarded-allow-ips 10.0.0.1"),
        ("GUNICORN_CMD_ARGS", "--proxy-protocol auto", "--proxy-protocol auto"),
    ],
)
def test_an_environment_in_which_the_server_reads_headers_is_a_warning(
    monkeypatch, name, value, shown
):
    monkeypatch.setenv(name, value)
    assert ours() == [
        Warning(
            f"{name} lets the server process proxy headers before Django: {shown!r}.",
            hint="Remove it, and run uvicorn with --no-proxy-headers. See README, trustedproxy.W010.",
            id="trustedproxy.W010",
        )
    ]


@pytest.mark.parametrize(
    "environment",
    [
        {"FORWARDED_ALLOW_IPS": ""},
        {"FORWARDED_ALLOW_IPS": "*", "UVICORN_PROXY_HEADERS": "False"},
        {"UVICORN_PROXY_HEADERS": "0"},
        {"GUNICORN_CMD_ARGS": "--bind :8000 --forwarded-allow-ips="},
        {"GUNICORN_CMD_ARGS": "--forwarded-allow-ips ''"},
        {"GUNICORN_CMD_ARGS": "an open ' quote"},
    ],
    ids=str,
)
def test_an_environment_in_which_it_does_not_is_no_finding(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ids() == []


OUR_WRAPPER = "from django_trustedproxy.wsgi import TrustedProxy\napplication = TrustedProxy(1)"


def test_request_events_of_easy_audit_are_a_warning_without_a_wrapper(monkeypatch, project):
    monkeypatch.setattr("django.apps.apps.is_installed", lambda app: app == "easyaudit")
    assert ours() == [
        Warning(
            "django-easy-audit 1.3.9 records request events before any middleware, with the proxy's "
            "address.",
            hint="Wrap the application in django_trustedproxy.wsgi.TrustedProxy or "
            ".asgi.TrustedProxy, or write DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS = False. See README, "
            "trustedproxy.W028.",
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
        "sentry-sdk 2.75.0 reads the first entry of X-Forwarded-For before any middleware, whoever "
        "wrote it.",
        hint="Wrap the application in django_trustedproxy.wsgi.TrustedProxy or .asgi.TrustedProxy. "
        "See README, trustedproxy.W029.",
        id="trustedproxy.W029",
    )
    assert ours() == ([warning] if is_wrong else [])
    project(wsgi=OUR_WRAPPER)
    assert ids(**HERE) == []


@pytest.mark.parametrize(
    "name", ["XFF_TRUSTED_PROXY_DEPTH", "BEHIND_LB_PATH", "IP_BEHIND_REVERSE_PROXY"]
)
def test_a_setting_of_another_fixer_is_a_warning(name):
    assert ours(**{name: 1}) == [
        Warning(
            f"{name} configures another package that fixes addresses.",
            hint=f"Remove {name}; TRUSTED_PROXIES decides. See README, trustedproxy.W030.",
            id="trustedproxy.W030",
        )
    ]
    assert ids(X_FRAME_OPTIONS="DENY") == []


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


def deploy_ids(**settings):
    with override_settings(**settings):
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    return [m.id.removeprefix("trustedproxy.") for m in found if m.id.startswith("trustedproxy.")]


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
    assert deploy_ids(TRUSTED_PROXIES=entries) == found
    assert ids(TRUSTED_PROXIES=entries) == []


def test_the_warning_about_a_wide_network_names_it():
    with override_settings(TRUSTED_PROXIES=["52.0.0.0/7"]):
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    assert [message for message in found if message.id == "trustedproxy.W032"] == [
        Warning(
            "TRUSTED_PROXIES trusts 52.0.0.0/7, a very wide range of public addresses.",
            hint="List the networks that your proxies connect from; whoever has an address in this one "
            "can claim any other. See README, trustedproxy.W032.",
            id="trustedproxy.W032",
        )
    ]


@pytest.mark.parametrize(
    ("version", "floor"),
    [
        ((5, 2, 13, "final", 0), None),
        ((5, 2, 12, "final", 0), "5.2.13"),
        ((4, 2, 30, "final", 0), "5.2.13"),
        ((6, 0, 3, "final", 0), "6.0.4"),
        ((6, 0, 4, "final", 0), None),
        ((6, 1, 0, "final", 0), None),
    ],
)
def test_a_django_below_the_fix_for_underscores_is_an_error(monkeypatch, version, floor):
    monkeypatch.setattr(django, "VERSION", version)
    error = Error(
        f"Django {django.get_version()} takes a header X_Forwarded_For for X-Forwarded-For under ASGI, "
        "so that a client can add to what the proxy wrote.",
        hint=f"Install Django {floor} or newer. See README, trustedproxy.E015.",
        id="trustedproxy.E015",
    )
    assert ours() == ([error] if floor else [])


@pytest.mark.slow
def test_the_checks_cost_little_on_the_example_and_import_no_package():
    program = """
import sys, time
import django
django.setup()
from django.conf import settings
from django.utils.module_loading import import_string
from django_trustedproxy import checks, neighbour_checks
for path in settings.MIDDLEWARE:
    import_string(path)
before = {name.partition(".")[0] for name in sys.modules}
begin = time.process_time()
found = [m for c in (*checks.ALL, *neighbour_checks.ALL, *checks.DEPLOY) for m in c()]
spent = time.process_time() - begin
print(found, sorted({name.partition(".")[0] for name in sys.modules} - before), spent < 0.05)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "example_project.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[] [] True\n"
