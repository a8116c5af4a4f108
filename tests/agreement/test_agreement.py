"""Each package concludes the true client, and no forged request is counted as another's."""

import re

import pytest
from django.core.checks import Tags, run_checks

from tests import stack
from tests.agreement.rows import ROWS, ask_hitcount, end_of_attack
from tests.agreement.visits import CLIENT, SCENARIOS, Visit

PAGE = stack.ROOT / "docs" / "agreement.md"

pytestmark = pytest.mark.django_db
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.package}, {row.mount}")
each_limiter = pytest.mark.parametrize(
    "row", [row for row in ROWS if row.attempt], ids=lambda row: row.package
)


def rows_of(page):
    """Return the rows of the page's table without their versions, which are those of a day."""
    cells = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [(package, *others) for package, _, *others in cells]


@each_row
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_package_concludes_the_true_client(row, scenario):
    assert row.answer(SCENARIOS[scenario], is_protected=True) == CLIENT


@each_row
def test_an_attack_deceives_a_package_on_its_own(row):
    assert row.answer(SCENARIOS["attack"], is_protected=False) != CLIENT


@each_limiter
def test_a_limiter_refuses_the_attacker_and_not_the_victim(row):
    assert end_of_attack(row, is_protected=True) == (True, False)


@each_limiter
def test_a_limiter_on_its_own_refuses_the_victim_or_nobody(row):
    assert end_of_attack(row, is_protected=False) in [(True, True), (False, False)]


def wrong_answers(row):
    answers = {row.answer(visit, is_protected=True) for visit in SCENARIOS.values()}
    return answers - {CLIENT}


@pytest.mark.parametrize("row", [row for row in ROWS if row.setting], ids=lambda row: row.package)
def test_a_setting_of_the_table_is_needed(row):
    assert wrong_answers(row._replace(setting="")) != set()


@pytest.mark.parametrize("row", [row for row in ROWS if row.check], ids=lambda row: row.package)
def test_a_check_asks_for_the_setting_until_it_is_there(row):
    def hints(asked):
        with asked.site(is_protected=True):
            found = run_checks(tags=[Tags.security])
        return [one.hint for one in found if one.id == f"trustedproxy.{row.check}"]

    (hint,) = hints(row._replace(setting=""))
    assert f"Write {row.setting}. " in hint
    assert hints(row) == []


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.mount == "WSGI wrapper"], ids=lambda row: row.package
)
def test_a_wrapper_of_the_table_is_needed(row):
    assert wrong_answers(row._replace(mount="middleware")) != set()


def test_the_page_has_the_answers_of_this_run():
    written = PAGE.read_text()
    lines = "".join(f"| {' | '.join(row.cells())} |\n" for row in ROWS)
    found = re.sub(r"(\|---.*\n)(\|.*\n)*", lambda table: table[1] + lines, written)
    PAGE.write_text(found)
    assert rows_of(written) == rows_of(found)


def test_hitcount_has_one_address_for_all_of_ipv6():
    (row,) = [row for row in ROWS if row.ask is ask_hitcount]
    for address in ("2606:2800:220:1::1", "2606:2800:220:1::2"):
        assert row.answer(Visit(address, []), is_protected=True) == "10.0.0.1"
