"""The probe against an edge that sends a secret: real proxies, real servers, and what it finds."""

import contextlib
import json
import ssl

import pytest

from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.probe.findings import findings_of
from django_trustedproxy.probe.run import Runner, Settings
from django_trustedproxy.probe.send import Sender, parse_target
from example_project.settings import SECRET_KEY
from tests import stack
from tests.edge import HEADER, SECRET
from tests.servers import proxies
from tests.servers.raw_requests import ATTACKER
from tests.servers.stamping import SETTINGS, stamping, with_lines

SERVERS = ["gunicorn", "uvicorn"]
PROBED = SETTINGS.format(names=HEADER, secrets=[SECRET]) + "TRUSTED_PROXY_PROBE = True\n"
GROUPS = ("client", "list", "spelling", "stamp")


@contextlib.contextmanager
def doors(proxy, server, change):
    """Run a server behind a proxy; give the ports of both."""
    with contextlib.ExitStack() as processes:
        place, edge = (processes.enter_context(stack.workplace()) for _ in range(2))
        for each in (place, edge):
            each.chmod(0o755)  # a proxy that is started by root has another user's workers
        port = stack.free_port()
        processes.enter_context(
            proxies.running_server(proxy.page, server, place, port=port, settings=PROBED)
        )
        yield processes.enter_context(proxies.running_proxy(proxy, edge, port, change)), port


def probe(port, *, is_origin=False):
    """Return the door and what was found there."""
    settings = Settings(SECRET_KEY, TrustedNetworks(), "", stamps=(HEADER,))
    target = parse_target(f"http://127.0.0.1:{port}/client.json")
    tls = ssl.create_default_context()
    sender = Sender(target, SECRET_KEY, tls, seconds=60, source=ATTACKER)
    runner = Runner(settings, lambda _: None, lambda *_: None, GROUPS)
    door = runner.probe(sender, is_origin=is_origin)
    return door, findings_of(door, target, settings)


def worked(door, kind):
    return {verdict.attack.group: verdict.why for verdict in door.of(kind)}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("proxy", [proxies.NGINX, proxies.CADDY], ids=lambda proxy: proxy.name)
def test_nothing_is_forged_at_an_edge_as_recommended_nor_around_it(proxy, server):
    with doors(proxy, server, stamping(proxy)) as (edge, origin):
        front, _ = probe(edge)
        behind, found = probe(origin, is_origin=True)
    assert front.honest["stamp"] == "valid"
    assert (front.honest["client"], behind.honest["client"]) == (ATTACKER, ATTACKER)
    assert (behind.honest["stamp"], behind.honest["outcome"]) == ("absent", "direct")
    for door in (front, behind):
        assert "stamp" in {verdict.attack.group for verdict in door.verdicts}
        assert (worked(door, "forged"), worked(door, "lost its own header")) == ({}, {})
        assert SECRET not in json.dumps(door.honest) + str(door.verdicts)
    (locks,) = [finding.lines for finding in found if "reachable around" in finding.text]
    assert locks[0] == 'settings.py: TRUSTED_PROXY_REJECT = ["unstamped"]'


@pytest.mark.parametrize("server", SERVERS)
def test_an_edge_that_adds_a_line_to_the_clients_is_found(server):
    def adding(text):
        return with_lines(proxies.CADDY, text, f"header_up +{HEADER} {SECRET}")

    with doors(proxies.CADDY, server, adding) as (edge, _):
        door, found = probe(edge)
    assert door.honest["stamp"] == "valid"
    assert worked(door, "forged") == {}
    assert worked(door, "lost its own header") == {
        "stamp": "the secret of the edge does not count: wrong"
    }
    (lost,) = [finding for finding in found if finding.level == "lost"]
    assert "Caddy: header_up X-Edge-Secret, without a +" in lost.lines


@pytest.mark.parametrize("server", SERVERS)
def test_an_edge_that_sends_no_secret_and_passes_on_the_clients_is_found(server):
    with doors(proxies.NGINX, server, lambda text: text) as (edge, _):
        door, found = probe(edge)
    assert (door.honest["stamp"], door.honest["outcome"]) == ("absent", "direct")
    assert worked(door, "forged") == {}
    assert any(finding.text.startswith("The front door is not stamped") for finding in found)
    assert not any("to TRUSTED_PROXIES" in line for finding in found for line in finding.lines)
