"""Adapters that make a function of Django: whom they take for the peer, and what comes of it."""

import ast

import pytest
from django.test import override_settings

from tests.adapters.events import EDGE, http_behind_cloudfront, rest_without_source
from tests.adapters.functions import ADAPTERS, invoke
from tests.adapters.rows import BALANCERS, CASES, EVENTS, FORGED, HANDED, PAGE, is_safe
from tests.pages import PAGES, blocks, is_settings, run_settings
from tests.requests import CLIENT


@pytest.fixture(params=[False, True], ids=["middleware", "wrapper"])
def is_wrapped(request):
    return request.param


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_adapter_hands_over_what_the_page_says(case, is_wrapped):
    assert invoke(case.adapter, case.event, is_wrapped=is_wrapped).peer == case.peer


@pytest.mark.parametrize("case", [case for case in CASES if is_safe(case)], ids=str)
def test_where_the_adapter_asks_the_gateway_nothing_has_to_be_listed(case, is_wrapped):
    seen = invoke(case.adapter, case.event, is_wrapped=is_wrapped)
    assert (seen.answer["address"], seen.answer["outcome"]) == (CLIENT, "direct")
    assert seen.answer["scheme"] == "https"
    assert not any(forged in str(seen.answer) for forged in FORGED)


@pytest.mark.parametrize(
    ("adapter", "kind"),
    [
        ("apig-wsgi", "REST API"),
        ("apig-wsgi", "load balancer"),
        ("Zappa", "REST API"),
        ("Zappa", "HTTP API"),
        ("Zappa", "function URL"),
        ("Zappa", "load balancer"),
    ],
)
def test_where_the_adapter_asks_the_client_no_setting_helps(adapter, kind, is_wrapped):
    event = EVENTS[kind]({"x-forwarded-for": "6.6.6.6"})
    for trusted in ([], ["127.0.0.1"], ["private"]):
        with override_settings(TRUSTED_PROXIES=trusted):
            seen = invoke(adapter, event, is_wrapped=is_wrapped)
        assert seen.answer["address"] == "6.6.6.6"


def test_a_function_behind_cloudfront_lists_cloudfront(is_wrapped):
    """`sourceIp` is then a server of CloudFront, and X-Forwarded-For has the client before it."""
    event = http_behind_cloudfront({"x-forwarded-for": "6.6.6.6"})
    with override_settings(TRUSTED_PROXIES=["198.51.100.0/24"]):
        seen = [invoke(name, event, is_wrapped=is_wrapped) for name in ADAPTERS if name != "Zappa"]
    assert [each.peer for each in seen] == [EDGE] * 3
    assert [each.answer["address"] for each in seen] == [CLIENT] * 3
    assert [each.answer["outcome"] for each in seen] == ["forwarded"] * 3


def remedies():
    """Return the page's `around` of each interface: what it puts between adapter and Django."""
    text = "\n\n".join(b.text for b in blocks(PAGE) if b.language == "python" and "def " in b.text)
    tree = ast.parse(text)
    # The page makes Django's application itself; here it is given.
    tree.body = [
        node
        for node in tree.body
        if not isinstance(node, (ast.Import, ast.ImportFrom)) and "get_" not in ast.unparse(node)
    ]
    code = compile(tree, PAGE, "exec")

    def around(interface):
        def put(application):
            names = {f"django_{interface}": application}
            exec(code, names)
            return names[interface]

        return put

    return around


@pytest.fixture(scope="module")
def around():
    return remedies()


def page_settings():
    return run_settings(next(block for block in blocks(PAGE) if is_settings(block)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_with_the_lines_of_the_page_the_client_is_the_client(case, is_wrapped, around):
    interface = ADAPTERS[case.adapter].interface
    with override_settings(**page_settings()):
        seen = invoke(case.adapter, case.event, is_wrapped=is_wrapped, around=around(interface))
    assert seen.answer["address"] == CLIENT
    assert seen.answer["scheme"] == "https"
    if case.sent != "an underscore":
        assert not any(forged in str(seen.answer) for forged in FORGED)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_with_the_lines_of_the_page_an_event_without_a_source_has_no_client(
    adapter, is_wrapped, around
):
    event = rest_without_source({"x-forwarded-for": "6.6.6.6"})
    put = around(ADAPTERS[adapter].interface)
    with override_settings(**page_settings()):
        seen = invoke(adapter, event, is_wrapped=is_wrapped, around=put)
    assert not seen.answer["address"]
    assert "6.6.6.6" not in str(seen.answer)


def test_the_table_of_the_page_is_what_was_seen():
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGES[PAGE].read_text().splitlines()
        if line.startswith("|")
    ]
    (_, *kinds), _, *rows = lines
    told = {adapter: dict(zip(kinds, peers, strict=True)) for adapter, *peers in rows}
    # A load balancer's two ways of writing headers make no difference.
    balancers = {name: {peers[kind] for kind in BALANCERS} for name, peers in HANDED.items()}
    assert [len(peers) for peers in balancers.values()] == [1] * len(HANDED)
    assert told == {
        name: {kind: peers[kind] for kind in EVENTS if kind in kinds}
        for name, peers in HANDED.items()
    }
    assert set(EVENTS) - set(kinds) == set(BALANCERS) - set(kinds)
