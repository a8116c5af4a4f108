"""The channel of prefixes: no client chooses the path prefix, and the site's own goes on working."""

import pytest

from tests import stack
from tests.servers import proxies, topologies
from tests.servers.fronts import FRONTS, TRUSTED, Front
from tests.servers.prefixes import (
    CLAIM,
    HONEST,
    OF_DAPHNE,
    OF_GUNICORN,
    OWN,
    PREFIXED,
    bare,
    site,
    taken,
    visit,
    without,
    wrapped,
)
from tests.servers.raw_requests import ATTACKER, DIRECT
from tests.servers.recipes import replaced
from tests.servers.servers import SERVERS, where_of
from tests.servers.topologies import TRAEFIK, TUNNEL

CELLS = [
    (server, listener)
    for server in SERVERS
    for listener in server.listeners
    if listener in ("IPv4", "Unix socket")
]
PEER = {"IPv4": TRUSTED, "Unix socket": "unix:"}
SERVER = {server.name: server for server in SERVERS}
# daphne drops names with an underscore itself, and what is no prefix the package takes for none.
TAKEN_BY_DAPHNE = OF_DAPHNE - {
    "Daphne_Root_Path",
    "Daphne-Root-Path: a host",
    "Daphne-Root-Path: a URL",
}
TAKEN_BY_GUNICORN = OF_GUNICORN - {"SCRIPT_NAME: no segment", "SCRIPT_NAME: a host"} | {
    "Script_Name"
}
RECIPES = [Front(proxy.name, proxy) for proxy in proxies.SINGLE]
BARE = [front._replace(changes=bare) for front in RECIPES]
# What passes a name with an underscore where nothing is configured against it.
PASS_UNDERSCORES = {"Apache", "HAProxy", "Varnish", "lighttpd", "Envoy"}
ON_A_SOCKET = [SERVER[name] for name in ("gunicorn sync", "gunicorn gthread")]


def name(cell):
    server, listener = cell
    return f"{server.name}, {listener}"


def unguarded(command):
    return without(command, "--forwarder-headers")


def upstream(address):
    """Return what a proxy calls an address: a port, or the path of a Unix socket."""
    return address[1] if isinstance(address, tuple) else address


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_only_daphne_takes_the_prefix_from_a_header(cell, report):
    server, listener = cell
    expected = TAKEN_BY_DAPHNE if server.name == "daphne" else set()
    with site(server, listener, PEER[listener]) as address:
        assert taken(address) == expected
        if listener == "IPv4":
            assert taken(address, source=DIRECT) == expected
    row = report.channel("prefix", server.name, where_of(listener).removeprefix("a "), "none")
    row.answer = "a client's: `Daphne-Root-Path`" if expected else "own prefix"


@pytest.mark.parametrize("server", ON_A_SOCKET, ids=lambda server: server.name)
def test_gunicorn_on_a_unix_socket_takes_the_prefix_without_its_option(server):
    with site(server, "Unix socket", "unix:", unguarded) as address:
        assert taken(address) == TAKEN_BY_GUNICORN


@pytest.fixture(scope="module", params=["IPv4", "Unix socket"])
def daphne(request):
    listener = request.param
    with site(SERVER["daphne"], listener, PEER[listener]) as address:
        yield listener, address


@pytest.mark.parametrize("front", BARE, ids=lambda front: front.name)
def test_a_client_chooses_daphnes_prefix_through_a_bare_proxy(daphne, front):
    _, address = daphne
    with front.started(upstream(address)) as reached:
        assert taken(reached, source=ATTACKER) == TAKEN_BY_DAPHNE
        forged = visit(reached, CLAIM["Daphne-Root-Path"], source=ATTACKER).facts
        assert forged["mail"] == "http://site.example/x/accounts/reset/"
        assert forged["location"] == "/x/accounts/login/"


@pytest.mark.parametrize("front", RECIPES, ids=lambda front: front.name)
def test_no_client_chooses_daphnes_prefix_behind_a_recipe(daphne, front, report):
    listener, address = daphne
    with front.started(upstream(address)) as reached:
        assert taken(reached, source=ATTACKER) == set()
    row = report.channel("prefix", "daphne", where_of(listener).removeprefix("a "), front.name)
    row.answer = "own prefix"


def test_no_client_chooses_daphnes_prefix_behind_two_proxies(report):
    chain = FRONTS[-1]
    assert chain.proxy is None
    with (
        site(SERVER["daphne"], "IPv4", TRUSTED) as address,
        chain.started(upstream(address)) as reached,
    ):
        assert taken(reached, source=ATTACKER) == set()
    report.channel("prefix", "daphne", "TCP", chain.name).answer = "own prefix"


@pytest.fixture(scope="module")
def daphne_behind_topologies():
    ours = [address for each in topologies.TOPOLOGIES for address in each.addresses.values()]
    trusted = ",".join(dict.fromkeys(["127.0.0.1", "127.0.0.6", *ours]))
    with site(SERVER["daphne"], "IPv4", trusted) as address:
        yield address


def taken_through(topology, address, *changes):
    with stack.workplace() as place:
        place.chmod(0o755)  # some of their processes are another user's
        with topology.running(place, upstream(address), *changes) as port:
            return taken(("127.0.0.1", port), source=ATTACKER)


