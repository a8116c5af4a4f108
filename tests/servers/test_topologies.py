"""Chains that people have, with the configurations of their pages: nobody can forge through them."""

import contextlib
import re

import pytest

from tests import stack
from tests.requests import CLIENT
from tests.servers import proxies, topologies
from tests.servers.raw_requests import ATTACKER, VICTIM, Form, ask, attack, concluded

DASH = f"X-Forwarded-For: {VICTIM}".encode()
HTTPS = b"X-Forwarded-Proto: https"
# What cloudflared passes on for a client that wrote an X-Forwarded-For.
THROUGH_TUNNEL = (
    f"X-Forwarded-For: {VICTIM},{CLIENT}".encode(),
    f"CF-Connecting-IP: {CLIENT}".encode(),
    HTTPS,
)


@contextlib.contextmanager
def running(topology, *, change=lambda text: text, settings=None):
    """Run a page's server and proxies; give the port that clients reach, and the server's."""
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        direct = stack.free_port()
        server = proxies.running_server(
            topology.page, "gunicorn", place, port=direct, settings=settings or topology.settings
        )
        processes.enter_context(server)
        port = processes.enter_context(topology.running(place, direct, change))
        yield port, direct


def topology_of(page):
    (found,) = (each for each in topologies.TOPOLOGIES if each.page == page)
    return found


@pytest.fixture(scope="module", params=topologies.TOPOLOGIES, ids=lambda topology: topology.page)
def chain(request):
    with running(request.param) as (port, direct):
        yield request.param, port, direct


def test_no_form_of_forgery_moves_the_answer(chain):
    topology, port, _ = chain

    def send(form):
        answer = ask(("127.0.0.1", port), form, source=ATTACKER)
        seen = answer.facts.get("seen_by_views", {})
        if "HTTP_X_FORWARDED_FOR" in seen and topology.page in topologies.HOPS:
            seen["HTTP_X_FORWARDED_FOR"], _, hop = seen["HTTP_X_FORWARDED_FOR"].rpartition(", ")
            assert hop == topologies.HOPS[topology.page]
        return answer

    wrong, refused = attack(send, ATTACKER, "forwarded")
    assert wrong == {}
    # Envoy refuses a request whose Connection names its own headers.
    too_long = refused.pop("60 KB", None)
    assert too_long is None or too_long in {400, 413, 431, 502}
    assert all(status and status < 500 for status in refused.values())


def test_the_picture_of_the_page_is_true(chain):
    topology, port, _ = chain
    page = (stack.ROOT / "docs" / topology.page).read_text()
    picture = page.partition("```text\n")[2].partition("```")[0]
    *_, written = re.findall(r"(?:sets|appends) +X-Forwarded-For: (.*)", picture)
    is_tunnel = topology.page == topologies.TUNNEL
    lines = THROUGH_TUNNEL if is_tunnel else (DASH,)
    answer = ask(
        ("127.0.0.1", port), Form("pictured", lines), source="127.0.0.1" if is_tunnel else ATTACKER
    )
    expected = written if is_tunnel else written.replace(CLIENT, ATTACKER)
    for theirs, ours in (("198.51.100.20", topologies.EDGE), ("172.18.0.5", "127.0.0.1")):
        expected = expected.replace(theirs, ours)
    assert answer.facts["received"]["HTTP_X_FORWARDED_FOR"] == expected


def test_a_client_through_the_tunnel_is_secure_and_has_its_own_address():
    topology = topology_of(topologies.TUNNEL)
    with running(topology) as (port, _):
        answer = ask(("127.0.0.1", port), Form("tunnel", THROUGH_TUNNEL), source="127.0.0.1")
    assert concluded(answer) == (CLIENT, "forwarded", "https")


def test_behind_the_tunnel_the_header_of_cloudflare_lets_the_local_network_forge():
    topology = topology_of(topologies.TUNNEL)
    settings = topology.settings + '\nTRUSTED_PROXY_HEADER = "CF-Connecting-IP"'
    form = Form("local", (f"CF-Connecting-IP: {VICTIM}".encode(),))
    with running(topology, settings=settings) as (port, _):
        answer = ask(("127.0.0.1", port), form, source=ATTACKER)
    assert answer.facts["client"] == VICTIM


TRAPS = {
    "the CDN is not in Caddy's list": (
        topologies.CADDY,
        lambda text: re.sub(r"\{\n\tservers.*?\n\t\}\n\}\n", "", text, flags=re.DOTALL),
        (DASH,),
        (topologies.EDGE, "http"),
    ),
    "nginx behind the tunnel writes its own scheme": (
        topologies.TUNNEL,
        lambda text: text.replace("$stated_scheme;", "$scheme;"),
        THROUGH_TUNNEL,
        (CLIENT, "http"),
    ),
    "Traefik believes everybody": (
        topologies.TRAEFIK,
        lambda text: text.replace(
            "    http:\n", "    forwardedHeaders: {insecure: true}\n    http:\n"
        ),
        (HTTPS,),
        (ATTACKER, "https"),
    ),
}


@pytest.mark.parametrize(("page", "change", "lines", "expected"), TRAPS.values(), ids=TRAPS)
def test_a_trap_is_real(page, change, lines, expected):
    with running(topology_of(page), change=change) as (port, _):
        source = "127.0.0.1" if page == topologies.TUNNEL else ATTACKER
        answer = ask(("127.0.0.1", port), Form("trap", lines), source=source)
    client, _, scheme = concluded(answer)
    assert (client, scheme) == expected


def test_another_workload_that_speaks_to_the_sidecar_can_be_anybody():
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        topology = topology_of(topologies.SIDECAR)
        direct = stack.free_port()
        server = proxies.running_server(
            topology.page, "gunicorn", place, port=direct, settings=topology.settings
        )
        processes.enter_context(server)
        processes.enter_context(topology.running(place, direct))
        (port,) = re.findall(
            r"address: 127\.0\.0\.1, port_value: (\d+) }",
            (place / "sidecar" / "recipe.yaml").read_text().split("clusters:")[0],
        )
        answer = ask(("127.0.0.1", int(port)), Form("workload", (DASH, HTTPS)), source=ATTACKER)
    assert concluded(answer) == (VICTIM, "forwarded", "https")


def products():
    """Return what the table of products says of each: the values of both headers."""
    text = (stack.ROOT / "docs" / topologies.PRODUCTS).read_text()
    rows = re.findall(r"^\| \[(.+?)\]\[\w+\] \| `(.+?)` \| `(.+?)` \|", text, re.MULTILINE)
    return {name: values for name, *values in rows}


@pytest.mark.parametrize("name", products())
def test_no_forgery_passes_a_product_that_sets_what_the_page_says(name):
    forwarded, scheme = products()[name]

    def change(text):
        return text.replace("$proxy_add_x_forwarded_for", forwarded).replace("$scheme", scheme)

    topology = topologies.Topology(
        topologies.PRODUCTS,
        lambda place, upstream, change: topologies.running_nginx(
            topologies.PRODUCTS, place, upstream, change
        ),
        {"172.18.0.5": "127.0.0.1"},
    )
    with running(topology, change=change) as (port, _):
        wrong, refused = attack(
            lambda form: ask(("127.0.0.1", port), form, source=ATTACKER), ATTACKER, "forwarded"
        )
    assert wrong == {}
    assert set(refused) <= {"60 KB"}
