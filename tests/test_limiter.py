"""The log stays short and names who matters, whoever sends how much."""

import itertools
import random
import threading

import pytest

from django_trustedproxy.limiter import (
    DAY,
    HOUR,
    MOST_COUNTED,
    MOST_LINES,
    MOST_TOLD,
    HeavyHitters,
    Limiter,
    network_of,
)
from tests.stack import ROOT

KIND = ("direct", 30)


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limiter(clock):
    return Limiter(clock)


def strangers():
    """Yield addresses, each of a network of its own."""
    for a, b, c in itertools.product(range(1, 224), range(256), range(256)):
        yield f"{a}.{b}.{c}.7"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("unix:", "unix:"),
        (None, ""),
        ("10.0.0.1:8000", "10.0.0.1:8000"),
    ],
)
def test_an_address_counts_for_its_network(address, network):
    assert network_of(address) == network


def test_a_line_is_written_once_a_day_for_each_kind_and_network(limiter, clock):
    assert limiter.admit(KIND, "192.0.2.1")
    assert not limiter.admit(KIND, "192.0.2.2")
    assert limiter.admit(KIND, "192.0.3.1")
    assert limiter.admit(("missing", 30), "192.0.2.1")
    assert limiter.admit(KIND, None)
    assert not limiter.admit(KIND, None)
    clock.now = DAY - 1
    assert not limiter.admit(KIND, "192.0.2.1")
    clock.now = DAY
    assert limiter.admit(KIND, "192.0.2.1")


def test_lines_of_one_kind_are_few_in_an_hour_and_take_none_from_another(limiter, clock):
    addresses = strangers()
    assert sum(limiter.admit(KIND, next(addresses)) for _ in range(5_000)) == MOST_LINES
    assert limiter.admit(("missing", 30), "10.0.0.1")
    clock.now = HOUR
    limiter.summaries()
    assert sum(limiter.admit(KIND, next(addresses)) for _ in range(5_000)) == MOST_LINES


def test_memory_is_bounded_under_a_flood(limiter, clock):
    addresses, lines = strangers(), 0
    for _ in range(48):
        lines += sum(limiter.admit(KIND, next(addresses)) for _ in range(1_000))
        clock.now += HOUR
        limiter.summaries()
    assert lines == 48 * MOST_LINES
    for _ in range(1_000):
        limiter.admit(KIND, next(addresses))
    told, counted = limiter.size()
    assert (told, counted <= MOST_COUNTED) == (MOST_TOLD, True)


def test_the_oldest_is_given_up(limiter, clock):
    addresses = [address for address, _ in zip(strangers(), range(MOST_TOLD + 1), strict=False)]
    for address in addresses:
        assert limiter.admit(KIND, address)
        clock.now += HOUR
        limiter.summaries()
    assert limiter.admit(KIND, addresses[0])
    assert not limiter.admit(KIND, addresses[-1])


def test_what_is_told_again_is_not_the_oldest(limiter, clock):
    first, *others, last = (a for a, _ in zip(strangers(), range(MOST_TOLD + 1), strict=False))
    for address in (first, *others):
        assert limiter.admit(KIND, address)
        clock.now += HOUR
        limiter.summaries()
    clock.now += DAY
    assert limiter.admit(KIND, first)
    assert limiter.admit(KIND, last)
    assert not limiter.admit(KIND, first)


def test_an_hour_has_sixty_minutes_and_a_day_24_hours():
    assert (HOUR, DAY) == (60 * 60, 24 * 60 * 60)


@pytest.mark.parametrize("seed", range(5))
def test_a_new_proxy_is_named_within_the_hour_whoever_came_first(limiter, clock, seed):
    addresses = strangers()
    for _ in range(5_000):
        limiter.admit(KIND, next(addresses))
    later = [next(addresses) for _ in range(5_000)] + ["172.18.0.2"] * 100
    random.Random(seed).shuffle(later)
    for address in later:
        clock.now += (HOUR - 1) / len(later)
        assert not limiter.admit(KIND, address)
    assert limiter.summaries() == []
    clock.now = HOUR
    (summary,) = limiter.summaries()
    assert (summary.kind, summary.total, summary.is_news) == (KIND, 10_100, True)
    first = summary.counts[0]
    assert (first.network, first.address) == ("172.18.0.0/24", "172.18.0.2")
    assert 60 <= first.number <= 100
    assert limiter.summaries() == []


