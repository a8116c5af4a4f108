"""The sender against a peer that answers what it is told to: upgrades, trailers, and retries."""

import contextlib
import json
import socket
import ssl
import threading

import pytest

from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.probe import run, send, wire
from django_trustedproxy.probe.attacks import attacks
from django_trustedproxy.probe.forms import Claims
from django_trustedproxy.probe.run import CannotRunError, Runner, Settings
from django_trustedproxy.probe.send import Response, Sender, parse_target
from django_trustedproxy.probe.token import seal
from tests.probe.facts import HONEST
from tests.probe.frames import DATA, END, frame
from tests.probe.keys import KEY

pytestmark = pytest.mark.slow
ROWS = {row.form.name: row for row in attacks(Claims())}
CHANGES = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n"


def answer(body, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def signed(request, **facts):
    """Return the site's answer to a request, which has its nonce in the token."""
    nonce = request.partition(b"probe: ")[2] or request.partition(b"Probe: ")[2]
    return seal(json.dumps(HONEST | facts | {"nonce": nonce.partition(b"/")[0].decode()}), KEY)


class Peer:
    """Answers each connection by a function of it, and keeps what came."""

    def __init__(self, serve):
        self.got = []
        self._serve = serve

    def run(self, server):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(60)
                    self._serve(self, connection)

    def read(self, connection, until=b"\r\n\r\n"):
        data = b""
        while until not in data:
            part = connection.recv(65536)
            if not part:
                break
            data += part
        self.got.append(data)
        return data


@contextlib.contextmanager
def peer(serve):
    found = Peer(serve)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=found.run, args=(server,))
        thread.start()
        target = parse_target(f"http://127.0.0.1:{server.getsockname()[1]}/path")
        try:
            yield found, Sender(target, KEY, ssl.create_default_context(), seconds=60)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def test_an_upgrade_to_http2_is_spoken_and_its_answer_read():
    def serve(this, connection):
        this.read(connection)
        connection.sendall(CHANGES % b"h2c")
        forged = this.read(connection, b"6.6.6.6")
        body = "a" * 300
        connection.sendall(frame(DATA, 0, 1, b"other") + frame(DATA, END, 3, body.encode()))
        assert b"PRI * HTTP/2.0" in forged

    with peer(serve) as (found, sender):
        granted, over = sender.ask(ROWS["h2c"])
    assert (granted.status, over.status, over.body) == (101, 200, "a" * 300)
    assert b"HTTP2-Settings: AAIAAAAA\r\n" in found.got[0]


def test_over_another_protocol_the_same_is_forged_in_http_1():
    def serve(this, connection):
        this.read(connection)
        connection.sendall(CHANGES % b"websocket")
        this.read(connection)
        connection.sendall(answer("forged"))

    with peer(serve) as (found, sender):
        granted, over = sender.ask(ROWS["websocket"])
    assert (granted.status, over.body) == (101, "forged")
    assert b"X-Forwarded-For: 6.6.6.6\r\n" in found.got[1]
    assert found.got[1].startswith(b"GET /path HTTP/1.1\r\n")


def test_an_upgrade_that_is_refused_forges_over_what_is_left_of_the_connection():
    def serve(this, connection):
        this.read(connection)
        connection.sendall(answer("first"))
        if b"websocket" in this.got[0]:
            return
        this.read(connection)
        connection.sendall(answer("second"))

    with peer(serve) as (_, sender):
        assert [response.body for response in sender.ask(ROWS["h2c"])] == ["first", "second"]
    with peer(serve) as (_, sender):
        assert [response.body for response in sender.ask(ROWS["websocket"])] == ["first"]


def test_who_does_not_speak_http2_has_no_answer_in_it():
    def serve(this, connection):
        this.read(connection)
        connection.sendall(answer("", "400 Bad Request"))

    with peer(serve) as (_, sender):
        (response,) = sender.ask(ROWS["HTTP/2 at once"])
    assert (response.status, response.error) == (None, "no HTTP/2")


