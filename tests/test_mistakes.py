"""Every mistake says what is wrong and what to do: in `check`, the log, `explain` and `show`."""

import asyncio
import contextlib
import logging

import pytest
from django.core.checks import Tags, run_checks
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.core.management import CommandError
from django.http import HttpResponse
from django.test import RequestFactory

from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.command import ask
from tests.mistakes import GONE, MISTAKES
from tests.requests import joined, lowered, scope_of

LOGGERS = ("django_trustedproxy", "django.security.RejectedByTrustedProxy")

CASES = [
    pytest.param(row, where, id=f"{row.id}, by {where}") for row in MISTAKES for where in row.where
]


@pytest.fixture
def say(settings, monkeypatch, caplog, told):
    """Return all that one of the ways says about a row."""
    told.clear()
    caplog.set_level(logging.WARNING)

    def run(row, where):
        for name, value in row.settings.items():
            if value is GONE:
                delattr(settings, name)
            else:
                setattr(settings, name, value)
        for name, value in row.environment:
            monkeypatch.setenv(name, value)
        return WAYS[where](row, caplog, monkeypatch)

    return run


def by_check(*_):
    found = run_checks(tags=[Tags.security])
    ours = [message for message in found if (message.id or "").startswith("trustedproxy.")]
    return "\n".join(f"{message.msg} {message.hint}" for message in ours)


def by_log(row, caplog, _):
    middleware = TrustedProxyMiddleware(lambda _: HttpResponse())
    for request in row.requests:
        # As Django's handler, which answers with 400.
        with contextlib.suppress(SuspiciousOperation):
            if request.port is None:
                meta = {"REMOTE_ADDR": request.peer, **joined(request.headers)}
                middleware(RequestFactory().get("/", **meta, **dict(request.environ)))
            else:
                asyncio.run(TrustedProxyMiddleware(respond)(asgi_request(request)))
    return "\n".join(r.getMessage() for r in caplog.records if r.name in LOGGERS)


async def respond(_):
    return HttpResponse()


def asgi_request(request):
    scope = scope_of(*lowered(request.headers), path="/", client=(request.peer, request.port))
    return ASGIRequest(scope, None)


def by_explain(row, *_):
    (request,) = row.requests
    lines = "".join(f"{name}: {value}\n" for name, value in request.headers)
    return command("explain", "--peer", request.peer or "unix:", pasted=request.pasted or lines)


def by_show(*_):
    return command("show")


def command(*arguments, **more):
    try:
        return ask(*arguments, **more)
    except CommandError as error:
        return str(error)


WAYS = {"check": by_check, "log": by_log, "explain": by_explain, "show": by_show}


@pytest.mark.parametrize(("row", "where"), CASES)
def test_a_mistake_says_what_is_wrong_and_what_to_do(say, row, where):
    text = say(row, where)
    assert [
        group for group in row.says if not any(words.lower() in text.lower() for words in group)
    ] == [], text
    assert [words for words in row.never if words.lower() in text.lower()] == [], text


def test_the_rows_have_names_of_their_own():
    assert len({row.id for row in MISTAKES}) == len(MISTAKES)
    assert all(row.says or row.never for row in MISTAKES)
