"""Sends a request to an application as a server does, over ASGI and WSGI."""

import asyncio
import json

from asgiref.testing import ApplicationCommunicator

from tests.requests import CLIENT, environ_of, scope_of

PATIENCE = 60  # seconds
HEADERS = [("host", "shop.example"), ("x-forwarded-for", CLIENT), ("x-forwarded-proto", "https")]


def over_asgi(application, peer=("10.0.0.1", 4711), headers=HEADERS):
    """Send a request as an ASGI server does; return the status and what the view tells."""
    scope = scope_of(
        *headers, path="/", raw_path=b"/", root_path="", client=peer, server=("127.0.0.1", 8000)
    )

    async def exchange():
        communicator = ApplicationCommunicator(application, scope)
        await communicator.send_input({"type": "http.request", "more_body": False})
        start = await communicator.receive_output(PATIENCE)
        body = b""
        while True:
            message = await communicator.receive_output(PATIENCE)
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await communicator.wait(PATIENCE)
        return start["status"], body

    status, body = asyncio.run(exchange())
    return status, json.loads(body) if status == 200 else {}


def over_wsgi(application, headers=HEADERS, **environ):
    """Send a request as a WSGI server does."""
    own = {"PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "shop.example"}
    environ = environ_of(*headers, **{**own, "REMOTE_PORT": "4711", **environ})
    started = []
    body = b"".join(application(environ, lambda status, *_: started.append(status)))
    status = int(started[0].split()[0])
    return status, json.loads(body) if status == 200 else {}
