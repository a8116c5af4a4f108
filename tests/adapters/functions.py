"""The adapters that make a function of an application, each in its newest release."""

import json
from base64 import b64decode
from typing import NamedTuple

import apig_wsgi
import serverless_wsgi
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from mangum import Mangum
from zappa.handler import LambdaHandler
from zappa.middleware import ZappaWSGIMiddleware

from django_trustedproxy import asgi, wsgi


class Context:
    """The parts of a Lambda context that adapters touch."""

    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop"


def _zappa(application):
    handler = LambdaHandler("tests.adapters.zappa_settings")
    handler.wsgi_app = ZappaWSGIMiddleware(application)
    return handler.handler


class Adapter(NamedTuple):
    """An adapter: the interface of the application that it takes, and how it makes a function."""

    interface: str
    function: object


ADAPTERS = {
    "Mangum": Adapter("asgi", lambda application: Mangum(application, lifespan="off")),
    "apig-wsgi": Adapter("wsgi", apig_wsgi.make_lambda_handler),
    "serverless-wsgi": Adapter(
        "wsgi",
        lambda application: (
            lambda event, context: serverless_wsgi.handle_request(application, event, context)
        ),
    ),
    "Zappa": Adapter("wsgi", _zappa),
}
HANDLERS = {"asgi": ASGIHandler, "wsgi": WSGIHandler}
WRAPPERS = {"asgi": asgi.TrustedProxy, "wsgi": wsgi.TrustedProxy}


class Seen(NamedTuple):
    """The peer that an adapter handed over, and what Django answered."""

    peer: object
    status: int
    answer: dict


def invoke(name, event, *, is_wrapped=False, around=lambda application: application):
    """Run an adapter's function on an event; `around` is what stands next to the adapter."""
    interface, function = ADAPTERS[name]
    application = HANDLERS[interface]()
    if is_wrapped:
        application = WRAPPERS[interface](application)
    handed = []
    watched = _watch(interface, around(application), handed)
    response = function(watched)(event, Context())
    body = response["body"]
    if response.get("isBase64Encoded"):
        body = b64decode(body)
    (peer,) = handed
    status = response["statusCode"]
    return Seen(peer, status, json.loads(body) if status == 200 else {})


def _watch(interface, application, handed):
    if interface == "wsgi":

        def watched(environ, start_response):
            handed.append(environ.get("REMOTE_ADDR"))
            return application(environ, start_response)
    else:

        async def watched(scope, receive, send):
            client = scope.get("client")
            handed.append(client and client[0])
            await application(scope, receive, send)

    return watched
