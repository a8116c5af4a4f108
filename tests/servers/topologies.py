"""Starts the chains of docs/proxies/ that people have: each with its page's own configuration."""

import contextlib
import http
import time
from collections.abc import Callable
from typing import NamedTuple

from tests import stack
from tests.servers import proxies
from tests.servers.recipes import blocks, replaced

# The address that the CDN's stand-in, and nginx behind Traefik, connect from.
EDGE, INNER = "127.0.0.40", "127.0.0.12"
CADDY, TUNNEL, SIDECAR, TRAEFIK, TRAEFIK_NGINX, PRODUCTS = (
    f"proxies/{name}.md"
    for name in (
        "caddy-behind-cdn",
        "cloudflare-tunnel",
        "envoy-sidecar",
        "traefik",
        "traefik-nginx",
        "products-nginx",
    )
)


class Topology(NamedTuple):
    """A page, what runs it in front of a port, and its addresses in the words of this host."""

    page: str
    running: Callable
    addresses: dict[str, str]

    @property
    def settings(self):
        """Return the settings of the page, with the proxies at the addresses of this host."""
        quoted = {f'"{theirs}"': f'"{ours}"' for theirs, ours in self.addresses.items()}
        return replaced(proxies.settings_of(self.page), quoted)


def nginx_of(page):
    """Return nginx with the configuration of a page."""
    return proxies.NGINX._replace(page=page)


@contextlib.contextmanager
def running_nginx(page, place, upstream, change=lambda text: text):
    """Run the nginx of a page in front of a port; give its own."""
    with proxies.running_proxy(nginx_of(page), place, upstream, change) as port:
        yield port


@contextlib.contextmanager
def running_tunnel(place, upstream, change=lambda text: text):
    with running_nginx(TUNNEL, place, upstream, change) as port:
        yield port


@contextlib.contextmanager
def running_cdn(place, upstream, change=lambda text: text):
    """Run the Caddy of the page behind an nginx that appends as a CDN does."""
    caddy = proxies.CADDY._replace(page=CADDY)

    def at_home(text):
        return change(text).replace("198.51.100.0/24", EDGE)

    with (
        proxies.running_proxy(caddy, place, upstream, at_home) as behind,
        proxies.running_proxy(
            proxies.NGINX,
            place,
            behind,
            lambda text: replaced(
                text, {"proxy_set_header Host": f"proxy_bind {EDGE};\nproxy_set_header Host"}
            ),
        ) as port,
    ):
        yield port


@contextlib.contextmanager
def running_sidecar(place, upstream, change=lambda text: text):
    """Run the gateway of Envoy's recipe in front of the sidecar of the page."""
    sidecar = stack.free_port()
    text = change(blocks(SIDECAR, "yaml", "The proxy")[0])
    text = replaced(
        text,
        {
            "address: 0.0.0.0, port_value: 15006": f"address: 127.0.0.1, port_value: {sidecar}",
            "port_value: 8000": f"port_value: {upstream}",
        },
    )
    inside = place / "sidecar"
    inside.mkdir()
    with (
        proxies.start(proxies.ENVOY, inside, sidecar, text),
        proxies.running_proxy(proxies.ENVOY, place, sidecar) as port,
    ):
        yield port


@contextlib.contextmanager
def running_traefik(place, upstream, change=lambda text: text):
    """Run Traefik with both files of its recipe in front of a port; give its own."""
    port = stack.free_port()
    static, dynamic = blocks(TRAEFIK, "yaml", "The proxy")
    files = {name: place / f"{name}.yml" for name in ("static", "dynamic")}
    files["dynamic"].write_text(
        replaced(change(dynamic), {"127.0.0.1:8000": f"127.0.0.1:{upstream}"})
    )
    places = {'":80"': f'"127.0.0.1:{port}"', "/etc/traefik/mysite.yml": files["dynamic"]}
    files["static"].write_text(replaced(change(static), places))
    command = [stack.executable("traefik"), f"--configfile={files['static']}"]
    ready = [("127.0.0.1", port)]
    with stack.process(command, ready=ready, log=place / "traefik.log"):
        wait_for_routes(port)
        yield port


def wait_for_routes(port):
    """Wait until Traefik knows its routes, which it reads after it has begun to listen."""
    deadline = time.monotonic() + stack.START_SECONDS
    while stack.get(port)[0] == http.HTTPStatus.NOT_FOUND:
        if time.monotonic() > deadline:
            raise stack.StackError("Traefik has no route.")
        time.sleep(0.05)


@contextlib.contextmanager
def running_traefik_and_nginx(place, upstream, change=lambda text: text):
    """Run Traefik, which connects from 127.0.0.1, in front of the nginx of the page."""
    behind = stack.free_port()
    text = replaced(
        change(blocks(TRAEFIK_NGINX, "nginx", "The proxy")[0]),
        {
            "listen 8080": f"listen 127.0.0.1:{behind}",
            "172.18.0.0/16": "127.0.0.1",
            "127.0.0.1:8000;": f"127.0.0.1:{upstream};\nproxy_bind {INNER};",
        },
    )
    with (
        proxies.start(nginx_of(TRAEFIK_NGINX), place, behind, text),
        running_traefik(place, behind) as port,
    ):
        yield port


TOPOLOGIES = (
    Topology(TUNNEL, running_tunnel, {}),
    Topology(CADDY, running_cdn, {"198.51.100.0/24": EDGE}),
    Topology(SIDECAR, running_sidecar, {}),
    Topology(TRAEFIK, running_traefik, {}),
    Topology(
        TRAEFIK_NGINX,
        running_traefik_and_nginx,
        {"127.0.0.1": INNER, "172.18.0.0/16": "127.0.0.1"},
    ),
)
# What the chain adds behind the client.
HOPS = {CADDY: EDGE, TRAEFIK_NGINX: "127.0.0.1"}
