"""An attacker who speaks HTTP/2 wherever a connection lets it: to a proxy, or through a tunnel."""

import contextlib
import json

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.servers.raw_requests import VICTIM, Answer

PATH = "/client.json"
FORGED = (("x-forwarded-for", VICTIM), ("x-forwarded-proto", "https"))
_END = (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)


def client():
    """Return one side of an HTTP/2 connection, which may break the rules."""
    return h2.connection.H2Connection(
        h2.config.H2Configuration(
            client_side=True, header_encoding="latin-1", validate_outbound_headers=False
        )
    )


class Stream:
    """A stream of an HTTP/2 connection: what came on it, and a transport where it is a tunnel."""

    def __init__(self, session, number):
        self.session = session
        self.number = number
        self.status = None
        self.data = b""
        self.is_over = False

    def sendall(self, data):
        self.session.side.send_data(self.number, data)
        self.session.flush()

    def recv(self, _size):
        """Return what has come, waiting for it; nothing where nothing more will."""
        while not self.data and not self.is_over:
            self.session.receive()
        data, self.data = self.data, b""
        return data

    def answer(self):
        """Wait for the end of the stream; return what the view said, if it was asked."""
        while not self.is_over:
            self.session.receive()
        is_answer = self.status == 200 and self.data.startswith(b"{")
        text = self.data.decode("latin-1")
        return Answer(self.status, json.loads(text) if is_answer else {}, text)


class Session:
    """An HTTP/2 connection over a transport: a socket, or a stream of another one."""

    def __init__(self, transport, side):
        self.transport = transport
        self.side = side
        self.streams = {}

    def flush(self):
        with contextlib.suppress(OSError):
            if data := self.side.data_to_send():
                self.transport.sendall(data)

    def receive(self):
        """Take what comes next; the end of the transport, or nonsense, ends every stream."""
        try:
            data = self.transport.recv(65536)
        except OSError:
            data = b""
        self.take(data)
        if not data:
            self.end()

    def take(self, data):
        try:
            events = self.side.receive_data(data) if data else []
        except (h2.exceptions.ProtocolError, KeyError):
            # What answers in another protocol ends here.
            self.end()
            return
        for event in events:
            self.see(event)
        self.flush()

    def see(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.end()
        elif stream is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            stream.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream.data += event.data
            self.side.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        stream.is_over |= isinstance(event, _END)

    def end(self):
        for stream in self.streams.values():
            stream.is_over = True

    def open(self, *headers, method="GET", is_whole=True):
        """Send a request on a stream of its own."""
        pseudo = [(":method", method), (":scheme", "http"), (":authority", "site.example")]
        number = self.side.get_next_available_stream_id()
        self.streams[number] = Stream(self, number)
        # A pseudo-header comes before all others.
        headers = sorted([*pseudo, *headers], key=lambda pair: not pair[0].startswith(":"))
        self.side.send_headers(number, headers, end_stream=is_whole)
        self.flush()
        return self.streams[number]

    def forge(self, claims):
        """Send what only a trusted proxy may say; return the answer."""
        return self.open((":path", PATH), *claims).answer()


def upgraded(transport, side, claims=FORGED):
    """Return what a server answers that has changed to HTTP/2."""
    session = Session(transport, side)
    session.flush()
    return [session.forge(claims)]


def assumed(connection, claims=FORGED):
    """Speak HTTP/2 from the first byte; return the answers."""
    side = client()
    side.initiate_connection()
    return upgraded(connection, side, claims)


def connected(connection, protocol, path, *headers):
    """Ask for another protocol by extended CONNECT (RFC 8441); return its stream, once answered."""
    side = client()
    side.initiate_connection()
    outer = Session(connection, side)
    pseudo = [(":path", path), (":protocol", protocol)]
    tunnel = outer.open(*pseudo, *headers, method="CONNECT", is_whole=False)
    while tunnel.status is None and not tunnel.is_over:
        outer.receive()
    return tunnel


def nested(connection, protocol, claims=FORGED, asked=()):
    """Ask for another protocol by extended CONNECT, and speak HTTP/2 through what that opens.

    `asked` are further headers of the CONNECT.
    """
    side = client()
    settings = side.initiate_upgrade_connection().decode()
    tunnel = connected(connection, protocol, PATH, ("http2-settings", settings), *asked)
    return [tunnel.answer()] if tunnel.is_over else upgraded(tunnel, side, claims)
