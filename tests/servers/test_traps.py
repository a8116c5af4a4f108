"""The known traps of the proxies' recipes: each is real, so the line of the recipe is needed."""

import contextlib
import json
import re
import subprocess
from typing import NamedTuple

import pytest

from tests import stack
from tests.servers import proxies
from tests.servers.proxies import UNIX_PAGE
from tests.servers.raw_requests import ATTACKER, HONEST, VICTIM, Form, ask
from tests.servers.recipes import replaced

DASH, UNDERSCORE = f"X-Forwarded-For: {VICTIM}".encode(), f"X_Forwarded_For: {VICTIM}".encode()
HTTPS = b"X-Forwarded-Proto: https"


class Trap(NamedTuple):
    """A change to a recipe's configuration, and a request whose client or scheme is then forged.

    `pattern` is what is replaced in the configuration; a server named uwsgi takes an underscore
    for a dash.
    """

    proxy: proxies.Proxy
    pattern: str
    replacement: str
    server: str
    lines: tuple[bytes, ...]
    client: str = VICTIM
    scheme: str = "http"


TRAPS = {
    "nginx without its line": Trap(
        proxies.NGINX, r".*X-Forwarded-For.*\n", "", "gunicorn", (DASH,)
    ),
    "nginx with a header of the location's own": Trap(
        proxies.NGINX,
        r"( +location / \{\n.*proxy_pass.*\n)((?: +proxy_set_header.*\n)+)",
        r"\2\1proxy_set_header X-Other 1;\n",
        "gunicorn",
        (DASH,),
    ),
    "nginx with underscores": Trap(
        proxies.NGINX, "http {", "http { underscores_in_headers on;", "uwsgi", (UNDERSCORE,)
    ),
    "Apache with underscores": Trap(
        proxies.APACHE, r" +LuaHookFixups.*\n", "", "uwsgi", (DASH, UNDERSCORE)
    ),
    "HAProxy with if-none": Trap(
        proxies.HAPROXY,
        r".*set-header X-Forwarded-For.*\n",
        "    option forwardfor if-none\n",
        "gunicorn",
        (DASH,),
    ),
    "HAProxy with if-none, and an empty header": Trap(
        proxies.HAPROXY,
        r".*set-header X-Forwarded-For.*\n",
        "    option forwardfor if-none\n",
        "gunicorn",
        (b"X-Forwarded-For: ",),
        client="127.0.0.1",
    ),
    "Caddy that trusts its neighbours": Trap(
        proxies.CADDY,
        r"\A",
        "{\n servers {\n  trusted_proxies static private_ranges\n }\n}\n",
        "gunicorn",
        (HTTPS,),
        client=ATTACKER,
        scheme="https",
    ),
    "lighttpd with underscores": Trap(
        proxies.LIGHTTPD,
        r"magnet.attract-raw-url-to.*\n",
        "",
        "uwsgi",
        (DASH, UNDERSCORE),
    ),
    "Envoy without the remote address": Trap(
        proxies.ENVOY, r".*use_remote_address.*\n", "", "gunicorn", (DASH, HTTPS), scheme="https"
    ),
    "Envoy with underscores": Trap(
        proxies.ENVOY,
        r".*common_http_protocol_options.*\n.*DROP_HEADER.*\n",
        "",
        "uwsgi",
        (DASH, UNDERSCORE),
    ),
    "Varnish without the scheme": Trap(
        proxies.VARNISH,
        r".*set req.http.X-Forwarded-Proto.*\n",
        "",
        "gunicorn",
        (HTTPS,),
        client=ATTACKER,
        scheme="https",
    ),
}


