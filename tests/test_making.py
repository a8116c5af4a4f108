"""A request that a view makes keeps the answer of the request that the view answers."""

import json
import logging

import pytest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.test.utils import setup_test_environment, teardown_test_environment
from django.urls import path
from django.utils.decorators import async_only_middleware

from django_trustedproxy.conf import get_policy
from django_trustedproxy.environ import find_answer, rewrite
from django_trustedproxy.making import MARK
from tests.handlers import HANDLERS
from tests.requests import CLIENT
from tests.urls import echo

PROXY, STRANGER, PROTO = "10.0.0.1", "192.0.2.66", "X-Forwarded-Proto"
SCHEMES = {
    "ours": {"TRUSTED_PROXY_SCHEME_HEADER": PROTO},
    "Django's": {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
}
HEADERS = {"X-Forwarded-For": f"6.6.6.6, {CLIENT}", PROTO: "https"}
LOCKED = {"TRUSTED_PROXY_REJECT": ["direct"]}


def preview(request):
    """Make a request as Wagtail's previews do: of some of META, through all middleware."""
    made = RequestFactory().get("/echo").META
    copied = ["REMOTE_ADDR", "HTTP_X_FORWARDED_FOR"]
    made.update({key: request.META[key] for key in copied if key in request.META})
    handler = BaseHandler()
    handler.load_middleware()
    return handler.get_response(WSGIRequest(made))


def with_client(_request):
    return Client().get("/echo")


def with_headers(request):
    """Pass on what the request had."""
    address = f"{request.META['REMOTE_ADDR']}"
    return Client().get("/echo", headers=request.headers, REMOTE_ADDR=address)


async def with_async_client(_request):
    return await AsyncClient().get("/echo")


def with_client_of_another_peer(_request):
    headers = {"X-Forwarded-For": "198.51.100.7"}
    return Client().get("/echo", headers=headers, REMOTE_ADDR="10.0.0.2")


MADE = [preview, with_client, with_headers, with_async_client]
urlpatterns = [
    path("echo", echo, name="echo"),
    *(path(view.__name__, view) for view in (*MADE, with_client_of_another_peer)),
]


def asks_first(get_response):
    """Make a middleware that asks the site itself before anything is decided."""

    def middleware(request):
        if request.path == "/preview":
            return Client().get("/echo")
        return get_response(request)

    return middleware


def without_csrf(get_response):
    """Make a middleware as many sites have it: it sets what the test client sets."""

    def middleware(request):
        setattr(request, MARK, True)
        return get_response(request)

    return middleware


@async_only_middleware
def asynchronous(get_response):
    async def middleware(request):
        return await get_response(request)

    return middleware


@pytest.fixture
def _as_a_site_runs():
    """Take away what Django prepares for tests."""
    teardown_test_environment()
    try:
        with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
            yield
    finally:
        setup_test_environment(debug=False)


pytestmark = pytest.mark.usefixtures("_as_a_site_runs")


def asker(mount):
    """Return a function that sends a request as a server does, and tells what the inner view saw."""
    send, wrap = HANDLERS[mount]

    def ask(view, headers=HEADERS, peer=PROXY):
        status, body = send(f"/{view.__name__}", "", peer, headers, wrap)
        return status, json.loads(body) if status == 200 else {}

    return ask


@pytest.fixture(params=["wsgi", "asgi", "wsgi-wrapper", "asgi-wrapper"])
def ask(request):
    return asker(request.param)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("view", MADE, ids=lambda view: view.__name__)
def test_what_a_view_makes_of_its_request_is_decided_already(view, scheme, ask, caplog):
    caplog.set_level(logging.INFO, "django_trustedproxy")
    with override_settings(TRUSTED_PROXY_REJECT=["direct", "missing"], **SCHEMES[scheme]):
        status, told = ask(view)
    assert status == 200
    assert told["meta"]["REMOTE_ADDR"] == told["answer"]["client"] == CLIENT
    assert told["answer"]["outcome"] == "forwarded"
    assert told["view"]["is_secure"]
    assert "6.6.6.6" not in str(told["meta"])
    assert caplog.messages == []


def test_the_host_of_a_request_that_a_view_makes_is_its_own(ask):
    names = {"TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host", **SCHEMES["ours"]}
    with override_settings(**names):
        _, told = ask(preview, {**HEADERS, "X-Forwarded-Host": "site.example"})
    assert told["view"]["uri"] == "https://testserver/echo"


@pytest.mark.parametrize(
    ("said", "secure", "port"),
    [("https", "http", "8080"), ("https", "https", "443"), ("http", "https", "443")],
)
def test_a_port_that_is_not_the_default_one_stays(said, secure, port):
    answer = {"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": CLIENT, "HTTP_X_FORWARDED_PROTO": said}
    with override_settings(**SCHEMES["ours"]):
        rewrite(answer, get_policy())
    made = {
        "REMOTE_ADDR": answer["REMOTE_ADDR"],
        "wsgi.url_scheme": secure,
        "SERVER_PORT": port,
    }
    assert find_answer(made) is answer["trusted_proxy"]
    assert made["wsgi.url_scheme"] == said
    assert made["SERVER_PORT"] == ("80" if said == "http" else port)


@pytest.mark.parametrize("view", MADE, ids=lambda view: view.__name__)
def test_a_stranger_gets_nothing_from_the_request_before(view, ask):
    with override_settings(**SCHEMES["Django's"]):
        assert ask(view)[1]["answer"]["client"] == CLIENT
        status, told = ask(view, peer=STRANGER)
    assert (status, told["answer"]["outcome"]) == (200, "direct")
    # Under ASGI, a view in a thread shows nobody around it.
    assert told["meta"]["REMOTE_ADDR"] in (STRANGER, "127.0.0.1")
    assert not told["view"]["is_secure"]


def test_a_test_client_that_is_told_a_peer_is_decided_by_it(ask):
    _, told = ask(with_client_of_another_peer)
    assert told["answer"]["proxies"] == ["10.0.0.2"]
    assert told["meta"]["REMOTE_ADDR"] == "198.51.100.7"


@pytest.mark.parametrize("mount", ["wsgi", "wsgi-wrapper"])
def test_a_request_without_a_client_is_known_again(mount, caplog):
    caplog.set_level(logging.WARNING, "django_trustedproxy")
    with override_settings(TRUSTED_PROXIES=["unix:"], **LOCKED):
        status, told = asker(mount)(preview, {}, "unix:")
    assert (status, told["answer"]["outcome"], told["answer"]["peer"]) == (200, "missing", "unix:")
    assert told["meta"]["REMOTE_ADDR"] == ""
    assert caplog.messages == []


def test_a_test_client_outside_of_views_is_on_its_own():
    assert asker("wsgi")(with_client)[1]["answer"]["client"] == CLIENT
    told = Client().get("/echo").json()
    assert (told["answer"]["outcome"], told["answer"]["client"]) == ("direct", "127.0.0.1")


def test_a_middleware_before_ours_has_no_answer_to_hand_on():
    mine = f"{__name__}.asks_first"
    ours = "django_trustedproxy.middleware.TrustedProxyMiddleware"
    with override_settings(MIDDLEWARE=[mine, ours]):
        _, told = asker("wsgi")(preview)
    assert (told["answer"]["outcome"], told["answer"]["client"]) == ("direct", "127.0.0.1")


def test_in_a_test_run_a_thread_tells_nothing_of_the_request_around_it():
    """Its context has the answer of the test before."""
    setup_test_environment(debug=False)
    try:
        _, told = asker("wsgi")(with_async_client)
    finally:
        teardown_test_environment()
    assert (told["answer"]["outcome"], told["answer"]["client"]) == ("direct", "127.0.0.1")


@pytest.mark.parametrize("mount", ["wsgi", "asgi"])
def test_a_request_without_csrf_protection_is_not_taken_for_one_of_the_test_client(mount):
    ours = "django_trustedproxy.middleware.TrustedProxyMiddleware"
    names = [f"{__name__}.without_csrf", ours, f"{__name__}.asynchronous"]
    with override_settings(MIDDLEWARE=names, TRUSTED_PROXIES=["127.0.0.1"], **LOCKED):
        clients = []
        for client in ("198.51.100.7", "203.0.113.66"):
            send, wrap = HANDLERS[mount]
            status, body = send("/echo", "", "127.0.0.1", {"X-Forwarded-For": client}, wrap)
            assert status == 200
            clients.append(json.loads(body)["answer"]["client"])
    assert clients == ["198.51.100.7", "203.0.113.66"]