def test_networks_that_a_line_told_of_come_last_in_a_summary(limiter, clock):
    addresses = strangers()
    attackers = [next(addresses) for _ in range(MOST_LINES)]
    for address in attackers * 50:
        limiter.admit(KIND, address)
    assert not limiter.admit(KIND, "172.18.0.2")
    clock.now = HOUR
    (summary,) = limiter.summaries()
    assert summary.counts[0].network == "172.18.0.0/24"
    assert {count.number for count in summary.counts[1:]} == {50}


def test_a_summary_of_what_was_told_is_no_news(limiter, clock):
    limiter.admit(KIND, "10.0.0.1")
    clock.now = HOUR
    (summary,) = limiter.summaries()
    assert not summary.is_news


@pytest.mark.parametrize("seed", range(5))
def test_a_count_is_never_too_high_and_a_heavy_hitter_is_never_lost(seed):
    chance = random.Random(seed)
    networks = [f"heavy {n}" for n in range(20) for _ in range(400)]
    networks += [f"light {n}" for n in range(20_000)]
    chance.shuffle(networks)
    hitters = HeavyHitters()
    for network in networks:
        hitters.add(network, "")
    found = {count.network: count.number for count in hitters.most()}
    assert len(found) <= MOST_COUNTED
    lost = len(networks) // (MOST_COUNTED + 1)
    assert all(400 - lost <= found[f"heavy {n}"] <= 400 for n in range(20))


@pytest.mark.parametrize("seed", range(5))
def test_counts_that_come_together_are_never_too_high_either(seed):
    chance = random.Random(seed)
    sent = [(f"heavy {n}", 40) for n in range(20) for _ in range(10)]
    sent += [(f"light {n}", chance.randint(1, 3)) for n in range(10_000)]
    chance.shuffle(sent)
    hitters = HeavyHitters()
    for network, number in sent:
        hitters.add(network, network, number)
    lost = hitters.total // (MOST_COUNTED + 1)
    assert hitters.total == sum(number for _, number in sent)
    found = {count.network: count for count in hitters.most()}
    assert len(found) <= MOST_COUNTED
    assert all(400 - lost <= found[f"heavy {n}"].number <= 400 for n in range(20))
    assert all(network == count.address for network, count in found.items())


def test_what_repeats_is_counted_once_a_line_was_written_or_none_is_left(limiter, clock):
    assert not limiter.repeats(KIND, "192.0.2.1")
    assert limiter.admit(KIND, "192.0.2.1")
    assert limiter.repeats(KIND, "192.0.2.1")
    assert not limiter.repeats(KIND, "192.0.2.2")
    assert not limiter.admit(KIND, "192.0.2.2")
    assert limiter.repeats(KIND, "192.0.2.2")
    assert limiter.repeats(KIND, "192.0.2.1")
    clock.now = HOUR
    assert not limiter.repeats(KIND, "192.0.2.1")
    (summary,) = limiter.summaries()
    assert summary.total == 5
    assert summary.counts == [("192.0.2.0/24", 5, "192.0.2.1")]


def test_what_repeats_is_asked_of_again_a_day_after_its_line(limiter, clock):
    limiter.admit(KIND, "192.0.2.1")
    clock.now = DAY - HOUR + 1
    limiter.summaries()
    assert not limiter.admit(KIND, "192.0.2.1")
    assert not limiter.repeats(KIND, "192.0.2.1")  # within this hour a line may be written


