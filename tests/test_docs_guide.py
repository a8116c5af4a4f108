"""The guide in docs/: its messages are real, its tables are true, and every page is found."""

import asyncio
import json
import logging
import re
import shlex
import subprocess
import sys
from datetime import datetime, timezone
from types import ModuleType

import pytest
from django.core.checks import Tags, run_checks
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.utils.module_loading import import_string
from xff.middleware import XForwardedForMiddleware

from django_trustedproxy.asgi import TrustedProxy
from django_trustedproxy.checks.neighbours import NEIGHBOURS, is_not_zero
from django_trustedproxy.conf import get_policy, parse
from django_trustedproxy.environ import rewrite
from django_trustedproxy.management.commands.trustedproxy import Command
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.ranges.file import read
from django_trustedproxy.ranges.sources import SOURCES
from django_trustedproxy.staleness import Reminder
from tests.checks.findings import ids, ids_in_the_code
from tests.edge import EDGE, STAMPS
from tests.logged import REWRITING, text_of
from tests.pages import FENCE, LINK, PAGES, blocks, is_settings
from tests.range_answers import ANSWERS, AZURE
from tests.requests import CLIENT, scope_of
from tests.stack import ROOT

START = "docs/README.md"
PROXY, STRANGER = "10.0.0.1", "192.0.2.66"
STACK = [
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
# They are looked up and not read.
REFERENCES = (
    *("docs/agreement.md", "docs/application-servers.md", "docs/servers.md"),
    *("docs/README.md", "docs/probe.md", "docs/reference/checks.md", "docs/reference/headers.md"),
    "docs/reference/messages.md",
)
CHECK_ID = re.compile(r"trustedproxy\.[EW]\d{3}")


def section(name, heading):
    """Return the text of a page below a heading, up to the next one."""
    text = PAGES[name].read_text()
    outside = FENCE.sub(lambda fence: fence[0].replace("\n#", "\n\0"), text)
    parts = re.split(r"^#+ (.+)$", outside, flags=re.MULTILINE)
    return parts[parts.index(heading) + 1].replace("\0", "#")


def table(name, heading):
    """Return the rows of the first table below a heading, as lists of cells."""
    lines = section(name, heading).split("\n|", 1)[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def quoted(text):
    return re.findall(r"`([^`]+)`", text)


def settings_of(name, heading, number=0, language="python"):
    """Run a block below a heading and return the settings that it assigns."""
    found = [
        block.text
        for block in blocks(name)
        if (block.section, block.language) == (heading, language)
        and re.search(r"^[A-Z_]+ = ", block.text, re.MULTILINE)
    ]
    names = {}
    exec(found[number], names)
    return {setting: value for setting, value in names.items() if setting.isupper()}


# What a reader searches for


def test_a_message_of_django_is_what_django_says(caplog):
    headers = [
        {"Host": "example.com", "Origin": "https://example.com"},
        {"Host": "example.com", "Origin": "null"},
        {"Host": "example.com", "X-Forwarded-Proto": "https"},
        {"Host": "example.com"},
        {"Host": "app:8000"},
        {"Host": "10.0.2.30:8000"},
    ]
    said = []
    with override_settings(
        ALLOWED_HOSTS=["example.com"],
        MIDDLEWARE=STACK,
        TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto",
    ):
        client = Client(enforce_csrf_checks=True)
        for each in headers:
            response = client.post("/echo", headers=each, REMOTE_ADDR=PROXY)
            said.append(response.content.decode())
    scope = scope_of(client=None)
    with pytest.raises(KeyError) as error:
        ASGIRequest(scope, None).META["REMOTE_ADDR"]
    said += [f"KeyError: {error.value}", *(record.getMessage() for record in caplog.records)]
    messages = [message for row in table(START, "Django says") for message in quoted(row[0])]
    assert len(messages) > 5
    assert [message for message in messages if not any(message in each for each in said)] == []


@pytest.fixture
def heard(caplog, told):
    """Send a request through the middleware, as the first of a process, and return the log."""
    caplog.set_level(logging.INFO, "django_trustedproxy")

    def send(settings=None, **meta):
        told.clear()
        caplog.clear()
        with override_settings(**(settings or {})):
            middleware = TrustedProxyMiddleware(lambda _: HttpResponse())
            request = RequestFactory().get("/", **{"REMOTE_ADDR": PROXY, **meta})
            try:
                middleware(request)
            except Exception as error:  # noqa: BLE001 - what Django logs of it is its text
                return [str(error)]
        return [
            text_of(record) if record.name == "django_trustedproxy" else record.getMessage()
            for record in caplog.records
        ]

    return send


def test_a_message_of_the_package_is_what_it_says(heard, caplog, told):
    one_proxy = {"TRUSTED_PROXIES": ["172.18.0.2"]}
    scheme = {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"}
    found = {"HTTP_X_FORWARDED_FOR": CLIENT}
    site = {"HTTP_HOST": "example.com", "HTTP_ORIGIN": "https://example.com"}
    said = [
        *heard(REMOTE_ADDR="10.0.0.1:8000"),
        *heard(REMOTE_ADDR=f"6.6.6.6, {CLIENT}"),
        *heard(
            {"TRUSTED_PROXIES": ["127.0.0.1"]},
            REMOTE_ADDR="127.0.0.1",
            HTTP_X_FORWARDED_FOR="127.0.0.1",
        ),
        *heard(
            {"TRUSTED_PROXIES": ["127.0.0.1"]},
            REMOTE_ADDR="127.0.0.1",
            HTTP_X_FORWARDED_FOR="6.6.6.6, 127.0.0.1",
        ),
        *heard(
            {"TRUSTED_PROXIES": ["10.0.0.0/8"]},
            HTTP_X_FORWARDED_FOR="10.0.0.2",
            HTTP_X_REAL_IP=CLIENT,
        ),
        *heard(
            {
                "MIDDLEWARE": ["tests.custom_logins.ByAuthenticate"],
                "TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User"],
            },
            REMOTE_ADDR="172.18.0.2",
            HTTP_X_COMPANY_USER="admin",
        ),
        *heard(scheme, **found),
        *heard({"SECURE_SSL_REDIRECT": True}, **found, HTTP_X_FORWARDED_PROTO="https"),
        *heard(
            {"ALLOWED_HOSTS": ["example.com"]},
            **found,
            HTTP_HOST="app:8000",
            HTTP_X_FORWARDED_HOST="example.com",
        ),
        *heard(
            scheme,
            **site,
            HTTP_X_FORWARDED_FOR=f"{CLIENT}, 10.0.0.2",
            HTTP_X_FORWARDED_PROTO="http",
        ),
        *heard({"INSTALLED_APPS": []}, **found),
        *heard(STAMPS, REMOTE_ADDR=EDGE),
        *heard(REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR=CLIENT),
        *heard(REMOTE_ADDR="unix:", HTTP_X_FORWARDED_FOR=CLIENT),
        *heard(),
        *heard(HTTP_X_REAL_IP=CLIENT),
        *heard(HTTP_X_FORWARDED_FOR="unknown"),
        *heard(one_proxy, REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR="172.18.0.1"),
        *heard(
            {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
            HTTP_X_FORWARDED_FOR=CLIENT,
            HTTP_X_FORWARDED_PROTO="https, http",
        ),
        *heard(REMOTE_ADDR=CLIENT, REMOTE_PORT=0, HTTP_X_FORWARDED_FOR=CLIENT),
        *heard(SERVER_SOFTWARE="waitress"),
        *heard(REMOTE_ADDR=CLIENT, **{"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": PROXY}}),
        *heard({"TRUSTED_PROXY_REJECT": ["direct"]}, REMOTE_ADDR=STRANGER),
    ]
    rejecting = {**scheme, "TRUSTED_PROXY_REJECT": ["malformed"]}
    caplog.clear()
    with override_settings(**rejecting):
        Client().get("/echo", REMOTE_ADDR=PROXY, **found, HTTP_X_FORWARDED_PROTO="x")
        told.clear()
        for peer in ("172.18.0.2", "192.0.2.1"):
            Client().get("/echo", REMOTE_ADDR=peer, **found)
        told.now = 3_600
        Client().get("/echo", REMOTE_ADDR=PROXY)
    said += [record.getMessage() for record in caplog.records]
    chain = [REWRITING, STACK[0]]
    with override_settings(MIDDLEWARE=chain):
        caplog.clear()
        Client().get("/echo", REMOTE_ADDR=PROXY)
    said += [record.getMessage() for record in caplog.records]
    with override_settings(
        TRUSTED_PROXIES=[ROOT / "tests" / "guide" / "proxies" / "cloudflare.txt"]
    ):
        caplog.clear()
        Reminder(lambda: datetime(2026, 12, 26, tzinfo=timezone.utc)).look()
    said += [record.getMessage() for record in caplog.records]
    named = type("Settings", (), {"TRUSTED_PROXIES": ["proxy"]})
    said += [problem.msg for problem in parse(named)[1]]
    messages = [message for row in table(START, "The package says") for message in quoted(row[0])]
    assert len(messages) > 10
    ids = [message for message in messages if CHECK_ID.fullmatch(message)]
    texts = [message for message in messages if message not in ids]
    assert [text for text in texts if not any(text in each for each in said)] == []
    # The ranges of ids are whole.
    for letter in "EW":
        numbers = sorted(name for name in ids_in_the_code() if name.startswith(letter))
        assert [f"trustedproxy.{numbers[0]}", f"trustedproxy.{numbers[-1]}"] == [
            found for found in ids if f".{letter}" in found
        ]


def test_the_log_of_a_first_health_check_is_as_its_page_says(heard):
    (message,) = heard(REMOTE_ADDR="10.0.1.20")
    (written,) = re.findall(
        r"`(The peer 10\.0\.1\.20 [^`]*)`", PAGES["docs/health-checks.md"].read_text()
    )
    assert message == f"django-trustedproxy: {written} (Logged once per day and network.)"


LISTS = "docs/address-lists.md"


def test_each_refresh_of_a_page_is_a_command_that_exists():
    parser = Command().create_parser("manage.py", "trustedproxy")
    found = [
        shlex.split(arguments, comments=True)
        for page in PAGES.values()
        for arguments in re.findall(
            r"python manage\.py trustedproxy (refresh.*)", page.read_text().replace("\\\n", " ")
        )
    ]
    assert len(found) > 3
    for arguments in found:
        assert parser.parse_args(arguments).action == "refresh"


def test_the_table_of_sources_is_the_codes():
    rows = table(LISTS, "Sources")
    links = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", PAGES[LISTS].read_text(), re.MULTILINE))
    written = {
        name.strip("`"): (links[re.search(r"\]\[(\w+)\]", text)[1]], int(days.split()[0]))
        for name, text, days in rows
    }
    assert written == {name: (source.page, source.days) for name, source in SOURCES.items()}


@pytest.mark.slow
def test_what_az_prints_becomes_a_file(tmp_path):
    (script,) = [b.text for b in blocks(LISTS) if b.language == "sh" and b.text.startswith("az ")]
    (tmp_path / "answer.json").write_text(json.dumps(AZURE))
    (tmp_path / "manage.py").write_text(
        "import sys\n"
        "from django.conf import settings\n"
        "from django.core.management import execute_from_command_line\n"
        "settings.configure(INSTALLED_APPS=['django_trustedproxy'])\n"
        "execute_from_command_line(sys.argv)\n"
    )
    for command, does in {"az": "cat answer.json", "python": f'exec {sys.executable} "$@"'}.items():
        (tmp_path / command).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / command).chmod(0o755)
    subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    networks = [str(network) for network in read(tmp_path / "proxies" / "azure.txt").lines]
    assert networks == ANSWERS["azure-front-door"][1]


def test_what_the_page_about_lists_says_of_a_bad_file_is_true(tmp_path):
    path = tmp_path / "cloudflare.txt"
    path.write_text("\n\n103.21.244.1/22\n")
    named = type("Settings", (), {"TRUSTED_PROXIES": ["127.0.0.1", path]})
    ((name, msg, _),) = parse(named)[1]
    (message,) = re.findall(r"`(trustedproxy\.E072: [^`]*)`", PAGES[LISTS].read_text())
    said = f"{name}: {msg}".replace(str(path), "/srv/app/proxies/cloudflare.txt")
    assert said.startswith(message)


def test_every_page_is_reached_from_the_first():
    found = {PAGES[START]}
    for _ in range(2):  # clicks
        for page in list(found):
            links = [a or b for a, b in LINK.findall(FENCE.sub("", page.read_text()))]
            paths = [(page.parent / link.partition("#")[0]).resolve() for link in links]
            found |= {path for path in paths if path in PAGES.values()}
    assert sorted(set(PAGES.values()) - found) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name not in REFERENCES])
