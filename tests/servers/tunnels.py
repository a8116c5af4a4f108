"""Stacks that give a client a tunnel to the server, each with the remedies that end it.

A bare stack is the recipe without its line, or with the line that other pages give.
"""

import contextlib
import re
from collections.abc import Callable
from typing import NamedTuple

from tests.servers.attacks import SERVER
from tests.servers.fronts import ADDED, TRUSTED, Front, pieces
from tests.servers.proxies import SINGLE
from tests.servers.raw_requests import VICTIM
from tests.servers.recipes import replaced
from tests.servers.servers import LISTENERS, running

PROXY = {proxy.name: proxy for proxy in SINGLE}


def same(text):
    return text


def without(pattern, replacement=""):
    """Return the change that replaces a part of a recipe, which must be there."""

    def change(text):
        changed, count = re.subn(pattern, replacement, text)
        if not count:
            raise ValueError(f"{pattern!r} is not in the recipe {text!r}.")
        return changed

    return change


class Way(NamedTuple):
    """Proxies from the outer to the inner, each with the change of its recipe, and a server."""

    proxies: tuple[tuple[str, Callable[[str], str]], ...]
    server: str
    listener: str = "IPv4"
    extra: tuple[str, ...] = ()

    @contextlib.contextmanager
    def started(self):
        """Run it; give where a client reaches it."""
        is_unix = LISTENERS[self.listener] is None
        trusted = "unix:" if is_unix else TRUSTED
        with contextlib.ExitStack() as parts:
            server = SERVER[self.server]
            run = running(server, self.listener, trusted, lambda command: [*command, *self.extra])
            address = parts.enter_context(run).address
            for name, change in reversed(self.proxies):
                upstream = address if is_unix else address[1]
                address = parts.enter_context(Front(name, PROXY[name], change).started(upstream))
            yield address


class Tunnel(NamedTuple):
    """A stack, the forms of upgrades.py that get through it, and ways on which none does.

    `scheme` is what the client makes of it; lighttpd says for itself what the scheme is.
    """

    path: str
    forms: tuple[str, ...]
    bare: Way
    remedies: dict[str, Way]
    scheme: str = "https"

    @property
    def concluded(self):
        """What Django takes for granted in the tunnel."""
        return VICTIM, "forwarded", self.scheme


HAPROXY = without(r".*del-header Upgrade.*\n")
HAPROXY_OTHERS = without(
    r"(?<=    )http-request del-header Upgrade.*",
    "http-request deny if { req.hdr(upgrade) -m found } !{ req.hdr(upgrade) -i websocket }",
)
CADDY = without(r".*@other.*\n")
CADDY_OTHERS = without(
    r"@other not vars_regexp.*", "@other {\nheader Upgrade *\nnot header Upgrade websocket\n}"
)
LIGHTTPD = without(r".*server\.h2c.*\n")


def _nginx(text):
    """Put in what many pages give for WebSockets."""
    lines = replaced(
        pieces("nginx")[1], {"$websocket;": "$http_upgrade;", "$websocket_connection": '"upgrade"'}
    )
    return replaced(text, {"proxy_set_header Host": f"{lines}\nproxy_set_header Host"})


def _apache(text):
    """Put in what passes on every upgrade."""
    return replaced(ADDED["Apache"](text), {"upgrade=websocket": "upgrade=ANY"})


def _varnish(text):
    """Put in what Varnish's own documentation gives for WebSockets."""
    return f"""{text}
sub vcl_recv {{
    if (req.http.upgrade ~ "(?i)websocket") {{ return (pipe); }}
}}
sub vcl_pipe {{
    if (req.http.upgrade) {{
        set bereq.http.upgrade = req.http.upgrade;
        set bereq.http.connection = req.http.connection;
    }}
}}
"""


_HAPROXY_LINE = "HAProxy: `http-request del-header Upgrade unless …`"
_CADDY_LINE = "Caddy: `request_header @other -Upgrade`"