def test_what_repeats_is_asked_of_again_when_its_line_is_forgotten(limiter):
    limiter.admit(KIND, "192.0.2.1")
    for number in range(MOST_TOLD):
        limiter.admit((f"kind {number // MOST_LINES}", 30), f"198.51.{number}.1")
    assert not limiter.repeats(KIND, "192.0.2.1")
    assert limiter.admit(KIND, "192.0.2.1")


def test_few_addresses_are_known_to_repeat(limiter, clock):
    addresses = list(itertools.islice(strangers(), 3 * MOST_COUNTED))
    for address in addresses:
        limiter.admit(KIND, address)
        for _ in range(3):
            limiter.repeats(KIND, address)
    known = [address for address in addresses if limiter.repeats(KIND, address)]
    assert 0 < len(known) <= MOST_COUNTED
    clock.now = HOUR
    (summary,) = limiter.summaries()
    assert summary.total == 4 * len(addresses) + len(known)
    assert all(count.number <= 5 for count in summary.counts)


def test_threads_share_the_lines_of_an_hour(limiter):
    admitted = []

    def flood(part):
        for number in range(500):
            if limiter.admit(KIND, f"{part}.{number // 256}.{number % 256}.1"):
                admitted.append(number)  # noqa: PERF401 - one thread of several

    threads = [threading.Thread(target=flood, args=(part,)) for part in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == MOST_LINES


def test_the_page_about_logging_has_these_limits():
    page = " ".join((ROOT / "docs" / "logging.md").read_text().split())
    assert f"At most {MOST_LINES} such lines an hour are written for one kind." in page
    assert f"At most {MOST_TOLD} pairs of a kind and a network are remembered." in page


def test_a_full_count_lets_in_what_is_left_of_a_larger_number_and_nothing_else():
    hitters = HeavyHitters()
    for number in range(MOST_COUNTED):
        hitters.add(f"network {number}", f"address {number}", 2)
    hitters.add("larger", "its address", 5)
    assert hitters.most() == [("larger", 3, "its address")]
    hitters = HeavyHitters()
    for number in range(MOST_COUNTED):
        hitters.add(f"network {number}", "address", 2 + number % 2)
    hitters.add("smaller", "address", 2)
    assert {count.number for count in hitters.most()} == {1}
    # What is counted no more is remembered no more.
    assert {len(kept) for kept in vars(hitters).values() if isinstance(kept, dict)} == {
        MOST_COUNTED // 2
    }


@pytest.mark.parametrize("address", ["192.0.2.7", None])
def test_a_summary_has_the_last_address_or_none(limiter, clock, address):
    limiter.admit(KIND, address)
    limiter.repeats(KIND, address)
    clock.now = HOUR
    (summary,) = limiter.summaries()
    assert [count.address for count in summary.counts] == [address or ""]
    limiter.admit(KIND, address)
    clock.now = 2 * HOUR
    (summary,) = limiter.summaries()
    assert [(count.number, count.address) for count in summary.counts] == [(1, address or "")]


def test_each_kind_has_an_hour_of_its_own(limiter, clock):
    other = ("missing", 20)
    limiter.admit(KIND, "192.0.2.1")
    clock.now = HOUR / 2
    limiter.admit(other, "192.0.2.1")
    clock.now = HOUR
    assert [summary.kind for summary in limiter.summaries()] == [KIND]
    assert limiter.repeats(other, "192.0.2.1")
    clock.now = 1.5 * HOUR
    assert not limiter.repeats(other, "192.0.2.1")
    assert [(each.kind, each.total) for each in limiter.summaries()] == [(other, 2)]


def test_a_summary_has_the_last_address_of_a_network_and_none_where_none_was_known(limiter, clock):
    sent = ("192.0.2.1", "192.0.2.9", None)
    for now in (0, DAY - 100):  # the second time, a line is due before the hour ends
        clock.now = now
        for address in sent:
            limiter.admit(KIND, address)
        clock.now += HOUR
        (summary,) = limiter.summaries()
        assert sorted(summary.counts) == [("", 1, ""), ("192.0.2.0/24", 2, "192.0.2.9")]
