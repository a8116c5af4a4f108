"""What a client may write to choose the path prefix, and the set-ups whose prefix is the site's own.

Whoever chooses the prefix has every link of the site, and gets around the rules that a proxy has
for paths: with the prefix /x, /x/admin/ is /admin/ to Django.
"""

import contextlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from django_trustedproxy.probe.channels import PREFIX_CLAIMS
from django_trustedproxy.probe.forms import Attack, Form
from tests.servers.raw_requests import connected, received
from tests.servers.recipes import replaced
from tests.servers.servers import SERVERS, WSGI, running
from tests.stack import ROOT

SITE = {"DJANGO_SETTINGS_MODULE": "tests.servers.prefix_site_settings", "SERVERS_REJECT": ""}
HOST = "site.example"
OWN, BELOW = "/app", "/admin/"


CLAIMS = PREFIX_CLAIMS
CLAIM = {claim.form.name: claim for claim in CLAIMS}
HONEST = Attack("prefix", Form("honest"), "/x")
# The claims that name the header, in the spellings that its server takes for it.
OF_DAPHNE = {name for name in CLAIM if name.lower().startswith("daphne-root-path")}
OF_GUNICORN = {name for name in CLAIM if name.lower().startswith("script_name")}


def path_of(claim):
    return f"{claim.path}{BELOW}"


def visit(address, claim=HONEST, *, path=None, source=None):
    """Send one request, and return what came back."""
    with contextlib.closing(connected(address, source)) as connection:
        return visited(connection, claim, path or path_of(claim))[0]


def visited(connection, claim, path, own=()):
    """Send one request over a connection, with lines of its own; return what `received` does."""
    head = [f"GET {path} HTTP/1.1".encode(), f"Host: {HOST}".encode()]
    connection.sendall(
        b"\r\n".join([*head, *claim.form.lines, *own, b"Connection: close", b"", b""])
    )
    return received(connection)


def taken(address, claims=CLAIMS, *, source=None):
    """Return the names of the claims whose answer is not that of the same path without them."""
    plain = {}
    found = set()
    for claim in claims:
        path = path_of(claim)
        if path not in plain:
            plain[path] = visit(address, path=path, source=source).facts
        answer = visit(address, claim, source=source)
        if answer.facts and answer.facts != plain[path]:
            found.add(claim.form.name)
    assert plain[path_of(HONEST)]["link"] == "/accounts/login/"
    return found


def without(command, *options):
    """Return a command without options and the value of each."""
    left = list(command)
    for option in options:
        place = left.index(option)
        del left[place : place + 2]
    return left


@contextlib.contextmanager
def site(server, listener, trusted, change=lambda command: command, **env):
    """Run a server in front of the site of the links; give where it listens."""
    with running(server, listener, trusted, change, **{**SITE, **env}) as found:
        if listener == "Unix socket":
            # The proxies' workers are other users'.
            found.address.parent.chmod(0o755)
            found.address.chmod(0o777)
        yield found.address


_RULES = (
    *("daphne-root-path", "LuaHookFixups", r"magnet\.attract", r"header\.regsub", "X-Dropped"),
    *("restrict-req-hdr-names", r"request_header -\*_\*", "headers_with_underscores_action"),
)


def bare(text):
    """Return a recipe without its lines against headers with a prefix.

    nginx, and Caddy from 2.11.4 on, drop names with an underscore without a line.
    """
    return re.sub(rf"(?im)^(.*(?:{'|'.join(_RULES)}))", r"# \1", text)


class Prefixed(NamedTuple):
    """A set-up that states the prefix /app, and the path of a request below it.

    `change` takes the command, or the text of Apache's site.
    """

    server: str
    name: str
    change: Callable
    path: str = f"{OWN}{BELOW}"
    env: Mapping[str, str] = MappingProxyType({})


def _added(*options):
    return lambda command: [*command, *options]


def _unchanged(command):
    return command


def _waitress(command):
    return [*command[:-1], "--url-prefix", OWN, command[-1]]


def _uwsgi(command):
    mount = f"{OWN}={command[command.index('--module') + 1]}:application"
    return [*without(command, "--module"), "--manage-script-name", "--mount", mount]


def _mounted(command):
    return [
        "tests.servers.mounted_asgi:mounted" if word.startswith("example_project.") else word
        for word in command
    ]


_WRAPPED = {
    "example_project.asgi": "tests.servers.wrapped_asgi",
    "example_project.wsgi": "tests.servers.wrapped_wsgi",
    "mounted_asgi:mounted": "mounted_asgi:wrapped",
}
_FILE, _FOLDER = "/srv/mysite/mysite/wsgi.py", "<Directory /srv/mysite/mysite>"


def wrapped(command):
    """Return a command, or the text of Apache's site, that serves the example in its wrapper."""
    if isinstance(command, str):
        folder = ROOT / "tests" / "servers"
        directory = f"<Directory {folder}>\nRequire all granted\n</Directory>\n"
        return replaced(command, {_FILE: folder / "wrapped_wsgi.py", _FOLDER: directory + _FOLDER})
    for own, other in _WRAPPED.items():
        command = [word.replace(own, other) for word in command]
    return command


def _scripted(site):
    return replaced(site, {"WSGIScriptAlias / ": f"WSGIScriptAlias {OWN} "})


_ROOT_PATH = _added("--root-path", OWN)
_URL_PATH_PREFIX = _added("--url-path-prefix", OWN)
_IN_ENVIRONMENT = {"SCRIPT_NAME": OWN}
_FORCED = {"SERVERS_FORCE_SCRIPT_NAME": OWN}
PREFIXED = (
    # uvicorn puts the prefix before the path, which the proxy has cut.
    Prefixed("uvicorn, h11", "--root-path", _ROOT_PATH, BELOW),
    Prefixed("uvicorn, httptools", "--root-path", _ROOT_PATH, BELOW),
    Prefixed("hypercorn, ASGI", "--root-path", _ROOT_PATH),
    Prefixed("hypercorn, WSGI", "--root-path", _ROOT_PATH),
    Prefixed("gunicorn -k asgi", "--root-path", _ROOT_PATH),
    Prefixed(
        "daphne", "--root-path", lambda command: [command[0], "--root-path", OWN, *command[1:]]
    ),
    Prefixed("granian, ASGI", "--url-path-prefix", _URL_PATH_PREFIX),
    Prefixed("granian, WSGI", "--url-path-prefix", _URL_PATH_PREFIX),
    Prefixed("waitress", "--url-prefix", _waitress),
    Prefixed("waitress", "--url-prefix, the path cut", _waitress, BELOW),
    Prefixed("uWSGI", "--mount", _uwsgi),
    Prefixed("gunicorn sync", "SCRIPT_NAME", _unchanged, env=_IN_ENVIRONMENT),
    Prefixed("gunicorn gthread", "SCRIPT_NAME", _unchanged, env=_IN_ENVIRONMENT),
    Prefixed("Apache with mod_wsgi", "WSGIScriptAlias", _scripted),
    *(
        Prefixed(name, "below Starlette", _mounted)
        for name in (
            "uvicorn, h11",
            "hypercorn, ASGI",
            "granian, ASGI",
            "daphne",
            "gunicorn -k asgi",
        )
    ),
    *(
        # Django cuts the setting off the path under ASGI alone.
        Prefixed(
            server.name,
            "FORCE_SCRIPT_NAME",
            _unchanged,
            BELOW if server.title == WSGI or server.distribution == "mod_wsgi" else f"{OWN}{BELOW}",
            _FORCED,
        )
        for server in SERVERS
    ),
)