def test_a_page_is_short(name):
    assert len(PAGES[name].read_text().splitlines()) <= 160


# Rate limits


LIMITERS = ("ninja", "allauth", "axes", "ipware", "ratelimit", "defender", "lockdown", "iprestrict")


def test_the_table_of_limiters_is_that_of_the_checks():
    known = {neighbour.id.removeprefix("trustedproxy."): neighbour for neighbour in NEIGHBOURS}
    rows = table("docs/rate-limits.md", "What to write for each package")
    for package, write, remove, check in rows:
        neighbour = known[re.match(r"\[(W\d{3})\]", check)[1]]
        name = neighbour.package.replace("djangorestframework", "Django REST framework")
        assert package == name
        assert quoted(write) in ([], [neighbour.remedy])
        assert set(quoted(remove)) <= set(neighbour.settings)
        assert write or remove
        # What is to be removed is right without being set.
        assert write or neighbour.wrong_if is not is_not_zero
    listed = [re.search(r"W\d{3}", row[3])[0] for row in rows]
    limiters = [
        name
        for name, neighbour in known.items()
        if any(word in neighbour.module for word in (*LIMITERS, "rest_framework"))
    ]
    assert listed == limiters


# Health checks


@pytest.fixture
def probe(monkeypatch):
    """Send a probe to the page's stack, or to the same without its middleware."""
    page = "docs/health-checks.md"
    module = ModuleType("mysite.health")
    exec(next(block.text for block in blocks(page) if "class" in block.text), module.__dict__)
    monkeypatch.setitem(sys.modules, "mysite", ModuleType("mysite"))
    monkeypatch.setitem(sys.modules, "mysite.health", module)
    settings = settings_of(page, "Health checks")

    def send(*, answered, peer="10.0.1.20", **changes):
        ours, answering, *others = settings["MIDDLEWARE"]
        chain = [answering, *others] if answered else others
        page_says = {**settings, "TRUSTED_PROXY_REJECT": []}
        if not answered:
            page_says.pop("TRUSTED_PROXY_REJECT_EXEMPT")
        with override_settings(
            **{
                **page_says,
                "ALLOWED_HOSTS": ["example.com"],
                "MIDDLEWARE": [ours, *chain, *STACK[2:]],
                **changes,
            }
        ):
            headers = {"Host": "10.0.2.30:8000"}
            return Client().get("/healthz", headers=headers, REMOTE_ADDR=peer).status_code

    return send


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 400),
        ({"SECURE_SSL_REDIRECT": True, "ALLOWED_HOSTS": ["*"]}, 301),
        ({"TRUSTED_PROXY_REJECT": ["missing"], "ALLOWED_HOSTS": ["*"]}, 400),
        ({"TRUSTED_PROXY_REJECT": ["direct"], "ALLOWED_HOSTS": ["*"], "peer": "172.16.0.4"}, 400),
    ],
)
def test_a_health_check_is_answered_by_the_settings_of_the_page(probe, caplog, changes, status):
    assert probe(answered=False, **changes) == status
    logged = [record.getMessage() for record in caplog.records]
    assert probe(answered=True, **changes) == 200
    reasons = [m for m in logged if "HTTP_HOST" in m or m.endswith("TRUSTED_PROXY_REJECT names.")]
    page = PAGES["docs/health-checks.md"].read_text()
    for reason in reasons:
        assert re.sub(r".*(with outcome 'direct').*", r"\1", reason) in page
    assert bool(reasons) == (status == 400)


