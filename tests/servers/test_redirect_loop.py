"""The redirect loop behind TLS that ends at nginx: each way to get it, and how each is mended."""

import contextlib
import os
import re
import subprocess
import sys
from typing import NamedTuple

import pytest

from tests import stack
from tests.servers import proxies
from tests.servers.recipes import replaced
from tests.servers.tls import CASES, NAME, make_certificate

PAGE = proxies.NGINX.page
TLS = next(case for case in CASES if case.proxy is proxies.NGINX)
VISITOR = "127.0.0.9"
TOO_MANY_REDIRECTS = 47  # as curl ends
PROTO, SSL = "X-Forwarded-Proto: https", "X-Forwarded-Ssl: on"
SITE = """
SECURE_SSL_REDIRECT = True
MIDDLEWARE += ["django.middleware.security.SecurityMiddleware"]
"""


class Loop(NamedTuple):
    """A way to get the loop: the settings, what nginx says of the scheme, and what mends it.

    The log and `explain` have to say each of `says`, in any case; `check` does where it can see the
    loop, and finds nothing otherwise.
    """

    name: str
    settings: dict
    header: str | None
    remedy: dict
    says: tuple
    remedied_header: str | None = None
    is_seen_by_check: bool = False


LISTED = {"TRUSTED_PROXIES": ["127.0.0.1"]}
LOOPS = [
    Loop(
        "nginx says nothing",
        {**LISTED, "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
        None,
        {},
        ("no X-Forwarded-Proto", "SECURE_SSL_REDIRECT"),
        PROTO,
    ),
    Loop(
        "nginx says it in X-Forwarded-Ssl",
        {**LISTED, "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
        SSL,
        {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Ssl"},
        ("no X-Forwarded-Proto", "X-Forwarded-SSL", "TRUSTED_PROXY_SCHEME_HEADER"),
    ),
    Loop(
        "X-Forwarded-Ssl is named, and nginx says it in X-Forwarded-Proto",
        {**LISTED, "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Ssl"},
        PROTO,
        {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
        ("no X-Forwarded-SSL", "X-Forwarded-Proto", "TRUSTED_PROXY_SCHEME_HEADER"),
    ),
    Loop(
        "nobody reads it",
        {**LISTED, "TRUSTED_PROXY_SCHEME_HEADER": None},
        PROTO,
        {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
        ("X-Forwarded-Proto", "TRUSTED_PROXY_SCHEME_HEADER", "SECURE_SSL_REDIRECT"),
        is_seen_by_check=True,
    ),
    Loop(
        "nginx is not listed",
        {"TRUSTED_PROXIES": ["10.0.0.7"], "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"},
        PROTO,
        LISTED,
        ('"127.0.0.1"', "TRUSTED_PROXIES", "X-Forwarded-Proto"),
    ),
]
each_loop = pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)


def source(settings):
    """Return settings as Python, with the redirect to HTTPS."""
    return SITE + "".join(f"{name} = {value!r}\n" for name, value in settings.items())


@contextlib.contextmanager
def running(settings, header):
    """Run gunicorn behind an nginx that ends TLS; give a place with their logs, and the port."""
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        make_certificate(place)
        port, direct = stack.free_port(), stack.free_port()
        processes.enter_context(
            proxies.running_server(PAGE, "gunicorn", place, port=direct, settings=source(settings))
        )
        recipe = proxies.configuration(proxies.NGINX, proxies.NGINX.places(port, place), direct)
        line = f"proxy_set_header {header.replace(':', '')};" if header else ""
        recipe = replaced(recipe, {"proxy_set_header X-Forwarded-Proto $scheme;": line})
        text, count = re.subn(TLS.pattern, TLS.replacement(place), recipe, count=1)
        assert count
        processes.enter_context(proxies.start(proxies.NGINX, place, port, text))
        yield place, port


def browse(place, port):
    """Follow the redirects as a browser does; return how curl ends, and the last status."""
    command = [
        *("curl", "--silent", "--location", "--max-redirs", "10", "--max-time", "60"),
        *("--output", "/dev/null", "--write-out", "%{http_code}", "--interface", VISITOR),
        *("--cacert", str(place / "cert.pem"), "--connect-to", f"{NAME}:443:127.0.0.1:{port}"),
        f"https://{NAME}/client.json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, int(done.stdout)


@each_loop
def test_the_browser_is_redirected_for_ever(loop):
    with running(loop.settings, loop.header) as (place, port):
        assert browse(place, port) == (TOO_MANY_REDIRECTS, 301)


@each_loop
def test_the_remedy_ends_the_loop(loop):
    settings = {**loop.settings, **loop.remedy}
    with running(settings, loop.remedied_header or loop.header) as (place, port):
        assert browse(place, port) == (0, 200)


def django(loop, *arguments, pasted=""):
    """Run a command of Django in the site's project, and return all that it prints."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.servers.page_settings",
        "PAGE_SETTINGS": source(loop.settings),
    }
    done = subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        cwd=stack.ROOT,
        env=env,
        input=pasted,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def unsaid(loop, text):
    return [words for words in loop.says if words.lower() not in text.lower()]


@each_loop
def test_the_log_tells_the_remedy(loop):
    with running(loop.settings, loop.header) as (place, port):
        browse(place, port)
        # A warning is written before its request is answered.
        text = (place / "server.log").read_text()
    assert unsaid(loop, text) == [], text


@each_loop
def test_explain_tells_the_remedy(loop):
    sent = f"GET / HTTP/1.1\nHost: {NAME}\nX-Forwarded-For: {VISITOR}\n{loop.header or ''}\n\n"
    text = django(loop, "trustedproxy", "explain", "--peer", "127.0.0.1", pasted=sent)
    assert unsaid(loop, text) == [], text


@each_loop
def test_check_tells_the_remedy_where_it_can_see_the_loop(loop):
    text = django(loop, "check")
    if loop.is_seen_by_check:
        assert unsaid(loop, text) == [], text
    else:
        assert "no issues" in text
