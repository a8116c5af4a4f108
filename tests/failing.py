"""A site whose view fails, asked with the secret of an edge over WSGI and ASGI."""

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path

from tests.edge import EDGE, HEADER, scope_of_edge
from tests.mounts import exchange_in_transaction
from tests.requests import environ_of


def fail(_request):
    raise ValueError("a view that fails")


urlpatterns = [path("echo", fail)]


def plain(application):
    return application


def ask_wsgi(value, wrap=plain):
    environ = environ_of((HEADER, value), ("Accept", "text/html"), peer=EDGE)
    status = []
    body = b"".join(wrap(WSGIHandler())(environ, lambda line, _: status.append(line)))
    assert status == ["500 Internal Server Error"]
    return body


def ask_asgi(value, wrap=plain):
    scope = scope_of_edge((HEADER, value), ("Accept", "text/html"))
    status, body = exchange_in_transaction(wrap(ASGIHandler()), scope)
    assert status == 500
    return body
