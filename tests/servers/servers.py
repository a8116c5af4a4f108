"""The application servers of the grid, and how each is started on each of its listeners."""

import contextlib
import importlib.metadata
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests import stack
from tests.servers.recipes import blocks, commands, replaced

PAGE = "application-servers.md"
LISTENERS = {"IPv4": "127.0.0.1", "::1": "::1", "dual-stack": "::", "Unix socket": None}
NOBODY = "192.0.2.1"  # of TEST-NET-1 (RFC 5737), so that no peer is trusted
WSGI, ASGI = "WSGI", "ASGI"
MODULES = Path("/usr/lib/apache2/modules")


class Server(NamedTuple):
    """A server of the grid; `section` and `title` say where the page has its commands.

    `extra` is what its variant needs beside the page's command, `configure` what the reader has to
    write down, `forgeable` the forms that pass for the proxy's own unless the proxy drops them.
    """

    name: str
    section: str
    title: str
    distribution: str
    configure: str
    extra: tuple[str, ...] = ()
    listeners: tuple[str, ...] = tuple(LISTENERS)
    settings: Mapping[str, str] = MappingProxyType({})
    forgeable: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()

    def version(self):
        if self.distribution == "mod_wsgi":
            package = "libapache2-mod-wsgi-py3"
            return stack_version("dpkg-query", "-W", "-f", "${Version}", package)
        return importlib.metadata.version(self.distribution)


