"""Which servers take X_Forwarded_For for X-Forwarded-For, and that the pages name these."""

import re

import pytest

from tests import stack
from tests.servers.other_servers import OTHERS
from tests.servers.raw_requests import PROXY, VICTIM, ask
from tests.servers.servers import SERVERS, running
from tests.servers.spellings import BLANK
from tests.servers.spellings import SPELLINGS as FORMS

# What the pages call them.
CALLED = {
    "hypercorn, WSGI": "hypercorn (WSGI)",
    "granian, WSGI": "granian (WSGI)",
    "tornado": "tornado's WSGIContainer",
    "twisted": "Twisted's WSGI",
    "uvicorn --interface wsgi": "uvicorn with `--interface wsgi`",
    "gunicorn -k tornado": "gunicorn with `-k tornado`",
    "gunicorn --header-map dangerous": "gunicorn with `--header-map dangerous`",
}
FORGED = {
    "uWSGI",
    "granian, WSGI",
    "hypercorn, WSGI",
    "cheroot",
    "tornado",
    "twisted",
    "wsgiref",
    "uvicorn --interface wsgi",
    "asgiref's WsgiToAsgi",
    "a2wsgi",
    "gunicorn -k tornado",
    "gunicorn --header-map dangerous",
}
PAGES = ("docs/proxies/nginx.md", "docs/application-servers.md")


def believed(address, forms):
    """Return the names of the forms by which the forged address is the client."""
    return {
        form.name
        for form in forms
        if ask(address, form, source=PROXY).facts.get("client") == VICTIM
    }


def answers(server):
    """Return the forms that a server is taken in by, and whether by a blank before a colon."""
    if server in SERVERS:
        with running(server, "IPv4", PROXY, SERVERS_REJECT="") as found:
            return believed(found.address, FORMS), believed(found.address, [BLANK])
    with server.running("IPv4", PROXY) as address:
        return believed(address, FORMS), believed(address, [BLANK])


@pytest.mark.parametrize("server", [*SERVERS, *OTHERS], ids=lambda server: server.name)
def test_a_server_takes_an_underscore_for_a_dash_or_does_not(server, report):
    forms, blank = answers(server)
    # Not where the proxy's header comes last.
    expected = {form.name for form in FORMS} - {"before"} if server.name in FORGED else set()
    assert forms == expected
    assert bool(blank) == (server.name == "cheroot")
    cell = report.channel("underscores", server.name, "TCP", "none")
    cell.answer = "another's" if forms else "own address"
    if blank:
        cell.note("another's for a blank before the colon")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_the_servers_that_do(page):
    text = " ".join((stack.ROOT / page).read_text().split())
    (named,) = re.findall(r"take `X_Forwarded_For` for `X-Forwarded-For`: (.*?)\.(?: |$)", text)
    assert set(re.split(", (?:and )?", named)) == {CALLED.get(name, name) for name in FORGED}