@pytest.mark.parametrize(
    ("page", "heading"),
    [("docs/health-checks.md", "Health checks"), ("docs/moving.md", "From django-xff")],
)
def test_a_rejection_spares_the_health_check_of_a_page_and_nothing_else(page, heading):
    settings = settings_of(page, heading)
    (path,) = settings["TRUSTED_PROXY_REJECT_EXEMPT"]
    rejecting = {name: value for name, value in settings.items() if name != "MIDDLEWARE"}
    with override_settings(**rejecting, MIDDLEWARE=STACK):
        # The path is none of the tests' own.
        statuses = [
            Client().get(each, REMOTE_ADDR="10.0.0.1").status_code for each in (path, f"{path}/")
        ]
    assert statuses == [404, 400]


def test_the_redirect_of_a_health_check_can_be_exempt(probe):
    (exempt,) = re.findall(
        r"`SECURE_REDIRECT_EXEMPT = (.*?)`", PAGES["docs/health-checks.md"].read_text()
    )
    redirected = {"SECURE_SSL_REDIRECT": True, "ALLOWED_HOSTS": ["*"]}
    assert probe(answered=False, **redirected) == 301
    assert probe(answered=False, **redirected, SECURE_REDIRECT_EXEMPT=eval(exempt)) == 404


# WebSockets and the debug toolbar


