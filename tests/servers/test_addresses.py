"""The channel of addresses: who has lost his address, or never stated one, is trusted nowhere.

A peer on a Unix socket has no address either, and counts as a proxy where "unix:" is listed.
"""

import pytest

from tests.servers.connections import (
    BURST,
    LINES,
    SPEAKERS,
    conversation,
    recorded,
    reset,
    resets,
)
from tests.servers.other_servers import OTHERS
from tests.servers.raw_requests import DIRECT, VICTIM, ask
from tests.servers.servers import SERVERS, running, where_of

ASKED = [
    (server, listener)
    for server in (*SERVERS, *OTHERS)
    for listener in server.listeners
    if listener in ("IPv4", "Unix socket")
]
CELLS = [
    *((server, listener, False) for server, listener in ASKED),
    *(
        (server, listener, True)
        for server, listener in ASKED
        if server in SERVERS and server.name != "runserver"
    ),
]
# It asks for the peer before it reads, and gives such a connection up.
SERVES_NONE = {"hypercorn, ASGI", "hypercorn, WSGI"}
# They name a peer on a Unix socket in a way that no other server does, which is not trusted.
UNKNOWN = {"werkzeug", "eventlet"}
SERVER = {server.name: server for server in SERVERS}


def name(cell):
    server, listener, is_wrapped = cell
    return f"{server.name}, {listener}, {'wrapper' if is_wrapped else 'middleware'}"


def is_believed(facts):
    return facts["client"] == VICTIM or facts["outcome"] in ("forwarded", "missing")


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell[1] == "IPv4"], ids=name)
def test_a_tcp_peer_that_has_vanished_is_not_trusted_for_a_unix_socket(cell, report):
    server, listener, is_wrapped = cell
    with recorded(server, listener, "unix:", is_wrapped=is_wrapped) as (address, written):
        if server.name in SERVES_NONE:
            for _ in range(BURST):
                reset(address, DIRECT)
            assert ask(address, source=DIRECT).status == 200
            found = written()
        else:
            found = resets(address, written, DIRECT)
        assert found
        assert [facts for facts in found if is_believed(facts)] == []
        assert {facts["header"] for facts in found} == {None}
    cell = report.channel("address", server.name, where_of(listener), "none")
    cell.answer = "own address, or none"


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell[1] != "IPv4"], ids=name)
def test_a_peer_on_a_unix_socket_is_trusted_where_the_server_says_so(cell, report):
    server, listener, is_wrapped = cell
    with recorded(server, listener, "unix:", is_wrapped=is_wrapped) as (address, written):
        found = resets(address, written, None)
        assert found
        is_trusted = {facts["client"] == VICTIM for facts in found}
    assert is_trusted == {server.name not in UNKNOWN}
    row = report.channel("address", server.name, "Unix socket", "none")
    row.answer = "trusted" if is_trusted == {True} else "not known for a Unix socket"


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_proxy_line_without_a_client_is_not_trusted_for_a_unix_socket(speaker):
    with running(
        SERVER[speaker.server], "IPv4", "unix:", speaker.change, SERVERS_REJECT=""
    ) as found:
        believed = set()
        for line, sent in LINES.items():
            # The second request of a connection has a test of its own.
            (answer,) = conversation(found.address, sent, source="127.0.0.1", count=1)
            if answer.facts and is_believed(answer.facts):
                believed.add(line)
    # It then reports neither a client nor a server, as on a Unix socket of its own.
    assert believed == ({"v2 UNIX"} if speaker.server == "daphne" else set())
