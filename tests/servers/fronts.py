"""What stands in front of each server for the channels: every recipe, with WebSockets and without.

`FRONTS` has them all, so that each channel can ask each of them.
"""

import contextlib
import textwrap
from collections.abc import Callable
from typing import NamedTuple

from tests import stack
from tests.servers import proxies
from tests.servers.recipes import blocks, replaced
from tests.servers.servers import ASGI

WEBSOCKETS = "websockets.md"
# The addresses that the fronts connect from.
TRUSTED = ",".join(["127.0.0.1", *proxies.CHAINED.values()])


def pieces(language):
    """Return what the page on WebSockets adds to the recipe of a proxy."""
    return blocks(WEBSOCKETS, language, "The proxy")


def _nginx(text):
    maps, lines = pieces("nginx")
    return replaced(
        text,
        {
            "server {": f"{maps}\nserver {{",
            "proxy_set_header Host": f"{lines}\nproxy_set_header Host",
        },
    )


def _apache(text):
    (line,) = pieces("apache")
    return replaced(text, {"ProxyPass / http://127.0.0.1:8000/\n": line})


def _lighttpd(text):
    return text + pieces("lighttpd")[0]


def _envoy(text):
    (line,) = pieces("yaml")
    before, use, after = text.partition("use_remote_address: true\n")
    margin = before.rpartition("\n")[2]
    return before + use + textwrap.indent(line, margin) + after


WITH = " with WebSockets"
ADDED = {"nginx": _nginx, "Apache": _apache, "lighttpd": _lighttpd, "Envoy": _envoy}


class Front(NamedTuple):
    """A recipe, or the chain of two where `proxy` is None; `changes` takes its text."""

    name: str
    proxy: proxies.Proxy | None
    changes: Callable[[str], str] = lambda text: text

    @property
    def passes_websockets(self):
        return self.name.endswith(WITH) or self.name in ("HAProxy", "Caddy")

    @contextlib.contextmanager
    def started(self, upstream):
        """Run it in front of a port; give where a client reaches it."""
        with stack.workplace() as place:
            place.chmod(0o755)  # some of their processes are another user's
            if self.proxy is None:
                with proxies.running_chain(place, upstream) as (port, _):
                    yield "127.0.0.1", port
            else:
                with proxies.running_proxy(self.proxy, place, upstream, self.changes) as port:
                    yield "127.0.0.1", port


FRONTS = (
    *(Front(proxy.name, proxy) for proxy in proxies.SINGLE),
    *(
        Front(f"{proxy.name}{WITH}", proxy, ADDED[proxy.name])
        for proxy in proxies.SINGLE
        if proxy.name in ADDED
    ),
    Front("HAProxy then nginx", None),
)


@contextlib.contextmanager
def page_application():
    """Write down the project of the page on WebSockets; give the environment that finds it."""
    with stack.workplace() as place:
        package = place / "mysite"
        package.mkdir()
        for block in blocks(WEBSOCKETS, "python"):
            if block.startswith("# mysite/"):
                name = block.partition("\n")[0].removeprefix("# mysite/")
                (package / name).write_text(block)
        yield {"PYTHONPATH": f"{place}:{stack.ROOT}"}


def serves_websockets(server):
    """Tell whether a server has the application of the page on WebSockets."""
    return server.title == ASGI


def served(server):
    """Return the change of a server's command that gives it that application."""

    def change(command):
        if not serves_websockets(server):
            return command
        example = "example_project.asgi:application"
        return ["mysite.asgi:application" if token == example else token for token in command]

    return change