def stack_version(*command):
    """Return the first line that a command prints, or the last word of it."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout or done.stderr).splitlines()[0].split()[-1]


UNDERSCORES = (
    "underscores alone",
    "a dash and an underscore in a name",
    "underscores behind dashes",
    "underscores before dashes",
)
TRAILERS = (
    "trailers in the packet of the headers",
    "trailers that come later",
)
NO_DUAL = ("IPv4", "::1", "Unix socket")
DROP_UNDERSCORES = "a proxy that drops names with an underscore"
NO_H2C = "a proxy that does not pass on `Upgrade: h2c`"
NO_TRAILERS = "`--http h11` behind a proxy that forwards trailers"
GUNICORN = '`--forwarded-allow-ips ""`'
NO_PROXY_HEADERS = "`--no-proxy-headers`"
QUIET = ("--no-control-socket",)

SERVERS = (
    Server("gunicorn sync", "gunicorn", WSGI, "gunicorn", GUNICORN, QUIET),
    Server("gunicorn gthread", "gunicorn", WSGI, "gunicorn", GUNICORN, (*QUIET, "--threads", "4")),
    Server("gunicorn -k asgi", "gunicorn", ASGI, "gunicorn", GUNICORN, QUIET),
    Server(
        "uvicorn, h11",
        "uvicorn",
        ASGI,
        "uvicorn",
        NO_PROXY_HEADERS,
        ("--http", "h11"),
        NO_DUAL,
    ),
    Server(
        "uvicorn, httptools",
        "uvicorn",
        ASGI,
        "uvicorn",
        f"{NO_PROXY_HEADERS}, {NO_TRAILERS}",
        ("--http", "httptools"),
        NO_DUAL,
        forgeable=TRAILERS,
    ),
    Server(
        "gunicorn, uvicorn's worker",
        "gunicorn with uvicorn's worker",
        ASGI,
        "uvicorn-worker",
        f"{GUNICORN}, `UvicornH11Worker` behind a proxy that forwards trailers",
        QUIET,
        forgeable=TRAILERS,
    ),
    Server("daphne", "daphne", ASGI, "daphne", "", closes=("60 KB",)),
    Server("hypercorn, ASGI", "hypercorn", ASGI, "hypercorn", NO_H2C),
    Server(
        "hypercorn, WSGI",
        "hypercorn",
        WSGI,
        "hypercorn",
        f"{DROP_UNDERSCORES}, {NO_H2C}",
        forgeable=UNDERSCORES,
    ),
    Server("granian, ASGI", "granian", ASGI, "granian", ""),
    Server(
        "granian, WSGI",
        "granian",
        WSGI,
        "granian",
        f'`TRUSTED_PROXY_REJECT = ["missing"]`, {DROP_UNDERSCORES}',
        settings={"SERVERS_REJECT": "missing"},
        forgeable=UNDERSCORES,
    ),
    Server(
        "waitress",
        "waitress",
        WSGI,
        "waitress",
        "`--no-clear-untrusted-proxy-headers`",
        listeners=NO_DUAL,
    ),
    Server(
        "uWSGI",
        "uWSGI",
        WSGI,
        "uwsgi",
        f"`--buffer-size 65535`, {DROP_UNDERSCORES}",
        forgeable=UNDERSCORES,
    ),
    Server(
        "Apache with mod_wsgi",
        "Apache with mod_wsgi",
        WSGI,
        "mod_wsgi",
        "",
        listeners=("IPv4", "::1", "dual-stack"),
    ),
    Server("runserver", "runserver", WSGI, "Django", "", ("--noreload",), ("IPv4", "::1")),
)

# Its peer is whom nginx names, so that it has a test of its own.
UWSGI_PROTOCOL = next(server for server in SERVERS if server.name == "uWSGI")._replace(
    name="uWSGI, uwsgi protocol",
    title="the uwsgi protocol",
    configure="`TRUSTED_PROXIES = []`, `--buffer-size 65535`",
    listeners=("IPv4", "Unix socket"),
)


class Running(NamedTuple):
    """A started server: where it listens, for a client of this host and for its proxy."""

    address: object
    listener: str


@contextlib.contextmanager
def running(server, listener, trusted, change=lambda command: command, **env):
    """Run a server on one of its listeners, trusting a peer; give a `Running`.

    `change` takes the command, or the text of Apache's site, and returns another one.
    """
    with stack.workplace() as place:
        host = LISTENERS[listener]
        reached = "127.0.0.1" if listener == "dual-stack" else host
        address = place / "socket" if host is None else (reached, stack.free_port(host))
        env = {
            "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
            "EXAMPLE_TRUSTED_PROXIES": trusted,
            "PYTHONPATH": str(stack.ROOT),
            **server.settings,
            **env,
        }
        if server.distribution == "mod_wsgi":
            command = apache(place, host, address[1], change)
        else:
            command = change([*command_of(server, listener, address), *server.extra])
        with stack.process(command, ready=[address], log=place / "log", env=env):
            yield Running(address, listener)


def where_of(listener):
    """Return the words in which the page names a listener."""
    return "a Unix socket" if listener == "Unix socket" else "TCP"


def command_of(server, listener, address):
    """Return the page's command with the example in the place of the page's project."""
    command = commands(PAGE, server.section)[f"{server.title} over {where_of(listener)}"]
    if listener == "Unix socket":
        command = replaced(command, {"/run/mysite/web.sock": address})
    else:
        host, port = LISTENERS[listener], address[1]
        if "127.0.0.1:8000" in command:
            bound = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            command = replaced(command, {"127.0.0.1:8000": bound})
        else:
            command = replaced(command, {"127.0.0.1": host, "8000": port})
    command = command.replace("mysite.", "example_project.")
    program, *arguments = shlex.split(command)
    if program == "python":
        return [sys.executable, "-m", "django", *arguments[1:]]
    return [stack.executable(program), *arguments]


def apache(place, host, port, change):
    """Write the configuration of an Apache that has the page's site, and return its command."""
    place.chmod(0o755)  # its processes are another user's
    (site,) = blocks(PAGE, "apache", "Apache with mod_wsgi")
    bound = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    packages = Path(sys.prefix) / "mod_wsgi"  # for the system's Python (see Makefile)
    places = {
        "127.0.0.1:8000": bound,
        "python-path=/srv/mysite": f"python-path={stack.ROOT}:{packages}",
        "/srv/mysite/mysite": stack.ROOT / "example_project",
    }
    modules = ["mpm_event", "authn_core", "authz_core", "wsgi"]
    lines = [
        f"ServerRoot {place}",
        "ServerName localhost",
        f"PidFile {place}/pid",
        f"ErrorLog {place}/log",
        f"WSGISocketPrefix {place}/wsgi",
        f"DefaultRuntimeDir {place}",
        "WSGIPythonHome /usr",
        *(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules),
        *(["User www-data", "Group www-data"] if os.getuid() == 0 else []),
        replaced(change(site), places),
    ]
    config = place / "apache.conf"
    config.write_text("\n".join(lines))
    return ["/usr/sbin/apache2", "-f", str(config), "-DFOREGROUND"]