def test_a_websocket_has_the_client_and_its_scheme():
    seen = []

    async def consumer(scope, _receive, _send):
        seen.append(scope)

    scope = {
        "type": "websocket",
        "path": "/",
        "scheme": "ws",
        "client": [PROXY, 50000],
        "headers": [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")],
    }
    with override_settings(**settings_of("docs/websockets.md", "WebSockets", -1)):
        asyncio.run(TrustedProxy(consumer)(scope, None, None))
    assert seen[0]["client"] == (CLIENT, 0)
    assert seen[0]["scheme"] == "wss"
    assert seen[0]["trusted_proxy"].outcome == "forwarded"


DOCKER = "A proxy in a container of its own"


@pytest.fixture
def _toolbar(settings):
    # Its modules have models, and so can be imported in a project only that has the app.
    settings.STATIC_URL = "/static/"
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "debug_toolbar"]


@pytest.mark.usefixtures("_toolbar")
@pytest.mark.parametrize(("seen_by_proxy", "shows"), [("172.18.0.1", True), (CLIENT, False)])
def test_the_toolbar_shows_to_the_browser_behind_the_proxy_container(seen_by_proxy, shows):
    show_toolbar = import_string("debug_toolbar.middleware.show_toolbar")
    with override_settings(**settings_of("docs/debug-toolbar.md", DOCKER)):
        request = RequestFactory().get("/", headers={"X-Forwarded-For": seen_by_proxy})
        request.META["REMOTE_ADDR"] = "172.18.0.2"
        assert not show_toolbar(request)
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
        assert show_toolbar(request) is shows


