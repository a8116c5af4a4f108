"""The page of the benchmark: what was measured, and which goals that meets."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.bench.contenders import OURS, versions
from tests.bench.rounds import spread

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
networks.
"""

NOTES = """
The contenders do not all do the same work. Our middleware and wrappers rewrite the request and drop every other forwarding header;
Werkzeug's, uvicorn's, hypercorn's and django-xff's rewrite the address and leave the headers; django-ipware, forwarded, django-allauth and
Django REST framework only read. Those that count proxies are set to one proxy.
"""


@dataclass(frozen=True)
class Figures:
    """All that was measured; `memory` in bytes, the last two in seconds."""

    measured: object
    throughput: dict
    memory: int
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
            table_of_requests(measured) + NOTES,
            "## Whole requests, memory and start\n",
            table_of_wholes(figures),
            "## Goals\n",
            table(["goal", "measured", "", "why"], goals(figures)),
        ]
    )


def table_of_requests(measured):
    workloads = list(dict.fromkeys(workload for workload, _ in measured.seconds))
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
    """Yield goal, figure, whether it is met, and the reason of a miss."""
    ratio = figures.measured.ratio

    def of(goal, measured, most, why):
        is_met = measured.median <= most
        return [goal, shown(measured), "met" if is_met else "missed", "" if is_met else why]

    yield of(
        "no more than uvicorn's best case, its cache's hit",
        ratio("one hop", OURS, to="uvicorn"),
        1,
        "It looks for some 45 headers to drop, and writes the header and the resolution; uvicorn leaves all headers.",
    )
    yield of(
        "at most a third of uvicorn's for a new client",
        ratio("every request from a new client", OURS, to="uvicorn"),
        1 / 3,
        "Reading one address and making the resolution takes more than that in Python.",
    )
    yield of(
        "at most two thirds of Werkzeug's ProxyFix",
        ratio("one hop", OURS, to="Werkzeug ProxyFix"),
        2 / 3,
        "ProxyFix neither asks who the peer is nor looks at the address, and drops nothing.",
    )
    yield of(
        "64 KB of forged prefix: at most 1.3 times one hop",
        ratio("one hop, 64 KB forged", OURS, of="one hop"),
        1.3,
        "",
    )
    yield of(
        "10,000 networks: at most 1.3 times two, for a new client",
        ratio("new client, 10,000 networks", OURS, of="every request from a new client"),
        1.3,
        "",
    )
    gunicorn = figures.throughput["gunicorn"].without.median
    ours = figures.measured.seconds["one hop", OURS]
    nothing = figures.measured.seconds["one hop", "do nothing"]
    share = spread([100 * (a - b) * gunicorn for a, b in zip(ours, nothing, strict=True)])
    yield of("under 1 % of a minimal request through gunicorn (in %)", share, 1, "")
    for name, why in (
        ("our WSGI wrapper", ""),
        (
            "our ASGI wrapper",
            "It looks at the server's list of headers name by name, which Django does for the middleware.",
        ),
    ):
        goal = f"{name}: at most 1.5 times the middleware"
        yield of(goal, ratio("one hop", name), 1.5, why)
    seconds = figures.import_seconds
    is_met = seconds.median <= 0.01
    yield ["import: at most 10 ms", milliseconds(seconds), "met" if is_met else "missed", ""]
