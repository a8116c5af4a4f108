"""What the log says of adapters: nothing of right ones, and who was handed over by wrong ones."""

import logging

import pytest
from django.test import override_settings

from tests.adapters.events import http_behind_cloudfront
from tests.adapters.functions import ADAPTERS, invoke
from tests.adapters.rows import CASES, PAGE, is_safe
from tests.requests import CLIENT


@pytest.fixture(params=[False, True], ids=["middleware", "wrapper"])
def is_wrapped(request):
    return request.param


@pytest.fixture
def told(caplog):
    """Return a function that sends an event and returns the findings about adapter or server."""
    caplog.set_level(logging.INFO, "django_trustedproxy")

    def send(adapter, event, **options):
        caplog.clear()
        invoke(adapter, event, **options)
        words = ("The server", "The event", "uvicorn", "middleware")
        return [message for message in caplog.messages if any(word in message for word in words)]

    return send


@pytest.mark.parametrize("case", [case for case in CASES if is_safe(case)], ids=str)
def test_nothing_is_said_of_an_adapter_that_asks_the_gateway(case, is_wrapped, told):
    assert told(case.adapter, case.event, is_wrapped=is_wrapped) == []


def test_nothing_is_said_of_one_behind_cloudfront(is_wrapped, told):
    with override_settings(TRUSTED_PROXIES=["198.51.100.0/24"]):
        assert told("Mangum", http_behind_cloudfront({}), is_wrapped=is_wrapped) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.peer not in (CLIENT, "")], ids=str)
def test_a_peer_that_the_client_wrote_is_told_with_the_one_of_the_event(case, is_wrapped, told):
    (message,) = told(case.adapter, case.event, is_wrapped=is_wrapped)
    assert f"The event says that {CLIENT!r} connected" in message
    assert repr(case.peer)[:20] in message
    assert PAGE.removeprefix("docs/").replace(".md", ".html") in message


@pytest.mark.parametrize("event", [None, [], {}, {"requestContext": []}, {"requestContext": {}}])
def test_an_event_of_another_form_says_nothing(event, told):
    def put(application):
        def wsgi(environ, start_response):
            environ["lambda.event"] = event
            return application(environ, start_response)

        return wsgi

    case = next(case for case in CASES if case.adapter == "Zappa")
    assert ADAPTERS[case.adapter].interface == "wsgi"
    assert told("Zappa", case.event, around=put) == []
