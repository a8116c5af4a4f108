"""The tables of SECURITY.md: each known attack names the rows and tests that stop it."""

import ast
import re
from pathlib import Path

import pytest

from tests.mounts import MOUNTS
from tests.rows import FORGED, ROWS, Row

HERE = Path(__file__).parent
SECURITY = (HERE.parent / "SECURITY.md").read_text()


def table(title):
    """Return the rows below a heading as lists of cells."""
    _, _, text = SECURITY.partition(f"## {title}\n")
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


STOPPED = table("Known attacks and the test that stops each")


def defined_tests(name):
    tree = ast.parse((HERE / name).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("cells", STOPPED, ids=lambda cells: cells[0][:30])
def test_what_stops_an_attack_exists(cells):
    published, happened, stopped_by = cells
    assert published
    assert happened
    names = re.findall("`([^`]+)`", stopped_by)
    assert names
    row_ids = {row.id for row in ROWS}
    for name in names:
        module, separator, test = name.partition("::")
        assert (test in defined_tests(module)) if separator else (name in row_ids), name


def test_no_attack_is_told_twice_and_each_that_cannot_be_stopped_has_a_remedy():
    assert len({published for published, *_ in STOPPED}) == len(STOPPED) > 20
    cannot = table("What it cannot protect from")
    assert len(cannot) >= 10
    assert all(published and what and remedy for published, what, remedy in cannot)


@pytest.mark.parametrize("run", [MOUNTS[name] for name in MOUNTS if name != "meta"])
@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.1"])
@pytest.mark.parametrize(
    "name", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Original-URI"]
)
def test_a_header_that_names_another_url_leads_nowhere(run, peer, name):
    plain = run(Row("", [], None, "", peer=peer)).view
    assert run(Row("", [(name, f"/admin?{FORGED}")], None, "", peer=peer)).view == plain
    assert plain["path"] == "/echo"
