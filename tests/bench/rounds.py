"""Times contenders side by side: in each round, all of them in a new random order."""

import contextlib
import gc
import random
import statistics
import time
from typing import NamedTuple

from django.test import override_settings

from tests.bench.contenders import OURS, contenders
from tests.bench.workloads import FURTHER_LINES, WORKLOADS, networks

BATCH_SECONDS = 0.002
MOST_CALLS = 500
MOST_BYTES = 32_000_000  # of headers that the requests of a batch hold at a time


class Spread(NamedTuple):
    """A median, and the tenth and ninetieth percentile around it."""

    median: float
    low: float
    high: float


def spread(values):
    deciles = statistics.quantiles(values, n=10, method="inclusive")
    return Spread(statistics.median(values), deciles[0], deciles[-1])


class Duel:
    """One contender at one workload, with the seconds a call took in each round."""

    def __init__(self, contender, workload):
        self.contender, self.workload = contender, workload
        self.calls = 1
        self.seconds = []

    def turn(self):
        """Return the seconds that one call took, in a batch of calls with a request each."""
        prepare = self.contender.prepare
        # One more, as the settings of the batch before may have been others.
        first, *requests = [prepare(self.workload.request()) for _ in range(self.calls + 1)]
        call = self.contender.call
        with self._settings():
            call(first)
            # Processor time, which leaves out what else the machine does.
            begin = time.process_time()
            for request in requests:
                call(request)
            return (time.process_time() - begin) / self.calls

    def _settings(self):
        settings = self.workload.settings
        return override_settings(**settings) if settings else contextlib.nullcontext()

    def is_right(self):
        """Tell whether the contender finds the client of a request."""
        environ = self.workload.request()
        request = self.contender.prepare(environ)
        with self._settings():
            address = self.contender.client(request, self.contender.call(request))
        return self.workload.is_right(environ, address)

    def calibrate(self):
        """Fill the caches, and choose how many calls a batch has."""
        self.turn()
        self.calls = 5
        seconds = min(self.turn() for _ in range(3))
        size = sum(len(v) for k, v in self.workload.request().items() if k.startswith("HTTP_"))
        most = min(MOST_CALLS, MOST_BYTES // size)
        self.calls = max(1, min(most, int(BATCH_SECONDS / seconds)))


class Measured:
    """The seconds per call by workload and contender, and who found the client."""

    def __init__(self):
        self.seconds, self.right = {}, {}

    def add(self, duel):
        key = duel.workload.name, duel.contender.name
        self.seconds.setdefault(key, []).extend(duel.seconds)
        self.right[key] = duel.is_right()

    def further_line(self, contender):
        """Return the microseconds that one more header line takes."""
        few, many = (self.seconds[name, contender] for name in ("twelve headers", "36 headers"))
        lines = FURTHER_LINES / 1e6
        return spread([(two - one) / lines for one, two in zip(few, many, strict=True)])

    def contenders(self):
        return list(dict.fromkeys(contender for _, contender in self.seconds))

    def ratio(self, workload, contender, *, of=None, to=OURS):
        """Return how much longer a contender takes than `to` takes at the workload `of`."""
        pairs = zip(
            self.seconds[workload, contender], self.seconds[of or workload, to], strict=True
        )
        return spread([one / two for one, two in pairs])


def measure(rounds, passes=3, contenders=contenders):
    """Measure all contenders at all workloads, in several passes over the sets of networks."""
    measured = Measured()
    order = random.Random(0)
    for _ in range(passes):
        for count in sorted({workload.networks for workload in WORKLOADS}):
            trusted = networks(count)
            with override_settings(TRUSTED_PROXIES=trusted):
                rivals = contenders(trusted)
                group = [
                    Duel(contender, workload)
                    for workload in WORKLOADS
                    for contender in rivals
                    if workload.networks == count and contender.is_asked(workload)
                ]
                for duel in group:
                    duel.calibrate()
                _run(group, max(2, rounds // passes), order)
                for duel in group:
                    measured.add(duel)
    return measured


def _run(group, rounds, order):
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for duel in order.sample(group, len(group)):
                duel.seconds.append(duel.turn())
            gc.collect()
    finally:
        gc.enable()
