"""The channels of connections: what a PROXY line says, and who the second request comes from."""

import contextlib

import pytest

from tests.requests import CLIENT
from tests.servers.connections import LINES, SPEAKERS, conversation, peers
from tests.servers.raw_requests import ATTACKER, PROXY, VICTIM
from tests.servers.servers import NOBODY, SERVERS, running
from tests.servers.unsafe_proxies import HAPROXY_TCP, unsafe_proxy

SERVER = {server.name: server for server in SERVERS}
NAMED = {speaker.name: speaker for speaker in SPEAKERS}


@contextlib.contextmanager
def speaking(speaker, trusted):
    env = {"SERVERS_REJECT": ""}
    with running(SERVER[speaker.server], "IPv4", trusted, speaker.change, **env) as found:
        yield found.address


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_every_request_of_a_connection_is_the_clients_or_the_page_warns(speaker, report):
    with (
        speaking(speaker, PROXY) as address,
        unsafe_proxy(HAPROXY_TCP, address) as front,
    ):
        first, *rest = peers(conversation(front, source=ATTACKER))
    own = (ATTACKER, "direct")
    assert first == own
    expected = {None: [None, None], True: [own, own], False: [(VICTIM, "forwarded")] * 2}
    assert rest == expected[speaker.keeps]
    cell = report.channel("reuse", speaker.name, "TCP", "HAProxy `send-proxy`")
    cell.answer = (
        "another's from the second request on" if speaker.keeps is False else "own address"
    )
    if speaker.keeps is None:
        cell.note("one request a connection")


def test_without_a_trusted_proxy_the_second_request_is_the_proxys_at_worst():
    with (
        speaking(NAMED["gunicorn gthread"], NOBODY) as address,
        unsafe_proxy(HAPROXY_TCP, address) as front,
    ):
        found = peers(conversation(front, source=ATTACKER))
    assert found == [(ATTACKER, "direct"), (PROXY, "direct"), (PROXY, "direct")]


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_line_names_the_client(speaker):
    with speaking(speaker, "127.0.0.1") as address:
        for version in speaker.versions:
            (found,) = peers(conversation(address, LINES[version], source="127.0.0.1", count=1))
            assert found == (CLIENT, "direct")
