"""What all tests share."""

import contextlib
import logging
import socket
import subprocess
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.test import RequestFactory

from django_trustedproxy import lines, log
from django_trustedproxy.engine.answer import OUTCOMES
from django_trustedproxy.limiter import Limiter
from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests import stack


class Memory:
    """What the log remembers, and the clock that it reads."""

    def __init__(self, monkeypatch):
        self.now, self._monkeypatch = 0.0, monkeypatch
        self.clear()

    def clear(self):
        """Let the next request be the first of the process."""
        self.limiter = Limiter(lambda: self.now)
        self._monkeypatch.setattr(lines, "limiter", self.limiter)
        fresh = {
            "_counts": dict.fromkeys(OUTCOMES, 0),
            "_next_look": 0,
            "_rewriter": "",
        }
        for name, value in fresh.items():
            self._monkeypatch.setattr(log, name, value)


@pytest.fixture(autouse=True)
def _memory(monkeypatch):
    """Give each test a log that has told nothing yet."""
    return Memory(monkeypatch)


@pytest.fixture
def told(_memory):
    """Return what the log remembers."""
    return _memory


@pytest.fixture
def hear(caplog):
    """Send a request through the middleware, and return the records of the log from INFO on."""
    caplog.set_level(logging.INFO, "django_trustedproxy")

    def send(peer, meta=None, **headers):
        caplog.clear()
        middleware = TrustedProxyMiddleware(lambda _: HttpResponse())
        request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer, **(meta or {}))
        # Django's handler answers it with 400.
        with contextlib.suppress(SuspiciousOperation):
            middleware(request)
        return [record for record in caplog.records if record.name == "django_trustedproxy"]

    return send


@pytest.fixture(autouse=True)
def _starts_nothing(request, monkeypatch):
    """Fail a test of `make test-fast` that starts a process or connects to something."""
    if request.path.parent != Path(__file__).parent or request.node.get_closest_marker("slow"):
        return

    def refuse(*_, **__):
        pytest.fail("A test that starts a process or uses a socket is slow: mark it so.")

    # Not Popen: looking for a shared library starts a process, too.
    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(stack, "process", refuse)
    for name in ("bind", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
