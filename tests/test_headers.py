"""The table of forwarding headers and the spellings of their names."""

import pytest

from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, is_token, meta_name, wire_name


@pytest.mark.parametrize("name", [name for names in FORWARDING_HEADERS.values() for name in names])
def test_a_header_of_the_table_keeps_its_spelling(name):
    assert is_token(name)
    assert wire_name(meta_name(name)) == name


def test_a_header_outside_the_table_is_spelled_in_title_case():
    assert wire_name("HTTP_CDN_VIEWER_IP") == "Cdn-Viewer-Ip"


def test_no_header_has_two_purposes():
    keys = [meta_name(name) for names in FORWARDING_HEADERS.values() for name in names]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("text", ["", " ", "X Real", "X-Real-IP:", "ü", "X-Real-IP\n", '"', "(x)"])
def test_what_is_no_token_is_none(text):
    assert not is_token(text)