@pytest.mark.parametrize("is_early", [False, True])
def test_trailers_come_behind_the_body_unless_the_answer_is_there(is_early):
    def serve(this, connection):
        this.read(connection, b"0\r\n")
        if not is_early:
            this.read(connection)
        connection.sendall(answer("answered"))

    with peer(serve) as (found, sender):
        (response,) = sender.ask(ROWS["trailers that come later"])
    assert response.body == "answered"
    assert found.got[0].startswith(b"POST /path HTTP/1.1\r\n")
    assert (b"X-Forwarded-For: 6.6.6.6\r\n" in b"".join(found.got[1:])) == (not is_early)


def test_trailers_come_in_the_packet_of_the_headers():
    def serve(this, connection):
        this.read(connection, b"6.6.6.6")
        connection.sendall(answer("answered"))

    with peer(serve) as (found, sender):
        (response,) = sender.ask(ROWS["trailers in the packet of the headers"])
    assert response.body == "answered"
    assert b"0\r\nX-Forwarded-For: 6.6.6.6\r\n" in found.got[0]


def test_a_connection_that_ends_is_an_answer_too():
    with peer(lambda this, connection: this.read(connection)) as (_, sender):
        (response,) = sender.ask()
    assert response.status is None
    assert response.error.startswith("RemoteDisconnected")


def test_the_target_of_connect_is_the_site_itself():
    def serve(this, connection):
        this.read(connection)
        connection.sendall(answer("", "405 No"))

    with peer(serve) as (found, sender):
        sender.ask(ROWS["CONNECT"])
    assert found.got[0].startswith(b"CONNECT 127.0.0.1:")


def probed(serve, monkeypatch, *names):
    monkeypatch.setattr(run, "attacks", lambda _: tuple(ROWS[name] for name in names))
    monkeypatch.setattr(run, "_WAIT", 0.0)
    monkeypatch.setattr(run, "_LONG_WAIT", 0.0)
    monkeypatch.setattr(send, "_PAUSE", 0.0)
    settings = Settings(KEY, TrustedNetworks(), "")
    with peer(serve) as (found, sender):
        door = Runner(settings, lambda _: None, lambda *_: None).probe(sender, is_origin=False)
    return found, door


@pytest.mark.parametrize("status", ["429 Too Many Requests", "200 OK"])
def test_what_was_not_told_is_asked_once_more(monkeypatch, status):
    def serve(this, connection):
        request = this.read(connection)
        is_page = len(this.got) == 2
        body = "a page" if is_page else signed(request)
        connection.sendall(answer(body, status if is_page else "200 OK"))

    found, door = probed(serve, monkeypatch, "commas alone")
    assert [verdict.kind for verdict in door.verdicts] == ["passed"]
    assert len(found.got) == 3


def test_an_honest_request_that_was_not_told_is_asked_once_more(monkeypatch):
    def serve(this, connection):
        request = this.read(connection)
        connection.sendall(answer("a page" if len(this.got) == 1 else signed(request)))

    found, door = probed(serve, monkeypatch)
    assert door.honest["client"] == HONEST["client"]
    assert len(found.got) == 2


def test_what_is_never_told_is_not_told(monkeypatch):
    def serve(this, connection):
        request = this.read(connection)
        connection.sendall(answer("a page" if b"Forwarded" in request else signed(request)))

    found, door = probed(serve, monkeypatch, "commas alone")
    assert [(verdict.kind, verdict.why) for verdict in door.verdicts] == [
        ("not told", "status 200")
    ]
    assert (len(found.got), door.unknown) == (4, "")


