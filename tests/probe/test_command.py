"""The command against a real server: what it asks, what it finds, what it prints, how it ends."""

import contextlib
import json
import socket
import threading
from io import StringIO
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command

from django_trustedproxy.conf import PURPOSE_SETTINGS
from django_trustedproxy.pages import page_of_guide
from django_trustedproxy.probe import run, send
from django_trustedproxy.probe.attacks import attacks
from django_trustedproxy.probe.command import own_settings
from django_trustedproxy.probe.forms import VICTIM, Claims
from django_trustedproxy.probe.groups import GROUPS
from django_trustedproxy.probe.send import Response, parse_target
from django_trustedproxy.probe.token import issue
from tests.edge import EDGE, HEADER, SECRET, STAMPS
from tests.edge import KEY as SECRET_KEY
from tests.probe.keys import KEY

pytestmark = pytest.mark.slow


class Quiet(WSGIRequestHandler):
    """wsgiref's handler, which takes X_Forwarded_For for X-Forwarded-For, without its log."""

    peer = None

    def log_message(self, *_):
        pass

    def get_environ(self):
        environ = super().get_environ()
        if self.peer is not None:
            environ["REMOTE_ADDR"] = self.peer
        return environ


@contextlib.contextmanager
def serving(application=None, peer=None, context=None):
    """Serve an application on a port of its own; give the port. `peer` stands for the proxy."""
    handler = type("Handler", (Quiet,), {"peer": peer})
    with make_server("127.0.0.1", 0, application or WSGIHandler(), handler_class=handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(60)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    """Send faster than the site would verify, which is told to verify all; wait for nothing."""
    monkeypatch.setattr(send, "_PAUSE", 0.0)
    monkeypatch.setattr(run, "_WAIT", 0.0)
    monkeypatch.setattr(run, "_LONG_WAIT", 0.0)
    monkeypatch.setattr("django_trustedproxy.probe.token.Verifier._has_room", lambda _: True)


@pytest.fixture
def few(monkeypatch):
    """Send a few attacks of each group alone."""
    known = attacks(Claims("10.0.0.1", "https"))
    names = {"X-Forwarded-For alone", "every identity header", "underscores alone", "h2c"}
    names |= {"HTTP/2 at once", "CONNECT", "trailers that come later", "every client header"}
    names |= {"named by Connection", "websocket"}
    chosen = [row for row in known if row.form.name in names]
    monkeypatch.setattr(run, "attacks", lambda _: tuple(chosen))
    return chosen


def probe(*arguments, **options):
    out = StringIO()
    try:
        call_command("trustedproxy", "probe", *arguments, stdout=out, no_color=True, **options)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def refused(*arguments):
    with pytest.raises(CommandError) as caught:
        probe(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def naive(environ, start_response):
    """Stand for a proxy that passes on all that the client wrote, and adds nothing."""
    environ["REMOTE_ADDR"] = "10.0.0.1"
    environ.setdefault("HTTP_X_FORWARDED_FOR", "127.0.0.1")
    return WSGIHandler()(environ, start_response)


def appending(environ, start_response):
    """Stand for a proxy that appends the client, and leaves all else."""
    environ["REMOTE_ADDR"] = "10.0.0.1"
    before = environ.get("HTTP_X_FORWARDED_FOR")
    environ["HTTP_X_FORWARDED_FOR"] = f"{before},127.0.0.1" if before else "127.0.0.1"
    return WSGIHandler()(environ, start_response)


def replacing(environ, start_response):
    """Stand for a proxy that writes another of the site's own proxies in the client's place."""
    environ |= {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.2"}
    return WSGIHandler()(environ, start_response)


@pytest.mark.usefixtures("few")
def test_a_site_behind_a_proxy_that_appends_is_not_forged():
    with serving(appending) as port:
        code, out = probe(f"http://127.0.0.1:{port}", "--verbose")
    assert code == 0, out
    assert out.startswith(f"Front door http://127.0.0.1:{port}\n  an honest request: client 127")
    assert f"{GROUPS['client'].title}: 1 passed" in out
    assert "    header.X-Forwarded-For-alone  200  passed\n" in out
    assert out.endswith("No attack worked.\n")


@pytest.mark.usefixtures("few")
def test_an_open_site_is_told_what_is_open_and_which_line_closes_it():
    with serving(naive) as port:
        code, out = probe(f"http://127.0.0.1:{port}", "--origin", f"http://localhost:{port}/")
    assert code == 1
    assert "  FORGED: each header alone: X-Forwarded-For alone (the client is 6.6.6.6)." in out
    assert "    nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n" in out
    assert f"    see {page_of_guide('probe', 'each-header-alone')}\n" in out
    # What works alone is told once.
    assert "FORGED: every client header" not in out
    assert f"Origin http://localhost:{port}\n" in out
    assert "  WRONG: reachable around the proxy, with the outcome 'forwarded'.\n" in out
    assert out.endswith("An attack worked.\n")


def test_the_same_as_data(few):
    with serving(naive) as port:
        code, out = probe(f"http://127.0.0.1:{port}", "--json")
    found = json.loads(out)
    assert code == 1
    assert found["forged"] is True
    (door,) = found["doors"]
    assert door["honest"]["client"] == "127.0.0.1"
    (forged,) = (row for row in door["attacks"] if row["id"] == "header.X-Forwarded-For-alone")
    assert forged["verdict"] == "forged"
    assert door["findings"][0]["level"] == "forged"
    assert len(door["attacks"]) == len(few)


@pytest.mark.usefixtures("few")
def test_an_origin_that_is_direct_is_reachable_and_not_forgeable(settings):
    with serving(appending) as port, serving() as direct:
        arguments = [f"http://127.0.0.1:{port}", "--origin", f"http://127.0.0.1:{direct}"]
        code, out = probe(*arguments)
        assert code == 0, out
        assert "  GOOD: reachable around the proxy, with the outcome 'direct'.\n" in out
        assert '    settings.py: TRUSTED_PROXY_REJECT = ["direct"]\n' in out
        settings.TRUSTED_PROXY_REJECT = ["direct"]
        code, out = probe(*arguments)
    assert code == 0
    assert '  GOOD: answers 400 to everybody else: TRUSTED_PROXY_REJECT has "direct".' in out


@pytest.mark.parametrize("status", [None, "403 Forbidden"])
@pytest.mark.usefixtures("few")
def test_an_origin_that_is_closed_is_best(status):
    def forbidden(_environ, start_response):
        start_response(status, [])
        return [b""]

    with serving(appending) as port, serving(forbidden) as origin:
        url = f"http://127.0.0.1:{origin if status else closed_port()}"
        code, out = probe(f"http://127.0.0.1:{port}", "--origin", url)
    assert code == 0
    assert "  GOOD: closed to everybody but your proxies, if " in out


def plain(status, body=b""):
    """Return an application that answers as a process does that is not probed."""

    def application(_environ, start_response):
        start_response(status, [])
        return [body]

    return application


@pytest.mark.parametrize("status", ["404 Not Found", "400 Bad Request", "500 No", "200 OK"])
@pytest.mark.usefixtures("few")
def test_an_origin_of_which_nothing_is_known_is_not_called_closed(status):
    with serving(appending) as port, serving(plain(status)) as origin:
        arguments = [f"http://127.0.0.1:{port}", "--origin", f"http://127.0.0.1:{origin}"]
        code, out = probe(*arguments)
        assert (code, json.loads(probe(*arguments, "--json")[1])["complete"]) == (2, False)
    assert f"  NOT TOLD: http://127.0.0.1:{origin} answered with status {status[:3]}" in out
    assert out.endswith("No attack worked. Not everything was tried.\n")


@pytest.mark.usefixtures("few")
def test_an_origin_that_asks_for_a_certificate_is_closed():
    asks = plain("400 Bad Request", b"400 No required SSL certificate was sent")
    with serving(appending) as port, serving(asks) as origin:
        code, out = probe(f"http://127.0.0.1:{port}", "--origin", f"http://127.0.0.1:{origin}")
    assert (code, "GOOD: closed to everybody but your proxies" in out) == (0, True)


@pytest.mark.parametrize(
    ("alert", "is_closed"),
    [
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", True),
        ("[SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error", False),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", False),
    ],
)
def test_only_an_alert_about_a_certificate_closes_an_origin(alert, is_closed):
    class Alerting:
        target, own_address, address = parse_target("https://a.example"), "", ""

        def ask(self):
            return [Response("n", None, error=f"SSLError: {alert}")]

    runner = run.Runner(own_settings(()), lambda _: None, lambda *_: None)
    door = runner.probe(Alerting(), is_origin=True)
    assert (bool(door.closed), bool(door.unknown)) == (is_closed, not is_closed)


@pytest.mark.usefixtures("few")
def test_an_origin_that_trusts_this_machine_hides_no_open_front_door():
    with serving(naive) as port, serving(replacing) as origin:
        code, out = probe(f"http://127.0.0.1:{port}", "--origin", f"http://127.0.0.1:{origin}")
    assert code == 1
    assert "  FORGED: each header alone: X-Forwarded-For alone (the client is 6.6.6.6)." in out
    assert "  NOT TOLD: 10.0.0.2, from which " in out


def test_an_origin_is_not_called_closed_by_a_machine_that_is_banned(monkeypatch):
    # As a ban leaves it at the front door.
    runner = run.Runner(own_settings(()), lambda _: None, lambda *_: None)
    monkeypatch.setattr(runner, "_limit", "banned")

    class Closed:
        target, own_address, address = parse_target("https://a.example"), "", ""

        def ask(self):
            return [Response("n", None, error="ConnectionRefusedError: 111")]

    door = runner.probe(Closed(), is_origin=True)
    assert (door.closed, "cannot be reached" in door.unknown) == ("", True)


def test_a_name_that_is_none_cannot_be_reached():
    assert "cannot be reached" in refused("https://a..b/")


@pytest.mark.usefixtures("few")
def test_an_origin_that_cannot_be_reached_for_a_mistake_is_not_called_closed():
    with serving(appending) as port:
        for origin in ("http://no-such-name.invalid", f"https://127.0.0.1:{port}"):
            code, out = probe(f"http://127.0.0.1:{port}", "--origin", origin)
            assert code == 2
            assert "cannot be reached: " in out.partition("NOT TOLD: ")[2]


@pytest.mark.parametrize(
    ("purpose", "forged", "line"),
    [
        ("scheme", "https", "X-Own $scheme"),
        ("host", "evil.example", "X-Own $host"),
        ("server", "evil.example", 'X-Own ""'),
        ("client", "6.6.6.6", "X-Own $remote_addr"),
    ],
)
def test_the_header_that_the_site_alone_believes_is_forged(
    settings, monkeypatch, purpose, forged, line
):
    name = "TRUSTED_PROXY_HEADER" if purpose == "client" else PURPOSE_SETTINGS[purpose]
    setattr(settings, name, "X-Own")
    monkeypatch.setattr(
        run, "attacks", lambda claims: [row for row in attacks(claims) if "X-Own" in row.form.name]
    )

    def proxy(environ, start_response):
        if purpose == "client":
            environ.setdefault("HTTP_X_OWN", "127.0.0.1")
        return appending(environ, start_response)

    with serving(proxy) as port:
        code, out = probe(f"http://127.0.0.1:{port}")
    assert f"FORGED: each header alone: X-Own alone (the {purpose} is {forged})" in out
    assert f"    nginx: proxy_set_header {line};\n" in out
    assert code == 1


@pytest.mark.usefixtures("few")
def test_a_proxy_that_sets_no_header_is_told_and_its_hole_found():
    def silent(environ, start_response):
        environ["REMOTE_ADDR"] = "10.0.0.1"
        return WSGIHandler()(environ, start_response)

    with serving(silent) as port:
        code, out = probe(f"http://127.0.0.1:{port}")
    assert code == 1
    assert "  FORGED: each header alone: X-Forwarded-For alone (the client is 6.6.6.6)." in out
    assert "  WRONG: The proxy 10.0.0.1 sent no X-Forwarded-For that can be read." in out
    assert "    nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n" in out


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("secret", [None, "wrong"])
def test_an_edge_without_its_secret_is_told(settings, secret):
    for name, value in STAMPS.items():
        setattr(settings, name, value)

    def edge(environ, start_response):
        environ["REMOTE_ADDR"] = EDGE
        if secret:
            environ[SECRET_KEY] = secret
        return WSGIHandler()(environ, start_response)

    with serving(edge) as port:
        code, out = probe(f"http://127.0.0.1:{port}")
    assert code == 0, out
    assert "  WRONG: The front door is not stamped: " in out


def test_a_stranger_is_not_attacked():
    asked = []

    def page(environ, start_response):
        asked.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"Welcome"]

    with serving(page) as port:
        said = refused(f"http://127.0.0.1:{port}/path?query")
    assert asked == ["/path", "/path"]
    assert "status 200" in said
    assert "Set TRUSTED_PROXY_PROBE = True on the site" in said


def test_a_redirect_is_not_followed():
    def moved(_environ, start_response):
        start_response("301 Moved", [("Location", "https://other.example/")])
        return [b""]

    with serving(moved) as port:
        assert "redirects to https://other.example/" in refused(f"http://127.0.0.1:{port}")


def test_a_cache_that_answers_is_told():
    kept = []

    def caching(environ, start_response):
        if not kept:
            kept.extend(WSGIHandler()(environ, lambda *_: None))
        start_response("200 OK", [])
        return kept

    with serving(caching) as port:
        url = f"http://127.0.0.1:{port}"
        target = parse_target(url)
        with socket.create_connection(target.address) as connection:
            text = f"GET / HTTP/1.0\r\nX-Trusted-Proxy-Probe: {issue('n' * 22, 'localhost', KEY)}"
            connection.sendall(f"{text}\r\n\r\n".encode())
            assert connection.recv(9)
        assert "A cache answered" in refused(url)


def test_what_cannot_be_reached_or_meant_is_an_error(settings):
    url = f"http://127.0.0.1:{closed_port()}"
    assert f"{url} cannot be reached" in refused(url)
    for wrong in (
        "example.com",
        "ftp://example.com",
        "http://",
        "http://a@b",
        "http://a:x",
        "http://a/\n",
    ):
        assert "is not the URL of a site" in refused(wrong)
    assert "--ca-file /nowhere" in refused("https://localhost", "--ca-file", "/nowhere")
    settings.TRUSTED_PROXIES = "10.0.0.1"
    assert "E001" in refused(url)
    settings.TRUSTED_PROXIES = []
    settings.SECRET_KEY = "weak"
    assert "SECRET_KEY is weak" in refused(url)


def test_from_a_trusted_address_nothing_can_be_told(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "loopback"]
    with serving(appending) as port:
        said = refused(f"http://127.0.0.1:{port}")
        assert "127.0.0.1, from which" in said
        assert "replaced the header" not in said
    # Directly, too.
    with serving() as port:
        assert "127.0.0.1, from which" in refused(f"http://127.0.0.1:{port}")


def test_a_proxy_that_replaces_the_header_may_be_why_the_client_is_trusted():
    with serving(replacing) as port:
        said = refused(f"http://127.0.0.1:{port}")
    assert "10.0.0.2, from which" in said
    assert "or one of your proxies replaced the header" in said


def test_a_login_by_a_header_of_the_sites_own_is_attacked(settings, monkeypatch):
    settings.TRUSTED_PROXY_GUARDED_HEADERS = ["X-Staff"]
    rows = attacks(Claims(headers=("X-Staff",)))
    chosen = tuple(row for row in rows if row.form.name == "every identity header")
    monkeypatch.setattr(run, "attacks", lambda claims: chosen if claims.headers else ())
    with serving(appending) as port:
        code, out = probe(f"http://127.0.0.1:{port}")
    assert code == 1
    assert "X-Staff, which logs people in, arrived from the client" in out


@pytest.mark.parametrize(
    ("url", "host", "path", "address"),
    [
        ("http://example.com", "example.com", "/", ("example.com", 80)),
        ("https://example.com:8443/a?b", "example.com:8443", "/a?b", ("example.com", 8443)),
        ("https://[::1]/", "[::1]", "/", ("::1", 443)),
        ("http://[::1]:8000/", "[::1]:8000", "/", ("::1", 8000)),
    ],
)
def test_a_url_is_where_to_go_and_what_to_ask_for(url, host, path, address):
    target = parse_target(url)
    assert (target.host, target.path, target.address) == (host, path, address)
    origin = parse_target("https://192.0.2.7:8443", target)
    assert (origin.host, origin.path, origin.address) == (host, path, ("192.0.2.7", 8443))


@pytest.mark.usefixtures("few")
def test_the_certificate_of_a_site_is_verified_and_that_of_an_origin_is_not(certificate):
    path, context = certificate

    def secure(environ, start_response):
        return appending(environ | {"wsgi.url_scheme": "https"}, start_response)

    with serving(secure, context=context) as port:
        url, origin = f"https://localhost:{port}", f"https://127.0.0.1:{port}"
        assert "certificate" in refused(url).lower()
        code, out = probe(url, "--ca-file", str(path), "--origin", origin)
    assert code == 0, out
    assert VICTIM not in out


def stamping(environ, start_response):
    """Stand for an edge that sends its secret in the place of the client's."""
    environ[SECRET_KEY] = SECRET
    return appending(environ, start_response)


def joining(environ, start_response):
    """Stand for an edge that adds its secret to what the client wrote."""
    before = environ.get(SECRET_KEY)
    environ[SECRET_KEY] = SECRET if before is None else f"{before},{SECRET}"
    return appending(environ, start_response)


@pytest.fixture
def _stamps(settings, monkeypatch):
    for name, value in STAMPS.items():
        setattr(settings, name, value)
    monkeypatch.setattr(
        run, "attacks", lambda claims: [row for row in attacks(claims) if row.group == "stamp"]
    )


@pytest.mark.usefixtures("_stamps")
@pytest.mark.parametrize("edge", [stamping, joining])
@pytest.mark.parametrize("option", ["--verbose", "--json"])
def test_wrong_secrets_are_sent_and_no_right_one_is_printed(edge, option, capfd, caplog):
    caplog.set_level("DEBUG")
    with serving(edge) as port:
        code, out = probe(f"http://127.0.0.1:{port}", option)
    assert code == 0, out
    assert f"a-wrong-secret-in-{HEADER}" in out
    assert ("the secret of the edge does not count: wrong" in out) == (edge is joining)
    assert SECRET not in f"{out}{''.join(capfd.readouterr())}{caplog.text}"
