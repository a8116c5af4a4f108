"""What is compared: this package, and others that find the client of a request."""

import io
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from ipaddress import ip_network
from socket import AF_INET, inet_pton

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
from django_trustedproxy.engine.purposes import meta_names
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
    `has_networks` tells whether it is asked about the networks at all. `only` names the workloads
    that it is made for, if not all of them.
    """

    name: str
    prepare: Callable
    call: Callable
    client: Callable
    has_networks: bool = False
    only: tuple = ()

    def is_asked(self, workload):
        """Tell whether it is measured at this workload."""
        if workload.only:
            return self.name in workload.only
        if self.only:
            return workload.name in self.only
        return self.has_networks or workload.networks == 2


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


def on_environ_and_request(name, make_wrapper, middleware, **more):
    """Return a wrapper with the middleware behind it; the request between them is made before."""
    passed = {}
    wrapped = make_wrapper(lambda _environ, _start: middleware(passed["request"]))

    def call(request):
        passed["request"] = request
        return wrapped(request.META, None)

    return Contender(name, wsgi_request, call, lambda r, _: r.META["REMOTE_ADDR"], **more)


def on_scope_and_request(name, make_wrapper, middleware, **more):
    """Return a wrapper with the middleware behind it; the request between them is made before."""
    passed = {}

    async def application(changed, _receive, _send):
        passed["request"].scope = changed
        await middleware(passed["request"])

    wrapped, handing_on = make_wrapper(application), make_wrapper(asgi_application)

    def prepare(environ):
        finish(handing_on(scope(environ), None, None))
        return scope(environ), ASGIRequest(PASSED["scope"], io.BytesIO())

    def call(made):
        received, passed["request"] = made
        return finish(wrapped(received, None, None))

    return Contender(name, prepare, call, lambda m, _: m[1].META["REMOTE_ADDR"], **more)


def floor(get_response, trusted):
    """Return the least that a middleware for one hop can do: hardly more than the calls of C.

    It looks at the peer and the client, which must be IPv4, asks for headers to drop, and writes
    the client and the answer.
    """
    networks = [ip_network(text) for text in trusted]
    bounds = sorted(
        packed for network in networks for packed in (network[0].packed, (network[-1] + 1).packed)
    )
    to_drop = meta_names("client") - {"HTTP_X_FORWARDED_FOR"}

    def is_trusted(packed):
        return bisect_right(bounds, packed) & 1

    def middleware(request):
        meta = request.META
        peer = meta["REMOTE_ADDR"]
        if is_trusted(inet_pton(AF_INET, peer)) and to_drop.isdisjoint(meta):
            client = meta.get("HTTP_X_FORWARDED_FOR")
            if client and not is_trusted(inet_pton(AF_INET, client)):
                meta["REMOTE_ADDR"] = client
                del meta["REMOTE_PORT"]
                request.trusted_proxy = meta["trusted_proxy"] = (client, peer)
        return get_response(request)

    return middleware


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
    lowest = ("one hop", "every request from a new client", "one hop, 10,000 networks")
    alone = ("one hop",)
    return [
        on_request(OURS, TrustedProxyMiddleware(respond), **known),
        on_async_request("our middleware, async", TrustedProxyMiddleware(respond_later), **known),
        on_environ("our WSGI wrapper", wsgi.TrustedProxy(application), **known),
        on_scope("our ASGI wrapper", asgi.TrustedProxy(asgi_application), **known),
        on_environ_and_request(
            "our WSGI wrapper and middleware",
            wsgi.TrustedProxy,
            TrustedProxyMiddleware(respond),
            only=alone,
        ),
        on_scope_and_request(
            "our ASGI wrapper and middleware",
            asgi.TrustedProxy,
            TrustedProxyMiddleware(respond_later),
            only=alone,
        ),
        on_request("the floor", floor(respond, trusted), only=lowest),
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