@pytest.mark.parametrize("topology", topologies.TOPOLOGIES, ids=lambda topology: topology.page)
def test_no_client_chooses_daphnes_prefix_through_a_chain(daphne_behind_topologies, topology):
    assert taken_through(topology, daphne_behind_topologies) == set()


# In the other chains, one more proxy drops the header.
ALONE = [each for each in topologies.TOPOLOGIES if each.page in (TUNNEL, TRAEFIK)]


@pytest.mark.parametrize("topology", ALONE, ids=lambda topology: topology.page)
def test_a_client_chooses_daphnes_prefix_through_a_chain_without_its_line(
    daphne_behind_topologies, topology
):
    def other(text):
        return text.replace("Daphne-Root-Path", "X-Other")

    assert taken_through(topology, daphne_behind_topologies, other) == TAKEN_BY_DAPHNE


@pytest.fixture(scope="module", params=ON_A_SOCKET, ids=lambda server: server.name)
def unguarded_gunicorn(request):
    with site(request.param, "Unix socket", "unix:", unguarded) as address:
        yield request.param, address


@pytest.mark.parametrize("front", BARE, ids=lambda front: front.name)
def test_a_client_chooses_gunicorns_prefix_through_a_bare_proxy(unguarded_gunicorn, front):
    _, address = unguarded_gunicorn
    with front.started(address) as reached:
        found = taken(reached, source=ATTACKER)
    # Some of them join two slashes of a path, or two lines of a name.
    assert found <= TAKEN_BY_GUNICORN
    assert ("SCRIPT_NAME" in found) == (front.name in PASS_UNDERSCORES)


@pytest.mark.parametrize("front", RECIPES, ids=lambda front: front.name)
def test_a_recipe_alone_ends_that(unguarded_gunicorn, front, report):
    server, address = unguarded_gunicorn
    with front.started(address) as reached:
        assert taken(reached, source=ATTACKER) == set()
    report.channel("prefix", server.name, "Unix socket", front.name).answer = "own prefix"


@pytest.fixture(scope="module", params=ON_A_SOCKET, ids=lambda server: server.name)
def gunicorn(request):
    with site(request.param, "Unix socket", "unix:") as address:
        yield address


@pytest.mark.parametrize("front", BARE, ids=lambda front: front.name)
def test_gunicorns_option_alone_ends_that(gunicorn, front):
    with front.started(gunicorn) as reached:
        assert taken(reached, source=ATTACKER) == set()


def _nginx(text):
    return replaced(text, {"location / {": "location /admin/ { deny all; }\nlocation / {"})


def _apache(text):
    rule = "<Location /admin/>\nRequire all denied\n</Location>"
    return replaced(text, {"ProxyPreserveHost": f"{rule}\nProxyPreserveHost"})


RULES = [
    (SERVER["daphne"], "IPv4", proxies.NGINX, _nginx, "Daphne-Root-Path"),
    (SERVER["gunicorn sync"], "Unix socket", proxies.APACHE, _apache, "SCRIPT_NAME"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule[2].name}, {rule[0].name}")
def test_a_rule_of_the_proxy_is_got_around_on_the_bare_stack_alone(rule):
    server, listener, proxy, deny, header = rule
    change = unguarded if server in ON_A_SOCKET else list
    with site(server, listener, PEER[listener], change) as address:
        for changes, path_info in (
            (lambda text: bare(deny(text)), "/admin/"),
            (deny, "/x/admin/"),
        ):
            with Front(proxy.name, proxy, changes).started(upstream(address)) as reached:
                assert visit(reached, path="/admin/", source=ATTACKER).status == 403
                passed = visit(reached, CLAIM[header], source=ATTACKER)
            assert (passed.status, passed.facts["path_info"]) == (200, path_info)


@pytest.mark.parametrize("is_wrapped", [False, True], ids=["middleware", "wrapper"])
@pytest.mark.parametrize("set_up", PREFIXED, ids=lambda set_up: f"{set_up.server}, {set_up.name}")
def test_the_prefix_of_the_site_goes_on_working(set_up, is_wrapped):
    def change(command):
        changed = set_up.change(command)
        return wrapped(changed) if is_wrapped else changed

    with site(SERVER[set_up.server], "IPv4", TRUSTED, change, **set_up.env) as address:
        found = visit(address, HONEST, path=set_up.path).facts
    assert found["path_info"] == "/admin/"
    assert found["script_name"] == OWN
    assert found["path"] == f"{OWN}/admin/"
    assert found["link"] == f"{OWN}/accounts/login/"
    assert found["mail"] == f"http://site.example{OWN}/accounts/reset/"
    assert found["location"] == f"{OWN}/accounts/login/"


def test_granians_prefix_under_wsgi_cuts_any_path():
    set_up = next(
        found
        for found in PREFIXED
        if (found.server, found.name) == ("granian, WSGI", "--url-path-prefix")
    )
    with site(SERVER["granian, WSGI"], "IPv4", TRUSTED, set_up.change) as address:
        found = visit(address, path="/zzz/admin/").facts
    assert (found["path_info"], found["path"]) == ("/admin/", f"{OWN}/admin/")
