"""A request that is decided stays decided, and nothing else passes for a decided one."""

import copy
import pickle

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from asgiref.wsgi import WsgiToAsgi
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory, override_settings

import django_trustedproxy
from django_trustedproxy import Answer, asgi, get_trusted_proxy
from django_trustedproxy.conf import get_policy
from django_trustedproxy.environ import KEY, answer_of, find_answer, hand_on, rewrite
from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.requests import CLIENT, handed_on, scope_of


@pytest.mark.parametrize(
    "mark", [None, "decided", {"client": "6.6.6.6"}, ("10.0.0.1", "6.6.6.6"), 1]
)
def test_a_mark_of_another_type_is_not_believed(mark):
    forged = scope_of(("x-forwarded-for", "6.6.6.6"), client=("192.0.2.1", 1))
    got, _ = handed_on({**forged, KEY: mark, "trusted_proxy.peer": ("10.0.0.1", 1)})
    assert got[KEY].outcome == "direct"
    assert got["client"] == ("192.0.2.1", 1)
    meta = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6", KEY: mark}
    assert rewrite(meta, get_policy()).outcome == "direct"
    assert "HTTP_X_FORWARDED_FOR" not in meta


def test_an_answer_is_known_by_the_object_that_was_handed_on_and_by_no_equal_one():
    answer = rewrite({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": CLIENT}, get_policy())
    address = hand_on(answer)
    assert address == CLIENT
    assert find_answer({"REMOTE_ADDR": address}) is answer
    for other in (CLIENT, answer.client, "".join(list(address)), None):
        assert find_answer({"REMOTE_ADDR": other}) is None


def test_a_request_without_a_client_hands_nothing_on():
    assert hand_on(Answer(None, None, (), "unknown")) == ""


def test_an_adapter_in_the_wrapper_hands_the_answer_on():
    seen = []

    def application(environ, start):
        TrustedProxyMiddleware(seen.append)(WSGIRequest(environ))
        start("200 OK", [])
        return [b""]

    scope = {
        **scope_of(("x-forwarded-for", f"6.6.6.6, {CLIENT}")),
        "http_version": "1.1",
        "query_string": b"",
    }

    async def exchange():
        communicator = ApplicationCommunicator(asgi.TrustedProxy(WsgiToAsgi(application)), scope)
        await communicator.send_input({"type": "http.request"})
        await communicator.wait(60)

    with override_settings(TRUSTED_PROXY_REJECT=["direct"]):
        async_to_sync(exchange)()
    assert seen[0].META["REMOTE_ADDR"] == CLIENT
    assert seen[0].trusted_proxy.proxies == ("10.0.0.1",)


@pytest.mark.parametrize("mark", [None, "decided"])
def test_the_answer_in_the_environ_that_an_adapter_keeps_in_the_scope_is_found(mark):
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": CLIENT}
    answer = rewrite(environ, get_policy())
    assert answer_of({KEY: mark, "wsgi_environ": environ}) is answer
    assert answer_of({KEY: answer, "wsgi_environ": {}}) is answer
    for other in ({}, None, {KEY: "decided"}):
        assert answer_of({KEY: mark, "wsgi_environ": other}) is None


def test_an_answer_cannot_be_changed_and_can_be_copied():
    answer = rewrite({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": CLIENT}, get_policy())
    with pytest.raises(AttributeError, match="'client' is read-only"):
        answer.client = "6.6.6.6"
    with pytest.raises(AttributeError, match="'client' is read-only"):
        del answer.client
    for other in (copy.copy(answer), pickle.loads(pickle.dumps(answer))):
        assert other == answer
        assert hash(other) == hash(answer)
    assert answer != "an answer"
    assert repr(answer).startswith(f"Answer(peer='10.0.0.1', client='{CLIENT}', proxies=")


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("10.0.0.1", {"HTTP_X_FORWARDED_FOR": CLIENT}, True),
        ("10.0.0.1", {"HTTP_X_FORWARDED_FOR": "junk"}, True),
        ("10.0.0.1", {}, True),
        ("192.0.2.1", {"HTTP_X_FORWARDED_FOR": CLIENT}, False),
        ("junk", {"HTTP_X_FORWARDED_FOR": CLIENT}, False),
        ("unix:", {"HTTP_X_FORWARDED_FOR": CLIENT}, False),
    ],
)
def test_an_answer_is_true_exactly_if_a_trusted_proxy_sent_the_request(peer, headers, expected):
    assert bool(rewrite({"REMOTE_ADDR": peer, **headers}, get_policy())) is expected


def test_the_accessor_returns_the_answer_or_says_what_is_missing():
    request = RequestFactory().get("/")
    with pytest.raises(ImproperlyConfigured) as caught:
        get_trusted_proxy(request)
    assert str(caught.value) == (
        "The request has no trusted_proxy: expected TrustedProxyMiddleware to have seen it. Put "
        "'django_trustedproxy.middleware.TrustedProxyMiddleware' first in MIDDLEWARE."
    )
    assert TrustedProxyMiddleware(get_trusted_proxy)(request) is request.trusted_proxy


def test_every_public_name_is_there_and_no_other_is():
    for name in django_trustedproxy.__all__:
        assert getattr(django_trustedproxy, name)
        assert name in dir(django_trustedproxy)
    with pytest.raises(AttributeError, match="no attribute 'Resolution'"):
        django_trustedproxy.Resolution  # noqa: B018 - asking for it is the test


@pytest.mark.parametrize("chain", [CLIENT, f"{CLIENT}, 10.0.0.2"])
@pytest.mark.parametrize("changed", ["6.6.6.6", CLIENT, f"6.6.6.6, {CLIENT}", None])
@pytest.mark.parametrize("is_kept", [True, False])
def test_whatever_became_of_the_header_since_it_says_what_was_decided(chain, changed, is_kept):
    with override_settings(TRUSTED_PROXY_KEEP_HEADER=is_kept):
        meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": f"1.1.1.1, {chain}"}
        answer = rewrite(meta, get_policy())
        meta["HTTP_X_FORWARDED_FOR"] = changed
        if changed is None:
            del meta["HTTP_X_FORWARDED_FOR"]
        assert rewrite(meta, get_policy()) is answer
        assert meta.get("HTTP_X_FORWARDED_FOR") == (chain if is_kept else None)
