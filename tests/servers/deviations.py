"""Where this package differs from each yardstick on purpose: each difference has a name.

Which one a request belongs to is decided by its configuration, its peer and its headers alone, with
what both sides are to answer, before anybody is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import NamedTuple

from tests.servers import readings
from tests.servers.questions import (
    BYSTANDERS,
    FOR_MOD_WSGI,
    FOR_WALKS,
    OTHER_CLIENT_HEADERS,
    Question,
)
from tests.servers.readings import LONGEST_ENTRY, MOST_ENTRIES, STOP, Answer, Entry


class Deviation(NamedTuple):
    """A difference, and the sentence that says who does what and why.

    `situations` are those in which it occurs (see `situation_of`), and `is_about` tells whether it
    does, from the question and the entry at which the two walks part. `shown` is the header of the
    example on the page.
    """

    name: str
    reason: str
    situations: tuple[str, ...]
    is_about: Callable[[Question, Entry], bool]
    shown: str


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Another answer to the question who the client is, and all that differs from it.

    `is_whole` tells whether the headers are compared too, and so how each hop is written.
    """

    name: str
    questions: tuple[Question, ...]
    expected: Callable[[Question], Answer]
    read: Callable
    deviations: tuple[Deviation, ...]
    is_whole: bool = False
    blanks: str = " \t"

    def compared(self, answer):
        """Return the part of an answer that is compared."""
        return answer if self.is_whole else Answer(answer.address)

    def foretold(self, question):
        """Return the answers that are expected of the yardstick and of this package."""
        return self.expected(question), self.compared(readings.expected_here(question))

    def deviations_of(self, question):
        """Return the deviations that a question belongs to: none where the answers are the same."""
        theirs, ours = self.foretold(question)
        if theirs == ours:
            return []
        situation, entry = situation_of(question), self.parting(question)
        return [
            deviation
            for deviation in self.deviations
            if situation in deviation.situations and deviation.is_about(question, entry)
        ]

    def parting(self, question):
        """Return the entry at which the walks part, or else the one at which both end."""
        last = Entry(question.peer, -1, (readings.peer_of(question),))
        if situation_of(question) in NOBODY + DIRECT:
            return last
        here = readings.entries(question, readings.read_here, MOST_ENTRIES)
        there = readings.entries(question, self.read, blanks=self.blanks)
        for mine, theirs in zip(here, there, strict=True):
            if self._steps(mine) != self._steps(theirs):
                return theirs
            if STOP in mine.steps:
                return last
            last = theirs if theirs.steps else last
            if not all(readings.is_trusted(question.trusted, step.address) for step in mine.steps):
                return last
        return last

    def _steps(self, entry):
        return entry.steps if self.is_whole else [step and step.address for step in entry.steps]


NOBODY, DIRECT, SEVERAL, WALK = ("nobody",), ("direct",), ("several",), ("walk",)


def situation_of(question):
    """Return "nobody" is listed, "direct" from an untrusted peer, "several" headers, or "walk"."""
    if not question.trusted:
        return "nobody"
    if not readings.has_trusted_peer(question):
        return "direct"
    return "several" if len(question.designated) > 1 else "walk"


def is_named(question, _entry):
    return any(question.value(name) is not None for name in question.designated)


def is_another_present(question, _entry):
    present = [name for name in question.designated if question.value(name) is not None]
    return present[-1] != question.designated[0]


def has_bystander(question, _entry):
    return any(name in BYSTANDERS for name, _ in question.headers)


@cache
def _here(text):
    """Return the one step that an entry is here, or None for an empty entry and for `STOP`."""
    steps = readings.read_here(text, 1)
    return steps[0] if steps else None


def is_beyond_limits(_question, entry):
    is_one_too_many = entry.place >= MOST_ENTRIES
    return is_one_too_many or len(entry.text) > LONGEST_ENTRY


def is_empty(question, entry):
    return not entry.text.strip(" \t") or question.value(question.designated[0]) == ""


