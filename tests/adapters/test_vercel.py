"""Vercel's bridge: whom it takes for the peer, and what comes of it."""

import pytest

from tests.adapters.vercel import ask, bridge
from tests.requests import CLIENT


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def port(request, tmp_path_factory):
    with bridge(request.param, tmp_path_factory.mktemp(request.param)) as port:
        yield port


# Vercel overwrites both, whatever the client wrote.
WRITTEN = {"x-forwarded-for": CLIENT, "x-real-ip": CLIENT, "x-forwarded-proto": "https"}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"x_forwarded_for": "6.6.6.6"},
        {"forwarded": "for=6.6.6.6"},
        {"x-vercel-forwarded-for": "6.6.6.6"},
    ],
    ids=str,
)
def test_nobody_has_to_be_listed_at_vercel(port, sent):
    told = ask(port, {**WRITTEN, **sent})
    assert (told["address"], told["outcome"], told["scheme"]) == (CLIENT, "direct", "https")
    assert "6.6.6.6" not in str(told)


@pytest.mark.parametrize("port", ["wsgi"], indirect=True)
def test_without_the_header_the_bridge_takes_the_other_one(port):
    assert ask(port, {"x-real-ip": CLIENT})["address"] == CLIENT
