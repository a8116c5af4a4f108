"""The page about health checks, on real servers: its probe is answered, and nothing else is."""

from itertools import product

import pytest

from tests import stack
from tests.pages import blocks

pytestmark = pytest.mark.slow

PROBER = "127.0.0.7"  # no proxy of the site's
SETTINGS = """
{page}
SECRET_KEY = "tests"
ROOT_URLCONF = "mysite.urls"
ALLOWED_HOSTS = ["example.com"]
INSTALLED_APPS = ["django_trustedproxy"]
MIDDLEWARE += ["django.middleware.common.CommonMiddleware"]
"""
URLS = """
from django.http import HttpResponse
from django.urls import re_path
urlpatterns = [re_path("", lambda request: HttpResponse("a view"))]
"""
MODULES = {
    "bare": "from django.core.{kind} import get_{kind}_application\n"
    "application = get_{kind}_application()\n",
    "wrapped": "from django.core.{kind} import get_{kind}_application\n"
    "from django_trustedproxy.{kind} import TrustedProxy\n"
    "application = TrustedProxy(get_{kind}_application())\n",
}
SERVERS = {
    "gunicorn": ("wsgi", "--no-control-socket", "--forwarded-allow-ips", "", "--bind=127.0.0.1:{}"),
    "uvicorn": ("asgi", "--no-proxy-headers", "--lifespan=off", "--port={}"),
}


@pytest.fixture(scope="module", params=product(SERVERS, MODULES), ids="-".join)
def port(request):
    """Start the site of the page, rejecting what is not from a proxy, and return its port."""
    server, form = request.param
    kind, *options = SERVERS[server]
    middleware, settings = [block.text for block in blocks("docs/health-checks.md")][:2]
    with stack.workplace() as place:
        site = place / "mysite"
        site.mkdir()
        source = MODULES[form].format(kind=kind)
        for name, text in {
            "__init__": "",
            "health": middleware,
            "settings": SETTINGS.format(page=settings),
            "urls": URLS,
            kind: source,
        }.items():
            (site / f"{name}.py").write_text(text)
        number = stack.free_port()
        command = [stack.executable(server), f"mysite.{kind}:application"]
        command += [option.format(number) for option in options]
        env = {"DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONPATH": str(place)}
        with stack.process(command, ready=[("127.0.0.1", number)], log=place / "log", env=env):
            yield number


def ask(port, path, headers=()):
    return stack.get(port, path, headers=headers, source=PROBER)


@pytest.mark.parametrize("path", ["/healthz", "/healthz?x=1", "/%68ealthz"])
def test_the_probe_of_the_page_is_answered(port, path):
    assert ask(port, path) == (200, b"ok")


@pytest.mark.parametrize(
    "path",
    [
        *("/healthz/", "//healthz", "/healthz;x", "/healthz%2e", "/%2e/healthz", "/./healthz"),
        *(
            "/healthz%00",
            "/healthz%20",
            "/healthz%3f",
            "/HEALTHZ",
            "/",
            "/x/../healthz",
            "/healthz%2f",
        ),
    ],
)
def test_no_other_path_is(port, path):
    status, body = ask(port, path)
    assert status == 400
    assert body != b"ok"


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-Prefix", "Script-Name", "SCRIPT_NAME", "Daphne-Root-Path", "X-Script-Name"],
)
def test_no_header_moves_another_path_there(port, name):
    for path in ("/", "/healthz/", "/z"):
        for prefix in ("/healthz", "/health"):
            assert ask(port, path, [(name, prefix)])[0] == 400
