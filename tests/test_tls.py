"""A real login over TLS that ends at Caddy, in front of gunicorn and of uvicorn."""

import contextlib
import http.client
import os
import re
import ssl
import subprocess
import sys
import time
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from tests import stack

PROXY = "127.0.0.5"
# Caddy names the upstream's own host, so the public one arrives in X-Forwarded-Host alone.
CADDYFILE = """
{
	admin off
	persist_config off
	skip_install_trust
	auto_https disable_redirects
}
(upstream) {
	reverse_proxy {$UPSTREAM} {
		header_up Host internal.example
		header_up X-Forwarded-Prefix {args[0]}
		transport http {
			%s
		}
	}
}
(site) {
	bind 127.0.0.1
	handle_path /app/* {
		import upstream /app
	}
	handle {
		import upstream /
	}
}
https://localhost{$CADDY_ADDRESS} {
	tls internal
	import site
}
http://localhost:{$PLAIN_PORT} {
	import site
}
"""
SERVERS = ["gunicorn", "uvicorn"]

pytestmark = pytest.mark.slow


class Site(NamedTuple):
    """A running site: its ports through Caddy with and without TLS, and around it."""

    tls: int
    plain: int
    direct: int
    context: ssl.SSLContext


@contextlib.contextmanager
def running(server, ssl_redirect):
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        env = {
            "DJANGO_SETTINGS_MODULE": "tests.site",
            "SITE_PLACE": str(place),
            "SITE_SSL_REDIRECT": ssl_redirect,
            "SITE_PROXY": "unix:" if server == "gunicorn" else PROXY,
        }
        for arguments in (
            ["migrate"],
            ["createsuperuser", "--noinput", "--username=ada", "--email=ada@example.com"],
        ):
            subprocess.run(
                [sys.executable, "-m", "django", *arguments],
                cwd=stack.ROOT,
                env={
                    **os.environ,
                    **env,
                    "PYTHONPATH": ".",
                    "DJANGO_SUPERUSER_PASSWORD": "lovelace",
                },
                check=True,
                capture_output=True,
            )
        tls, plain, direct = (stack.free_port() for _ in range(3))
        config = place / "Caddyfile"
        if server == "gunicorn":
            processes.enter_context(stack.gunicorn(place, direct, **env))
            upstream, transport = f"unix/{place}/gunicorn", ""
        else:
            processes.enter_context(stack.uvicorn(place, port=direct, **env))
            upstream, transport = f"127.0.0.1:{direct}", f"local_address {PROXY}"
        config.write_text(CADDYFILE % transport)
        env = {"PLAIN_PORT": str(plain), "XDG_DATA_HOME": str(place)}
        processes.enter_context(stack.caddy(place, tls, upstream, config=config, **env))
        root = place / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        site = Site(tls, plain, direct, ssl.create_default_context(cafile=root))
        wait_for_certificate(site)
        yield site


def wait_for_certificate(site):
    """Wait until Caddy has made its certificate, which it does after it listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            Browser(site).ask("GET", "/login/")
        except ssl.SSLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module", params=SERVERS)
def site(request):
    with running(request.param, "no") as found:
        yield found


@pytest.fixture(scope="module", params=SERVERS)
def redirecting_site(request):
    with running(request.param, "yes") as found:
        yield found


class Browser:
    """Keeps cookies, follows nothing, and speaks TLS to Caddy."""

    def __init__(self, site):
        self.site = site
        self.cookies = {}

    def ask(self, method, path, *, port=None, form=None, headers=None):
        port = port or self.site.tls
        if port == self.site.tls:
            connection = http.client.HTTPSConnection("localhost", port, context=self.site.context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Host": f"localhost:{port}", **(headers or {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        with contextlib.closing(connection):
            connection.request(method, path, urlencode(form) if form else None, headers)
            response = connection.getresponse()
            body = response.read().decode()
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                assert morsel["secure"], line
                self.cookies[name] = morsel.value
        return response.status, response.headers, body

    def token(self, prefix=""):
        status, _, body = self.ask("GET", f"{prefix}/login/")
        assert status == 200, body
        return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', body)[1]


def login(browser, token, path="/login/", **more):
    form = {"username": "ada", "password": "lovelace", "csrfmiddlewaretoken": token}
    return browser.ask("POST", path, form=form, **more)


def origin(site):
    return {"Origin": f"https://localhost:{site.tls}"}


def test_a_login_passes_the_origin_check(site):
    browser = Browser(site)
    status, headers, body = login(browser, browser.token(), headers=origin(site))
    assert (status, headers["Location"]) == (302, "/"), body
    assert {"sessionid", "csrftoken"} <= set(browser.cookies)
    status, _, body = browser.ask("GET", "/")
    assert (status, body) == (200, f"ada https://localhost:{site.tls}/ /login/")


def test_a_login_from_another_origin_does_not(site):
    browser = Browser(site)
    status, _, body = login(browser, browser.token(), headers={"Origin": "https://evil.example"})
    assert status == 403
    assert "CSRF" in body


def test_the_same_login_with_forged_scheme_and_host_straight_to_the_server_does_not(site):
    browser = Browser(site)
    forged = {
        **origin(site),
        "Host": "localhost",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": f"localhost:{site.tls}",
        "X-Forwarded-SSL": "on",
        "Forwarded": f"for=127.0.0.5;proto=https;host=localhost:{site.tls}",
    }
    status, _, body = login(browser, browser.token(), port=site.direct, headers=forged)
    assert status == 403
    assert "CSRF" in body
    assert "sessionid" not in browser.cookies


def test_a_site_under_a_stripped_prefix_links_to_itself(site):
    browser = Browser(site)
    status, headers, _ = browser.ask("GET", "/app/")
    assert (status, headers["Location"]) == (302, "/app/login/?next=/app/")
    token = browser.token("/app")
    status, headers, body = login(browser, token, "/app/login/", headers=origin(site))
    assert (status, headers["Location"]) == (302, "/app/"), body
    status, _, body = browser.ask("GET", "/app/")
    assert (status, body) == (200, f"ada https://localhost:{site.tls}/app/ /app/login/")
    # In the same process, the next request without a prefix has none.
    status, _, body = browser.ask("GET", "/")
    assert (status, body) == (200, f"ada https://localhost:{site.tls}/ /login/")


def test_a_forged_prefix_does_not_pass_the_proxy_or_go_around_it(site):
    forged = {"X-Forwarded-Prefix": "/evil", "Host": "localhost"}
    for port in (site.plain, site.direct):
        _, headers, _ = Browser(site).ask("GET", "/", port=port, headers=forged)
        assert headers["Location"] == "/login/?next=/"


def test_ssl_redirect_does_not_loop(redirecting_site):
    site = redirecting_site
    browser = Browser(site)
    status, headers, _ = browser.ask("GET", "/login/", port=site.plain)
    assert (status, headers["Location"]) == (301, f"https://localhost:{site.plain}/login/")
    assert browser.ask("GET", "/login/")[0] == 200
    status, headers, body = login(browser, browser.token(), headers=origin(site))
    assert (status, headers["Location"]) == (302, "/"), body


def test_a_forged_scheme_does_not_escape_the_ssl_redirect(redirecting_site):
    forged = {"X-Forwarded-Proto": "https", "Host": "localhost"}
    status, headers, _ = Browser(redirecting_site).ask(
        "GET", "/login/", port=redirecting_site.direct, headers=forged
    )
    assert (status, headers["Location"]) == (301, "https://localhost/login/")
