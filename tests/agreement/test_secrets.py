"""What the real sentry-sdk sends to its service of a request in which an edge sends its secret."""

import json

import pytest
import sentry_sdk

from django_trustedproxy import asgi, wsgi
from tests.checks.findings import ids
from tests.edge import SECRET, STAMPS
from tests.failing import ask_asgi, ask_wsgi

# Handlers close the connections to the database of an earlier request.
pytestmark = pytest.mark.django_db
SENT = []


class Transport(sentry_sdk.transport.Transport):
    """Keeps what would be sent."""

    def capture_envelope(self, envelope):
        SENT.extend(json.dumps(item.payload.json) for item in envelope.items)


@pytest.fixture(autouse=True)
def _sentry(settings):
    settings.ROOT_URLCONF = "tests.failing"
    settings.MIDDLEWARE = ["django_trustedproxy.middleware.TrustedProxyMiddleware"]
    for name, value in STAMPS.items():
        setattr(settings, name, value)
    SENT.clear()
    sentry_sdk.init("http://key@localhost/1", transport=Transport, traces_sample_rate=1.0)
    yield
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


ASKED = [(ask_wsgi, wsgi.TrustedProxy), (ask_asgi, asgi.TrustedProxy)]


@pytest.mark.parametrize(("ask", "wrapper"), ASKED, ids=["wsgi", "asgi"])
def test_sentry_is_sent_no_secret_with_the_wrapper(ask, wrapper):
    ask(SECRET, wrapper)
    assert any("a view that fails" in text for text in SENT)
    assert [text for text in SENT if SECRET in text] == []


@pytest.mark.parametrize(("ask", "wrapper"), ASKED, ids=["wsgi", "asgi"])
def test_without_the_wrapper_sentry_reads_it_first_and_the_check_says_so(ask, wrapper):
    del wrapper
    ask(SECRET)
    assert [text for text in SENT if SECRET not in text] == []
    assert "W082" in ids()
