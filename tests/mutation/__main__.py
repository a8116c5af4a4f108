"""Change the package in one place at a time, and see that a test fails: `make mutants`.

Each mutant is loaded instead of its module in a process of its own, in stages of tests from the
nearest to the farthest. A mutant that no test tells from the package must be in explained.py.
"""

import argparse
import difflib
import importlib
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mutation.explained import EXPLAINED
from tests.mutation.operators import mutated

# What every mutant needs is loaded once; the package itself is not.
for name in ("django.core.handlers.asgi", "django.core.handlers.wsgi", "django.test", "hypothesis"):
    importlib.import_module(name)
ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "django_trustedproxy"
ENGINE = [("rows::meta",), ("fuzz",), ("properties",)]
# The tests of each module, the nearest first. "rows::meta" are the rows through the engine alone.
STAGES = {
    "networks": [("networks", "entries"), ("conf",), *ENGINE],
    "headers": [("headers", "readme"), ("middleware", "wrappers"), ("purposes",), *ENGINE],
    "entries": [("entries",), *ENGINE, ("purposes", "explanation")],
    "purposes": [("purposes",), ("fuzz", "properties")],
    "resolver": [
        *ENGINE[:2],
        ("resolver",),
        ("purposes", "middleware"),
        ENGINE[2],
        ("explanation",),
    ],
    "policy": [*ENGINE[:2], ("middleware", "wrappers"), ("purposes",), ("conf", "properties")],
    "meta": [*ENGINE[:2], ("middleware", "wrappers"), ("purposes",), ("properties",)],
    "conf": [("conf",), ("purposes", "checks", "middleware"), ("readme", "neighbour_checks")],
    "middleware": [("middleware", "wrappers"), ("purposes",), ("diagnosis", "fuzz", "properties")],
    "wsgi": [("wrappers",), ("rows", "diagnosis")],
    "asgi": [("wrappers",), ("fuzz",), ("rows", "purposes"), ("properties", "diagnosis")],
}
SECONDS = 120


class Mutant(NamedTuple):
    module: str
    operator: str
    before: str
    after: str
    place: int
    code: str

    @property
    def key(self):
        """What the mutant is called in explained.py, where other lines come and go."""
        return self.module, self.before, self.after

    def __str__(self):
        return f"{self.module}.py:{self.place} {self.operator}\n  - {self.before}\n  + {self.after}"


def mutants_of(module):
    source = (PACKAGE / f"{module}.py").read_text()
    for operator, code in mutated(source):
        lines = list(difflib.ndiff(source.splitlines(), code.splitlines()))
        gone = [line[2:].strip() for line in lines if line.startswith("- ")]
        new = [line[2:].strip() for line in lines if line.startswith("+ ")]
        # What is imported for annotations alone is never evaluated.
        if "TYPE_CHECKING" in gone[0]:
            continue
        first = next(i for i, line in enumerate(lines) if line[0] in "+-")
        place = 1 + sum(1 for line in lines[:first] if line[0] in " -")
        yield Mutant(module, operator, " ".join(gone), " ".join(new), place, code)


class Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module of the package from another source."""

    def __init__(self, mutant):
        self.name, self.code = f"django_trustedproxy.{mutant.module}", mutant.code

    def find_spec(self, name, _path, _target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module):
        exec(compile(self.code, f"{self.name} (mutant)", "exec"), module.__dict__)


def run_tests(mutant, names):
    """Run test modules against a mutant, or against the package if it is None; how it ended."""
    process = os.fork()
    if process == 0:
        try:
            signal.alarm(SECONDS)
            if mutant is not None:
                sys.meta_path.insert(0, Replaced(mutant))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            names, mounts = zip(*(name.partition("::")[::2] for name in names), strict=True)
            paths = [f"tests/test_{name}.py" for name in names]
            if any(mounts):
                paths += ["-k", *mounts]
            options = [
                "-x",
                "-q",
                "-p",
                "no:randomly",
                "-p",
                "no:cacheprovider",
                "-W",
                "ignore::pytest.PytestAssertRewriteWarning",
            ]
            os._exit(pytest.main([*options, "-p", "tests.mutation.profile", *paths]))
        except BaseException:  # noqa: BLE001 - whatever happens to a mutant, this process ends here
            os._exit(99)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) == signal.SIGALRM else "killed"
    return "survived" if os.WEXITSTATUS(status) == 0 else "killed"


def judge(mutant):
    """Run the stages until a test fails; return how the mutant ended."""
    for names in STAGES[mutant.module]:
        ended = run_tests(mutant, names)
        if ended != "survived":
            return ended
    return "explained" if mutant.key in EXPLAINED else "survived"


def chosen(mutants, sample, seed):
    """Return as many mutants as asked for, other ones for another seed."""
    if not sample:
        return mutants
    order = sorted(mutants, key=lambda m: sha1(f"{seed}{m.key}{m.place}".encode()).digest())
    return order[:sample]


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation", description=__doc__.split("\n")[0]
    )
    parser.add_argument("modules", nargs="*", default=list(STAGES), help="of the package; all")
    parser.add_argument("--sample", type=int, help="how many mutants; all")
    parser.add_argument("--seed", default="", help="which mutants a sample has")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    asked = parser.parse_args()
    os.chdir(ROOT)
    mutants = [mutant for module in asked.modules for mutant in mutants_of(module)]
    stale = {k for k in EXPLAINED if k[0] in asked.modules} - {mutant.key for mutant in mutants}
    for key in sorted(stale):
        print(f"explained.py explains what is no mutant any more: {key}")
    if asked.list:
        print(*mutants, sep="\n")
        return 1 if stale else 0
    for names in {names for module in asked.modules for names in STAGES[module]}:
        if run_tests(None, names) != "survived":
            print(f"The tests fail without a mutant: {names}")
            return 1
    begin, ended = time.monotonic(), Counter()
    by_module = Counter()
    survivors = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        picked = chosen(mutants, asked.sample, asked.seed)
        for mutant, end in zip(picked, pool.map(judge, picked), strict=True):
            ended[end] += 1
            by_module[mutant.module, end] += 1
            if ended.total() % 100 == 0:
                print(f"{ended.total()} of {len(picked)}", flush=True)
            if end in ("survived", "timeout"):
                print(f"{end}: {mutant}", flush=True)
            if end == "survived":
                survivors.append(mutant)
    for module in asked.modules:
        print(
            f"{module}: "
            + ", ".join(f"{n} {e}" for (m, e), n in sorted(by_module.items()) if m == module)
        )
    print(
        f"{sum(ended.values())} of {len(mutants)} mutants in {time.monotonic() - begin:.0f} s: "
        + ", ".join(f"{number} {end}" for end, number in sorted(ended.items()))
    )
    return 1 if survivors or stale else 0


if __name__ == "__main__":
    sys.exit(main())
