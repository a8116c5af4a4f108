"""The example behind a real Caddy: what a client can and cannot make Django believe."""

import contextlib
import json

import pytest

from tests import stack
from tests.demo import FORGED

pytestmark = pytest.mark.slow

HONEST, ATTACKER, DIRECT, PROXY = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"


@contextlib.contextmanager
def running(server, listener):
    """Run a server behind Caddy; give the port of Caddy, and that of the server or None."""
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        is_unix = listener == "unix"
        direct = stack.free_port() if server == "gunicorn" or not is_unix else None
        env = {"EXAMPLE_TRUSTED_PROXIES": "unix:" if is_unix else PROXY}
        if server == "gunicorn":
            processes.enter_context(stack.gunicorn(place, direct, **env))
        else:
            processes.enter_context(stack.uvicorn(place, port=direct, **env))
        config = place / "Caddyfile"
        config.write_text(stack.appending_caddyfile("" if is_unix else f"local_address {PROXY}"))
        upstream = f"unix/{place}/{server}" if is_unix else f"127.0.0.1:{direct}"
        port = stack.free_port()
        processes.enter_context(stack.caddy(place, port, upstream, config=config))
        yield port, direct


STACKS = [("gunicorn", "tcp"), ("gunicorn", "unix"), ("uvicorn", "tcp"), ("uvicorn", "unix")]


@pytest.fixture(scope="module", params=STACKS, ids="-".join)
def ports(request):
    with running(*request.param) as found:
        yield found


def ask(port, source, headers=()):
    status, body = stack.get(port, headers=headers, source=source)
    assert status == 200, body
    return json.loads(body)


def test_an_honest_client_has_its_own_address(ports):
    facts = ask(ports[0], HONEST)
    assert (facts["client"], facts["outcome"]) == (HONEST, "forwarded")


def test_a_client_that_forges_every_header_has_its_own_address(ports):
    facts = ask(ports[0], ATTACKER, FORGED)
    received = facts["received"]
    # The forged text did reach Django; only the proxy's own entry was believed.
    assert received["HTTP_X_FORWARDED_FOR"] == f"6.6.6.6, {ATTACKER}"
    assert received["HTTP_X_REAL_IP"] == "6.6.6.6"
    assert (facts["client"], facts["outcome"]) == (ATTACKER, "forwarded")
    assert facts["seen_by_views"]["HTTP_X_FORWARDED_FOR"] == ATTACKER
    assert not {"HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_FORWARDED"} & set(
        facts["seen_by_views"]
    )


# uvicorn listens on its Unix socket alone, so there is no way around the proxy.
@pytest.mark.parametrize("ports", STACKS[:3], ids="-".join, indirect=True, scope="module")
def test_a_client_that_goes_around_the_proxy_is_direct(ports):
    direct = ports[1]
    facts = ask(
        direct, DIRECT, [*FORGED, ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil")]
    )
    assert facts["uri"] == f"http://127.0.0.1:{direct}/client.json"
    assert (facts["client"], facts["outcome"]) == (DIRECT, "direct")
    assert facts["seen_by_views"] == {"REMOTE_ADDR": DIRECT}


def test_the_page_names_the_client_and_escapes_what_it_shows(ports):
    headers = [("X-Real-IP", "<script>")]
    status, body = stack.get(ports[0], "/", headers=headers, source=HONEST)
    assert status == 200
    assert f"<h1>You are <strong>{HONEST}</strong></h1>".encode() in body
    assert b"&lt;script&gt;" in body
    assert b"<script>" not in body


EDGE = "127.0.0.6"
BROWSER = [("Accept-Language", "en")]


@contextlib.contextmanager
def chain(inner):
    """Run an edge that ends TLS, a Caddy behind it with the configuration `inner`, and gunicorn.

    Give the port of the edge, and the file of the log.
    """
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        port, middle, direct = (stack.free_port() for _ in range(3))
        env = {"EXAMPLE_TRUSTED_PROXIES": f"{PROXY},{EDGE}"}
        processes.enter_context(stack.gunicorn(place, direct, **env))
        edge = stack.appending_caddyfile(f"local_address {EDGE}").replace(
            "transport http", "header_up X-Forwarded-Proto https\n\t\ttransport http"
        )
        for listener, behind, text in ((middle, direct, inner), (port, middle, edge)):
            config = place / f"{listener}.caddyfile"
            config.write_text(text)
            upstream = f"127.0.0.1:{behind}"
            processes.enter_context(stack.caddy(place, listener, upstream, config=config))
        yield port, place / "gunicorn.log"


def test_a_proxy_in_the_middle_that_replaces_the_header_is_told():
    replacing = stack.appending_caddyfile(f"local_address {PROXY}").replace(
        "trusted_proxies static 127.0.0.0/8", ""
    )
    with chain(replacing) as (port, log):
        facts = ask(port, HONEST, BROWSER)
        told = log.read_text()
    assert (facts["client"], facts["outcome"]) == (EDGE, "forwarded")
    assert f"But {EDGE} is in TRUSTED_PROXIES too" in told
    assert "or a proxy replaced X-Forwarded-For instead of appending to it." in told


def test_a_proxy_in_the_middle_that_overwrites_the_scheme_is_told():
    overwriting = stack.appending_caddyfile(f"local_address {PROXY}").replace(
        "transport http", "header_up X-Forwarded-Proto {scheme}\n\t\ttransport http"
    )
    with chain(overwriting) as (port, log):
        host = f"127.0.0.1:{port}"
        facts = ask(port, HONEST, [*BROWSER, ("Origin", f"https://{host}")])
        told = log.read_text()
    assert (facts["client"], facts["outcome"]) == (HONEST, "forwarded")
    # No trust comes from what the browser says.
    assert facts["uri"].startswith("http://")
    assert f"says http, but the browser's Origin is 'https://{host}'" in told
    assert f"{PROXY} probably overwrites what {EDGE} sent" in told
