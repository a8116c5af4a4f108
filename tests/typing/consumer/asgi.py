from typing import Any

from django.core.asgi import get_asgi_application

from django_trustedproxy.asgi import TrustedProxy

application = TrustedProxy(get_asgi_application())


async def consumers(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 1000})


websockets = TrustedProxy(consumers)
