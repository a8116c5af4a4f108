"""The helpers for the tests of a project, with the clients of Django REST framework and Channels."""

import asyncio
import json

import pytest
from channels.generic.http import AsyncHttpConsumer
from channels.testing import HttpCommunicator, WebsocketCommunicator
from django.urls import path
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from django_trustedproxy.asgi import TrustedProxy
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.testing import send_through, through
from tests.agreement.websocket_asgi import Consumer
from tests.requests import CLIENT

OURS = "django_trustedproxy.middleware.TrustedProxyMiddleware"


class Who(APIView):
    def post(self, request):
        seen = [request.META["REMOTE_ADDR"], request.trusted_proxy.outcome]
        return Response([*seen, request.data])


urlpatterns = [path("who", Who.as_view())]

CHAINS = [
    ([CLIENT], "direct"),
    ([CLIENT, "10.0.0.1"], "forwarded"),
    ([CLIENT, "10.0.0.2", "10.0.0.1"], "forwarded"),
]
each_chain = pytest.mark.parametrize(("chain", "outcome"), CHAINS)


@pytest.fixture
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [OURS]


@each_chain
@pytest.mark.django_db  # django-easy-audit records each request
@pytest.mark.usefixtures("_site")
def test_an_api_client_sends_through_proxies(chain, outcome):
    expected = [CLIENT, outcome, {"a": 1}]
    assert APIClient().post("/who", {"a": 1}, format="json", **through(*chain)).data == expected
    sending = send_through(APIClient(), *chain)
    assert sending.post("/who", {"a": 1}, format="json").data == expected


@each_chain
def test_a_request_factory_of_rest_framework_sends_through_proxies(chain, outcome):
    respond = TrustedProxyMiddleware(Who.as_view())
    factory = APIRequestFactory()
    for request in (
        factory.post("/who", {"a": 1}, format="json", **through(*chain)),
        send_through(factory, *chain).post("/who", {"a": 1}, format="json"),
    ):
        assert respond(request).data == [CLIENT, outcome, {"a": 1}]


@each_chain
def test_a_websocket_communicator_connects_through_proxies(chain, outcome):
    async def exchange():
        communicator = WebsocketCommunicator(TrustedProxy(Consumer.as_asgi()), "/ws/")
        connected, _ = await send_through(communicator, *chain).connect()
        seen = json.loads(await communicator.receive_from())
        await communicator.disconnect()
        return connected, seen["client"], seen["outcome"]

    assert asyncio.run(exchange()) == (True, CLIENT, outcome)


class HttpConsumer(AsyncHttpConsumer):
    async def handle(self, body):
        seen = [self.scope["client"][0], self.scope["trusted_proxy"].outcome, body.decode()]
        await self.send_response(200, json.dumps(seen).encode())


@each_chain
def test_an_http_communicator_sends_through_proxies(chain, outcome):
    async def exchange():
        headers = [(b"x-forwarded-for", b"6.6.6.6"), (b"host", b"example.com")]
        communicator = HttpCommunicator(
            TrustedProxy(HttpConsumer.as_asgi()), "POST", "/", b"body", headers
        )
        return await send_through(communicator, *chain).get_response()

    response = asyncio.run(exchange())
    assert json.loads(response["body"]) == [CLIENT, outcome, "body"]
