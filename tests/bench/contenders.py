"""What is compared: this package, and others that find the client of a request."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import forwarded
from allauth.account.adapter import DefaultAccountAdapter
from asgiref.sync import markcoroutinefunction
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from hypercorn.middleware import ProxyFixMiddleware
from ipware import get_client_ip
from rest_framework.throttling import BaseThrottle
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from xff.middleware import XForwardedForMiddleware

from django_trustedproxy import asgi, wsgi
from django_trustedproxy.middleware import TrustedProxyMiddleware

OURS = "our middleware"
DISTRIBUTIONS = (
    *("Django", "Werkzeug", "uvicorn", "hypercorn", "django-xff", "django-ipware", "forwarded"),
    *("django-allauth", "djangorestframework", "gunicorn"),
)


def versions():
    """Return the name and version of each distribution that is measured."""
    return [f"{name} {version(name)}" for name in DISTRIBUTIONS]


@dataclass(frozen=True)
class Contender:
    """`prepare` makes of an environ what `call` takes; only `call` is measured.

    `client` returns the address that a call found, given what it took and returned.
    `has_networks` tells whether it is asked about the networks at all.
    """

    name: str
    prepare: Callable
    call: Callable
    client: Callable
    has_networks: bool = False


class Nothing:
    """A middleware that only calls the next."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


def respond(_request):
    return None


@markcoroutinefunction
async def respond_later(_request):
    return None


def application(_environ, _start_response):
    return ()


PASSED = {}  # the last scope that a wrapper has handed on, which some copy


async def asgi_application(received, _receive, _send):
    PASSED["scope"] = received


def wsgi_request(environ):
    return WSGIRequest({**environ, "wsgi.input": io.BytesIO()})


def scope(environ):
    """Return the ASGI scope of an environ."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (key.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode())
            for key, value in environ.items()
            if key.startswith("HTTP_")
        ],
        "client": (environ["REMOTE_ADDR"], 40000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


def asgi_request(environ):
    return ASGIRequest(scope(environ), io.BytesIO())


def finish(coroutine):
    """Return the result of a coroutine that never waits, without the cost of an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("The coroutine waits.")


def on_request(name, middleware, **more):
    return Contender(name, wsgi_request, middleware, lambda r, _: r.META["REMOTE_ADDR"], **more)


def on_async_request(name, middleware, **more):
    def call(request):
        return finish(middleware(request))

    return Contender(name, asgi_request, call, lambda r, _: r.META["REMOTE_ADDR"], **more)


def on_environ(name, wrapped, **more):
    def call(environ):
        return wrapped(environ, None)

    return Contender(name, dict, call, lambda e, _: e["REMOTE_ADDR"], **more)


def on_scope(name, wrapped, **more):
    def call(made):
        return finish(wrapped(made, None, None))

    return Contender(name, scope, call, lambda *_: PASSED["scope"]["client"][0], **more)


def reader(name, read, **more):
    return Contender(name, wsgi_request, read, lambda _, found: str(found).strip("[]"), **more)


def contenders(trusted):
    """Return all contenders, set up to trust these networks where they can."""
    throttle, adapter = BaseThrottle(), DefaultAccountAdapter()

    def ipware(request):
        return get_client_ip(request)[0]

    def walk(request):
        lines = request.META.get("HTTP_X_FORWARDED_FOR")
        peer = request.META["REMOTE_ADDR"]
        return forwarded.client_from_x_forwarded(lines, peer, trusted=trusted).node

    known = {"has_networks": True}
    return [
        on_request(OURS, TrustedProxyMiddleware(respond), **known),
        on_async_request("our middleware, async", TrustedProxyMiddleware(respond_later), **known),
        on_environ("our WSGI wrapper", wsgi.TrustedProxy(application), **known),
        on_scope("our ASGI wrapper", asgi.TrustedProxy(asgi_application), **known),
        on_request("do nothing", Nothing(respond)),
        on_environ("Werkzeug ProxyFix", ProxyFix(application)),
        on_scope("uvicorn", ProxyHeadersMiddleware(asgi_application, trusted), **known),
        on_scope("hypercorn", ProxyFixMiddleware(asgi_application)),
        on_request("django-xff", XForwardedForMiddleware(respond)),
        reader("django-ipware", ipware),
        reader("forwarded", walk, **known),
        reader("django-allauth", adapter.get_client_ip),
        reader("Django REST framework", throttle.get_ident),
    ]
