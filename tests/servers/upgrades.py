"""What a client may say to change the protocol, and what it forges where something has changed.

Whoever gets a tunnel to the server speaks over the proxy's own connection: the peer is trusted, and
every header is the client's.
"""

import contextlib

from django_trustedproxy.probe.channels import UPGRADES
from django_trustedproxy.probe.wire import Wire
from tests.servers import http2
from tests.servers.raw_requests import Answer, connected, received

PAGE = "/ws/"  # where docs/websockets.md has its consumer
UPGRADE = {attack.form.name: attack for attack in UPGRADES}


def _path_of(attack):
    if attack.method == "CONNECT":
        return "127.0.0.1:8000"
    return PAGE if attack.form.name.lower().startswith("websocket") else http2.PATH


def attempt(address, attack, source):
    """Send an attack, and forge over whatever the connection is then; return every answer."""
    with contextlib.closing(connected(address, source)) as connection:
        return attempted(connection, attack)


def attempted(connection, attack, claims=http2.FORGED, own=()):
    """Send an attack over a connection, which may be one of TLS, and forge; return every answer.

    `claims` are the headers that are forged, and `own` those that the client may send: both are
    pairs of a name in small letters and a value.
    """
    claims = (*claims, *own)
    if attack.speaks == "HTTP/2":
        return http2.assumed(connection, claims)
    if attack.speaks != "HTTP/1.1":
        return http2.nested(connection, attack.speaks, claims, own)
    side = http2.client()
    settings = side.initiate_upgrade_connection().decode()
    lines = [line.decode().replace("{settings}", settings) for line in attack.form.lines]
    connection.sendall(_head(f"{attack.method} {_path_of(attack)}", *lines, *_lines(own)))
    answer, response = received(connection)
    if answer.status != 101:
        return [answer, forged(connection, claims)]
    wire = Wire(connection.sendall, response.fp.read1)
    if answer.text.lower() == "h2c":
        return [answer, *http2.upgraded(wire, side, claims)]
    return [answer, forged(wire, claims)]


def _lines(pairs):
    return [f"{name}: {value}" for name, value in pairs]


def _head(request, *lines):
    return "\r\n".join([f"{request} HTTP/1.1", "Host: site.example", *lines, "", ""]).encode()


def forged(connection, claims):
    """Send what only a trusted proxy may say in HTTP/1.1; return the answer."""
    try:
        connection.sendall(_head(f"GET {http2.PATH}", *_lines(claims), "Connection: close"))
        return received(connection)[0]
    except OSError as end:
        return Answer(None, {}, repr(end))
