"""A site that answers probes, its key, the tokens that its owner signs, and a certificate."""

import ssl
import subprocess

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


@pytest.fixture
def certificate(tmp_path):
    """Make a certificate for localhost, and a TLS context that serves it."""
    path = tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(tmp_path / "key.pem"), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, tmp_path / "key.pem")
    return path, context
