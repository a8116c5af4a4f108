"""Measures the package beside its peers, and writes docs/benchmarks.md with its chart."""

import argparse
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

import django

django.setup()

from tests import stack
from tests.bench import chart, page, whole
from tests.bench.rounds import measure


def main():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="more are steadier (default 60)")
    parser.add_argument("--dry-run", action="store_true", help="print the page, write nothing")
    arguments = parser.parse_args()
    if arguments.rounds < 6:
        parser.error("--rounds: expected 6 or more.")
    measured = measure(arguments.rounds)
    # A short run of all would spend most of its time here.
    requests = 1_000_000 if arguments.rounds >= 30 else 20_000
    figures = page.Figures(
        measured=measured,
        throughput={
            name: whole.Throughput(name, arguments.rounds) for name in ("gunicorn", "uvicorn")
        },
        memory=whole.memory(10_000),
        growth=whole.growth(requests),
        requests=requests,
        import_seconds=whole.import_seconds(max(6, arguments.rounds // 3)),
        start_seconds=whole.start_seconds(max(6, arguments.rounds // 3)),
    )
    text = page.render(figures)
    sys.stdout.write(text)
    if not arguments.dry_run:
        (stack.ROOT / "docs" / "benchmarks.md").write_text(text)
        chart.write(measured, stack.ROOT / "docs" / "benchmarks.svg")


main()
