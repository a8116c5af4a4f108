"""docs/verify.md: curl on the proxy's own host is believed, and from anywhere else it is not."""

import contextlib
import http.client
import json
import re
import shlex
import socket
import subprocess
from functools import partial

import pytest

from tests import stack
from tests.servers import proxies
from tests.servers.recipes import DOCS, blocks, replaced

PAGE = "verify.md"
RECIPE = proxies.NGINX.page
ELSEWHERE, VISITOR, FORGED = "127.0.0.9", "203.0.113.9", "6.6.6.6"
HOST = "http://127.0.0.1/"
# What a balancer in front says in the PROXY protocol is nginx's client, so a test can have any address.
BALANCED = "real_ip_header proxy_protocol; set_real_ip_from 127.0.0.1;"


def of_the_readme():
    """Return the settings of the README's row for a proxy on the same host, over TCP."""
    readme = (stack.ROOT / "README.md").read_text()
    (entries,) = re.findall(
        r"^\| a proxy on the same host, over TCP \| `(.*)` \|$", readme, re.MULTILINE
    )
    return f"TRUSTED_PROXIES = {entries}"


ROWS = {"readme": of_the_readme, "recipe": partial(proxies.settings_of, RECIPE)}


@pytest.fixture(scope="module", params=ROWS)
def site(request):
    """Give the settings, the port of nginx for everybody, and that for the PROXY protocol."""
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        port, balanced, direct = (stack.free_port() for _ in range(3))
        settings = ROWS[request.param]()
        with_view = f"{settings}\nROOT_URLCONF = 'tests.servers.verify_urls'"
        processes.enter_context(
            proxies.running_server(RECIPE, "gunicorn", place, port=direct, settings=with_view)
        )
        text = proxies.configuration(proxies.NGINX, proxies.NGINX.places(port, place), direct)
        listen = f"listen 127.0.0.1:{port};"
        more = f"{listen} listen 127.0.0.1:{balanced} proxy_protocol; {BALANCED}"
        processes.enter_context(
            proxies.start(proxies.NGINX, place, port, replaced(text, {listen: more}))
        )
        yield request.param, port, balanced


def curl(command, port, *options):
    """Run a curl command of the page against nginx, and return what the view answers."""
    words = shlex.split(re.sub(r"https?://[^/]+/", f"{HOST[:-1]}:{port}/", command))
    words[1:1] = ["--silent", "--max-time", "10", *options]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def commands():
    """Return the curl commands of the page: the one on the host, and those for another machine."""
    return [block.strip() for block in blocks(PAGE, "sh") if block.startswith("curl ")]


def from_anywhere(port, address):
    """Send the forged request as a client with any address, and return what the view answers."""
    client = http.client.HTTPConnection("127.0.0.1")
    with socket.create_connection(("127.0.0.1", port), 10) as client.sock:
        client.sock.sendall(f"PROXY TCP4 {address} 127.0.0.1 50000 80\r\n".encode())
        client.request("GET", "/who", headers={"X-Forwarded-For": FORGED})
        return json.loads(client.getresponse().read())


def test_curl_on_the_proxys_own_host_is_answered_by_its_trusted_address(site):
    _, port, _ = site
    answer = curl(commands()[0], port)
    assert answer == json.loads(blocks(PAGE, "text")[0])
    assert answer["client"] == FORGED


def test_a_visitor_with_another_address_is_that_address(site):
    _, _, balanced = site
    answer = from_anywhere(balanced, VISITOR)
    assert answer == {"client": VISITOR, "outcome": "forwarded", "proxies": ["127.0.0.1"]}


def test_the_commands_of_the_page_are_answered_as_it_says(site):
    row, port, _ = site
    honest, forged, _ = commands()[1:]
    assert curl(honest, port, "--interface", ELSEWHERE)["client"] == ELSEWHERE
    # All of 127.0.0.0/8 is this host to the README's row, and 127.0.0.1 alone to the recipe's.
    expected = ELSEWHERE if row == "recipe" else FORGED
    assert curl(forged, port, "--interface", ELSEWHERE)["client"] == expected


def test_the_page_begins_with_the_probe_and_goes_on_with_the_trap():
    first, by_hand, *_ = (DOCS / PAGE).read_text().split("\n## ")
    assert "manage.py trustedproxy probe" in first
    assert commands()[0] in by_hand
