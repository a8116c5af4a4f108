"""Keeps the log short under any flood: what was logged, and who sent the most."""

from __future__ import annotations

import time
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from .engine.addresses import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR, DAY = 3_600, 86_400
MOST_TOLD = 64
"""How many pairs of a kind and a network are remembered as told."""
MOST_LINES = 10
"""How many lines an hour are written for one kind, besides the summary."""
MOST_COUNTED = 256
"""How many networks are counted for one kind."""


def network_of(address: str | None) -> str:
    """Return the network that an address counts for: IPv4 /24, IPv6 /48.

    A text that is not an address is a network of its own, named by the text.
    """
    packed = pack(address) if address else None
    if packed is None:
        return address or ""
    if len(packed) == 4:
        return f"{'.'.join(map(str, packed[:3]))}.0/24"
    return f"{unpack(packed[:6] + bytes(10))}/48"


Kind = tuple[str, int]
"""What lines are about, by a short word and their level of `logging`."""


class Count(NamedTuple):
    """A network, at least how many requests it sent, and the last address that sent one."""

    network: str
    number: int
    address: str


class HeavyHitters:
    """Networks by the number of their requests, in bounded memory (Misra and Gries, 1982).

    A network that sent more than one in `MOST_COUNTED + 1` of all requests is among them. A number
    is never too high.
    """

    def __init__(self) -> None:
        self.total = 0
        self._numbers: dict[str, int] = {}
        self._addresses: dict[str, str] = {}

    def add(self, network: str, address: str, number: int = 1) -> None:
        """Count requests."""
        self.total += number
        numbers = self._numbers
        if network in numbers or len(numbers) < MOST_COUNTED:
            numbers[network] = numbers.get(network, 0) + number
            self._addresses[network] = address
            return
        least = min(number, *numbers.values())
        self._numbers = {known: count - least for known, count in numbers.items() if count > least}
        self._addresses = {known: self._addresses[known] for known in self._numbers}
        if number > least:
            self._numbers[network], self._addresses[network] = number - least, address

    def most(self) -> list[Count]:
        """Return the counts, the highest first."""
        found = sorted(self._numbers.items(), key=itemgetter(1), reverse=True)
        return [Count(network, number, self._addresses[network]) for network, number in found]

    def __len__(self) -> int:
        return len(self._numbers)


class Summary(NamedTuple):
    """What came of one kind within an hour: how many requests, and the networks that sent most.

    Networks that no line has reported come first; `is_news` tells whether there are such.
    """

    kind: Kind
    total: int
    counts: list[Count]
    is_news: bool


class _Hour:
    """What came of one kind since `begin`.

    `settled` has the addresses about which no more lines are written in this hour, and how many
    requests each sent since then, the last one last. They are not yet among the `hitters`.
    """

    __slots__ = ("begin", "hitters", "lines", "settled")

    def __init__(self, begin: float) -> None:
        self.begin, self.lines, self.hitters = begin, 0, HeavyHitters()
        self.settled: dict[str | None, int] = {}

    def settle(self) -> None:
        """Add what the settled addresses sent to the hitters, and start counting them again."""
        settled, self.settled = self.settled, {}
        # A copy in one step, as `repeats` may still count in another thread.
        for address, number in list(settled.items()):
            self.hitters.add(network_of(address), address or "", number)


class Limiter:
    """Decides which lines are written. `clock` returns seconds. Its methods are thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = Lock()
        # In the order of the lines, so that the first is the oldest.
        self._told: dict[tuple[Kind, str], float] = {}
        self._hours: dict[Kind, _Hour] = {}
        self._end = 0.0  # of the first hour that ends

    def repeats(self, kind: Kind, address: str | None) -> bool:
        """Count a request about which `admit` has nothing to decide, and tell whether it is one.

        Only one that `admit` counted within this hour can be.
        """
        hour = self._hours.get(kind)
        if hour is None or address not in hour.settled or self.clock() >= self._end:
            return False
        # Without the lock, which takes longer: threads that meet here may lose a count.
        hour.settled[address] = hour.settled.pop(address, 0) + 1
        return True

    def admit(self, kind: Kind, address: str | None) -> bool:
        """Count a request of a kind, and tell whether a line may be written about it.

        There is one a day for each kind and network, and `MOST_LINES` an hour for each kind.
        """
        network, now = network_of(address), self.clock()
        key = kind, network
        with self._lock:
            hour = self._hours.get(kind)
            if hour is None:
                hour = self._hours[kind] = _Hour(now)
                self._end = min(other.begin for other in self._hours.values()) + HOUR
            hour.hitters.add(network, address or "")
            is_news = not self._is_told(key, now) and hour.lines < MOST_LINES
            if is_news:
                hour.lines += 1
                self._tell(key, now)
            if hour.lines >= MOST_LINES or self._is_told(key, hour.begin + HOUR):
                if len(hour.settled) >= MOST_COUNTED:
                    hour.settle()
                hour.settled[address] = hour.settled.pop(address, 0)
            return is_news

    def _tell(self, key: tuple[Kind, str], now: float) -> None:
        self._told.pop(key, None)
        self._told[key] = now
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
            for hour in self._hours.values():
                hour.settle()  # a line may be written about that one again

    def summaries(self) -> list[Summary]:
        """Return a summary of each kind whose hour is over, and begin a new hour for it."""
        now = self.clock()
        if now < self._end or not self._hours:
            return []
        with self._lock:
            ended = [kind for kind, hour in self._hours.items() if now - hour.begin >= HOUR]
            summaries = [self._summary(kind, self._hours.pop(kind), now) for kind in ended]
            self._end = min((hour.begin for hour in self._hours.values()), default=now) + HOUR
            return summaries

    def _summary(self, kind: Kind, hour: _Hour, now: float) -> Summary:
        hour.settle()
        counts = hour.hitters.most()
        told = [self._is_told((kind, count.network), now) for count in counts]
        news = [count for count, is_told in zip(counts, told, strict=True) if not is_told]
        others = [count for count, is_told in zip(counts, told, strict=True) if is_told]
        return Summary(kind, hour.hitters.total, news + others, bool(news))

    def _is_told(self, key: tuple[Kind, str], now: float) -> bool:
        at = self._told.get(key)
        return at is not None and now - at < DAY

    def size(self) -> tuple[int, int]:
        """Return how many keys are remembered as logged, and how many networks are counted."""
        with self._lock:
            return len(self._told), sum(len(hour.hitters) for hour in self._hours.values())
