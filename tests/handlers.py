"""Django's own handlers: bare, in our wrapper, and in two of them."""

from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from django_trustedproxy import asgi, wsgi
from tests.mounts import exchange
from tests.requests import environ_of, lowered, scope_of


def ask_wsgi(path, root, peer, headers, wrap):
    environ = environ_of(*headers.items(), peer=peer, SCRIPT_NAME=root, PATH_INFO=path)
    started = []
    response = wrap(WSGIHandler())(environ, lambda status, _: started.append(int(status[:3])))
    body = b"".join(response)
    getattr(response, "close", lambda: None)()
    return started[0], body


def ask_asgi(path, root, peer, headers, wrap):
    scope = scope_of(
        *lowered(headers.items()), path=root + path, root_path=root, client=(peer, 4711)
    )
    return async_to_sync(exchange)(wrap(ASGIHandler()), scope)


def bare(application):
    return application


HANDLERS = {
    "wsgi": (ask_wsgi, bare),
    "asgi": (ask_asgi, bare),
    "wsgi-wrapper": (ask_wsgi, wsgi.TrustedProxy),
    "asgi-wrapper": (ask_asgi, asgi.TrustedProxy),
    "wsgi-twice": (ask_wsgi, lambda app: wsgi.TrustedProxy(wsgi.TrustedProxy(app))),
    "asgi-twice": (ask_asgi, lambda app: asgi.TrustedProxy(asgi.TrustedProxy(app))),
}
