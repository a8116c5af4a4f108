"""What a client may say to change the protocol, and what it forges where something has changed.

Whoever gets a tunnel to the server speaks over the proxy's own connection: the peer is trusted, and
every header is the client's.
"""

import contextlib

from django_trustedproxy.probe.channels import UPGRADES
from django_trustedproxy.probe.wire import Wire
from tests.servers import http2
from tests.servers.raw_requests import VICTIM, Answer, connected, received

PAGE = "/ws/"  # where docs/websockets.md has its consumer
UPGRADE = {attack.form.name: attack for attack in UPGRADES}
_FORGED = (
    f"GET {http2.PATH} HTTP/1.1\r\nHost: site.example\r\nX-Forwarded-For: {VICTIM}\r\n"
    "X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
)


def _path_of(attack):
    if attack.method == "CONNECT":
        return "127.0.0.1:8000"
    return PAGE if attack.form.name.lower().startswith("websocket") else http2.PATH


def attempt(address, attack, source):
    """Send an attack, and forge over whatever the connection is then; return every answer."""
    with contextlib.closing(connected(address, source)) as connection:
        if attack.speaks == "HTTP/2":
            return http2.assumed(connection)
        if attack.speaks != "HTTP/1.1":
            return http2.nested(connection, attack.speaks)
        side = http2.client()
        settings = side.initiate_upgrade_connection().decode()
        first = f"{attack.method} {_path_of(attack)} HTTP/1.1".encode()
        lines = [first, b"Host: site.example", *attack.form.lines, b"", b""]
        connection.sendall(b"\r\n".join(lines).replace(b"{settings}", settings.encode()))
        answer, response = received(connection)
        if answer.status != 101:
            return [answer, forged(connection)]
        wire = Wire(connection.sendall, response.fp.read1)
        changed = http2.upgraded(wire, side) if answer.text.lower() == "h2c" else [forged(wire)]
        return [answer, *changed]


def forged(connection):
    """Send what only a trusted proxy may say in HTTP/1.1; return the answer."""
    try:
        connection.sendall(_FORGED.encode())
        return received(connection)[0]
    except OSError as end:
        return Answer(None, {}, repr(end))
