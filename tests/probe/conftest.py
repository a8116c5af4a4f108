"""A site that answers probes, its key, and the tokens that its owner signs."""

import pytest

from django_trustedproxy.probe import answer, token
from tests.probe.keys import KEY


@pytest.fixture(autouse=True)
def _probed(settings):
    settings.SECRET_KEY = KEY
    settings.TRUSTED_PROXY_PROBE = True


@pytest.fixture(autouse=True)
def _verified_nothing(monkeypatch):
    """Let the first token of a test be the first of the process."""
    monkeypatch.setattr(answer, "_verifier", token.Verifier())
