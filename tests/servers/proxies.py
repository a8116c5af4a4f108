"""Starts the reverse proxies with the configurations of their recipes, and servers behind them."""

import contextlib
import re
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from typing import NamedTuple

from tests import stack
from tests.servers.recipes import blocks, replaced

UNIX_PAGE = "proxies/unix-socket.md"

# What the recipes call these; the tests put their own in place.
UPSTREAM, SOCKET = "127.0.0.1:8000", "/run/mysite/web.sock"
# The file that a recipe in Lua goes into.
SCRIPT = "underscores.lua"


class Proxy(NamedTuple):
    """A reverse proxy: its recipe, and how this suite runs that.

    `places` gives what is replaced in the configuration by the words of the page, from the proxy's
    port, the server's port and the place of its files; `command` starts it from these.
    """

    name: str
    page: str
    language: str
    version: tuple[str, ...]
    places: Callable
    command: Callable


def program(name):
    """Return the path of a proxy: beside this Python, or of the system."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    return found or stack.executable(name)


def version(proxy):
    """Return a proxy's version, as it tells it."""
    name, *arguments = proxy.version
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=True)
    return re.search(r"\d+\.\d+\.\d+", done.stdout + done.stderr)[0]


def nginx(place, _port, config):
    # Everything but the recipe's own block: where files go, and that it stays in the foreground.
    paths = "".join(
        f"{kind}_temp_path {place}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = replaced(config.read_text(), {"http {": f"http {{ access_log off; {paths}"})
    config.write_text(text)
    extra = f"daemon off; pid {place}/nginx.pid; error_log stderr;"
    return [program("nginx"), "-e", "stderr", "-p", str(place), "-c", str(config), "-g", extra]


def apache(place, port, config):
    page = "proxies/apache.md"
    (enable,) = re.findall(r"^a2enmod (.*)$", blocks(page, "sh", "The proxy")[0], re.MULTILINE)
    # What Debian's apache2.conf and a2enmod give.
    modules = ["mpm_event", "authz_core", *enable.split()]
    main = place / "apache2.conf"
    main.write_text(
        f"ServerRoot {place}\nServerName localhost\nPidFile {place}/apache.pid\n"
        f"ErrorLog {place}/apache.log\nUser www-data\nGroup www-data\nListen 127.0.0.1:{port}\n"
        + "".join(
            f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"
            for module in modules
        )
        + f"Include {config}\n"
    )
    return [program("apache2"), "-f", str(main), "-DFOREGROUND"]


def varnish(place, port, config):
    (command,) = blocks("proxies/varnish.md", "sh", "The proxy")
    _, *arguments = shlex.split(
        replaced(command, {":80": f"127.0.0.1:{port}", "/etc/varnish/default.vcl": config})
    )
    # In the foreground, with its files in a place of its own.
    return [
        program("varnishd"),
        "-F",
        "-n",
        str(place / "varnish"),
        "-j",
        "none",
        "-T",
        "none",
        *arguments,
    ]


def haproxy(_place, _port, config):
    return [program("haproxy"), "-db", "-f", str(config)]


def caddy(_place, _port, config):
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(config)]


def lighttpd(_place, _port, config):
    return [program("lighttpd"), "-D", "-f", str(config)]


def envoy(_place, _port, config):
    once = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"]
    return [program("envoy"), *once, "-c", str(config)]


NGINX = Proxy(
    "nginx",
    "proxies/nginx.md",
    "nginx",
    ("nginx", "-v"),
    lambda port, place: {"listen 80;": f"listen 127.0.0.1:{port};"},
    nginx,
)
APACHE = Proxy(
    "Apache",
    "proxies/apache.md",
    "apache",
    ("apache2", "-v"),
    lambda port, place: {
        "*:80": f"127.0.0.1:{port}",
        "/etc/apache2/underscores.lua": place / SCRIPT,
    },
    apache,
)
HAPROXY = Proxy(
    "HAProxy",
    "proxies/haproxy.md",
    "haproxy",
    ("haproxy", "-v"),
    lambda port, place: {"bind :80": f"bind 127.0.0.1:{port}"},
    haproxy,
)
CADDY = Proxy(
    "Caddy",
    "proxies/caddy.md",
    "caddyfile",
    ("caddy", "version"),
    lambda port, place: {":80 {": f":{port} {{\n\tbind 127.0.0.1"},
    caddy,
)
VARNISH = Proxy(
    "Varnish", "proxies/varnish.md", "vcl", ("varnishd", "-V"), lambda port, place: {}, varnish
)
LIGHTTPD = Proxy(
    "lighttpd",
    "proxies/lighttpd.md",
    "lighttpd",
    ("lighttpd", "-v"),
    lambda port, place: {
        "server.port = 80": f'server.port = {port}\nserver.bind = "127.0.0.1"',
        "/var/www/html": place,
        "/etc/lighttpd/underscores.lua": place / SCRIPT,
    },
    lighttpd,
)
ENVOY = Proxy(
    "Envoy",
    "proxies/envoy.md",
    "yaml",
    ("envoy", "--version"),
    lambda port, place: {
        "address: 0.0.0.0, port_value: 80 ": f"address: 127.0.0.1, port_value: {port} "
    },
    envoy,
)
SINGLE = (NGINX, APACHE, HAPROXY, CADDY, VARNISH, LIGHTTPD, ENVOY)


def configuration(proxy, places, upstream, change=lambda text: text):
    """Return a recipe's configuration, with the server's port or Unix socket put in.

    `change` takes the recipe as the page has it, and returns another one.
    """
    main, *over_unix = blocks(proxy.page, proxy.language, "The proxy")
    main = replaced(change(main), places)
    if SOCKET in main:
        return replaced(main, {SOCKET: upstream})
    before, line, after = re.split(r"^(.*127\.0\.0\.1.*\b8000\b.*\n)", main, flags=re.MULTILINE)
    if isinstance(upstream, int):
        return before + replaced(line, {"8000": upstream}) + after
    (other,) = over_unix
    margin = line[: -len(line.lstrip())]
    return before + textwrap.indent(replaced(other, {SOCKET: upstream}), margin) + after


@contextlib.contextmanager
def running_proxy(proxy, place, upstream, change=lambda text: text):
    """Run a proxy with its recipe in front of a port or a Unix socket; give its own port."""
    port = stack.free_port()
    text = configuration(proxy, proxy.places(port, place), upstream, change)
    with start(proxy, place, port, text):
        yield port


CHAIN = "proxies/two-proxies.md"
# The addresses that its two proxies connect from: those of the page, and those of this host.
CHAINED = {"10.0.0.1": "127.0.0.11", "10.0.0.2": "127.0.0.12"}


@contextlib.contextmanager
def running_chain(place, upstream):
    """Run the two proxies of the chain in front of a port; give that of the outer and the inner."""
    outer, inner = stack.free_port(), stack.free_port("127.0.0.12")
    (second,) = blocks(CHAIN, "nginx", "The proxy")
    places = {"10.0.0.2:8080": f"10.0.0.2:{inner}", "10.0.0.3:8000": f"127.0.0.1:{upstream}"}
    second = replaced(replaced(second, places), CHAINED)
    (first,) = blocks(CHAIN, "haproxy", "The proxy")
    places = {"10.0.0.2:8080": f"10.0.0.2:{inner}", **HAPROXY.places(outer, place)}
    first = replaced(replaced(first, places), CHAINED)
    with (
        start(NGINX, place, inner, second, host="127.0.0.12"),
        start(HAPROXY, place, outer, first),
    ):
        yield outer, inner


def start(proxy, place, port, text, *, host="127.0.0.1"):
    """Run a proxy with a configuration until the block ends."""
    config = place / f"recipe.{proxy.language}"  # Envoy reads YAML by its ending
    config.write_text(text)
    for script in blocks(proxy.page, "lua", "The proxy"):
        (place / SCRIPT).write_text(script)
    command = proxy.command(place, port, config)
    log = place / f"{proxy.name}.log"
    # Caddy writes into HOME, and would share its administration's port with another.
    env = {"HOME": str(place), "CADDY_ADMIN": f"unix/{place}/caddy-admin"}
    return stack.process(command, ready=[(host, port)], log=log, env=env)


def settings_of(page):
    """Return the settings that a recipe gives, as Python."""
    return blocks(page, "python", "Django")[0]


# What has nothing to do with addresses: no files outside, room for a slow client, no start-up events.
ASIDE = {"gunicorn": ["--no-control-socket", "--threads", "4"], "uvicorn": ["--lifespan", "off"]}
LISTENER = re.compile(r"--bind \S+|--host \S+ --port \d+|--uds \S+")


def server_command(page, server, place, port):
    """Return the command with which a recipe starts a server, on a port or on a Unix socket."""
    (found,) = (block for block in blocks(page, "sh", "The server") if block.startswith(server))
    listeners = {
        ("gunicorn", True): f"--bind unix:{place / server}",
        ("gunicorn", False): f"--bind 127.0.0.1:{port}",
        ("uvicorn", True): f"--uds {place / server}",
        ("uvicorn", False): f"--host 127.0.0.1 --port {port}",
    }
    (old,) = LISTENER.findall(found)
    found = replaced(found, {old: listeners[server, port is None], "mysite.": "example_project."})
    name, *arguments = shlex.split(found)
    return [stack.executable(name), *arguments, *ASIDE[server]]


def running_server(page, server, place, *, port=None, settings):
    """Run the example as a recipe starts it, under the settings that are given as Python."""
    ready = [("127.0.0.1", port)] if port else [place / server]
    return run(server_command(page, server, place, port), ready, place, settings)


def running_uwsgi(place, port, settings):
    """Run the example under uWSGI, which takes an underscore in a header's name for a dash."""
    command = [
        *(stack.executable("uwsgi"), "--master", "--need-app", "--die-on-term"),
        *("--module", "example_project.wsgi", "--http-socket", f"127.0.0.1:{port}"),
    ]
    return run(command, [("127.0.0.1", port)], place, settings)


def run(command, ready, place, settings):
    env = {"DJANGO_SETTINGS_MODULE": "tests.servers.page_settings", "PAGE_SETTINGS": settings}
    return stack.process(command, ready=ready, log=place / "server.log", env=env)
