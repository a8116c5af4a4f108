"""What all tests share."""

import pytest

from django_trustedproxy import log
from django_trustedproxy.engine.answer import OUTCOMES


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Let every outcome count as told already; a test of the log empties the set."""
    kinds = set(OUTCOMES)
    monkeypatch.setattr(log, "_told", kinds)
    return kinds
