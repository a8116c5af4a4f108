"""The shape of the tests themselves: a helper is in a module of its own, beside the tests."""

import ast
import re

import pytest

from tests.stack import ROOT

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text()
    for path in sorted((ROOT / "tests").rglob("*.py"))
}
# As MIDDLEWARE, ROOT_URLCONF and `python -m` name a module.
DOTTED = re.compile(r"tests(?:\.\w+)*\.test_\w+")


def used_test_modules(name, text):
    """Return the modules of tests, other than itself, that a module imports from or names."""
    used = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            above = name.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            used |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            used |= {node.value}
    found = (DOTTED.match(path) for path in used)
    return {match[0] for match in found if match} - {name}


@pytest.mark.parametrize("name", MODULES)
def test_no_module_takes_anything_from_a_module_of_tests(name):
    assert used_test_modules(name, MODULES[name]) == set()


@pytest.mark.parametrize(
    "line",
    [
        f"from {__name__} import MODULES",
        f"from {__package__} import test_suites",
        "from . import test_suites",
        "from .test_suites import MODULES",
        f"import {__name__}",
        f"import {__name__} as helpers",
        f"def late():\n    from {__name__} import MODULES",
        f"MIDDLEWARE = ['{__name__}.middleware']",
    ],
)
def test_each_way_to_take_something_is_seen(line):
    assert used_test_modules("tests.other", line) == {__name__}
    assert used_test_modules(__name__, line) == set()
