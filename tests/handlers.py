"""Django's own handlers: bare, in our wrapper, and in two of them."""

from io import BytesIO

from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from django_trustedproxy import asgi, wsgi
from tests.mounts import exchange


def ask_wsgi(path, root, peer, headers, wrap):
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": root,
        "PATH_INFO": path,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    started = []
    response = wrap(WSGIHandler())(environ, lambda status, _: started.append(int(status[:3])))
    body = b"".join(response)
    getattr(response, "close", lambda: None)()
    return started[0], body


def ask_asgi(path, root, peer, headers, wrap):
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": root + path,
        "root_path": root,
        "query_string": b"",
        "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
        "client": (peer, 4711),
        "server": ("testserver", 80),
    }
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
