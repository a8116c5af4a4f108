"""Every server on every listener: its own address to everybody, and nobody else's."""

import re
from typing import NamedTuple

import pytest

from tests.servers import nginx
from tests.servers.raw_requests import (
    ATTACKER,
    DIRECT,
    FORM,
    HONEST,
    HONEST_FORM,
    PROXY,
    ask,
    attack,
    closed,
    through_a_proxy,
    verdict,
)
from tests.servers.recipes import DOCS, blocks, commands
from tests.servers.servers import (
    NOBODY,
    PAGE,
    SERVERS,
    UWSGI_PROTOCOL,
    Running,
    Server,
    running,
    where_of,
)

CELLS = [(server, listener) for server in SERVERS for listener in server.listeners]
UWSGI_CELLS = [(UWSGI_PROTOCOL, listener) for listener in UWSGI_PROTOCOL.listeners]
# What the server reports of a peer on ::1 and on a Unix socket cannot be told from its proxy's.
TRUSTED = {"IPv4": PROXY, "dual-stack": PROXY, "::1": "::1", "Unix socket": "unix:"}


def name(cell):
    server, listener = cell
    return f"{server.name}, {listener}"


class Cell(NamedTuple):
    """One server on one listener, behind nginx at `front`."""

    server: Server
    running: Running
    front: tuple[str, int]
    row: object

    def send(self, form, *, source):
        """Send a form straight to the server, from an address if its listener is IPv4's."""
        is_shared = self.running.listener in ("::1", "Unix socket")
        return ask(self.running.address, form, source=None if is_shared else source)


def row_of(report, server, listener):
    return report.row(
        "Application servers",
        (CELLS + UWSGI_CELLS).index((server, listener)),
        server.name,
        server.version(),
        f"nginx {nginx.version()}",
        server.configure,
        listener,
    )


@pytest.fixture(scope="module", params=CELLS, ids=name)
def cell(request, report):
    server, listener = request.param
    is_named = server is UWSGI_PROTOCOL
    upstream = nginx.uwsgi_pass() if is_named else nginx.APPENDS
    with (
        running(server, listener, NOBODY if is_named else TRUSTED[listener]) as started,
        nginx.nginx(started.address, listener, upstream=upstream) as front,
    ):
        yield Cell(server, started, front, row_of(report, server, listener))


def accept(cell, refused):
    """Take refusals into the report; a connection may be closed only where the server is known to."""
    assert closed(refused) <= set(cell.server.closes)
    cell.row.refuse(refused)


def test_an_honest_client_has_its_own_address(cell):
    answer = ask(cell.front, source=HONEST)
    assert answer.status == 200
    assert verdict(answer, HONEST, "forwarded") == {}


def test_no_forgery_through_the_proxy_moves_the_address(cell):
    wrong, refused = attack(
        lambda form: ask(cell.front, form, source=ATTACKER), ATTACKER, "forwarded"
    )
    assert wrong == {}
    accept(cell, refused)


@pytest.mark.parametrize("on_a_line_of_its_own", [False, True], ids=["one line", "a line more"])
def test_no_forgery_in_the_words_of_a_proxy_moves_the_address(cell, on_a_line_of_its_own):
    def send(form):
        sent = through_a_proxy(form, ATTACKER, on_a_line_of_its_own=on_a_line_of_its_own)
        return cell.send(sent, source=PROXY)

    wrong, refused = attack(send, ATTACKER, "forwarded")
    # Those of the page of attacks, which a proxy has to stop: each of them works.
    assert set(wrong) == set(cell.server.forgeable), wrong
    if wrong:
        cell.row.note(f"another's where the proxy passes on: {', '.join(sorted(wrong))}")
    accept(cell, refused)


def test_nobody_is_believed_around_the_proxy(cell):
    if cell.running.listener in ("IPv4", "dual-stack"):
        expect_direct(cell, DIRECT)
        if cell.running.listener == "dual-stack":
            own = ask(("::1", cell.running.address[1]), FORM["every client header"])
            assert verdict(own, "::1", "direct") == {}
            assert own.status == 200
        return
    server, listener = cell.server, cell.running.listener
    with running(server, listener, NOBODY) as started:
        own = ask(started.address).facts["received"].get("REMOTE_ADDR")
        assert own in (["::1"] if listener == "::1" else [None, "", "localhost", "0.0.0.0"])
        # What is no address is empty after the middleware.
        expect_direct(cell._replace(running=started), own if own == "::1" else "")


def expect_direct(cell, own):
    def send(form):
        return cell.send(form, source=DIRECT)

    answer = send(HONEST_FORM)
    assert answer.status == 200
    assert verdict(answer, own, "direct") == {}
    wrong, refused = attack(send, own, "direct")
    assert wrong == {}
    accept(cell, refused)


def test_every_command_of_the_page_is_started():
    started = {
        (server.section, f"{server.title} over {where_of(listener)}")
        for server, listener in CELLS + UWSGI_CELLS
    }
    sections = re.findall(r"^## (.*)$", (DOCS / PAGE).read_text(), re.MULTILINE)
    assert {section for section, _ in started} == set(sections)
    written = {
        (section, title)
        for section in sections
        if blocks(PAGE, "sh", section)
        for title in commands(PAGE, section)
    }
    assert written <= started


@pytest.mark.parametrize("cell", UWSGI_CELLS, ids=name, indirect=True)
def test_over_the_uwsgi_protocol_nginx_names_the_client_itself(cell):
    answer = ask(cell.front, source=HONEST)
    assert answer.status == 200
    assert verdict(answer, HONEST, "direct") == {}
    wrong, refused = attack(lambda form: ask(cell.front, form, source=ATTACKER), ATTACKER, "direct")
    assert wrong == {}
    accept(cell, refused)