def has_port_or_brackets(_question, entry):
    text = entry.text.strip(" \t")
    is_node = readings.parsed(text) is None
    return is_node and _here(entry.text) is not None


def is_in_brackets(_question, entry):
    return entry.text.strip().startswith("[")


def is_resolved(question, entry):
    """Tell whether text that is not an address here is one to a C library, such as "10.3"."""
    if is_empty(question, entry) or is_beyond_limits(question, entry):
        return False
    return _here(entry.text) is STOP and readings.resolved(entry.text.strip(" \t")) is not None


def is_resolved_without_zone(question, entry):
    return is_resolved(question, entry) and "%" not in entry.text


def is_resolved_with_zone(question, entry):
    return is_resolved(question, entry) and "%" in entry.text


def is_resolved_and_trusted(question, entry):
    found = readings.resolved(entry.text.strip(" \t"))
    return is_resolved(question, entry) and readings.is_trusted(question.trusted, found)


def is_no_address(question, entry):
    """Tell whether an entry that names no trusted proxy, in any spelling, is not an address."""
    is_text = not is_empty(question, entry) and _here(entry.text) is STOP
    is_within_limits = not is_beyond_limits(question, entry)
    return is_text and is_within_limits and not is_resolved_and_trusted(question, entry)


def is_other_spelling(question, entry):
    text = entry.text.strip(" \t")
    address = readings.parsed(text)
    is_here = address is not None and not is_beyond_limits(question, entry)
    return is_here and str(address) != text


def is_other_spelling_in_header(question, entry):
    return entry.place >= 0 and is_other_spelling(question, entry)


def is_mapped(question, entry):
    text = entry.text.strip(" \t")
    return is_other_spelling(question, entry) and ip_address(text) != readings.parsed(text)


def is_unmapped_other_spelling(question, entry):
    return is_other_spelling(question, entry) and not is_mapped(question, entry)


def has_tab(_question, entry):
    return "\t" in entry.text and _here(entry.text) is not None


def has_blank_within(_question, entry):
    return " " in entry.text.strip()


def has_leading_zero(_question, entry):
    text = entry.text.strip()
    octets, _, port = text.partition(":")
    numbers = [*octets.split("."), port]
    is_zero_here = any(number.startswith("0") and number != "0" for number in numbers)
    return is_zero_here and all(number.isdigit() for number in numbers if number)


def is_private_alone(question, entry):
    """Tell whether an entry that can be read by both is an address that mod_remoteip refuses."""
    is_same = readings.read_by_remoteip(entry.text, entry.place) != (STOP,)
    address = readings.parsed(entry.text.strip(" \t"))
    is_within_limits = not is_beyond_limits(question, entry)
    return is_same and address is not None and readings.is_private(address) and is_within_limits


def is_resolved_and_not_private(question, entry):
    return is_resolved(question, entry) and not readings.is_private(
        readings.resolved(entry.text.strip(" \t"))
    )


def has_other_client_header(question, _entry):
    return any(name in OTHER_CLIENT_HEADERS for name, _ in question.headers)


BEYOND_LIMITS = ", ".join(["6.6.6.6", *["10.0.0.4"] * 101])

