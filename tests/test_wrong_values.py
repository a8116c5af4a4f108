"""Wrong values of `TRUSTED_PROXIES`: the error names what is wrong, and its hint never widens trust."""

import ast
import re

import pytest
from django.core.checks import Tags, run_checks
from django.test import override_settings

from django_trustedproxy.conf import parse
from django_trustedproxy.engine.networks import (
    NAMES,
    UNIX,
    EntryError,
    TrustedNetworks,
    parse_entry,
)
from tests.wrong_values import ENTRIES, RIGHT, WHOLE

OWN = "192.0.2.7"
PASTE = re.compile(r"TRUSTED_PROXIES = (\[[^\]]*\])")
# Addresses and networks wherever they stand, names in quotes only: they are words of prose, too.
SUGGESTED = re.compile(r"""(?<![\w.:/])([\w:][\w.:/]*[.:][\w.:/]*\w)|["']([\w:-]+)["']""")

CASES = [
    *(row._replace(value=[row.value], id=f"{row.id}, alone") for row in ENTRIES),
    *(
        row._replace(value=[OWN, row.value], meant=[OWN, *row.meant], id=f"{row.id}, beside one")
        for row in ENTRIES
    ),
    *WHOLE,
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def errors(value):
    """Return the messages of `manage.py check` about a value."""
    with override_settings(TRUSTED_PROXIES=value):
        found = run_checks(tags=[Tags.security])
    return [message for message in found if (message.id or "").startswith("trustedproxy.E")]


def exceeds(entries, limit):
    """Return the networks of entries that go beyond those of `limit`, with "unix:" among them."""
    ours, theirs = TrustedNetworks.parse(entries), TrustedNetworks.parse(limit)
    wider = [
        network
        for network in ours.merged
        if not any(n.version == network.version and network.subnet_of(n) for n in theirs.merged)
    ]
    return [*wider, *([UNIX] if ours.unix and not theirs.unix else [])]


def suggested(hint):
    """Return what a hint names that could be an entry."""
    found = [bare or quoted for bare, quoted in SUGGESTED.findall(hint)]
    return [text for text in found if is_entry(text)]


def is_entry(text):
    try:
        parse_entry(text)
    except EntryError:
        return False
    return True


@each_case
def test_the_error_names_what_is_wrong(case):
    text = " ".join(f"{message.msg} {message.hint}" for message in errors(case.value)).lower()
    assert text
    assert [words for words in case.says if not any(word in text for word in words)] == []


@each_case
def test_the_hint_has_a_line_to_paste_with_what_the_user_wrote(case):
    hints = " ".join(message.hint for message in errors(case.value))
    lines = [ast.literal_eval(found) for found in PASTE.findall(hints)]
    assert lines, hints
    for line in lines:
        assert exceeds(line, case.meant) == []
        assert exceeds([entry for entry in case.meant if entry == OWN], line) == []
    assert any(lines) == bool(case.meant)


@each_case
def test_the_hint_names_nothing_wider_than_the_user_wrote(case):
    for message in errors(case.value):
        assert exceeds(suggested(message.hint), case.meant) == [], message.hint


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row.id)
def test_any_finite_collection_is_taken_and_blanks_are_stripped(row):
    policy, problems = parse(type("Settings", (), {"TRUSTED_PROXIES": row.value}))
    assert problems == []
    assert policy.networks.merged == TrustedNetworks.parse(row.meant).merged
    assert errors(row.value) == []


def test_what_a_hint_suggests_is_seen():
    hint = 'Write "private", 10.0.0.0/8, \'::1\' or the proxy\'s private "unix:". See 1.'
    assert suggested(hint) == ["private", "10.0.0.0/8", "::1", "unix:"]


def test_what_goes_beyond_is_seen():
    assert exceeds(["10.0.0.0/8", UNIX], ["10.0.0.0/24"]) == [*parse_entry("10.0.0.0/8"), UNIX]
    assert exceeds(["10.0.0.1", "10.0.0.2/31", "::1"], ["10.0.0.0/30", "::1", UNIX]) == []
    assert exceeds([], []) == []
    assert all(exceeds([name], []) for name in NAMES)
