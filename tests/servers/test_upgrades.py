"""The channel of upgrades: nobody gets a tunnel to the server, and WebSockets get through."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.sync.client import connect

from tests.servers.fronts import FRONTS, TRUSTED, page_application, served, serves_websockets
from tests.servers.raw_requests import ATTACKER, HONEST, ask, concluded, connected
from tests.servers.report import BARE
from tests.servers.servers import SERVERS, running
from tests.servers.tunnels import TUNNELS
from tests.servers.upgrades import PAGE, UPGRADE, UPGRADES, attempt

OWN = (ATTACKER, "forwarded", "http")
AFTER = 1000  # the rows of test_attacks.py


def tunnels(address, attacks=UPGRADES):
    """Send each attack; return whom Django took a request for that was not the attacker's own."""
    # Envoy takes a second to close the connection of who was refused.
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda attack: attempt(address, attack, ATTACKER), attacks))
    wrong = {}
    for attack, answers in zip(attacks, found, strict=True):
        others = [concluded(a) for a in answers if a.facts and concluded(a) != OWN]
        if others:
            wrong[attack.form.name] = others[0]
    return wrong


def echoed(address, source):
    """Open a WebSocket as a browser does; return what comes back for a message."""
    plain = connected(address, source)
    with connect(f"ws://site.example{PAGE}", sock=plain) as opened:
        opened.send("hello")
        return opened.recv(60)


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server.name)
def started(request):
    server = request.param
    with (
        page_application() as env,
        running(server, "IPv4", TRUSTED, served(server), **env) as found,
    ):
        yield server, found.address


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.name)
def test_no_upgrade_makes_a_client_the_proxy(started, front, report):
    server, address = started
    with front.started(address[1]) as reached:
        honest = ask(reached, source=HONEST)
        assert honest.status == 200, honest.text
        assert concluded(honest) == (HONEST, "forwarded", "http")
        assert tunnels(reached) == {}
        cell = report.channel("upgrade", server.name, "TCP", front.name)
        cell.answer = "no tunnel"
        if front.passes_websockets and serves_websockets(server):
            assert echoed(reached, HONEST) == f"{HONEST}: hello"
            cell.note("WebSockets")


REMEDIES = [(tunnel, remedy) for tunnel in TUNNELS for remedy in tunnel.remedies]


@pytest.mark.parametrize("tunnel", TUNNELS, ids=lambda tunnel: tunnel.path)
def test_a_bare_stack_gives_a_client_a_tunnel(tunnel):
    with tunnel.bare.started() as reached:
        found = tunnels(reached, [UPGRADE[form] for form in tunnel.forms])
    assert found == dict.fromkeys(tunnel.forms, tunnel.concluded)


@pytest.mark.parametrize(
    ("tunnel", "remedy"), REMEDIES, ids=[f"{tunnel.path}, {remedy}" for tunnel, remedy in REMEDIES]
)
def test_a_remedy_ends_every_tunnel(tunnel, remedy, report):
    with tunnel.remedies[remedy].started() as reached:
        honest = ask(reached, source=HONEST)
        found = tunnels(reached)
    assert honest.status == 200, honest.text
    assert concluded(honest) == (HONEST, "forwarded", "http")
    assert found == {}
    client, outcome, scheme = tunnel.concluded
    report.row(
        BARE,
        AFTER + REMEDIES.index((tunnel, remedy)),
        tunnel.path,
        f"an upgrade: {'; '.join(tunnel.forms)}",
        f"`{client}`, {outcome}, {scheme}",
        remedy,
    )
