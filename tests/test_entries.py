"""Entries of TRUSTED_PROXIES: the words of each error; tests/wrong_values.py has what they may trust."""

import pytest
from django.utils.functional import SimpleLazyObject

from django_trustedproxy.conf import parse
from django_trustedproxy.engine.mistakes import diagnose
from django_trustedproxy.engine.networks import NAMES
from django_trustedproxy.entries import collected, usable

ANY = f"an address, a network or a name ({', '.join(NAMES)})"
OWN = "the addresses of your own proxies"
LIST = "a list, tuple or set of addresses, networks and names"
NOBODY = "With it nobody is trusted, and the log names the proxy that connects."
PORT = "Write the address without the port: a proxy connects from another one each time."


def problems(value):
    _, found = parse(type("Settings", (), {"TRUSTED_PROXIES": value}))
    return [(p.id.removeprefix("trustedproxy."), p.msg, p.hint) for p in found]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            "10.0.0.1, 10.0.0.2",
            (
                "E001",
                f"TRUSTED_PROXIES is not a list: expected {LIST}, got '10.0.0.1, 10.0.0.2'.",
                'Write TRUSTED_PROXIES = ["10.0.0.1", "10.0.0.2"].',
            ),
        ),
        (
            None,
            (
                "E001",
                f"TRUSTED_PROXIES is not a list: expected {LIST}, got None.",
                f"Write TRUSTED_PROXIES = []. {NOBODY}",
            ),
        ),
        (
            "*",
            (
                "E001",
                f"TRUSTED_PROXIES is not a list: expected {LIST}, got '*'.",
                "'*' trusts everybody. Anyone who is trusted can claim any address. "
                f"Write TRUSTED_PROXIES = []. {NOBODY}",
            ),
        ),
        (
            ["10.0.0.1", "10.0.0.256"],
            (
                "E002",
                f"TRUSTED_PROXIES[1] is not an address: expected {ANY}, got '10.0.0.256'.",
                "Write one address, or a network with its prefix length behind a slash. "
                'Write TRUSTED_PROXIES = ["10.0.0.1"].',
            ),
        ),
        (
            ["127.0.0.1:8000", "10.0.0.1"],
            (
                "E002",
                f"TRUSTED_PROXIES[0] has a port: expected {ANY}, got '127.0.0.1:8000'.",
                f'{PORT} Write TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.1"].',
            ),
        ),
        (
            ("10.0.0.1/8",),
            (
                "E003",
                "TRUSTED_PROXIES[0] has host bits set: expected a network's first address, got "
                "'10.0.0.1/8'.",
                'For the whole network, write "10.0.0.0/8". Write TRUSTED_PROXIES = ["10.0.0.1"].',
            ),
        ),
        (
            ["::ffff:10.0.0.0/8"],
            (
                "E004",
                "TRUSTED_PROXIES[0] is an IPv4-mapped network wider than all of IPv4: expected a "
                "prefix length of 96 to 128, got '::ffff:10.0.0.0/8'.",
                'Write the IPv4 network itself. Write TRUSTED_PROXIES = ["10.0.0.0/8"].',
            ),
        ),
        (
            ["proxy.internal"],
            (
                "E005",
                f"TRUSTED_PROXIES[0] is a host name: expected {ANY}, got 'proxy.internal'.",
                "Write the proxy's address or network. Names are not resolved: anyone who controls "
                f"them in DNS would decide who is trusted. Write TRUSTED_PROXIES = []. {NOBODY}",
            ),
        ),
        (
            {"unix"},
            (
                "E006",
                f"TRUSTED_PROXIES[0] is not a known name: expected {ANY}, got 'unix'.",
                'Write "unix:" instead. Write TRUSTED_PROXIES = ["unix:"].',
            ),
        ),
        (
            ["*", "loopback"],
            (
                "E007",
                f"TRUSTED_PROXIES[0] trusts everybody: expected {OWN}, got '*'.",
                'Anyone who is trusted can claim any address. Write TRUSTED_PROXIES = ["loopback"].',
            ),
        ),
        *(
            (
                [address, "loopback"],
                (
                    "E007",
                    "TRUSTED_PROXIES[0] is the address on which a server listens for everybody: "
                    f"expected {OWN}, got '{address}'.",
                    'No proxy connects from it. Write TRUSTED_PROXIES = ["loopback"].',
                ),
            )
            for address in ("0.0.0.0", "::", "::ffff:0.0.0.0")
        ),
        (
            [f"10.0.{number}.0/24" for number in range(60)] + ["10.1.0.0-9"],
            (
                "E002",
                f"TRUSTED_PROXIES[60] is a range: expected {ANY}, got '10.1.0.0-9'.",
                'Write the networks that it consists of. Write "10.1.0.0/29", "10.1.0.8/31" there.',
            ),
        ),
        (
            [f"10.0.{number}.0/24" for number in range(60)] + ["10.1"],
            (
                "E002",
                f"TRUSTED_PROXIES[60] is not an address: expected {ANY}, got '10.1'.",
                "Write one address, or a network with its prefix length behind a slash. "
                "Remove it from TRUSTED_PROXIES.",
            ),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_entry_that_cannot_be_used_says_why_and_what_to_write(value, problem):
    assert problems(value) == [problem]


@pytest.mark.parametrize(
    ("entries", "shown", "kept"),
    [
        (["0.0.0.0/0"], "0.0.0.0/0", []),
        (["0.0.0.0/1", "128.0.0.0/1"], "0.0.0.0/0", []),
        (["::/0", "loopback"], "::/0", ["loopback"]),
        (["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], "0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/3", []),
        (["2000::/3", "10.0.0.1"], "2000::/3", ["10.0.0.1"]),
        (["2000::/4", "3000::/4"], "2000::/3", []),
        ([f"{first}.0.0.0/8" for first in range(1, 224)], "1.0.0.0/8, 2.0.0.0/7, 4.0.0.0/6, ", []),
        (
            [f"{n}.0.0.0/8" for n in range(1, 224) if n not in (10, 127)],
            "1.0.0.0/8, 2.0.0.0/7, 4.0.0.0/6, ",
            [],
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_networks_that_together_have_all_public_addresses_trust_everybody(entries, shown, kept):
    ((name, msg, hint),) = problems(entries)
    assert name == "E007"
    assert msg.startswith(f"TRUSTED_PROXIES trusts everybody: expected {OWN}, got {shown}")
    line = ", ".join(f'"{entry}"' for entry in kept)
    assert f"Write TRUSTED_PROXIES = [{line}]." in hint
    assert "Anyone who is trusted can claim any address." in hint


@pytest.mark.parametrize(
    "entries",
    [["0.0.0.0/1"], ["2000::/4"], ["128.0.0.0/1", "0.0.0.0/2"], ["private", "loopback"], ["::1"]],
    ids=str,
)
def test_networks_that_leave_public_addresses_out_are_no_error(entries):
    assert problems(entries) == []


@pytest.mark.parametrize(
    ("entry", "fact", "meant"),
    [
        ("unix:/run/web.sock", "is not a known name", ("unix:",)),
        ("/run/Web.SOCKET", "is not a known name", ("unix:",)),
        # None of these is a socket for sure.
        ("/run/secrets/trusted_proxies", "names a file", ()),
        ("/srv/app/cloudflare", "names a file", ()),
        ("/10.0.0.0/8", "begins with a slash", ("10.0.0.0/8",)),
        ("//10.0.0.1", "begins with a slash", ("10.0.0.1",)),
        ("/0.0.0.0/0", "begins with a slash", ()),
        ("10.example.com", "is a host name", ()),
        ("db-1", "is a host name", ()),
        ("dead-beef", "is a host name", ()),
        ("10.0.0.9-10.0.0.1", "is a range", ()),
        ("10.0.0.1-::9", "is a range", ()),
        ("::1-::2", "is a range", ("::1", "::2")),
        ("http://[bad", "is a URL", ()),
        ("*.*.*.*", "trusts everybody", ()),
        ("10.0.*.1", "is not an address", ()),
        ("10.0.0.0.*", "is not an address", ()),
        (
            "10.0.0.1 - 10.0.0.2, ::1",
            "has several entries in one text",
            ("10.0.0.1", "10.0.0.2", "::1"),
        ),
        ("10.0.0.0;", "has a separator in it", ("10.0.0.0",)),
        ("10.0.0.0 / 8", "has blanks in it", ("10.0.0.0/8",)),
        ("fd00:: /8", "has blanks in it", ("fd00::/8",)),
        ("10.0.0.0/0.0.0.0", "has a netmask", ("10.0.0.0",)),
        ("10.0.0.9/255.255.255.0", "has a netmask", ("10.0.0.9",)),
        ("10.0.0.0/0008", "has leading zeros", ("10.0.0.0/8",)),
        ("fd00::/" + "9" * 500, "is not in CIDR notation", ()),
        ("fe80::%eth0/64", "has a zone id", ("fe80::/64",)),
        ("::ffff:10.0.0.1/8", "is an IPv4-mapped network wider than all of IPv4", ("10.0.0.1",)),
        ("::ffff:0.0.0.0/0", "is an IPv4-mapped network wider than all of IPv4", ()),
        ("::1.2.3.4/64", "has host bits set", ("::1.2.3.4",)),
        ("[" * 900, "is not an address", ()),
        ("'" * 900, "has quotes in it", ()),
        ("/" * 900, "ends in a slash", ()),
        (":1" * 400, "is not an address", ()),
        ("1," * 400, "has several entries in one text", ()),
        ("x" * 100_000, "is not an address", ()),
        ("\ud800\x00", "is not an address", ()),
        (bytearray(b"10.0.0.1:80"), "is bytes and not text", ("10.0.0.1",)),
        ([["10.0.0.1"], "10.0.0.2", 3], "is a list within the list", ("10.0.0.2",)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_mistake_is_named_and_what_can_be_kept_is(entry, fact, meant):
    mistake = diagnose(entry)
    assert (mistake.fact, mistake.meant) == (fact, meant)


def test_everybody_is_not_the_network_that_host_bits_are_of():
    assert not diagnose("10.0.0.1/0").remedy
    assert not diagnose("fd00::1/0").remedy


class Raises:
    """A lazy object whose value cannot be had."""

    def __iter__(self):
        raise RuntimeError

    def __len__(self):
        return 1

    def __contains__(self, item):
        return False


@pytest.mark.parametrize("value", [Raises(), SimpleLazyObject(lambda: 5)])
def test_a_lazy_value_that_is_no_collection_is_an_error(value):
    assert collected(value) is None
    ((name, _, hint),) = problems(value)
    assert name == "E001"
    assert "TRUSTED_PROXIES" in hint or "list()" in hint


def test_a_line_to_paste_never_trusts_everybody():
    halves = "0.0.0.0/1", "128.0.0.0/1"
    for value in (",".join(halves), ["nginx", *halves], ["10.0.0.1:80", *halves, "0.0.0.0"]):
        for _, _, hint in problems(value):
            assert "0.0.0.0/1" not in hint
            assert ('"10.0.0.1"' in hint) == ("10.0.0.1:80" in value)


def test_many_wrong_entries_are_read_once_each_and_told_briefly():
    found = problems([f"10.0.{n // 250}.{n % 250}:80" for n in range(2000)])
    assert len(found) == 2000
    assert all(len(hint) < 300 for _, _, hint in found)
    ((_, _, hint),) = problems(",".join(f"host-{n}" for n in range(2000)))
    assert hint.count("is a host name") == 5


@pytest.mark.parametrize(("longer", "length"), [(11, 400), (12, 401)])
def test_a_line_of_up_to_400_characters_is_told_whole(longer, length):
    entries = [f"10.0.0.{number}" for number in range(100 - 28 + longer, 100 + longer)]
    ((_, _, hint),) = problems(",".join(entries))
    line = f"Write TRUSTED_PROXIES = {entries}.".replace("'", '"')
    assert len(line) == length
    assert hint == (line if length <= 400 else "Remove it from TRUSTED_PROXIES.")


def test_an_iterator_is_not_read_at_all():
    iterator = iter(["10.0.0.1"])
    ((_, _, hint),) = problems(iterator)
    assert hint.startswith("Put list() around it: an iterator is empty when it is read again.")
    assert next(iterator) == "10.0.0.1"


def test_a_set_is_read_in_one_order():
    assert collected({"b", "a", "c"}) == ["a", "b", "c"]
    assert collected(("b", "a")) == ["b", "a"]


def test_what_can_be_used_is_kept_beside_what_cannot():
    assert usable(["10.0.0.1", "nginx", " ::1 "]) == ["10.0.0.1", " ::1 "]
    assert usable("10.0.0.1") == []
