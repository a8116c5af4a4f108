"""A request that a view makes keeps the answer of the request that the view answers."""

import json
import logging

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpResponse, JsonResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.test.utils import setup_test_environment, teardown_test_environment
from django.urls import path

from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.mounts import exchange
from tests.rows import CLIENT
from tests.test_exempt import MOUNTS
from tests.urls import echo

PROXY, PROTO = "10.0.0.1", "X-Forwarded-Proto"
SCHEMES = {
    "ours": {"TRUSTED_PROXY_SCHEME_HEADER": PROTO},
    "Django's": {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
}
HEADERS = {"X-Forwarded-For": f"6.6.6.6, {CLIENT}", PROTO: "https"}


def preview(request):
    """Make a request as Wagtail's previews do: of some of META, through all middleware."""
    copied = ["REMOTE_ADDR", "HTTP_X_FORWARDED_FOR"]
    made = WSGIRequest(RequestFactory()._base_environ(PATH_INFO="/echo"))
    made.META.update({key: request.META[key] for key in copied if key in request.META})
    handler = BaseHandler()
    handler.load_middleware()
    return handler.get_response(made)


def with_client(request):
    return Client().get("/echo")


def with_headers(request):
    """Pass on what the request had."""
    address = f"{request.META['REMOTE_ADDR']}"
    return Client().get("/echo", headers=request.headers, REMOTE_ADDR=address)


async def with_async_client(request):
    return await AsyncClient().get("/echo")


def with_client_of_another_peer(request):
    headers = {"X-Forwarded-For": "198.51.100.7"}
    return Client().get("/echo", headers=headers, REMOTE_ADDR="10.0.0.2")


VIEWS = [preview, with_client, with_headers, with_async_client, with_client_of_another_peer]
urlpatterns = [
    path("echo", echo, name="echo"),
    path("none", lambda request: HttpResponse(), name="none"),
    *(path(view.__name__, view) for view in VIEWS),
]


@pytest.fixture(autouse=True)
def _as_a_site_runs():
    """Use the views of this module, outside of what Django prepares for tests."""
    teardown_test_environment()
    try:
        with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
            yield
    finally:
        setup_test_environment(debug=False)


@pytest.fixture(params=["wsgi", "asgi", "wsgi-wrapper", "asgi-wrapper"])
def ask(request):
    """Send a request as a server does; return the status and what the inner view saw."""
    send, wrap = MOUNTS[request.param]

    def ask(view, headers=HEADERS, peer=PROXY):
        status, body = send(f"/{view.__name__}", "", peer, headers, wrap)
        return status, json.loads(body) if status == 200 else {}

    return ask


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("view", VIEWS[:4], ids=lambda view: view.__name__)
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


@pytest.mark.parametrize("view", VIEWS[:4], ids=lambda view: view.__name__)
def test_a_stranger_stays_one_in_what_a_view_makes_of_its_request(view, ask):
    with override_settings(**SCHEMES["Django's"]):
        status, told = ask(view, peer="192.0.2.66")
    assert (status, told["answer"]["outcome"]) == (200, "direct")
    assert told["meta"]["REMOTE_ADDR"] in ("192.0.2.66", "127.0.0.1")
    assert not told["view"]["is_secure"]


def test_a_test_client_that_is_told_a_peer_is_decided_by_it(ask):
    _, told = ask(with_client_of_another_peer)
    assert told["answer"]["proxies"] == ["10.0.0.2"]
    assert told["meta"]["REMOTE_ADDR"] == "198.51.100.7"
