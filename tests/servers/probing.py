"""The stacks that are probed: bare, with the remedy of each hole, and as the pages recommend them."""

import contextlib
import ssl
from collections.abc import Callable
from typing import NamedTuple

from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.probe.groups import GROUPS
from django_trustedproxy.probe.run import Runner, Settings
from django_trustedproxy.probe.send import Sender, parse_target
from example_project.settings import SECRET_KEY
from tests.servers.attacks import ATTACKS
from tests.servers.fronts import FRONTS, TRUSTED, WITH
from tests.servers.prefixes import bare, without
from tests.servers.raw_requests import ATTACKER
from tests.servers.servers import SERVERS, running
from tests.servers.tunnels import TUNNELS

SITE = "http://site.example/client.json"


class Probed(NamedTuple):
    """A stack: its name, what is different in it, how it is started, and who probes it.

    `finds` are the groups of attacks that work, and `loses` those by which a client makes the proxy
    lose its header; no other may. `groups` are those that are sent, all of them where it is empty.
    """

    name: str
    set_up: str
    started: Callable
    finds: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    source: str = ATTACKER
    logins: tuple[str, ...] = ()

    def probe(self):
        """Run the stack and the probe; return the door."""
        settings = Settings(SECRET_KEY, TrustedNetworks(), "", self.logins)
        runner = Runner(settings, lambda _: None, lambda *_: None, self.groups or tuple(GROUPS))
        with self.started() as address:
            target = parse_target(SITE)._replace(address=address)
            tls = ssl.create_default_context()
            sender = Sender(target, SECRET_KEY, tls, seconds=60, source=self.source)
            return runner.probe(sender, is_origin=False)


BARE = "nothing against it"
# The group whose attacks work on a bare stack of attacks.py, by a word of its path or attack.
_FOUND = {
    "X_Forwarded_For": "spelling",
    "trailers": "trailers",
    "the first entry": "header",
    "around the proxy": "header",
}
_LOST = {
    "a chunked body": "trailers",
    "Connection": "connection",
    "a byte over": "list",
    "none needed": "header",
}


def _group_of(attack, groups):
    return next((group for word, group in groups.items() if word in attack.attack), "")


def _of_attacks():
    for attack in ATTACKS:
        finds, loses = _group_of(attack, _FOUND), _group_of(attack, _LOST)
        finds = () if loses else (finds,)
        # Without the header no attack can make the proxy lose it.
        is_gone = "none needed" in attack.attack
        made = {
            "finds": finds,
            "loses": (loses,) if loses and not is_gone else (),
            "groups": (loses,) if loses else finds,
            "source": attack.source,
        }
        yield Probed(f"{attack.path}: {attack.attack}", BARE, attack.bare.started, **made)
        made |= {"finds": (), "loses": ()}
        for remedy, stack in attack.remedies.items():
            yield Probed(f"{attack.path}: {attack.attack}", remedy, stack.started, **made)


def _of_tunnels():
    for tunnel in TUNNELS:
        groups = ("upgrade",)
        yield Probed(tunnel.path, BARE, tunnel.bare.started, groups, groups=groups)
        for remedy, way in tunnel.remedies.items():
            yield Probed(tunnel.path, remedy, way.started, groups=groups)


def _served(name, listener, front, change=lambda command: command):
    """Return what starts a server behind a recipe."""
    server = next(server for server in SERVERS if server.name == name)

    @contextlib.contextmanager
    def started():
        trusted = "unix:" if listener == "Unix socket" else TRUSTED
        with running(server, listener, trusted, change) as found:
            address = found.address
            if listener == "Unix socket":
                # The proxies' workers are other users'.
                address.parent.chmod(0o755)
                address.chmod(0o777)
            upstream = address if listener == "Unix socket" else address[1]
            with front.started(upstream) as reached:
                yield reached

    return started


_FRONT = {front.name: front for front in FRONTS}


def _of_prefixes():
    groups = ("prefix",)
    front = _FRONT["Caddy"]
    for set_up, used in ((BARE, front._replace(changes=bare)), ("the recipe", front)):
        finds = groups if set_up == BARE else ()
        start = _served("daphne", "IPv4", used)
        yield Probed("Caddy, daphne: `Daphne-Root-Path`", set_up, start, finds, groups=groups)
    front = _FRONT["HAProxy"]._replace(changes=bare)
    for set_up, change in (
        (BARE, lambda command: without(command, "--forwarder-headers")),
        ('gunicorn: `--forwarder-headers ""`', list),
    ):
        finds = groups if set_up == BARE else ()
        start = _served("gunicorn sync", "Unix socket", front, change)
        yield Probed(
            "HAProxy, gunicorn, Unix socket: `SCRIPT_NAME`", set_up, start, finds, groups=groups
        )


def _of_logins():
    groups, logins = ("identity",), ("HTTP_X_FORWARDED_USER",)
    made = {"groups": groups, "logins": logins}
    front = _FRONT["nginx"]
    line = 'proxy_set_header X-Forwarded-User "";'

    def unset(text):
        return text.replace("proxy_set_header Host", f"{line}\nproxy_set_header Host")

    for set_up, used, finds in (
        (BARE, front, groups),
        (f"nginx: `{line}`", front._replace(changes=unset), ()),
    ):
        start = _served("gunicorn gthread", "IPv4", used)
        yield Probed("nginx, gunicorn: a login by `X-Forwarded-User`", set_up, start, finds, **made)


def _recommended():
    for server in SERVERS:
        start = _served(server.name, "IPv4", _FRONT["nginx"])
        yield Probed(f"recipe of nginx, {server.name}", "as recommended", start)
    for front in FRONTS:
        if front.name != "nginx" and not front.name.endswith(WITH):
            start = _served("gunicorn gthread", "IPv4", front)
            yield Probed(f"recipe of {front.name}, gunicorn gthread", "as recommended", start)


HOLES = (*_of_attacks(), *_of_tunnels(), *_of_prefixes(), *_of_logins())
RECOMMENDED = tuple(_recommended())
