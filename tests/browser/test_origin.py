"""What docs/https.md says of a browser that hides its origin, by a real one through a real proxy."""

import threading
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from selenium.webdriver.support.ui import WebDriverWait

from tests import stack
from tests.browser import chromium
from tests.https import MIDDLEWARE, NO_MATCH

PROXY = """
{
	admin off
	auto_https off
	persist_config off
}
http://{$CADDY_ADDRESS} {
	bind 127.0.0.1
	reverse_proxy {$UPSTREAM}
	%s
}
"""
# Deferred, so that it is what reaches the browser, whatever Django said.
HIDING = "header >Referrer-Policy no-referrer"
SUBMIT = """
const form = document.createElement("form");
form.method = "post";
document.body.append(form);
form.submit();
"""


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served():
    """Run the project of the tests in this process; give its port."""
    with (
        override_settings(MIDDLEWARE=MIDDLEWARE, TRUSTED_PROXIES=["loopback"]),
        make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server,
    ):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("policy", "reason"),
    [(HIDING, NO_MATCH.format("null")), ("", "CSRF cookie not set.")],
    ids=["no-referrer from the proxy", "same-origin from Django"],
)
def test_a_form_names_its_origin_unless_the_proxy_forbids_it(tmp_path, caplog, policy, reason):
    with stack.workplace() as place, served() as upstream, chromium.started(tmp_path) as browser:
        config = place / "Caddyfile"
        config.write_text(PROXY % policy)
        port = stack.free_port()
        with stack.caddy(place, port, f"127.0.0.1:{upstream}", config=config):
            browser.get(f"{chromium.origin(port)}/echo")
            browser.execute_script(SUBMIT)
            WebDriverWait(browser, 10, 0.05).until(lambda _: "403" in browser.title)
    assert [r.getMessage() for r in caplog.records if r.name == "django.security.csrf"] == [
        f"Forbidden ({reason}): /echo"
    ]