@pytest.mark.parametrize("answered", ["403 Forbidden", "503 No", "429 Too Many Requests", None])
def test_a_limit_or_a_ban_is_no_refusal_of_an_attack(monkeypatch, answered):
    slept = []
    monkeypatch.setattr(run.time, "sleep", slept.append)

    def serve(this, connection):
        request = this.read(connection)
        if len(this.got) < 3:
            connection.sendall(answer(signed(request)))
        elif answered:
            connection.sendall(answer("", answered))

    names = ("commas alone", "empty values", "60 KB", "dots")
    found, door = probed(serve, monkeypatch, *names)
    first, second, *others = [(verdict.kind, verdict.why) for verdict in door.verdicts]
    assert (first[0], second[0]) == ("passed", "not told")
    assert second[1].endswith("as for an honest request")
    assert others == [("not told", "not sent")] * 2
    assert "From list.empty-values on, the site answered no honest request either" in door.unknown
    assert len(found.got) < 10
    assert run._LONG_WAIT in slept  # noqa: SLF001 - how long is no matter


def test_what_is_refused_once_is_sent_again_after_a_limit(monkeypatch):
    def serve(this, connection):
        request = this.read(connection)
        is_limited = len(this.got) in (2, 3, 4)
        connection.sendall(answer("", "503 No") if is_limited else answer(signed(request)))

    _, door = probed(serve, monkeypatch, "commas alone")
    assert ([verdict.kind for verdict in door.verdicts], door.unknown) == (["passed"], "")


def test_a_limit_that_lets_every_second_request_through_hides_no_attack(monkeypatch):
    def serve(this, connection):
        request = this.read(connection)
        is_limited = len(this.got) == 2
        connection.sendall(answer("", "503 No") if is_limited else answer(signed(request)))

    found, door = probed(serve, monkeypatch, "commas alone")
    assert ([verdict.kind for verdict in door.verdicts], len(found.got)) == (["passed"], 3)


def test_a_site_that_is_late_all_the_time_is_not_asked_for_hours(monkeypatch):
    late = Response("n", None, error="TimeoutError: timed out")
    asked = []

    class Late:
        target, own_address, address = parse_target("http://a.example"), "192.0.2.1", "192.0.2.2"

        def ask(self, attack=None):
            if attack is None:
                facts = json.dumps(HONEST | {"nonce": "n"})
                return [Response("n", 200, seal(facts, KEY))]
            asked.append(attack)
            return [late]

    monkeypatch.setattr(run.time, "sleep", lambda _: None)
    settings = Settings(KEY, TrustedNetworks(), "")
    door = Runner(settings, lambda _: None, lambda *_: None).probe(Late(), is_origin=False)
    assert len(asked) == 10
    assert door.unknown.startswith("The site gave no answer in time to 10 attacks in a row, ")
    assert {verdict.kind for verdict in door.verdicts} == {"not told"}


def test_an_attack_that_alone_is_refused_is_refused(monkeypatch):
    def serve(this, connection):
        request = this.read(connection)
        is_attack = b"Forwarded" in request
        connection.sendall(answer("", "400 No") if is_attack else answer(signed(request)))

    found, door = probed(serve, monkeypatch, "commas alone", "empty values")
    assert [verdict.kind for verdict in door.verdicts] == ["refused", "refused"]
    assert (len(found.got), door.unknown) == (5, "")


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_no_more_is_read_than_an_answer_can_have(sent, monkeypatch):
    written = []
    monkeypatch.setattr(send, "_MOST_BYTES", 1024)
    monkeypatch.setattr(send, "_MOST_READ", 4096)

    def serve(this, connection):
        this.read(connection)
        connection.sendall(sent)
        with contextlib.suppress(OSError):
            while sum(written) < 64 * 2**20:
                written.append(connection.send(b"x" * 65536))

    with peer(serve) as (_, sender):
        (response,) = sender.ask()
    assert len(response.body) <= 1024
    assert sum(written) < 64 * 2**20