@contextlib.contextmanager
def changed(proxy, pattern, replacement, server, *, settings=""):
    """Run a recipe with something replaced in its configuration; give the proxy's port."""
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        port, direct = stack.free_port(), stack.free_port()
        settings = proxies.settings_of(proxy.page) + settings
        processes.enter_context(
            proxies.running_uwsgi(place, direct, settings)
            if server == "uwsgi"
            else proxies.running_server(proxy.page, server, place, port=direct, settings=settings)
        )
        recipe = proxies.configuration(proxy, proxy.places(port, place), direct)
        text, count = re.subn(pattern, replacement, recipe)
        assert count
        processes.enter_context(proxies.start(proxy, place, port, text))
        yield port


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_a_client_is_believed_without_the_line_of_the_recipe(trap):
    with changed(trap.proxy, trap.pattern, trap.replacement, trap.server) as port:
        answer = ask(("127.0.0.1", port), Form("trap", trap.lines), source=ATTACKER)
    assert answer.facts["client"] == trap.client
    assert answer.facts["uri"].partition(":")[0] == trap.scheme


def test_nginx_without_the_line_for_host_has_the_host_refused():
    settings = "\nDEBUG = True\nALLOWED_HOSTS = ['site.example']"
    with changed(proxies.NGINX, r".*Host.*\n", "", "gunicorn", settings=settings) as port:
        answer = ask(("127.0.0.1", port), source=HONEST)
    assert answer.status == 400
    text = answer.text.replace("&#x27;", "'")
    message = r"Invalid HTTP_HOST header: '127.0.0.1:\d+'. You may need to add '127.0.0.1' to ALLOWED_HOSTS."
    (found,) = set(re.findall(message, text))
    page = (stack.ROOT / "docs" / "proxies" / "nginx.md").read_text()
    assert re.sub(r"1:\d+", "1:8000", found) in page


def test_varnish_gives_the_page_of_one_client_to_another_without_the_lines_of_the_recipe():
    pattern = r"sub vcl_backend_response \{(.*\n)+"
    with changed(proxies.VARNISH, pattern, "", "gunicorn") as port:
        for source in (HONEST, ATTACKER):
            status, body = stack.get(port, source=source)
            assert (status, json.loads(body)["client"]) == (200, HONEST)


def test_apache_loses_the_scheme_alone_to_the_connection_header():
    lines = (b"Connection: close, X-Forwarded-For, X-Forwarded-Proto", DASH)
    with changed(proxies.APACHE, r"\Z", "", "gunicorn") as port:
        answer = ask(("127.0.0.1", port), Form("connection", lines), source=ATTACKER)
    assert "HTTP_X_FORWARDED_PROTO" not in answer.facts["received"]
    assert answer.facts["client"] == ATTACKER


def test_gunicorn_on_a_unix_socket_refuses_who_contradicts_the_proxy():
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        settings = proxies.settings_of(UNIX_PAGE)
        processes.enter_context(
            proxies.running_server(UNIX_PAGE, "gunicorn", place, settings=settings)
        )
        socket = place / "gunicorn"
        port = stack.free_port()
        recipe = proxies.configuration(proxies.NGINX, proxies.NGINX.places(port, place), socket)
        processes.enter_context(proxies.start(proxies.NGINX, place, port, recipe))
        form = Form("contradiction", (b"X-Forwarded-Ssl: on",))
        answer = ask(("127.0.0.1", port), form, source=ATTACKER)
    assert answer.status == 400
    assert "Contradictory scheme headers" in answer.text


def test_haproxy_drops_trailers_from_the_version_that_can():
    with stack.workplace() as place:
        port = stack.free_port()
        recipe = proxies.configuration(proxies.HAPROXY, proxies.HAPROXY.places(port, place), port)
        found = re.fullmatch(r"(\d+)\.(\d+)\..*", proxies.version(proxies.HAPROXY))
        is_new = tuple(map(int, found.groups())) >= (3, 2)
        asked = replaced(recipe, {"version_atleast(3.2)": "version_atleast(2.6)"})
        for text, starts in ((recipe, True), (asked, is_new)):
            config = place / "recipe.cfg"
            config.write_text(text)
            command = [proxies.program("haproxy"), "-c", "-f", str(config)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.returncode == 0) is starts, done.stderr
