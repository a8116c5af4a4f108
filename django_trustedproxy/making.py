"""Requests that a view makes with Django's test client: they belong to the one that it answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from asgiref.sync import AsyncToSync, SyncToAsync
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import LimitedStream

from .engine.answer import Answer
from .environ import adopt, last_answer, write_client

if TYPE_CHECKING:
    from types import FrameType

    from django.http import HttpRequest

MARK = "_dont_enforce_csrf_checks"
"""What the test client writes on a request before any middleware.

Middleware that turns CSRF protection off writes it too, on requests of connections.
"""

_DEFAULT = "127.0.0.1"  # the peer of a test client that was not given one
_HANDLED = (BaseHandler.get_response.__code__, BaseHandler.get_response_async.__code__)
# Where a view runs in another thread, which has the context of its request.
_IN_THREAD = (SyncToAsync.thread_handler.__code__, AsyncToSync.main_wrap.__code__)


def take_from_maker(request: HttpRequest) -> Answer | None:
    """Return the answer of the request in whose view the test client makes this one, or None.

    It is written into META, unless the test client was given another peer.
    """
    if not _is_of_test_client(request):
        return None
    answer, peer = _answer_around(request), request.META.get("REMOTE_ADDR")
    if answer is None or peer not in (_DEFAULT, answer.client):
        return None
    write_client(request.META, answer, peer)
    return adopt(request.META, answer)


def _is_of_test_client(request: HttpRequest) -> bool:
    """Tell whether the body of a request is one that only the test client makes."""
    if isinstance(request, ASGIRequest):
        # That of a server is a file.
        return isinstance(getattr(request, "_stream", None), LimitedStream)
    fake = getattr(sys.modules.get("django.test.client"), "FakePayload", ())
    return isinstance(request.META.get("wsgi.input"), fake)


def _answer_around(request: HttpRequest) -> Answer | None:
    """Look for the request that Django handles around this one."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - nothing marks where a request ends, at no cost
    while frame is not None:
        around = frame.f_locals.get("request") if frame.f_code in _HANDLED else None
        if around is not None and around is not request:
            answer = getattr(around, "trusted_proxy", None)
            return answer if isinstance(answer, Answer) else None
        if frame.f_code in _IN_THREAD:
            return None if _is_test_run() else last_answer()
        frame = frame.f_back
    return None


def _is_test_run() -> bool:
    """Tell whether tests run, in which the context keeps the answer of the previous test."""
    return hasattr(getattr(sys.modules.get("django.test.utils"), "_TestState", None), "saved_data")