@pytest.mark.parametrize(
    "change", [{"INTERNAL_IPS": ["172.18.0.2"]}, {"TRUSTED_PROXIES": ["private"]}, {}]
)
def test_a_proxy_among_the_internal_addresses_is_warned_of(change):
    settings = settings_of("docs/debug-toolbar.md", DOCKER)
    assert ids(**{**settings, **change}) == (["W031"] if change else [])


@pytest.mark.usefixtures("_toolbar")
def test_the_callback_of_the_toolbar_exists():
    (config,) = settings_of(
        "docs/debug-toolbar.md", "No proxy: the browser connects to a published port"
    ).values()
    assert callable(import_string(config["SHOW_TOOLBAR_CALLBACK"]))


# Moving


def test_the_first_settings_of_a_move_have_no_finding():
    names = settings_of("docs/moving.md", "Moving from something else")
    with override_settings(**{**names, "INSTALLED_APPS": names["INSTALLED_APPS"][-1:]}):
        messages = run_checks(tags=[Tags.security])
    assert [m.id for m in messages if CHECK_ID.fullmatch(m.id)] == []


def test_django_xff_and_its_successor_agree_about_the_planned_way_only():
    def address(settings, peer, header):
        with override_settings(**settings):
            request = RequestFactory().get("/", headers={"X-Forwarded-For": header})
            request.META["REMOTE_ADDR"] = peer
            middleware = import_string(settings.get("MIDDLEWARE", STACK)[0])
            response = middleware(lambda _: HttpResponse())(request)
            return request.META["REMOTE_ADDR"], response.status_code

    before = settings_of("docs/moving.md", "From django-xff", language="text")
    after = settings_of("docs/moving.md", "From django-xff")
    assert import_string(before["MIDDLEWARE"][0]) is XForwardedForMiddleware
    planned = (PROXY, f"{CLIENT}, 10.0.0.2")
    assert address(before, *planned) == address(after, *planned) == (CLIENT, 200)
    forged = (STRANGER, "6.6.6.6, 10.0.0.2")
    assert address(before, *forged) == ("6.6.6.6", 200)
    assert address(after, *forged) == (STRANGER, 200)


