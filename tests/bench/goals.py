"""The goals of the benchmark: what is compared, how much it may be, and why a goal may be missed."""

from collections.abc import Callable
from typing import NamedTuple

from tests.bench.contenders import OURS
from tests.bench.rounds import Spread

HIT, NEW = "one hop", "every request from a new client"
UVICORN, PROXY_FIX = "uvicorn", "Werkzeug ProxyFix"
ASGI, WSGI = "our ASGI wrapper", "our WSGI wrapper"


class Goal(NamedTuple):
    """A ratio and the most that it may be; `ratio` makes its spread of what was measured."""

    work: str
    most: float
    ratio: Callable
    why: str = ""

    def row(self, measured):
        """Return the goal, the figure, whether it is met or by how much not, and why."""
        found = self.ratio(measured)
        if found.median <= self.most:
            return self.work, found, "met", ""
        share = 100 * (found.median / self.most - 1)
        return self.work, found, f"missed by {share:.0f} %", self.why


def compared(workload, one=OURS, **more):
    """Return a ratio of contenders at a workload, or of one contender at two workloads."""
    return lambda measured: measured.ratio(workload, one, **more)


def _beside(work, workload, name, most, why, *, one=OURS):
    rival = "uvicorn" if name == UVICORN else "ProxyFix"
    return Goal(f"{work}: at most {most} x {rival}", most, compared(workload, one, to=name), why)


def _beside_past(work, most, past, why):
    """Return a goal beside commit f613582, which took `past` times as long as ProxyFix."""

    def ratio(measured):
        return Spread(*(times / past for times in measured.ratio(work, OURS, to=PROXY_FIX)))

    return Goal(
        f"{work}: at most {most} x commit f613582, which took {past} x ProxyFix", most, ratio, why
    )


_LEAVES = "uvicorn looks for no header to drop, writes no answer and counts nothing."
_ASKS_NOTHING = "ProxyFix neither asks who the peer is nor looks at the address, and drops nothing."
_WALK = "uvicorn remembers the answer for a header; we walk it each time, and keep nothing of it."

BESIDE_OTHERS = [
    _beside("the same client, one hop", HIT, UVICORN, 0.85, _LEAVES),
    _beside("the same client, one hop", HIT, PROXY_FIX, 1.0, _ASKS_NOTHING),
    _beside("a new client, IPv4", NEW, UVICORN, 0.35, _LEAVES),
    _beside("a new client, IPv4", NEW, PROXY_FIX, 1.0, _ASKS_NOTHING),
    _beside("a new client, IPv6", "new client, IPv6", UVICORN, 0.4, _LEAVES),
    _beside("a new client, IPv6", "new client, IPv6", PROXY_FIX, 1.5, _ASKS_NOTHING),
    _beside("nginx's four headers", "nginx's four headers", UVICORN, 1.0, _LEAVES),
    Goal(
        "nginx's four headers, scheme designated: at most 1.3 x the former",
        1.3,
        compared("nginx's four headers, scheme designated", of="nginx's four headers", to=OURS),
        "The header is read, the value written and the request told of it.",
    ),
    _beside("three hops, the same client", "three hops", UVICORN, 1.0, _WALK),
    _beside("three hops, a new client", "new client, three hops", UVICORN, 0.5, _LEAVES),
    _beside(
        "ASGI wrapper, twelve headers, the same client",
        "twelve headers",
        UVICORN,
        2.5,
        _LEAVES,
        one=ASGI,
    ),
    _beside(
        "ASGI wrapper, twelve headers, a new client",
        "twelve headers, new client",
        UVICORN,
        1.1,
        _LEAVES,
        one=ASGI,
    ),
]

BESIDE_PAST = [
    _beside_past(
        "no header",
        0.75,
        2.34,
        "Since then the log counts such requests by peer, and asks whether a browser sent them; a "
        "request that is made of this one finds its answer.",
    ),
    _beside_past(
        "untrusted peer, ten forged headers",
        1.0,
        1.05,
        "Since then the log counts strangers by network, and asks whether a login was lost.",
    ),
    _beside_past("100 trusted hops", 0.75, 1.38, "Each hop is still read and looked up."),
]

_AGAIN = "The middleware still asks for headers that came since, and sets up the request."
OUR_OWN = [
    Goal(
        f"{name} and middleware together: at most 1.25 x the wrapper alone",
        1.25,
        compared(HIT, f"{name} and middleware", to=name),
        _AGAIN,
    )
    for name in (WSGI, ASGI)
] + [
    Goal(
        "ASGI wrapper: at most 0.27 us for a further header line",
        0.27,
        lambda measured: measured.further_line(ASGI),
        "Each name is looked at, and each pair copied.",
    ),
    Goal(
        "1 MB of forged prefix: at most 1.3 x 11 bytes",
        1.3,
        compared("one hop, 1 MB forged", of=HIT, to=OURS),
        "No more characters are read, as tests/test_cost.py counts; a fresh text of 1 MB is in no cache of the processor.",
    ),
    Goal(
        "100,000 networks: at most 1.3 x two, the same client",
        1.3,
        compared("one hop, 100,000 networks", of=HIT, to=OURS),
    ),
    Goal(
        "100,000 networks: at most 1.3 x two, a new client",
        1.3,
        compared("new client, 100,000 networks", of=NEW, to=OURS),
    ),
]
