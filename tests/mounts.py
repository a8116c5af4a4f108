"""The ways a request reaches the decision. Each runs a row and tells what came out."""

import json
from contextlib import nullcontext
from functools import partial
from typing import NamedTuple
from unittest import mock

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from django_trustedproxy import asgi, wsgi
from django_trustedproxy.conf import get_policy
from django_trustedproxy.environ import rewrite
from tests.answers import facts_of
from tests.requests import environ_of, joined, lowered, scope_of
from tests.rows import MISSING

VOLATILE = {
    "REMOTE_PORT",
    "REMOTE_HOST",
    "SERVER_PORT",
    "SERVER_NAME",
    "SCRIPT_NAME",
    "HTTP_COOKIE",
}


# asgiref's own default of one second is too short on a busy machine.
ANSWER_SECONDS = 60


class Seen(NamedTuple):
    """What a view sees: META without what servers spell differently, and the answer."""

    meta: dict
    answer: dict
    view: dict


def ends(peer):
    """Return the client and the server of an ASGI scope; "unix:" stands for a Unix socket."""
    if peer in ("unix:", "0.0.0.0"):
        return None, ("/run/app.sock", "0")
    return None if peer is MISSING else (peer, 4711), ("testserver", 80)


def comparable(meta):
    return {
        k: v for k, v in meta.items() if k.startswith(("HTTP_", "REMOTE_")) and k not in VOLATILE
    }


def run_meta(row):
    """Run the engine alone on a dictionary."""
    meta = joined([("Host", "testserver"), *row.headers])
    if row.peer is not MISSING:
        meta["REMOTE_ADDR"] = row.peer
    with override_settings(**row.settings):
        answer = rewrite(meta, get_policy())
    return Seen(comparable(meta), json.loads(json.dumps(facts_of(answer))), {})


def run_wsgi(row, wrap=lambda application: application):
    """Run Django's WSGI handler, as a server would."""
    _, (server, port) = ends(row.peer)
    environ = environ_of(
        ("Host", "testserver"),
        *row.headers,
        peer=row.peer,
        **{"SERVER_NAME": server, "SERVER_PORT": str(port), "wsgi.url_scheme": row.scheme},
    )
    if row.peer is MISSING:
        del environ["REMOTE_ADDR"]
    started = []
    with override_settings(**row.settings):
        response = wrap(WSGIHandler())(environ, lambda status, headers: started.append(status))
        body = b"".join(response)
        getattr(response, "close", lambda: None)()
    assert started == ["200 OK"], (started, body)
    return seen(body)


def run_asgi(row, wrap=lambda application: application):
    """Run Django's ASGI handler, as a server would."""
    lines = [("Host", "testserver"), *row.headers]
    client, server = ends(row.peer)
    scope = scope_of(*lowered(lines), scheme=row.scheme, client=client, server=server)
    with override_settings(**row.settings):
        status, body = async_to_sync(exchange)(wrap(ASGIHandler()), scope)
    assert status == 200, (status, body)
    return seen(body)


async def answered(application, scope):
    """Send an ASGI application a request without a body, and return the messages of its answer."""
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "http.request"})
    start = await communicator.receive_output(ANSWER_SECONDS)
    body = await communicator.receive_output(ANSWER_SECONDS)
    await communicator.wait(ANSWER_SECONDS)
    assert (start["type"], body["type"]) == ("http.response.start", "http.response.body")
    return start, body


async def exchange(application, scope):
    """Send an ASGI application a request without a body, and return the status and the body."""
    start, body = await answered(application, scope)
    return start["status"], body["body"]


def exchange_in_transaction(application, scope):
    """Do `exchange`, with what the application writes to a database in the transaction of the test.

    Django runs each request over ASGI in a thread of its own, with a connection of its own.
    """
    with mock.patch("django.core.handlers.asgi.ThreadSensitiveContext", nullcontext):
        return async_to_sync(exchange)(application, scope)


def seen(body):
    """Read what the echo view answered."""
    answer = json.loads(body)
    return Seen(comparable(answer["meta"]), answer["answer"], answer["view"])


MOUNTS = {
    "meta": run_meta,
    "wsgi": run_wsgi,
    "asgi": run_asgi,
    "wsgi-wrapper": partial(run_wsgi, wrap=wsgi.TrustedProxy),
    "asgi-wrapper": partial(run_asgi, wrap=asgi.TrustedProxy),
}
