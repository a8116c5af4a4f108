"""What all tests share."""

import socket
import subprocess
from pathlib import Path

import pytest

from django_trustedproxy import log
from django_trustedproxy.engine.answer import OUTCOMES
from tests import stack


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Let every outcome count as told already; a test of the log empties the set."""
    kinds = set(OUTCOMES)
    monkeypatch.setattr(log, "_told", kinds)
    return kinds


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
