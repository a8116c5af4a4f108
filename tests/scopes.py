"""ASGI scopes, and what an application behind the wrapper gets of one."""

import asyncio

from django_trustedproxy import asgi
from tests.edge import EDGE


def scope_of(*headers, kind="http", client=("10.0.0.1", 4711), **more):
    return {
        "type": kind,
        "method": "GET",
        "path": "/echo",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "client": client,
        "server": ("testserver", 80),
        **more,
    }


def handed_on(scope):
    """Send a scope through the wrapper; return the scope that the application gets, and messages."""
    got, sent = [], []

    async def application(scope, _receive, _send):
        got.append(scope)

    async def send(message):
        sent.append(message)

    asyncio.run(asgi.TrustedProxy(application)(scope, None, send))
    return (got[0] if got else None), sent


CLIENT = "203.0.113.9"

CHAIN = f"6.6.6.6, {CLIENT}"


def asgi_scope(*headers):
    lines = [("Host", "testserver"), ("X-Forwarded-For", CHAIN), *headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/echo",
        "query_string": b"",
        "headers": [(n.encode(), v.encode("latin-1")) for n, v in lines],
        "client": (EDGE, 1),
        "server": ("testserver", 80),
    }