MOD_WSGI = Yardstick(
    "mod_wsgi",
    FOR_MOD_WSGI,
    readings.expected_of_mod_wsgi,
    readings.read_by_mod_wsgi,
    (
        Deviation(
            "no proxies listed means trust nobody, not everybody",
            "mod_wsgi then believes the first entry, from whomever it comes.",
            NOBODY,
            is_named,
            "6.6.6.6, 1.1.1.1",
        ),
        Deviation(
            "only an address becomes `REMOTE_ADDR`",
            "mod_wsgi copies whatever stands where the client is expected, and two addresses from a "
            "header that has one; here the walk ends before it, at the last hop that was verified.",
            WALK,
            is_no_address,
            "6.6.6.6, evil.invalid",
        ),
        Deviation(
            "ports and brackets are not part of an address",
            "mod_wsgi copies them, takes a proxy with a port for the client, and gives the client a "
            "new name with each port.",
            WALK,
            has_port_or_brackets,
            "6.6.6.6, 1.1.1.1:80",
        ),
        Deviation(
            "empty entries are skipped",
            "mod_wsgi writes an empty `REMOTE_ADDR`, or keeps an empty header.",
            WALK,
            is_empty,
            "6.6.6.6, , 10.0.0.2",
        ),
        Deviation(
            "names are not resolved",
            "mod_wsgi asks the resolver, which knows names and short, octal and hexadecimal forms, "
            "and believes what stands left of them; who answers for a name would decide.",
            WALK,
            is_resolved_and_trusted,
            "6.6.6.6, 127.1",
        ),
        Deviation(
            "headers of every purpose are dropped from an untrusted peer",
            "mod_wsgi leaves those that are not configured, for the next package to believe.",
            DIRECT,
            has_bystander,
            "4.4.4.4",
        ),
        Deviation(
            "every other client header is dropped from a trusted peer too",
            "mod_wsgi knows three of them and leaves the others, which a proxy passes on as the "
            "client wrote them.",
            WALK,
            has_other_client_header,
            "4.4.4.4",
        ),
        Deviation(
            "of several headers the first is used, not the last present",
            "With mod_wsgi, a client chooses which one counts by sending it.",
            SEVERAL,
            is_another_present,
            "2.2.2.2",
        ),
        Deviation(
            "an address has one spelling",
            "mod_wsgi copies the spelling of the header, so that one client can have several names, "
            "IPv4-mapped ones among them.",
            WALK,
            is_other_spelling_in_header,
            "2001:DB8:0:0::1",
        ),
        Deviation(
            "the walk has limits",
            "mod_wsgi walks and resolves as many entries as the header holds, of any length.",
            WALK,
            is_beyond_limits,
            BEYOND_LIMITS,
        ),
    ),
    is_whole=True,
)

_LIMITS = Deviation(
    "the walk has limits",
    "It has none there, but for the size of a header: 100 entries, or blanks of 1024 characters "
    "before one, are not what a proxy writes.",
    WALK,
    is_beyond_limits,
    BEYOND_LIMITS,
)
_TAB = Deviation(
    "a tab is a blank",
    "There it is a part of the entry and ends the walk; RFC 9110 (5.6.3) lets either stand there.",
    WALK,
    has_tab,
    "6.6.6.6, \t1.1.1.1\t",
)
_SPELLING = Deviation(
    "an address has one spelling",
    "There it is that of the C library, which is another for the deprecated addresses of `::/96`; "
    "here it is that of Python's `ipaddress`, which the rest of a Django project compares with.",
    WALK,
    is_unmapped_other_spelling,
    "::1.2.3.4",
)

REALIP = Yardstick(
    "nginx realip",
    FOR_WALKS,
    readings.expected_of_nginx,
    readings.read_by_nginx,
    (
        Deviation(
            "an IPv4-mapped address is its IPv4 address",
            "nginx tests it as IPv4 and writes it as IPv6, so that one client has two names; so it "
            "does with a peer on a dual-stack socket.",
            WALK + DIRECT + NOBODY,
            is_mapped,
            "::ffff:1.1.1.1",
        ),
        Deviation(
            "a blank separates nothing",
            "nginx takes it for a comma, and so reads two addresses where the field's grammar has "
            "none.",
            WALK,
            has_blank_within,
            "6.6.6.6, 1.1.1.1 10.0.0.3",
        ),
        Deviation(
            "a leading zero is not part of an address",
            "nginx reads `10.0.0.010` as 10.0.0.10, Apache as 10.0.0.8: two servers of one chain "
            "would disagree about who is a proxy. So it reads a port as well.",
            WALK,
            has_leading_zero,
            "6.6.6.6, 10.0.0.010",
        ),
        Deviation(
            "brackets are for IPv6, with or without a port",
            "nginx reads `[1.1.1.1]:80`, which nobody writes, but not `[2001:db8::1]`, which is how "
            "RFC 3986 (3.2.2) writes the address: a proxy that does so would hide all clients.",
            WALK,
            is_in_brackets,
            "[2001:db8::1]",
        ),
        _TAB,
        _SPELLING,
        _LIMITS,
    ),
    blanks=" ",
)

