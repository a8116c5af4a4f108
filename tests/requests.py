"""Builds requests as servers hand them over, WSGI environs and ASGI scopes, and sends scopes on."""

import asyncio
from io import BytesIO

from django_trustedproxy import asgi
from django_trustedproxy.engine.purposes import meta_name

CLIENT = "203.0.113.9"


def joined(headers):
    """Join header lines as servers do: by META key, with a comma."""
    meta = {}
    for name, value in headers:
        key = meta_name(name)
        meta[key] = f"{meta[key]},{value}" if key in meta else value
    return meta


def environ_of(*headers, peer="10.0.0.1", **more):
    """Return a WSGI environ; `more` is written into it last."""
    return {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "PATH_INFO": "/echo",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        **joined(headers),
        **more,
    }


def lowered(headers):
    """Return header lines with their names as ASGI has them; a test of spellings leaves that out."""
    return [(name.lower(), value) for name, value in headers]


def scope_of(*headers, kind="http", client=("10.0.0.1", 4711), **more):
    """Return an ASGI scope; `more` is written into it last."""
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/echo",
        "query_string": b"",
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