def _tunnel(path, forms, bare, remedy, ended=same):
    """Return a tunnel through one proxy, which another change of its recipe ends."""
    ((proxy, _),) = bare.proxies
    return Tunnel(path, forms, bare, {remedy: bare._replace(proxies=((proxy, ended),))})


def _behind(proxy, change, server="hypercorn, ASGI"):
    return Way(((proxy, change),), server)


def _hypercorn():
    lines = ("h2c", "h2c in capitals", "h2c twice")
    for server in ("hypercorn, ASGI", "hypercorn, WSGI"):
        forms = (*lines, "two lines: websocket, h2c", "extended CONNECT: h2c")
        yield _tunnel(
            f"HAProxy, {server}", forms, _behind("HAProxy", HAPROXY, server), _HAPROXY_LINE
        )
        forms = (*lines, "two lines: h2c, websocket")
        yield _tunnel(f"Caddy, {server}", forms, _behind("Caddy", CADDY, server), _CADDY_LINE)
    yield _tunnel(
        "HAProxy that denies on `req.hdr(upgrade)`, hypercorn",
        ("two lines: websocket, h2c",),
        _behind("HAProxy", HAPROXY_OTHERS),
        _HAPROXY_LINE,
    )
    yield _tunnel(
        "Caddy with `not header Upgrade websocket`, hypercorn",
        ("two lines: h2c, websocket",),
        _behind("Caddy", CADDY_OTHERS),
        _CADDY_LINE,
    )
    yield _tunnel(
        "nginx with `Upgrade $http_upgrade`, hypercorn",
        lines,
        _behind("nginx", _nginx),
        "nginx: `map $http_upgrade $websocket`",
        ADDED["nginx"],
    )
    yield _tunnel(
        "Apache with `upgrade=ANY`, hypercorn",
        lines[:2],
        _behind("Apache", _apache),
        "Apache: `upgrade=websocket`",
        ADDED["Apache"],
    )


def _gunicorn(forms):
    protocols = ("--http-protocols", "h2,h1", "--http2-cleartext")
    both = (*protocols, "both")
    bare = Way((("HAProxy", HAPROXY),), "gunicorn gthread", "Unix socket", both)
    remedies = {
        _HAPROXY_LINE: bare._replace(proxies=(("HAProxy", same),)),
        "no `--http2-cleartext`": bare._replace(extra=()),
    }
    path = "HAProxy, gunicorn `--http2-cleartext both`"
    yield Tunnel(f"{path} on a Unix socket", forms, bare, remedies)
    trusting = ("--forwarded-allow-ips", "127.0.0.1")
    speaking = without(r"(server web .*)", r"\1 proto h2")
    known = bare._replace(
        proxies=(("HAProxy", lambda text: speaking(HAPROXY(text))),),
        listener="IPv4",
        extra=(*protocols, "prior-knowledge", *trusting),
    )
    yield Tunnel(
        f"{path} that trusts 127.0.0.1",
        forms,
        bare._replace(listener="IPv4", extra=(*both, *trusting)),
        {
            '`--forwarded-allow-ips ""`': bare._replace(listener="IPv4"),
            "`--http2-cleartext prior-knowledge`, and HAProxy: `proto h2`": known,
        },
    )


def _others():
    forms = ("h2c", "h2c in capitals")
    bare = Way((("HAProxy", HAPROXY), ("lighttpd", LIGHTTPD)), "gunicorn sync")
    remedies = {
        _HAPROXY_LINE: bare._replace(proxies=(("HAProxy", same), bare.proxies[1])),
        'lighttpd: `"server.h2c" => "disable"`': bare._replace(
            proxies=(bare.proxies[0], ("lighttpd", same))
        ),
    }
    yield Tunnel("HAProxy, lighttpd, gunicorn", forms, bare, remedies, "http")
    yield from _gunicorn(forms)
    yield _tunnel(
        "Varnish with `return (pipe)`, gunicorn",
        ("websocket of an unknown version",),
        _behind("Varnish", _varnish, "gunicorn gthread"),
        "no `return (pipe)`",
    )


TUNNELS = (*_hypercorn(), *_others())
