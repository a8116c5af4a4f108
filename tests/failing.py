"""A site whose view fails, asked with the secret of an edge over WSGI and ASGI."""

import asyncio
from io import BytesIO

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path

from tests.edge import EDGE, HEADER, KEY
from tests.mounts import exchange
from tests.scopes import asgi_scope


def fail(_request):
    raise ValueError("a view that fails")


urlpatterns = [path("echo", fail)]


def plain(application):
    return application


def ask_wsgi(value, wrap=plain):
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/echo",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "HTTP_ACCEPT": "text/html",
        "REMOTE_ADDR": EDGE,
        KEY: value,
    }
    status = []
    body = b"".join(wrap(WSGIHandler())(environ, lambda line, _: status.append(line)))
    assert status == ["500 Internal Server Error"]
    return body


def ask_asgi(value, wrap=plain):
    scope = asgi_scope((HEADER, value), ("Accept", "text/html"))
    status, body = asyncio.run(exchange(wrap(ASGIHandler()), scope))
    assert status == 500
    return body
