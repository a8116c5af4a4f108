"""The chart of the benchmark."""

import matplotlib as mpl

from tests.bench.contenders import OURS

mpl.use("svg")
from matplotlib import pyplot as plt

SHOWN = {
    OURS: "#0b6e4f",
    "our ASGI wrapper": "#6abf9b",
    "Werkzeug ProxyFix": "#b08900",
    "uvicorn": "#7a3e9d",
    "django-xff": "#c0504d",
    "forwarded": "#5b7db1",
}
WORKLOADS = (
    *("one hop", "three hops", "every request from a new client", "one hop, 64 KB forged"),
    *("100 trusted hops", "new client, 10,000 networks"),
)


def write(measured, path):
    """Write an SVG that compares contenders by what one request costs, on a logarithmic scale."""
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "font.size": 9, "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(9, 6.5), layout="constrained")
    height = 0.8 / len(SHOWN)
    for place, (contender, colour) in enumerate(SHOWN.items()):
        for row, workload in enumerate(WORKLOADS):
            if (workload, contender) not in measured.seconds:
                continue
            ratio = measured.ratio(workload, contender, of="one hop")
            at = row + place * height
            error = [[ratio.median - ratio.low], [ratio.high - ratio.median]]
            label = contender if row == 0 else None
            axes.barh(
                at, ratio.median, height, color=colour, label=label, xerr=error, ecolor="#555"
            )
            axes.text(
                ratio.high * 1.06,
                at,
                f"{ratio.median:,.{1 if ratio.median < 10 else 0}f}",
                va="center",
                fontsize=7,
            )
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(WORKLOADS))], WORKLOADS)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel(
        "processor time of a request, as a multiple of our middleware at one hop (shorter is better)"
    )
    axes.set_xlim(0.3, None)
    axes.margins(x=0.12)
    figure.legend(loc="outside upper center", ncols=6, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
