"""The middleware in a running project: META, the request object, rejection, sync and async."""

import asyncio
import logging

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from django_trustedproxy.engine.answer import Answer
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, meta_name
from django_trustedproxy.exceptions import RejectedByTrustedProxy
from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.requests import CLIENT

ALL_HEADERS = [name for names in FORWARDING_HEADERS.values() for name in names]


def ask(client, peer, **meta):
    return client.get("/echo", REMOTE_ADDR=peer, **meta)


def test_the_issue_example_from_a_trusted_peer(client):
    headers = {"X-Forwarded-For": f"6.6.6.6, {CLIENT}, 10.0.0.2", "X-Real-IP": "6.6.6.6"}
    seen = ask(client, "10.0.0.1", headers={**headers, "X-Client-IP": "6.6.6.6"}).json()
    assert seen["meta"]["REMOTE_ADDR"] == CLIENT
    assert seen["headers"]["X-Forwarded-For"] == f"{CLIENT}, 10.0.0.2"
    assert not {"X-Real-Ip", "X-Client-Ip"} & set(seen["headers"])


def test_an_untrusted_peer_has_no_forwarding_header_of_any_purpose(client):
    plain = ask(client, "192.0.2.1").json()
    assert plain["meta"]["REMOTE_ADDR"] == "192.0.2.1"
    forged = ask(client, "192.0.2.1", headers=dict.fromkeys(ALL_HEADERS, "6.6.6.6")).json()
    dropped = forged["answer"].pop("dropped")
    assert dropped == sorted(map(meta_name, ALL_HEADERS))
    assert plain["answer"].pop("dropped") == []
    assert forged == plain


@pytest.mark.parametrize("name", FORWARDING_HEADERS["client"])
def test_the_designated_header_of_an_untrusted_peer_is_dropped(client, name):
    # mod_wsgi before 4.9.3 left X-Client-IP in place: CVE-2022-2255
    with override_settings(TRUSTED_PROXY_HEADER=name):
        seen = ask(client, "192.0.2.1", headers={name: "6.6.6.6"}).json()
    assert seen["meta"]["REMOTE_ADDR"] == "192.0.2.1"
    assert meta_name(name) not in seen["meta"]


@pytest.mark.parametrize("name", FORWARDING_HEADERS["client"])
def test_every_other_client_header_of_a_trusted_peer_is_dropped(client, name):
    designated = "X-Real-IP" if name != "X-Real-IP" else "X-Client-IP"
    with override_settings(TRUSTED_PROXY_HEADER=designated):
        seen = ask(client, "10.0.0.1", headers={name: "6.6.6.6", designated: CLIENT}).json()
    assert seen["meta"]["REMOTE_ADDR"] == CLIENT
    assert meta_name(name) not in seen["meta"]
    assert seen["meta"][meta_name(designated)] == CLIENT


@pytest.mark.parametrize(
    "name",
    [
        name
        for purpose in FORWARDING_HEADERS
        if purpose != "client"
        for name in FORWARDING_HEADERS[purpose]
    ],
)
def test_a_header_of_another_purpose_passes_from_a_trusted_peer(client, name):
    seen = ask(client, "10.0.0.1", headers={name: "x"}).json()
    assert seen["meta"][meta_name(name)] == "x"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"REMOTE_HOST": "", "REMOTE_PORT": "4711"}, {"REMOTE_HOST": CLIENT}),
        ({"REMOTE_HOST": "10.0.0.1", "REMOTE_PORT": 0}, {"REMOTE_HOST": CLIENT}),
    ],
)
def test_the_proxys_host_and_port_do_not_outlive_its_address(client, before, after):
    seen = ask(client, "10.0.0.1", headers={"X-Forwarded-For": CLIENT}, **before).json()["meta"]
    assert {k: v for k, v in seen.items() if k in ("REMOTE_HOST", "REMOTE_PORT")} == after


def test_the_port_that_the_header_gave_is_the_clients(client):
    seen = ask(client, "10.0.0.1", REMOTE_PORT="1", headers={"X-Forwarded-For": f"{CLIENT}:4711"})
    assert seen.json()["meta"]["REMOTE_PORT"] == "4711"


@pytest.mark.parametrize("outcome", ["direct", "missing"])
def test_a_peer_that_is_the_client_keeps_its_host_and_port(client, outcome):
    peer = "192.0.2.1" if outcome == "direct" else "10.0.0.1"
    seen = ask(client, peer, REMOTE_HOST="a.example", REMOTE_PORT="4711").json()
    assert seen["answer"]["outcome"] == outcome
    assert (seen["meta"]["REMOTE_HOST"], seen["meta"]["REMOTE_PORT"]) == ("a.example", "4711")


def test_a_host_that_repeats_the_peers_address_is_spelled_like_it(client):
    peer = "::ffff:192.0.2.1"
    seen = ask(client, peer, REMOTE_HOST=peer).json()["meta"]
    assert (seen["REMOTE_ADDR"], seen["REMOTE_HOST"]) == ("192.0.2.1", "192.0.2.1")


def test_request_headers_that_were_read_before_are_forgotten():
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Real-IP": "6.6.6.6"})
    assert request.headers["X-Real-IP"] == "6.6.6.6"
    TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    assert "X-Real-IP" not in request.headers


