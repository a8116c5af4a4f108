"""Servers that the pages do not recommend, but that somebody may have: they are asked the same."""

import contextlib
import sys
from collections.abc import Callable
from typing import NamedTuple

from tests import stack

BOTH = ("IPv4", "Unix socket")


class Other(NamedTuple):
    """A server, the command that has it listen on an address, and the listeners that it has."""

    name: str
    command: Callable
    listeners: tuple[str, ...] = BOTH

    @contextlib.contextmanager
    def running(self, listener, trusted, **env):
        """Run it, trusting a peer; give where it listens."""
        with stack.workplace() as place:
            is_unix = listener == "Unix socket"
            address = place / "socket" if is_unix else ("127.0.0.1", stack.free_port())
            env = {
                "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
                "EXAMPLE_TRUSTED_PROXIES": trusted,
                "PYTHONPATH": str(stack.ROOT),
                **env,
            }
            command = self.command(address)
            with stack.process(command, ready=[address], log=place / "log", env=env):
                yield address


def _served(name, listeners=BOTH):
    def command(address):
        where = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
        return [sys.executable, "-m", "tests.servers.serving_wsgi", name, where]

    return Other(name, command, listeners)


def _uvicorn(name, application, *options):
    def command(address):
        where = (
            ["--host", address[0], "--port", str(address[1])]
            if isinstance(address, tuple)
            else ["--uds", str(address)]
        )
        program = [stack.executable("uvicorn"), "--no-proxy-headers", "--lifespan", "off"]
        return [*program, *options, *where, application]

    return Other(name, command)


def _gunicorn(name, *options):
    def command(address):
        bind = "{}:{}".format(*address) if isinstance(address, tuple) else f"unix:{address}"
        program = [stack.executable("gunicorn"), "--no-control-socket", "--bind", bind]
        ours = ["--forwarded-allow-ips", "", "--forwarder-headers", ""]
        return [*program, *ours, *options, "example_project.wsgi"]

    return Other(name, command)


_ADAPTED = "tests.servers.adapted_asgi"
OTHERS = (
    _served("cheroot"),
    _served("tornado"),
    # On a Unix socket it answers 500.
    _served("twisted", ("IPv4",)),
    _served("wsgiref", ("IPv4",)),
    _served("werkzeug"),
    _served("gevent"),
    _served("eventlet"),
    _uvicorn("uvicorn --interface wsgi", "example_project.wsgi:application", "--interface", "wsgi"),
    _uvicorn("asgiref's WsgiToAsgi", f"{_ADAPTED}:by_asgiref"),
    _uvicorn("a2wsgi", f"{_ADAPTED}:by_a2wsgi"),
    _uvicorn("the ASGI wrapper around WsgiToAsgi", f"{_ADAPTED}:wrapped_by_asgiref"),
    _uvicorn("the ASGI wrapper around a2wsgi", f"{_ADAPTED}:wrapped_by_a2wsgi"),
    _gunicorn("gunicorn -k gevent", "--worker-class", "gevent"),
    _gunicorn("gunicorn -k tornado", "--worker-class", "tornado"),
    _gunicorn("gunicorn --header-map dangerous", "--header-map", "dangerous"),
)
