"""An edge that sends a secret, and an attacker in the same network: real proxies, real servers.

The edge connects from 127.0.0.1, and so does the attacker's own proxy: nothing but the secret tells
them apart. Secret and header are changed in the order of docs/secret-header.md while requests run.
"""

import contextlib
import itertools
import os
import signal
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from django_trustedproxy.probe.attacks import wrong_stamps
from django_trustedproxy.probe.forms import Claims
from tests import stack
from tests.edge import HEADER, KEY, OLDER, SECRET
from tests.servers import proxies
from tests.servers.raw_requests import (
    ATTACKER,
    FORMS,
    HONEST,
    PROXY,
    VICTIM,
    Form,
    ask,
    attack,
    verdict,
)
from tests.servers.recipes import replaced
from tests.servers.stamping import SETTINGS, stamping, with_lines

EDGE = "127.0.0.1"
NEW_HEADER = "X-New-Secret"


def malicious(text):
    """Make an attacker's proxy of nginx's recipe: it writes the address that it wants to be."""
    forged = f"proxy_set_header X-Real-IP {VICTIM};\nproxy_set_header {HEADER} {OLDER};\n"
    places = {
        "$proxy_add_x_forwarded_for": VICTIM,
        "proxy_set_header Host": f"{forged}proxy_set_header Host",
    }
    return replaced(text, places)


class Running(NamedTuple):
    """The ports of the edge, the attacker's proxy and the server behind both."""

    edge: int
    attackers: int
    server: int


@pytest.fixture(
    scope="module",
    params=itertools.product(
        [proxies.NGINX, proxies.CADDY, proxies.HAPROXY], ["gunicorn", "uvicorn"]
    ),
    ids=lambda pair: f"{pair[0].name}-{pair[1]}",
)
def running(request):
    proxy, server = request.param
    with contextlib.ExitStack() as processes:
        place, edge, other = (processes.enter_context(stack.workplace()) for _ in range(3))
        for each in (place, edge, other):
            each.chmod(0o755)  # a proxy that is started by root has another user's workers
        port = stack.free_port()
        settings = SETTINGS.format(names=HEADER, secrets=[SECRET])
        processes.enter_context(
            proxies.running_server(proxy.page, server, place, port=port, settings=settings)
        )
        yield Running(
            processes.enter_context(proxies.running_proxy(proxy, edge, port, stamping(proxy))),
            processes.enter_context(proxies.running_proxy(proxies.NGINX, other, port, malicious)),
            port,
        )


def guesses():
    """Return what somebody who knows much of the secret may write: no probe knows as much."""
    name = HEADER.encode()
    for value in (b"x", OLDER.encode(), b"\xff" * 40, SECRET[:-1].encode()):
        yield Form(f"{value[:9]!r} as the secret", (name + b": " + value,))
        yield Form(f"{value[:9]!r} twice", (name + b": " + value, name + b": " + value))
        yield Form(f"{value[:9]!r} with underscores", (name.replace(b"-", b"_") + b": " + value,))


FORGERIES = [*FORMS, *wrong_stamps(HEADER, Claims(PROXY)), *guesses()]


def test_a_client_of_the_edge_has_its_own_address_whatever_it_writes(running):
    def send(form):
        return ask(("127.0.0.1", running.edge), form, source=ATTACKER)

    honest = ask(("127.0.0.1", running.edge), source=HONEST)
    assert verdict(honest, HONEST, "forwarded") == {}
    wrong, refused = attack(send, ATTACKER, "forwarded", FORGERIES)
    assert wrong == {}
    assert len(refused) < len(FORGERIES) / 2


def test_an_attacker_in_the_network_of_the_edge_cannot_have_a_forged_address(running):
    def send(form):
        lines = (f"X-Forwarded-For: {VICTIM}".encode(), *form.lines)
        return ask(("127.0.0.1", running.server), form._replace(lines=lines), source=EDGE)

    wrong, _ = attack(send, EDGE, "direct", FORGERIES)
    assert wrong == {}


def test_the_proxy_of_an_attacker_in_that_network_cannot_either(running):
    for form in FORGERIES:
        answer = ask(("127.0.0.1", running.attackers), form, source=ATTACKER)
        # The server has seen no other peer than the edge's address, and believes it nothing.
        assert verdict(answer, EDGE, "direct") == {}, form.name


def test_with_the_secret_the_same_peer_is_the_edge(running):
    lines = (f"{HEADER}: {SECRET}".encode(), f"X-Forwarded-For: {VICTIM}, {HONEST}".encode())
    answer = ask(("127.0.0.1", running.server), Form("edge", lines), source=EDGE)
    assert (answer.facts["client"], answer.facts["outcome"]) == (HONEST, "forwarded")
    assert SECRET not in answer.text
    assert KEY not in answer.text


class Load(threading.Thread):
    """A client that sends one request after the other through the edge, and keeps what was wrong."""

    def __init__(self, port, source):
        super().__init__()
        self.port, self.source = port, source
        self.sent, self.wrong, self.is_over = 0, [], threading.Event()

    def run(self):
        line = f"X-Forwarded-For: {VICTIM}".encode()
        while not self.is_over.is_set():
            answer = ask(("127.0.0.1", self.port), Form("load", (line,)), source=self.source)
            # A worker that ended had not taken it, so nobody has judged it.
            if answer.status == 502:
                continue
            self.sent += 1
            if answer.status != 200:
                self.wrong.append((answer.status, answer.text[:200]))
            elif found := verdict(answer, self.source, "forwarded"):
                self.wrong.append(found)