def test_twice_is_once():
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": CLIENT})
    seen = []

    def view(request):
        seen.append((dict(request.META), request.trusted_proxy))
        return HttpResponse()

    TrustedProxyMiddleware(view)(request)
    TrustedProxyMiddleware(TrustedProxyMiddleware(view))(request)
    assert seen[0] == seen[1]
    assert request.META["HTTP_X_FORWARDED_FOR"] == CLIENT


@pytest.mark.parametrize("is_copied", [True, False])
def test_a_request_made_of_the_meta_of_another_keeps_its_decision(is_copied):
    """A preview does so. The same text from a connection is another object, and a client's."""
    decided = []

    def view(request):
        address = request.META["REMOTE_ADDR"]
        meta = {"REMOTE_ADDR": address if is_copied else address.encode().decode()}
        made = RequestFactory().get("/preview", **meta, HTTP_X_FORWARDED_FOR=CLIENT)
        TrustedProxyMiddleware(lambda preview: decided.append(preview.trusted_proxy))(made)

    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=CLIENT)
    TrustedProxyMiddleware(view)(request)
    assert [each.outcome for each in decided] == ["forwarded" if is_copied else "direct"]


def test_a_view_finds_the_answer_on_the_request():
    header = {"X-Forwarded-For": f"{CLIENT}, 10.0.0.2"}
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers=header)
    TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    assert request.trusted_proxy == Answer(
        "10.0.0.1",
        CLIENT,
        ("10.0.0.2", "10.0.0.1"),
        "forwarded",
        "X-Forwarded-For",
        header_text=f"{CLIENT}, 10.0.0.2",
    )
    assert request.trusted_proxy.chain == (CLIENT, "10.0.0.2")
    with pytest.raises(AttributeError):
        request.trusted_proxy.client = "6.6.6.6"


REJECTIONS = [
    ("direct", {"REMOTE_ADDR": "192.0.2.1"}),
    ("missing", {"REMOTE_ADDR": "10.0.0.1"}),
    ("malformed", {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "evil\x1b[31m"}),
]


@pytest.mark.parametrize(("outcome", "meta"), REJECTIONS)
def test_a_named_outcome_is_answered_with_400_and_logged_without_header_text(
    client, caplog, outcome, meta
):
    with override_settings(TRUSTED_PROXY_REJECT=[outcome]):
        response = client.get("/echo", **meta)
    assert response.status_code == 400
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert record.name == "django.security.RejectedByTrustedProxy"
    assert record.getMessage() == (
        f"Request from peer {meta['REMOTE_ADDR']!r} with outcome {outcome!r}, "
        "which TRUSTED_PROXY_REJECT names."
    )
    assert issubclass(RejectedByTrustedProxy, SuspiciousOperation)


@pytest.mark.parametrize(("outcome", "meta"), REJECTIONS)
def test_an_outcome_that_is_not_named_is_served(client, outcome, meta):
    others = [other for other, _ in REJECTIONS if other != outcome]
    with override_settings(TRUSTED_PROXY_REJECT=others):
        assert client.get("/echo", **meta).status_code == 200


def test_rejection_works_under_asgi(async_client):
    async def ask():
        return await async_client.get("/echo")  # from 127.0.0.1

    with override_settings(TRUSTED_PROXY_REJECT=["direct"]):
        assert asyncio.run(ask()).status_code == 400


def test_async_requests_stay_on_the_event_loop():
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": CLIENT})
    tasks = []

    async def view(request):
        tasks.append((asyncio.current_task(), request.META["REMOTE_ADDR"]))
        return HttpResponse()

    middleware = TrustedProxyMiddleware(view)

    async def serve():
        response = await middleware(request)
        assert tasks == [(asyncio.current_task(), CLIENT)]
        return response

    assert asyncio.run(serve()).status_code == 200
    assert iscoroutinefunction(middleware)


def test_a_wrong_setting_stops_the_process_at_its_start():
    with override_settings(TRUSTED_PROXIES="10.0.0.1"), pytest.raises(ImproperlyConfigured):
        TrustedProxyMiddleware(lambda _: HttpResponse())


def only_sync(get_response):
    return get_response


def only_async(get_response):
    return get_response


only_async.sync_capable, only_async.async_capable = False, True


@pytest.mark.parametrize(
    ("handler", "other"), [(WSGIHandler, "only_async"), (ASGIHandler, "only_sync")]
)
def test_django_runs_the_middleware_in_both_modes_as_it_is(handler, other, caplog):
    caplog.set_level(logging.DEBUG, "django.request")
    path = f"{TrustedProxyMiddleware.__module__}.{TrustedProxyMiddleware.__qualname__}"
    with override_settings(DEBUG=True, MIDDLEWARE=[path]):
        handler().load_middleware(is_async=handler is ASGIHandler)
    assert f"adapted for middleware {path}" not in caplog.text
    path = f"{__name__}.{other}"
    with override_settings(DEBUG=True, MIDDLEWARE=[path]):
        handler().load_middleware(is_async=handler is ASGIHandler)
    assert f"adapted for middleware {path}" in caplog.text
