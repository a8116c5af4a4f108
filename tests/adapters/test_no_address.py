"""What an adapter reports as the peer and is no address: trusted by nobody, and told as what it is."""

import logging

import a2wsgi
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings

from tests.adapters.events import rest_without_source
from tests.adapters.functions import invoke
from tests.adapters.rows import CASES, JUNK
from tests.adapters.sending import HEADERS, PATIENCE, over_wsgi
from tests.adapters.vercel import ask, bridge

UNREADABLE = [
    case for case in CASES if case.peer == JUNK or "," in case.peer or case.peer.endswith(":80")
]


@pytest.fixture(params=[False, True], ids=["middleware", "wrapper"])
def is_wrapped(request):
    return request.param


@pytest.mark.parametrize("trusted", [[], ["10.0.0.0/8", "unix:"]], ids=["nobody", "unix"])
@pytest.mark.parametrize("case", UNREADABLE, ids=str)
def test_a_peer_that_is_no_address_is_nobody(case, is_wrapped, trusted, caplog):
    caplog.set_level(logging.DEBUG, "django_trustedproxy")
    with override_settings(TRUSTED_PROXIES=trusted):
        seen = invoke(case.adapter, case.event, is_wrapped=is_wrapped)
    assert (seen.answer["address"], seen.answer["outcome"]) == ("", "unknown")
    assert not {"HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"} & set(seen.answer["headers"])
    told = "\n".join(caplog.messages)
    assert repr(case.peer)[:20] in told
    assert "unix:" not in told
    if case.peer.endswith(":80") and "," not in case.peer:
        assert "port" in told


@pytest.mark.parametrize("named", ["direct", "unknown"])
@pytest.mark.parametrize("case", UNREADABLE[:: len(UNREADABLE) // 4], ids=str)
def test_it_is_rejected_where_strangers_are(case, is_wrapped, named):
    with override_settings(TRUSTED_PROXY_REJECT=[named]):
        assert invoke(case.adapter, case.event, is_wrapped=is_wrapped).status == 400


@pytest.mark.parametrize("adapter", ["Mangum", "serverless-wsgi"])
def test_an_event_without_a_source_is_no_unix_socket(adapter, is_wrapped):
    event = rest_without_source({"x-forwarded-for": "6.6.6.6"})
    with override_settings(TRUSTED_PROXIES=["unix:"]):
        seen = invoke(adapter, event, is_wrapped=is_wrapped)
    assert (seen.peer, seen.answer["outcome"]) == (None, "unknown")
    assert not seen.answer["address"]


def test_a_client_that_a2wsgi_leaves_out_is_no_unix_socket():
    """It hands over no client where the server says no REMOTE_PORT, as wsgiref does."""
    application = a2wsgi.ASGIMiddleware(ASGIHandler(), wait_time=PATIENCE)
    with override_settings(TRUSTED_PROXIES=["unix:"]):
        _, told = over_wsgi(application, HEADERS, REMOTE_PORT="")
    assert told["outcome"] == "unknown"
    assert not told["address"]


@pytest.mark.parametrize("text", ["6.6.6.6, 203.0.113.9", f"{JUNK}, 203.0.113.9", "6.6.6.6:80"])
def test_vercels_bridge_hands_over_text_that_is_nobody(text, tmp_path):
    with bridge("wsgi", tmp_path) as port:
        told = ask(port, {"x-forwarded-for": text})
    assert (told["address"], told["outcome"]) == ("", "unknown")