_NOBODY = Deviation(
    "no proxies listed means trust nobody, not everybody",
    "mod_remoteip then believes the leftmost entry, from whomever it comes.",
    NOBODY,
    is_named,
    "6.6.6.6, 1.1.1.1",
)
_EMPTY = Deviation(
    "empty entries are skipped",
    "mod_remoteip ends its walk there and takes the proxy for the client; RFC 9110 (5.6.1) has them "
    "ignored.",
    WALK,
    is_empty,
    "1.1.1.1,",
)
_PORT = Deviation(
    "ports and brackets are read",
    "mod_remoteip takes such an entry for unreadable and stays at the proxy, so that all clients of "
    "a proxy that writes ports (Azure's does) are one.",
    WALK,
    has_port_or_brackets,
    "6.6.6.6, 1.1.1.1:80",
)

REMOTEIP = Yardstick(
    "Apache mod_remoteip, RemoteIPInternalProxy",
    FOR_WALKS,
    readings.expected_of_remoteip,
    readings.read_by_remoteip,
    (
        _NOBODY,
        Deviation(
            "names are not resolved",
            "mod_remoteip asks the resolver, which knows names and short, octal and hexadecimal "
            "forms (`10.0.0.010` is 10.0.0.8 to it, and 10.0.0.10 to nginx).",
            WALK,
            is_resolved_without_zone,
            "6.6.6.6, 10.0.0.010",
        ),
        Deviation(
            "a zone id is not part of an address",
            "mod_remoteip writes it into `REMOTE_ADDR`; it names an interface of another host.",
            WALK,
            is_resolved_with_zone,
            "fe80::1%lo",
        ),
        _PORT,
        _EMPTY,
        _TAB,
        _SPELLING,
        _LIMITS,
    ),
)

REMOTEIP_OUTSIDE = Yardstick(
    "Apache mod_remoteip, RemoteIPTrustedProxy",
    FOR_WALKS,
    readings.expected_of_remoteip_outside,
    readings.read_by_remoteip_outside,
    (
        _NOBODY,
        Deviation(
            "a private address is an address",
            "With this directive, mod_remoteip believes no private address, so that no proxy can "
            "have another one with such an address behind it. Here trust is a matter of "
            "`TRUSTED_PROXIES` alone, and a client of the own network has its own address.",
            WALK,
            is_private_alone,
            "192.168.0.1",
        ),
        Deviation(
            "names are not resolved",
            "As above, for what is resolved to a public address.",
            WALK,
            is_resolved_and_not_private,
            "6.6.6.6, 0x01010101",
        ),
        _PORT,
        _EMPTY,
        _TAB,
    ),
)

YARDSTICKS = (MOD_WSGI, REALIP, REMOTEIP, REMOTEIP_OUTSIDE)


class Comparison(NamedTuple):
    """The questions of each deviation by its name, and those whose answers nothing explains."""

    deviating: dict[str, list[Question]]
    unexplained: list[str]


@cache
def _foretell(yardstick, question):
    return yardstick.deviations_of(question), yardstick.foretold(question)


def compare(yardstick, questions, theirs, ours):
    """Compare two answers to each question: they are equal, or one deviation foretells both."""
    deviating = {deviation.name: [] for deviation in yardstick.deviations}
    unexplained = []
    for question in questions:
        answers = yardstick.compared(theirs[question]), yardstick.compared(ours[question])
        found, foretold = _foretell(yardstick, question)
        if len(found) == 1 and answers == foretold:
            deviating[found[0].name].append(question)
        elif found or answers[0] != answers[1]:
            names = [deviation.name for deviation in found]
            unexplained.append(f"{question}: {answers}, {names} foretell {foretold}")
    return Comparison(deviating, unexplained)
