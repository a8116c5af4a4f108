"""docs/environment.md: each way to read the variable gives the list, with the real packages."""

import pytest

from tests.checks.findings import ids
from tests.pages import blocks, is_settings, run_settings

PAGE = "docs/environment.md"
BLOCKS = {block.section: block for block in blocks(PAGE) if is_settings(block)}
LISTED = ["127.0.0.1", "10.0.0.0/8"]


@pytest.mark.parametrize("section", BLOCKS)
@pytest.mark.parametrize("text", ["127.0.0.1, 10.0.0.0/8", "127.0.0.1,10.0.0.0/8"])
def test_a_list_is_read_with_and_without_blanks(section, text, monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", text)
    settings = run_settings(BLOCKS[section])
    assert list(settings["TRUSTED_PROXIES"]) == LISTED
    assert ids(**settings) == []


@pytest.mark.parametrize("section", BLOCKS)
@pytest.mark.parametrize("is_set", [True, False])
def test_no_variable_and_an_empty_one_trust_nobody(section, is_set, monkeypatch):
    monkeypatch.delenv("TRUSTED_PROXIES", raising=False)
    if is_set:
        monkeypatch.setenv("TRUSTED_PROXIES", "")
    assert list(run_settings(BLOCKS[section])["TRUSTED_PROXIES"]) == []


def test_a_name_stops_the_start(monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "proxy")
    assert ids(**run_settings(BLOCKS["python-decouple"])) == ["E005"]


@pytest.mark.parametrize(("debug", "is_redirected"), [("1", False), ("0", True)])
def test_production_alone_has_the_scheme(debug, is_redirected, monkeypatch):
    monkeypatch.setenv("DEBUG", debug)
    settings = run_settings(BLOCKS["Development and production"])
    assert ("TRUSTED_PROXY_SCHEME_HEADER" in settings) is is_redirected
