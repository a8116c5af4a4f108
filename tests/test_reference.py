"""The pages of docs/reference/ have what the code's own tables have, and nothing else."""

import ast
import re
from typing import get_args

import pytest
from django.test import override_settings

from django_trustedproxy.checks.neighbours import NEIGHBOURS
from django_trustedproxy.clients import ABOUT_CLIENT
from django_trustedproxy.conf import DEFAULTS, PURPOSE_SETTINGS, get_policy
from django_trustedproxy.engine.answer import OUTCOMES, Answer, Stamp
from django_trustedproxy.engine.networks import NAMES
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, meta_name
from django_trustedproxy.environ import rewrite
from tests.checks.findings import ids_in_the_code
from tests.pages import REFERENCE, sections, table, unquoted
from tests.reference import HEADERS, headers_page
from tests.stack import ROOT

SETTINGS = (REFERENCE / "settings.md").read_text()
MESSAGES = (REFERENCE / "messages.md").read_text()
PACKAGE = ROOT / "django_trustedproxy"
CHECKS = (REFERENCE / "checks.md").read_text()
MOD_WSGI = (ROOT / "docs" / "mod-wsgi.md").read_text()


def test_the_page_of_headers_is_what_the_code_makes_of_its_table():
    assert HEADERS.read_text() == headers_page(), "write it with `python -m tests.reference`"
    anchors = re.findall(r'<a id="(.*?)">', HEADERS.read_text())
    names = [name for names in FORWARDING_HEADERS.values() for name in names]
    assert anchors == [name.lower() for name in names]


def test_the_table_of_settings_is_the_codes():
    written = {
        unquoted(name): ast.literal_eval(default.strip("`"))
        for name, _, default in table(SETTINGS, "setting")
    }
    assert written == DEFAULTS


def test_each_setting_has_a_section_and_each_section_a_setting():
    assert set(sections(SETTINGS)) == set(DEFAULTS)
    assert [name for name, text in sections(SETTINGS).items() if not text] == []


def test_the_table_of_purposes_is_the_codes():
    rows = table((REFERENCE / "purposes.md").read_text(), "setting")
    assert [unquoted(row[0]) for row in rows] == list(PURPOSE_SETTINGS.values())


def test_the_table_of_attributes_is_the_answers():
    rows = table((REFERENCE / "answer.md").read_text(), "attribute")
    assert [unquoted(row[0]) for row in rows] == list(Answer.__slots__)


def test_the_table_of_names_is_the_codes():
    written = {unquoted(name): networks for name, networks in table(SETTINGS, "name")}
    expected = {
        name: ", ".join(str(network).removesuffix("/128") for network in networks)
        for name, networks in NAMES.items()
    }
    assert written == expected | {"unix:": "a peer on a Unix socket"}


def test_the_table_of_outcomes_is_the_codes():
    assert [unquoted(outcome) for outcome, _ in table(SETTINGS, "outcome")] == list(OUTCOMES)


def test_each_check_of_the_code_has_a_section_and_a_test():
    written = [name.removeprefix("trustedproxy.") for name in sections(CHECKS)]
    assert sorted(written) == sorted(ids_in_the_code())
    (retired,) = re.findall(r"^An id is never reused\. `(\w+)`", CHECKS, re.MULTILINE)
    assert retired not in written
    for letter in "EW":
        numbers = [int(name[1:]) for name in written if name[0] == letter]
        assert numbers == sorted(set(numbers))
    folders = [ROOT / "tests", ROOT / "tests" / "checks", ROOT / "tests" / "neighbours"]
    tests = "".join(path.read_text() for folder in folders for path in folder.glob("*.py"))
    assert [name for name in written if name not in tests] == []


def test_each_kind_of_line_in_the_log_has_a_section():
    code = "".join(
        (PACKAGE / f"{name}.py").read_text()
        for name in ("log", "clients", "remarks", "traces", "staleness")
    )
    kinds = set(re.findall(r'(?:write\(|Remark\(|yield \(?|return )\s*"([a-z-]+)"(?:,| if)', code))
    kinds |= {*OUTCOMES, *ABOUT_CLIENT} - {"forwarded"}
    endings = re.findall(r'f"\{[a-z.]*purpose\}-([a-z]+)"', code)
    kinds |= {f"{purpose}-{ending}" for purpose in PURPOSE_SETTINGS for ending in endings}
    kinds |= {f"secret-{stamp}" for stamp in get_args(Stamp)}
    kinds |= set(re.findall(r'"kind": "([a-z-]+)"', code))
    assert set(sections(MESSAGES)) == kinds


def test_a_check_about_a_neighbour_has_its_sentence_and_remedy():
    for neighbour in NEIGHBOURS:
        text = sections(CHECKS)[neighbour.id]
        setting = " or ".join(neighbour.settings)
        sentence = neighbour.message.format(setting=setting)
        assert text.replace("`", "").startswith(f"{sentence}. ")
        assert f"rite `{neighbour.remedy}`" in text
        assert all(name.replace(".", '["') in text for name in neighbour.settings)


@pytest.mark.parametrize("row", table(MOD_WSGI, "difference"), ids=lambda row: row[0])
def test_a_difference_from_mod_wsgi_is_as_written(row):
    _, settings, peer, header, theirs, ours = row
    name, _, value = unquoted(header).partition(": ")
    meta = {"REMOTE_ADDR": unquoted(peer), meta_name(name): value}
    with override_settings(**ast.literal_eval(unquoted(settings))):
        rewrite(meta, get_policy())
    assert meta["REMOTE_ADDR"] == unquoted(ours)
    assert meta.get(meta_name(name), unquoted(ours)).partition(",")[0] == unquoted(ours)
    assert theirs != ours