@contextlib.contextmanager
def load(port):
    """Send requests from several addresses until the block ends; give what sends them."""
    clients = [Load(port, f"127.0.0.{number}") for number in range(20, 24)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.is_over.set()
        for client in clients:
            client.join(stack.START_SECONDS)


def wait(condition, what):
    deadline = time.monotonic() + stack.START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def more_requests(clients, number=15):
    """Wait until each client has sent some more requests."""
    before = [client.sent for client in clients]
    wait(
        lambda: all(c.sent >= b + number for c, b in zip(clients, before, strict=True)),
        "the clients send nothing",
    )


def workers(pid):
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def reload(process):
    """Have a master start new workers with what its files say now, until the old ones are gone."""
    old = workers(process.pid)
    assert old
    os.kill(process.pid, signal.SIGHUP)
    # One that ended and was not yet waited for is none.
    wait(lambda: not (alive(old) or not workers(process.pid) - old), "the old workers stay")


def alive(pids):
    return {pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and cmdline(pid)}


def cmdline(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


class Site:
    """A server and an edge whose configurations are files, and which are reloaded under load."""

    def __init__(self, worker_class):
        self.worker_class = worker_class

    @contextlib.contextmanager
    def started(self, names, secrets, stamps):
        with contextlib.ExitStack() as processes:
            self.place, self.edge = (processes.enter_context(stack.workplace()) for _ in range(2))
            for each in (self.place, self.edge):
                each.chmod(0o755)
            self.port, self.edge_port = stack.free_port(), stack.free_port()
            self.write_settings(names, secrets)
            command = [
                *(
                    stack.executable("gunicorn"),
                    "--bind",
                    f"127.0.0.1:{self.port}",
                    "--workers",
                    "2",
                ),
                *("--forwarded-allow-ips", "", "--no-control-socket"),
                *self.worker_class,
            ]
            read = f"exec(open({str(self.place / 'site.py')!r}).read())"
            ready = [("127.0.0.1", self.port)]
            self.server = processes.enter_context(proxies.run(command, ready, self.place, read))
            text = self.edge_text(stamps)
            self.nginx = processes.enter_context(
                proxies.start(proxies.NGINX, self.edge, self.edge_port, text)
            )
            yield self

    def write_settings(self, names, secrets):
        text = SETTINGS.format(names=names, secrets=secrets)
        (self.place / "new.py").write_text(text + 'TRUSTED_PROXY_REJECT = ["unstamped"]\n')
        (self.place / "new.py").replace(self.place / "site.py")

    def edge_text(self, stamps):
        lines = [f'proxy_set_header {name} "{secret}";' for name, secret in stamps.items()]
        places = proxies.NGINX.places(self.edge_port, self.edge)
        return proxies.configuration(
            proxies.NGINX, places, self.port, lambda text: with_lines(proxies.NGINX, text, *lines)
        )

    def configure(self, names, secrets):
        self.write_settings(names, secrets)
        reload(self.server)

    def stamp(self, stamps):
        config = self.edge / f"recipe.{proxies.NGINX.language}"
        config.write_text(self.edge_text(stamps))
        # What proxies.nginx() adds to the recipe when it starts one.
        proxies.nginx(self.edge, self.edge_port, config)
        reload(self.nginx)

    def asked(self, name, secret):
        """Return the status for somebody who goes around the edge with a secret."""
        lines = (f"{name}: {secret}".encode(), f"X-Forwarded-For: {HONEST}".encode())
        return ask(("127.0.0.1", self.port), Form("around", lines), source=EDGE).status


SERVERS = {
    "gunicorn": ["example_project.wsgi", "--threads", "4"],
    "gunicorn with uvicorn": [
        *("example_project.asgi:application", "-k", "uvicorn_worker.UvicornH11Worker"),
    ],
}


@pytest.mark.parametrize("server", SERVERS)
def test_the_secret_changes_under_load_and_no_request_is_misjudged(server):
    site = Site(SERVERS[server])
    with site.started(HEADER, [OLDER], {HEADER: OLDER}), load(site.edge_port) as clients:
        more_requests(clients)
        site.configure(HEADER, [SECRET, OLDER])
        more_requests(clients)
        site.stamp({HEADER: SECRET})
        more_requests(clients)
        site.configure(HEADER, [SECRET])
        more_requests(clients)
        assert site.asked(HEADER, OLDER) == 400
        assert site.asked(HEADER, SECRET) == 200
    assert [client.wrong for client in clients] == [[]] * len(clients)


@pytest.mark.parametrize("server", SERVERS)
def test_the_name_changes_under_load_and_no_request_is_misjudged(server):
    site = Site(SERVERS[server])
    with site.started(HEADER, [OLDER], {HEADER: OLDER}), load(site.edge_port) as clients:
        more_requests(clients)
        site.configure([NEW_HEADER, HEADER], [SECRET, OLDER])
        more_requests(clients)
        site.stamp({NEW_HEADER: SECRET, HEADER: OLDER})
        more_requests(clients)
        site.stamp({NEW_HEADER: SECRET})
        more_requests(clients)
        site.configure(NEW_HEADER, [SECRET])
        more_requests(clients)
        assert site.asked(HEADER, OLDER) == 400
        assert site.asked(NEW_HEADER, SECRET) == 200
    assert [client.wrong for client in clients] == [[]] * len(clients)


def test_in_the_wrong_order_the_load_notices():
    """The edge sends what the site does not know yet: the control of the two tests above."""
    site = Site(SERVERS["gunicorn"])
    with site.started(HEADER, [OLDER], {HEADER: OLDER}), load(site.edge_port) as clients:
        more_requests(clients)
        site.stamp({HEADER: SECRET})
        more_requests(clients)
    assert all(client.wrong for client in clients)
