"""A site that answers probes, its key, the tokens that its owner signs, and a certificate."""

import ssl

import pytest

from django_trustedproxy.probe import answer, token
from tests.probe.keys import KEY
from tests.vendor import write_authority, write_certificate


@pytest.fixture(autouse=True)
def _probed(settings):
    settings.SECRET_KEY = KEY
    settings.TRUSTED_PROXY_PROBE = True


@pytest.fixture(autouse=True)
def _verified_nothing(monkeypatch):
    """Let the first token of a test be the first of the process."""
    monkeypatch.setattr(answer, "_verifier", token.Verifier())


@pytest.fixture
def certificate(tmp_path):
    """Make an authority, whose file is returned, and a TLS context that serves localhost."""
    authority, path = write_authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_certificate(tmp_path, authority, "localhost"))
    return path, context
