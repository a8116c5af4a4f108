"""Fuzz the package, guided by coverage: `make fuzz`, or `python -m tests.fuzz --help`.

First each known fault is put into the package, and must be found; then the targets run from the
kept corpus. An input that breaks an invariant is printed, and stays in the corpus, where
tests/test_fuzz.py asks it again.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
WORK = HERE.parent.parent / ".fuzz"
# Shares of the runs and of the time: the more of Django an input needs, the longer it takes.
RUNS = {"address": 0.3, "decision": 0.6, "mounts": 0.1}
SECONDS = {"address": 0.2, "decision": 0.4, "mounts": 0.4}
FAULT_NAMES = ("leftmost", "x-client-ip", "zone", "hop")  # of faults.py, which imports Django
# How libFuzzer names an input that fails. They stay, also those that found a fault put in on purpose.
FOUND = "crash-"
RUNS_TO_A_FAULT = 500_000
LONGEST = 400


def start(arguments, *libfuzzer, **more):
    command = [sys.executable, "-m", "tests.fuzz.target", *arguments, "--", *map(str, libfuzzer)]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, **more
    )


def find_faults():
    """Fuzz the package with known faults in it, from an empty corpus; return those not found."""
    missed = []
    for fault in FAULT_NAMES:
        with tempfile.TemporaryDirectory() as place:
            done = start(
                ["decision", fault],
                f"-artifact_prefix={place}/",
                f"-dict={HERE / 'dictionary'}",
                f"-max_len={LONGEST}",
                f"-runs={RUNS_TO_A_FAULT}",
                "-print_final_stats=1",
            )
        is_found = done.returncode != 0 and "AssertionError" in done.stderr
        runs = figure("stat::number_of_executed_units: *([0-9]+)", done.stderr)
        verdict = f"found after {runs} executions" if is_found else f"MISSED in {runs} executions"
        print(f"the fault {fault!r} is {verdict}", flush=True)
        missed += [] if is_found else [fault]
    return missed


def figure(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def fuzz(target, runs, seconds):
    """Run one target and tell its figures; return whether all inputs passed."""
    work = WORK / target
    work.mkdir(parents=True, exist_ok=True)
    bound = [f"-runs={runs}"] if runs else [f"-max_total_time={seconds}"]
    done = start(
        [target],
        f"-artifact_prefix={CORPUS / target}/",
        f"-dict={HERE / 'dictionary'}",
        f"-max_len={LONGEST}",
        "-print_final_stats=1",
        *bound,
        work,
        CORPUS / target,
    )
    (WORK / f"{target}.log").write_text(done.stderr + done.stdout)
    ran = figure("stat::number_of_executed_units: *([0-9]+)", done.stderr)
    took = figure(r"Done [0-9]+ runs in ([0-9]+) second", done.stderr)
    edges, features = figure("cov: ([0-9]+)", done.stderr), figure("ft: ([0-9]+)", done.stderr)
    print(
        f"{target}: {ran} executions in {took} s, {edges} edges, {features} features: "
        f"{'nothing found' if done.returncode == 0 else 'FAILED'}",
        flush=True,
    )
    if done.returncode:
        print("\n".join(done.stderr.splitlines()[-60:]), file=sys.stderr)
    return done.returncode == 0


def merge(target):
    """Keep of the kept and the new inputs as few as reach all that they reach together."""
    with tempfile.TemporaryDirectory() as place:
        program = Path(place) / "target"
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz.target {target} -- "$@"\n'
        )
        program.chmod(0o755)
        merged = Path(place) / "merged"
        merged.mkdir()
        environment = {**os.environ, "FUZZ_PROGRAM": str(program)}
        done = start(
            [target],
            "-merge=1",
            "-use_counters=0",  # what is reached, not how often: a tenth of the files
            f"-max_len={LONGEST}",
            merged,
            CORPUS / target,
            WORK / target,
            env=environment,
        )
        done.check_returncode()
        for path in (CORPUS / target).iterdir():
            if not path.name.startswith(FOUND):
                path.unlink()
        shutil.copytree(merged, CORPUS / target, dirs_exist_ok=True)
    kept = list((CORPUS / target).iterdir())
    size = sum(path.stat().st_size for path in kept)
    print(f"{target}: {len(kept)} inputs kept, {size} bytes")


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--runs", type=int, help="how many executions over all targets")
    parser.add_argument("--seconds", type=int, default=60, help="how long over all targets")
    parser.add_argument(
        "--merge", action="store_true", help="keep what the runs found new, and end"
    )
    asked = parser.parse_args()
    os.chdir(HERE.parent.parent)
    if asked.merge:
        for target in RUNS:
            merge(target)
        return 0
    missed = find_faults()
    passed = [
        fuzz(
            target,
            asked.runs and int(asked.runs * RUNS[target]),
            int(asked.seconds * SECONDS[target]),
        )
        for target in RUNS
    ]
    return 0 if all(passed) and not missed else 1


sys.exit(main())
