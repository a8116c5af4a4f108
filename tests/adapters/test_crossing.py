"""Adapters between ASGI and WSGI: the decision of a wrapper crosses them."""

import asyncio
import logging

import a2wsgi
import pytest
from asgiref.wsgi import WsgiToAsgi
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from django_trustedproxy import asgi, wsgi
from tests.adapters.sending import HEADERS, PATIENCE, over_asgi, over_wsgi
from tests.requests import CLIENT

TO_ASGI = {
    "asgiref": WsgiToAsgi,
    "a2wsgi": a2wsgi.WSGIMiddleware,
}
GUARDED = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
DESIGNATED = {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"}


@pytest.fixture(autouse=True)
def _trusts_10_8():
    with override_settings(TRUSTED_PROXIES=["10.0.0.0/8"]):
        yield


@pytest.mark.parametrize("scheme", [GUARDED, DESIGNATED], ids=["guarded", "designated"])
@pytest.mark.parametrize("adapter", TO_ASGI)
def test_what_an_asgi_wrapper_decided_holds_behind_the_adapter(adapter, scheme, caplog):
    caplog.set_level(logging.INFO, "django_trustedproxy")
    with override_settings(TRUSTED_PROXY_REJECT=["direct", "missing", "malformed"], **scheme):
        status, told = over_asgi(asgi.TrustedProxy(TO_ASGI[adapter](WSGIHandler())))
    assert status == 200
    assert (told["address"], told["outcome"], told["scheme"]) == (CLIENT, "forwarded", "https")
    assert told["proxies"] == ["10.0.0.1"]
    assert caplog.messages == []


@pytest.mark.parametrize("adapter", TO_ASGI)
def test_a_wsgi_wrapper_behind_the_adapter_keeps_the_decision_too(adapter):
    inner = TO_ASGI[adapter](wsgi.TrustedProxy(WSGIHandler()))
    with override_settings(TRUSTED_PROXY_REJECT=["direct"], **GUARDED):
        status, told = over_asgi(asgi.TrustedProxy(inner))
    assert (status, told["outcome"], told["scheme"]) == (200, "forwarded", "https")


@pytest.mark.parametrize("adapter", TO_ASGI)
def test_a_client_stays_direct_behind_the_adapter(adapter):
    application = asgi.TrustedProxy(TO_ASGI[adapter](WSGIHandler()))
    forged = [*HEADERS, ("x_forwarded_for", "6.6.6.6"), ("trusted_proxy", "6.6.6.6")]
    with override_settings(**GUARDED):
        _, told = over_asgi(application, ("6.6.6.6", 1), forged)
        assert (told["address"], told["outcome"], told["scheme"]) == ("6.6.6.6", "direct", "http")
        assert "HTTP_X_FORWARDED_FOR" not in told["headers"]
    with override_settings(TRUSTED_PROXY_REJECT=["direct"]):
        assert over_asgi(application, ("6.6.6.6", 1))[0] == 400


@pytest.mark.parametrize("adapter", TO_ASGI)
def test_an_underscore_is_no_hyphen_behind_the_wrapper(adapter):
    headers = [*HEADERS, ("x_forwarded_for", "6.6.6.6")]
    _, told = over_asgi(asgi.TrustedProxy(TO_ASGI[adapter](WSGIHandler())), headers=headers)
    assert told["address"] == CLIENT
    # With the middleware alone, the adapter has joined both before Django sees them.
    _, told = over_asgi(TO_ASGI[adapter](WSGIHandler()), headers=headers)
    assert told["address"] == "6.6.6.6"


@pytest.mark.parametrize("adapter", TO_ASGI)
def test_a_decision_is_not_that_of_another_request(adapter):
    """The second one is handled in the context of the first, from the address that it had."""
    application = asgi.TrustedProxy(TO_ASGI[adapter](WSGIHandler()))
    plain = TO_ASGI[adapter](WSGIHandler())
    told = []

    async def both(scope, receive, send):
        async def nested(*_):
            # A server makes the text anew of what the connection says.
            peer = bytes(CLIENT, "ascii").decode()
            told.append(await asyncio.to_thread(over_asgi, plain, (peer, 1)))

        await application(scope, receive, send)
        await nested()

    over_asgi(both)
    ((_, second),) = told
    assert (second["address"], second["outcome"]) == (CLIENT, "direct")


@pytest.mark.parametrize("port", [{}, {"HTTP_X_FORWARDED_FOR": f"{CLIENT}:4711"}], ids=["", "port"])
def test_what_a_wsgi_wrapper_decided_holds_in_asgi_behind_a2wsgi(port):
    application = wsgi.TrustedProxy(a2wsgi.ASGIMiddleware(ASGIHandler(), wait_time=PATIENCE))
    with override_settings(TRUSTED_PROXY_REJECT=["direct"], **GUARDED):
        status, told = over_wsgi(application, **port)
    assert status == 200
    assert (told["address"], told["outcome"], told["scheme"]) == (CLIENT, "forwarded", "https")


def test_the_middleware_alone_decides_behind_a2wsgi():
    application = a2wsgi.ASGIMiddleware(ASGIHandler(), wait_time=PATIENCE)
    with override_settings(TRUSTED_PROXY_REJECT=["direct"], **GUARDED):
        status, told = over_wsgi(application)
    assert (status, told["address"], told["outcome"]) == (200, CLIENT, "forwarded")
