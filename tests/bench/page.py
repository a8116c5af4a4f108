"""The page of the benchmark: what was measured, and which goals that meets."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.bench.contenders import OURS, versions
from tests.bench.goals import ASGI, BESIDE_OTHERS, BESIDE_PAST, HIT, OUR_OWN, Goal
from tests.bench.rounds import spread

MOST_GROWTH = 10_000  # bytes, which the interpreter itself may come to need

INTRODUCTION = """\
# What it costs

Written by `make bench`. Every figure is of one run on one machine, measured side by side: in each of {rounds} rounds every
contender gets a batch of fresh requests, in a new random order. A ratio is taken within a round; the table shows the median and,
in brackets, the tenth and ninetieth percentile. Absolute times are of this machine and say little about yours.

{machine}

![Bars of the time that six contenders take for a request: our middleware and wrapper stay flat, where the others grow with a forged
prefix, or with the number of networks](benchmarks.svg)

## One request

How long each takes compared with our middleware: 2.0 is twice as long. The first row has our middleware's own microseconds.
**wrong** marks an answer that is not the client: a forged address, or one of the proxies. `-` means that the contender has no list of
networks, or that the row is not its own.
"""

NOTES = """
The contenders do not all do the same work. Our middleware and wrappers rewrite the request and drop every other forwarding header;
Werkzeug's, uvicorn's, hypercorn's and django-xff's rewrite the address and leave the headers; django-ipware, forwarded, django-allauth and
Django REST framework only read. Those that count proxies are set to one proxy. Where the scheme is designated,
our setting `TRUSTED_PROXY_SCHEME_HEADER` is "X-Forwarded-Proto"; the others do the same as in the row before.

*The floor* is a function written by hand for one hop and IPv4. It calls `inet_pton` and `bisect` for the peer and for the client, asks
once for headers to drop, and writes the client and the answer: {floor} us, where the middleware takes {ours} us. It reads no
list, no port and no IPv6, so no middleware that decides as ours does can reach it.

A further header line costs the ASGI wrapper {line} us, and uvicorn {rival} us.
"""


GOALS = """\
## Goals

The ratios are of this run: the median, and in brackets the tenth and ninetieth percentile. Where a row names no contender of ours, it is
about our middleware.
"""


@dataclass(frozen=True)
class Figures:
    """All that was measured; `memory` and `growth` in bytes, the last two in seconds.

    `growth` is what memory grew by in so many `requests`.
    """

    measured: object
    throughput: dict
    memory: int
    growth: int
    requests: int
    import_seconds: object
    start_seconds: tuple


def shown(ratio):
    digits = 0 if ratio.median >= 20 else 1 if ratio.median >= 5 else 2
    return f"{ratio.median:.{digits}f} ({ratio.low:.{digits}f} to {ratio.high:.{digits}f})"


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def render(figures):
    """Return the page as Markdown."""
    measured = figures.measured
    rounds = len(next(iter(measured.seconds.values())))
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
    machine += f"{', '.join(versions())}; {datetime.now(UTC):%Y-%m-%d}."
    return "\n".join(
        [
            INTRODUCTION.format(rounds=rounds, machine=machine),
            table_of_requests(measured) + notes(measured),
            "## Whole requests, memory and start\n",
            table_of_wholes(figures),
            GOALS,
            table(["goal", "measured", "", "why"], goals(figures)),
        ]
    )


def notes(measured):
    """Return the notes below the table, with the floor and what a header line costs."""

    def microseconds(contender):
        return f"{spread(measured.seconds[HIT, contender]).median * 1e6:.1f}"

    return NOTES.format(
        floor=microseconds("the floor"),
        ours=microseconds(OURS),
        line=shown(measured.further_line(ASGI)),
        rival=shown(measured.further_line("uvicorn")),
    )


def table_of_requests(measured):
    workloads = list(dict.fromkeys(workload for workload, _ in measured.seconds))
    # What is asked of the wrappers alone is told in the notes and in the goals.
    workloads = [w for w in workloads if (w, OURS) in measured.seconds]
    rows = [
        [OURS, *(f"{spread(measured.seconds[w, OURS]).median * 1e6:.1f} us" for w in workloads)]
    ]
    for contender in measured.contenders():
        if contender == OURS:
            continue
        row = [contender]
        for workload in workloads:
            key = workload, contender
            if key not in measured.seconds:
                row.append("-")
                continue
            is_wrong = not measured.right[key] and contender != "do nothing"
            row.append(shown(measured.ratio(*key)) + (" **wrong**" if is_wrong else ""))
        rows.append(row)
    # One line for each workload, as there are fewer contenders.
    heads, *columns = zip(["", *workloads], *rows, strict=True)
    return table(list(heads), [list(column) for column in columns])


def table_of_wholes(figures):
    rows = [
        [
            f"requests per second, {name}, one connection",
            f"{through.without.median:.0f}",
            f"{through.with_us.median:.0f}",
            f"time {shown(through.ratio)}",
        ]
        for name, through in figures.throughput.items()
    ]
    without, more = figures.start_seconds
    rows += [
        ["loading the application", f"{without * 1e3:.0f} ms", "", f"{milliseconds(more)} more"],
        ["importing the middleware", "", "", milliseconds(figures.import_seconds)],
        ["memory of 10,000 networks", "", "", f"{figures.memory / 1e6:.1f} MB"],
    ]
    return table(["", "without", "with", "difference"], rows)


def milliseconds(seconds):
    low, high = seconds.low * 1e3, seconds.high * 1e3
    return f"{seconds.median * 1e3:.1f} ms ({low:.1f} to {high:.1f})"


def goals(figures):
    """Return rows of goal, figure, whether it is met or by how much not, and why."""
    measured = figures.measured
    gunicorn = figures.throughput["gunicorn"].without.median
    ours, nothing = (measured.seconds[HIT, name] for name in (OURS, "do nothing"))
    share = spread([100 * (a - b) * gunicorn for a, b in zip(ours, nothing, strict=True)])
    through = Goal("under 1 % of a minimal request through gunicorn (in %)", 1, lambda _: share)
    found = [goal.row(measured) for goal in (*BESIDE_OTHERS, *BESIDE_PAST, *OUR_OWN, through)]
    seconds, grown = figures.import_seconds, figures.growth
    return [
        *([work, shown(ratio), verdict, why] for work, ratio, verdict, why in found),
        [
            f"{figures.requests:,} distinct clients, peers and chains: memory does not grow",
            f"{grown / 1e3:.1f} KB",
            "met" if grown < MOST_GROWTH else "missed",
            "",
        ],
        [
            "import: at most 10 ms",
            milliseconds(seconds),
            "met" if seconds.median <= 0.01 else "missed",
            "" if seconds.median <= 0.01 else "The log and the probe's answer come with it.",
        ],
    ]