def test_no_more_requests_are_sent_in_a_second_than_a_site_verifies(monkeypatch):
    slept = []
    monkeypatch.setattr(send.time, "sleep", slept.append)
    monkeypatch.setattr(send.time, "monotonic", lambda: 100.0)

    def serve(this, connection):
        this.read(connection)
        connection.sendall(answer(""))

    with peer(serve) as (_, sender):
        sender.ask()
        sender.ask()
    assert slept[0] == 0.0
    assert slept[1] == pytest.approx(1.25 / 30)


def test_a_site_that_answers_in_time_to_nobody_cannot_be_probed(monkeypatch):
    def serve(this, connection):
        this.read(connection)

    with pytest.raises(CannotRunError, match="cannot be reached: RemoteDisconnected"):
        probed(serve, monkeypatch)


def test_over_tls_trailers_wait_without_a_look(certificate):
    path, context = certificate
    tls = ssl.create_default_context(cafile=path)
    near, far = socket.socketpair()
    got = []

    def serve():
        with context.wrap_socket(far, server_side=True) as connection:
            while b"X-Late: 1" not in b"".join(got):
                got.append(connection.recv(65536))

    thread = threading.Thread(target=serve)
    thread.start()
    target = parse_target("https://localhost")
    row = ROWS["trailers that come later"].form._replace(trailers=(b"X-Late: 1",))
    with tls.wrap_socket(near, server_hostname=target.name) as connection:
        wire.write(connection, [b"POST / HTTP/1.1"], row, 60)
        thread.join(60)
    assert b"".join(got).endswith(b"0\r\nX-Late: 1\r\n\r\n")


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
@pytest.mark.parametrize("endless", [b"HTTP/1.1 100 Continue\r\n\r\n", b"x"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_response_without_end_ends(certificate, monkeypatch, scheme, first, endless):
    path, context = certificate
    monkeypatch.setattr(send, "_TIMES", 0.01)  # each single read may take a minute

    def serve(this, connection):
        if scheme == "https":
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            this.read(connection)
            connection.sendall(first)
            while not is_over.wait(0.02):
                connection.sendall(endless)

    is_over = threading.Event()
    with peer(serve) as (_, plain):
        target = plain.target._replace(scheme=scheme, host="localhost")
        tls = ssl.create_default_context(cafile=path)
        (response,) = Sender(target, KEY, tls, seconds=60).ask()
        is_over.set()
    assert (response.status, response.error[:26]) == (None, "TimeoutError: the response")


class Alarm:
    """A timer that goes off when the test says."""

    def __init__(self, seconds, function):
        del seconds
        Alarm.go_off = staticmethod(function)

    def start(self):
        pass

    cancel = start


def test_an_upgrade_that_was_granted_counts_where_the_next_response_has_no_end(monkeypatch):
    monkeypatch.setattr(wire.threading, "Timer", Alarm)

    def serve(this, connection):
        this.read(connection)
        connection.sendall(CHANGES % b"websocket")
        this.read(connection, b"6.6.6.6")
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        Alarm.go_off()

    with peer(serve) as (_, sender):
        granted, over = sender.ask(ROWS["websocket"])
    assert (granted.status, over.status) == (101, None)
    assert over.error.startswith("TimeoutError: the response")


@pytest.mark.parametrize(
    "sent",
    [b"HTTP/1.1 302 Found\r\nLocation: /\x1b]0;x\x07\x9b2J\r\n\r\n", b"\x1b]0;x\x07\r\n\r\n"],
    ids=["location", "no HTTP"],
)
def test_a_site_cannot_write_to_the_terminal(sent):
    def serve(peer, connection):
        peer.read(connection)
        connection.sendall(sent)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=Peer(serve).run, args=(server,), daemon=True).start()
        target = parse_target(f"http://127.0.0.1:{server.getsockname()[1]}")
        (response,) = Sender(target, KEY, ssl.create_default_context()).ask()
    told = response.location or response.error
    assert "]0;x" in told
    assert told.isprintable()
