"""Starts the real servers and proxies that the demo and the end-to-end tests talk to."""

import contextlib
import http.client
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
LISTENING = "0A"  # as /proc/net/tcp has it


class StackError(Exception):
    """A process of the stack cannot be started; the text is one line for a person."""


def family(host):
    """Return the family of the sockets that have an address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _ports():
    """Yield numbers of ports, none twice in this process.

    Two servers may have one number at different addresses, but not if one of them listens at all
    addresses. Below Linux's ephemeral ports no client's connection takes a number before its server
    has started. Processes begin at different places.
    """
    first, last = 10_000, 32_000
    begin = random.Random(os.getpid()).randrange(first, last)
    yield from range(begin, last)
    yield from range(first, begin)


_NUMBERS = _ports()


def free_port(host="127.0.0.1"):
    """Return a TCP port that nobody listens on at this moment."""
    is_both = host == "::"
    for port in _NUMBERS:
        with contextlib.suppress(OSError):
            socket.create_server((host, port), family=family(host), dualstack_ipv6=is_both).close()
            return port
    raise StackError("No TCP port from 10000 to 31999 is free.")


def executable(name):
    """Return the path of a program that was installed beside this Python."""
    path = shutil.which(name, path=Path(sys.executable).parent)
    if path is None:
        raise StackError(f"{name} is not installed beside {sys.executable}: run make demo.")
    return path


def can_connect(address):
    """Tell whether somebody accepts connections: a (host, port), or the path of a Unix socket."""
    is_unix = isinstance(address, (str, Path))
    with socket.socket(socket.AF_UNIX if is_unix else family(address[0])) as client:
        return client.connect_ex(str(address) if is_unix else address) == 0


class Holder(NamedTuple):
    """A process that listens on a port: its id, and its command line, cut."""

    pid: int
    command: str


def holder(port):
    """Return a process that listens on a TCP port, or None if this user cannot know it.

    Linux tells every user who holds which socket, of that user's own processes.
    """
    sockets = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                _, local, _, state, *_, inode = line.split()[:10]
                if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{inode}]")
    for link in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        # Processes of others are closed to this user, and any may end meanwhile.
        with contextlib.suppress(OSError):
            if str(link.readlink()) in sockets:
                words = Path(*link.parts[:3], "cmdline").read_bytes().decode(errors="replace")
                command = ascii(words.replace("\0", " ").strip())[1:-1]
                return Holder(int(link.parts[2]), command[:100])
    return None


@contextlib.contextmanager
def process(command, *, ready, log, env=None):
    """Run a command until the block ends; `ready` are the addresses that it must answer on."""
    # pytest exports the settings of the tests, which are not the example's.
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "example_project.settings", **(env or {})}
    with Path(log).open("ab") as output:
        running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not all(map(can_connect, ready)):
            if running.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"{command[0]} did not start:\n{Path(log).read_text()[-2000:]}")
            time.sleep(0.05)
        yield running
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextlib.contextmanager
def workplace():
    """Make a short-named directory for sockets and logs, as a Unix socket's path is limited."""
    with tempfile.TemporaryDirectory(prefix="tp-") as path:
        yield Path(path)


def gunicorn(place, port, **env):
    """Run the example under gunicorn, on a TCP port and on the Unix socket `place/gunicorn`."""
    unix = place / "gunicorn"
    command = [
        *(executable("gunicorn"), "example_project.wsgi", "--no-control-socket"),
        # A browser opens connections ahead of need; each would keep a worker without threads busy.
        *("--threads", "4"),
        # gunicorn itself would believe the X-Forwarded-Proto of anybody on 127.0.0.1.
        *("--forwarded-allow-ips", ""),
        *("--bind", f"127.0.0.1:{port}", "--bind", f"unix:{unix}"),
    ]
    return process(command, ready=[("127.0.0.1", port), unix], log=place / "gunicorn.log", env=env)


def uvicorn(place, *, port=None, **env):
    """Run the example under uvicorn, on a TCP port or else on the Unix socket `place/uvicorn`."""
    unix = place / "uvicorn"
    where = ["--uds", str(unix)] if port is None else ["--port", str(port)]
    command = [executable("uvicorn"), "example_project.asgi:application", "--no-proxy-headers"]
    command += ["--lifespan", "off", *where]
    ready = [unix if port is None else ("127.0.0.1", port)]
    return process(command, ready=ready, log=place / "uvicorn.log", env=env)


def caddy(place, port, upstream, *, config=ROOT / "example_project" / "Caddyfile", **env):
    """Run Caddy on a TCP port in front of `upstream`, a Caddy address such as unix//path."""
    command = [executable("caddy"), "run", "--adapter", "caddyfile", "--config", str(config)]
    env |= {"CADDY_ADDRESS": f":{port}", "UPSTREAM": upstream, "HOME": str(place)}
    return process(command, ready=[("127.0.0.1", port)], log=place / "caddy.log", env=env)


def appending_caddyfile(transport=""):
    """Return a configuration that appends to what the client wrote, as most proxies do."""
    return f"""
{{
	admin off
	auto_https off
	persist_config off
	servers {{
		trusted_proxies static 127.0.0.0/8
	}}
}}
http://{{$CADDY_ADDRESS}} {{
	bind 127.0.0.1
	reverse_proxy {{$UPSTREAM}} {{
		transport http {{
			{transport}
		}}
	}}
}}
"""


def get(port, path="/client.json", *, headers=(), source="127.0.0.1"):
    """Send one GET from a loopback address; `headers` are pairs, sent as they are and in order."""
    connection = http.client.HTTPConnection("127.0.0.1", port, 10, (source, 0))
    with contextlib.closing(connection):
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()
