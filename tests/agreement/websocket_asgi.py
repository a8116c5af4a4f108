"""The example with a WebSocket beside it, wrapped: the consumer says who it takes the client to be."""

import json

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter

from django_trustedproxy.asgi import TrustedProxy
from example_project.asgi import application as django_application


class Consumer(AsyncWebsocketConsumer):
    """Accept, and tell what is in the scope."""

    async def connect(self):
        await self.accept()
        answer = self.scope["trusted_proxy"]
        facts = {"client": self.scope["client"][0], "outcome": answer.outcome}
        await self.send(json.dumps({**facts, "scheme": self.scope.get("scheme")}))


routes = {"http": django_application, "websocket": Consumer.as_asgi()}
application = TrustedProxy(ProtocolTypeRouter(routes))