def test_djangos_settings_and_their_successors_agree_about_a_proxy_only():
    heading = "From SECURE_PROXY_SSL_HEADER and USE_X_FORWARDED_HOST"
    before = settings_of("docs/moving.md", heading, language="text")
    after = settings_of("docs/moving.md", heading)
    headers = {
        "X-Forwarded-For": CLIENT,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "example.com",
        "X-Forwarded-Port": "8443",
    }

    def stated(settings, peer, *, is_guarded):
        with override_settings(ALLOWED_HOSTS=["*"], **settings):
            request = RequestFactory().get("/", headers=headers)
            request.META["REMOTE_ADDR"] = peer
            if is_guarded:
                TrustedProxyMiddleware(lambda _: HttpResponse())(request)
            return request.scheme, request.get_host(), request.get_port()

    said = ("https", "example.com", "8443")
    assert stated(before, PROXY, is_guarded=False) == said
    assert stated(before, PROXY, is_guarded=True) == said
    # Django's settings lose the port from links.
    assert stated(after, PROXY, is_guarded=True) == ("https", "example.com:8443", "8443")
    assert stated(before, STRANGER, is_guarded=False) == said, "Django believes anybody"
    for settings in (before, after):
        assert stated(settings, STRANGER, is_guarded=True) == ("http", "testserver", "80")


# Limits


def test_a_hop_count_is_wrong_where_the_page_says_so():
    rows = table("docs/limits.md", "Why no hop counts")
    (block,) = [b for b in blocks("docs/limits.md") if is_settings(b)]
    settings = settings_of("docs/limits.md", block.section)
    peers = ["10.0.1.20", "10.0.1.20", STRANGER, "10.0.1.20"]
    for (_, header, counted, listed), peer in zip(rows, peers, strict=True):
        text = "".join(quoted(header))
        meta = {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": text} if text else {})
        with override_settings(**settings):
            rewrite(meta, get_policy())
        assert meta["REMOTE_ADDR"] == (CLIENT if CLIENT in listed else peer)
        second = text.rpartition(", ")[0]
        assert quoted(counted) == ([second] if second else [])
        assert ("forged" in counted) == (second == "6.6.6.6")
