"""Change the package in one place at a time, and see that a test fails: `make mutants`.

Each mutant lives in a process of its own, forked off after the tests are collected and with the
changed function put in, or where more than a function has changed, before anything is imported.
The tests run from the nearest to the farthest until one fails. A mutant that none tells from the
package must be in explained.py.
"""

import argparse
import difflib
import functools
import importlib
import importlib.abc
import importlib.util
import itertools
import os
import resource
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from asgiref.sync import SyncToAsync

from tests.mutation import live
from tests.mutation.explained import ALIASES, EXPLAINED
from tests.mutation.operators import mutated

# What every mutant needs is loaded once; the package itself is not.
for name in ("django.core.handlers.asgi", "django.core.handlers.wsgi", "django.test", "hypothesis"):
    importlib.import_module(name)
ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "django_trustedproxy"
ENGINE = [("rows::meta",), ("fuzz",), ("properties",)]
# The tests of each module, the nearest first. "rows::meta" are the rows through the engine alone.
STAGES = {
    "engine/decision": [*ENGINE, ("decision", "stamps"), ("purposes", "explanation")],
    "engine/addresses": [("addresses", "networks"), *ENGINE],
    "engine/hops": [("hops",), *ENGINE, ("purposes", "stamping")],
    "engine/networks": [("networks", "entries"), ("conf",), *ENGINE],
    "engine/purposes": [
        ("reference",),
        ("headers", "purposes", "checks/settings", "overview"),
        ("readme", "script_name", "probe/answer"),
        *ENGINE,
    ],
    "engine/identity": [("reference",), ("identity", "checks/identity")],
    "engine/policy": [*ENGINE, ("decision", "purposes", "conf"), ("stamps", "stamping")],
    "engine/answer": [*ENGINE, ("decision", "middleware", "crossing")],
    "engine/stamps": [("stamps",), ("stamping",), ("rows::meta",)],
    "stamping": [("stamping", "checks/stamps"), ("stamps",)],
    "making": [("making", "crossing")],
    "limiter": [("limiter",), ("log",)],
    "lines": [("log",), ("docs_logging", "reference")],
    "exempt": [("exempt", "conf", "wrong_values")],
    "script_name": [("script_name",), ("exempt",)],
    "probe/token": [("probe/token",), ("probe/answer",)],
    "probe/answer": [("probe/answer",)],
    "ranges/file": [("ranges_file",), ("checks/ranges", "staleness", "overview")],
    "ranges/gate": [("ranges_sources",), ("ranges_refresh",)],
    "environ": [
        *ENGINE,
        ("crossing", "making", "script_name"),
        ("middleware", "wrappers"),
        ("purposes", "stamps"),
    ],
    "entries": [
        ("entries", "wrong_values"),
        ("conf", "checks/settings", "ranges_file", "checks/ranges"),
        ("overview", "explanation", "staleness"),
    ],
    "exceptions": [("exempt",), ("middleware", "wrappers"), ("stamps", "purposes")],
    "conf": [
        ("conf",),
        ("purposes", "checks/settings"),
        ("readme", "stamping", "ranges_file"),
        ("exempt", "wrong_values"),
    ],
    "middleware": [
        ("middleware", "wrappers"),
        ("script_name", "exempt", "crossing", "log"),
        ("making", "stamps", "stamping", "probe/answer", "purposes", "staleness"),
        ("fuzz",),
    ],
    "wsgi": [
        ("wrappers",),
        ("exempt", "script_name", "crossing", "log"),
        ("probe/answer", "staleness"),
    ],
    "asgi": [
        ("wrappers",),
        ("exempt", "script_name", "crossing"),
        ("stamps", "stamping", "probe/answer", "purposes", "staleness"),
        ("fuzz",),
        ("rows", "log"),
    ],
}
SECONDS = 60
TIME_IS_OVER = (signal.SIGALRM, signal.SIGXCPU, signal.SIGKILL)


class Mutant(NamedTuple):
    module: str
    operator: str
    before: str
    after: str
    place: int
    code: str
    functions: dict | None

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
        # What is there for annotations alone is never evaluated.
        if "TYPE_CHECKING" in gone[0] or gone[0].partition(" = ")[0] in ALIASES:
            continue
        first = next(i for i, line in enumerate(lines) if line[0] in "+-")
        place = 1 + sum(1 for line in lines[:first] if line[0] in " -")
        functions = live.changed_functions(source, code)
        yield Mutant(module, operator, " ".join(gone), " ".join(new), place, code, functions)


class Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module of the package from another source."""

    def __init__(self, mutant):
        self.name, self.code = f"django_trustedproxy.{mutant.module.replace('/', '.')}", mutant.code

    def find_spec(self, name, _path, _target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module):
        exec(compile(self.code, f"{self.name} (mutant)", "exec"), module.__dict__)


OPTIONS = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "tests.mutation.profile")
OPTIONS += ("-W", "ignore::pytest.PytestAssertRewriteWarning")


def path_of(name):
    """Return the path of a test module, as "checks/settings" is written for tests/checks/test_settings.py."""
    folder, _, module = f"/{name.partition('::')[0]}".rpartition("/")
    return f"tests{folder}/test_{module}.py"


def paths_of(names):
    """Return the arguments with which pytest runs the tests of one stage."""
    modules = [path_of(name) for name in names]
    mounts = [name.partition("::")[2] for name in names if "::" in name]
    return [*modules, "-k", *mounts] if mounts else modules


def in_a_process(task):
    """Run a task in a fork, in silence; return its number."""
    process = os.fork()
    if process == 0:
        try:
            # Time of its own, so that what else the machine does is no matter.
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            signal.alarm(10 * SECONDS)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            os._exit(task())
        except BaseException:  # noqa: BLE001 - whatever happens to a mutant, this process ends here
            os._exit(99)
    return process


def end_of(status):
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) in TIME_IS_OVER else "killed"
    return "survived" if os.WEXITSTATUS(status) == 0 else "killed"


def run_anew(mutant):
    """Load the mutant instead of its module and collect the tests anew, stage by stage."""
    if mutant is not None:
        sys.meta_path.insert(0, Replaced(mutant))
    for names in STAGES[mutant.module]:
        # A second collection in one process would find the modules of the first.
        process = in_a_process(lambda names=names: pytest.main([*OPTIONS, "-x", *paths_of(names)]))
        _, status = os.waitpid(process, 0)
        if end_of(status) != "survived":
            return status & 0xFF or 1
    return 0


class Verdicts:
    """Runs mutants a few at a time, and tells how they ended."""

    def __init__(self, number, jobs):
        self.number, self.jobs = number, jobs
        self.running, self.ended, self.survivors = {}, [], []

    def start(self, mutant, task):
        while len(self.running) >= self.jobs:
            self.wait()
        self.running[in_a_process(task)] = mutant

    def wait(self):
        process, status = os.wait()
        mutant, end = self.running.pop(process), end_of(status)
        if end == "survived" and mutant.key in EXPLAINED:
            end = "explained"
        if end in ("survived", "timeout"):
            print(f"{end}: {mutant}", flush=True)
        self.survivors += [mutant] if end == "survived" else []
        self.ended.append((mutant.module, end))
        if len(self.ended) % 100 == 0:
            print(f"{len(self.ended)} of {self.number}", flush=True)

    def wait_for_all(self):
        while self.running:
            self.wait()


class Collected:
    """A pytest plugin that runs the collected tests once for each mutant of a function."""

    def __init__(self, mutants, verdicts):
        self.mutants, self.verdicts = mutants, verdicts

    def pytest_runtestloop(self, session):
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        if run_items(session.items):
            raise session.Failed
        for module in STAGES:
            items = list(self.items(session, module))
            for mutant in self.mutants:
                if mutant.module == module:
                    self.verdicts.start(mutant, functools.partial(run_items, items, mutant))
            self.verdicts.wait_for_all()
        return True

    @staticmethod
    def items(session, module):
        """Return the tests of a module's stages in their order, each once."""
        given = set()
        for name in itertools.chain.from_iterable(STAGES[module]):
            path, mount = ROOT / path_of(name), name.partition("::")[2]
            for item in session.items:
                if item.path == path and mount in item.name and item not in given:
                    given.add(item)
                    yield item


def run_items(items, mutant=None):
    """Run tests until one fails; return whether one has."""
    if mutant is not None:
        live.put(mutant.module, mutant.functions)
        # A fork has not the thread of its parent, and would wait for it.
        SyncToAsync.single_thread_executor = ThreadPoolExecutor(max_workers=1)
    for item, following in itertools.zip_longest(items, items[1:]):
        reports = runtestprotocol(item, log=False, nextitem=following)
        if any(report.failed for report in reports):
            if mutant is None:
                print(f"failed: {item.nodeid}")
            return 1
    return 0


def chosen(mutants, sample, seed):
    """Return as many mutants as asked for, other ones for another seed."""
    if not sample:
        return mutants
    order = sorted(mutants, key=lambda m: sha1(f"{seed}{m.key}{m.place}".encode()).digest())
    return order[:sample]


def run(mutants, jobs):
    """Run all the mutants; return the verdicts."""
    verdicts = Verdicts(len(mutants), jobs)
    for mutant in mutants:
        if mutant.functions is None:
            verdicts.start(mutant, functools.partial(run_anew, mutant))
    verdicts.wait_for_all()
    mutants = [mutant for mutant in mutants if mutant.functions is not None]
    if mutants:
        stages = (names for mutant in mutants for names in STAGES[mutant.module])
        names = {name.partition("::")[0] for name in itertools.chain.from_iterable(stages)}
        plugin = Collected(mutants, verdicts)
        ended = pytest.main([*OPTIONS, *paths_of(sorted(names))], plugins=[plugin])
        if ended != pytest.ExitCode.OK:
            sys.exit("The tests do not pass without a mutant.")
    return verdicts


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
    begin = time.monotonic()
    verdicts = run(chosen(mutants, asked.sample, asked.seed), asked.jobs)
    for module in asked.modules:
        print(f"{module}: {told(end for of, end in verdicts.ended if of == module)}")
    took = time.monotonic() - begin
    ended = told(end for _, end in verdicts.ended)
    print(f"{len(verdicts.ended)} of {len(mutants)} mutants in {took:.0f} s: {ended}")
    return 1 if verdicts.survivors or stale else 0


def told(ends):
    return ", ".join(f"{number} {end}" for end, number in sorted(Counter(ends).items()))


if __name__ == "__main__":
    sys.exit(main())
