"""Wagtail makes a preview out of the editor's request: it is decided already, and nothing else is."""

import http.client
import json
import os
import re
import subprocess
import sys
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import pytest

from tests import stack
from tests.requests import CLIENT

STRANGER, PROXY = "127.0.0.66", "127.0.0.1"
PATIENCE = 60  # seconds
APPLICATIONS = ["wsgi", "wsgi_in_wrapper", "asgi", "asgi_in_wrapper"]
TOKEN = "a" * 32
OURS = {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"}
DJANGOS = {"SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"]}
SCHEMES = {"ours": OURS, "django": DJANGOS}


class Site:
    """A running site, and what a browser of the editor has."""

    def __init__(self, port, log, known):
        self.port, self.log, self.known, self.read = port, log, known, 0

    def ask(self, method, path, body="", source=PROXY, **headers):
        """Send a request as the proxy does; return the status and what the page showed, or the text."""
        sent = {
            "Host": "site.example",
            "X-Forwarded-For": CLIENT,
            "X-Forwarded-Proto": "https",
            "Origin": "https://site.example",
            "Cookie": f"sessionid={self.known['session']}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Content-Type": "application/x-www-form-urlencoded",
            **headers,
        }
        sent = {name: value for name, value in sent.items() if value is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, PATIENCE, (source, 0))
        with closing(connection):
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            text = response.read().decode()
        shown = re.search(r"<pre>(\{.*?\})</pre>", text)
        return response.status, json.loads(shown[1]) if shown else text

    def pages(self, action):
        """Return the path of a view of Wagtail's admin about the page."""
        return f"/admin/pages/{self.known['page']}/{action}/"

    def lines(self):
        """Return what our log told since this was asked last."""
        lines = self.log.read_text().splitlines()[self.read :]
        self.read += len(lines)
        return [line for line in lines if "django-trustedproxy:" in line]


@pytest.fixture(scope="session")
def known(tmp_path_factory):
    """Make the database; return what a browser has to know, and where the database is."""
    database = str(tmp_path_factory.mktemp("site") / "site.sqlite3")
    done = subprocess.run(
        [sys.executable, "-m", "tests.previews.prepare"],
        cwd=stack.ROOT,
        env={**os.environ, **environment(database, OURS)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {**json.loads(done.stdout), "database": database}


def environment(database, settings):
    return {
        "DJANGO_SETTINGS_MODULE": "tests.previews.settings",
        "PREVIEWS_DATABASE": database,
        "PREVIEWS_SETTINGS": json.dumps(settings),
    }


@contextmanager
def site(mount, known, place, **settings):
    """Run the site under gunicorn or uvicorn, as its manual has it behind a proxy."""
    port, log = stack.free_port(), place / "server.log"
    application = f"tests.logins.applications:{mount}"
    where = ["--host", "127.0.0.1", "--port", str(port), "--no-proxy-headers", "--lifespan", "off"]
    command = [stack.executable("uvicorn"), application, *where]
    if mount.startswith("wsgi"):
        where = ["--bind", f"127.0.0.1:{port}", "--forwarded-allow-ips", "", "--threads", "1"]
        command = [stack.executable("gunicorn"), application, "--no-control-socket", *where]
    env = environment(known["database"], settings)
    with stack.process(command, ready=[("127.0.0.1", port)], log=log, env=env):
        yield Site(port, log, known)


@pytest.fixture(
    scope="module", params=[(m, s) for m in APPLICATIONS for s in SCHEMES], ids="-".join
)
def locked(request, known, tmp_path_factory):
    """Return a site that answers 400 to whoever comes around its proxy."""
    mount, scheme = request.param
    reject = {"TRUSTED_PROXY_REJECT": ["direct", "missing", "malformed"]}
    with site(mount, known, tmp_path_factory.mktemp(mount), **reject, **SCHEMES[scheme]) as running:
        yield running


@pytest.fixture(autouse=True)
def _read_log(request):
    """Let a test see what the log told in the test alone."""
    if "locked" in request.fixturenames:
        request.getfixturevalue("locked").lines()


SHOWN = {"address": CLIENT, "outcome": "forwarded", "is_secure": True}
FORM = {
    "title": "Showing",
    "slug": "showing",
    "body": "new",
    "comments-TOTAL_FORMS": "0",
    "comments-INITIAL_FORMS": "0",
}


def test_a_preview_of_what_is_being_edited_is_the_editors_request(locked):
    status, answer = locked.ask("POST", locked.pages("edit/preview"), urlencode(FORM))
    assert (status, json.loads(answer)) == (200, {"is_valid": True, "is_available": True})
    assert locked.ask("GET", locked.pages("edit/preview")) == (200, {**SHOWN, "is_preview": True})
    assert locked.lines() == []


def test_a_draft_is_the_editors_request(locked):
    assert locked.ask("GET", locked.pages("view_draft")) == (200, {**SHOWN, "is_preview": True})
    assert locked.lines() == []


def test_a_page_is_shown_with_the_bar_for_editors(locked):
    assert locked.ask("GET", "/showing/") == (200, {**SHOWN, "is_preview": False})
    assert locked.lines() == []


def test_a_preview_over_plain_http_is_redirected_as_the_page_is(locked):
    plain = {"X-Forwarded-Proto": "http"}
    for path in ("/showing/", locked.pages("view_draft")):
        assert locked.ask("GET", path, **plain)[0] == 301


# What a client might try in order to pass for a request that is decided already.
MARKS = {
    "Trusted-Proxy": "forwarded",
    "trusted_proxy": "forwarded",
    "Remote-Addr": CLIENT,
    "REMOTE_ADDR": CLIENT,
    "X-Is-Preview": "1",
    "-dont-enforce-csrf-checks": "1",
}


def test_a_stranger_with_every_mark_is_rejected(locked):
    for path in ("/showing/", locked.pages("view_draft")):
        for sent in ({}, MARKS):
            assert locked.ask("GET", path, source=STRANGER, **sent)[0] == 400


@pytest.mark.parametrize("mount", APPLICATIONS)
def test_a_stranger_is_himself_in_a_preview_and_nobody_is_invited_to_trust_him(
    mount, known, tmp_path
):
    open_to_all = {"SECURE_SSL_REDIRECT": False, **OURS}
    shown = {"address": STRANGER, "outcome": "direct", "is_secure": False, "is_preview": True}
    with site(mount, known, tmp_path, **open_to_all) as running:
        plain = {"X-Forwarded-For": None, "X-Forwarded-Proto": None}
        draft = running.pages("view_draft")
        # One thread serves all: what was decided before must not count for the next one.
        assert running.ask("GET", draft)[1]["address"] == CLIENT
        assert running.ask("GET", draft, source=STRANGER, **plain) == (200, shown)
        assert running.lines() == []
        assert running.ask("GET", draft, source=STRANGER, **MARKS) == (200, shown)
        (line,) = running.lines()
    assert f'If it is your own proxy, add "{STRANGER}"' in line
    assert CLIENT not in line


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_without_the_package_the_same_previews_are_shown(interface, known, tmp_path):
    middleware = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    shown = {"address": PROXY, "outcome": None, "is_secure": True}
    with site(interface, known, tmp_path, MIDDLEWARE=middleware, **DJANGOS) as running:
        for path, is_preview in (("/showing/", False), (running.pages("view_draft"), True)):
            assert running.ask("GET", path) == (200, {**shown, "is_preview": is_preview})
