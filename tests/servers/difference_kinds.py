"""What there is about the entry of a header at which two walks part, or about the whole request."""

from functools import cache
from ipaddress import ip_address

from tests.servers import reference_rules
from tests.servers.reference_requests import BYSTANDERS, OTHER_CLIENT_HEADERS
from tests.servers.reference_rules import LONGEST_ENTRY, MOST_ENTRIES, STOP


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
    steps = reference_rules.read_here(text, 1)
    return steps[0] if steps else None


def is_beyond_limits(_question, entry):
    is_one_too_many = entry.place >= MOST_ENTRIES
    return is_one_too_many or len(entry.text) > LONGEST_ENTRY


def is_empty(question, entry):
    return not entry.text.strip(" \t") or question.value(question.designated[0]) == ""


def has_port_or_brackets(_question, entry):
    text = entry.text.strip(" \t")
    is_node = reference_rules.parsed(text) is None
    return is_node and _here(entry.text) is not None


def is_in_brackets(_question, entry):
    return entry.text.strip().startswith("[")


def is_resolved(question, entry):
    """Tell whether text that is not an address here is one to a C library, such as "10.3"."""
    if is_empty(question, entry) or is_beyond_limits(question, entry):
        return False
    return (
        _here(entry.text) is STOP and reference_rules.resolved(entry.text.strip(" \t")) is not None
    )


def is_resolved_without_zone(question, entry):
    return is_resolved(question, entry) and "%" not in entry.text


def is_resolved_with_zone(question, entry):
    return is_resolved(question, entry) and "%" in entry.text


def is_resolved_and_trusted(question, entry):
    found = reference_rules.resolved(entry.text.strip(" \t"))
    return is_resolved(question, entry) and reference_rules.is_trusted(question.trusted, found)


def is_no_address(question, entry):
    """Tell whether an entry that names no trusted proxy, in any spelling, is not an address."""
    is_text = not is_empty(question, entry) and _here(entry.text) is STOP
    is_within_limits = not is_beyond_limits(question, entry)
    return is_text and is_within_limits and not is_resolved_and_trusted(question, entry)


def is_other_spelling(question, entry):
    text = entry.text.strip(" \t")
    address = reference_rules.parsed(text)
    is_here = address is not None and not is_beyond_limits(question, entry)
    return is_here and str(address) != text


def is_other_spelling_in_header(question, entry):
    return entry.place >= 0 and is_other_spelling(question, entry)


def is_mapped(question, entry):
    text = entry.text.strip(" \t")
    return is_other_spelling(question, entry) and ip_address(text) != reference_rules.parsed(text)


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
    is_readable = reference_rules.read_by_remoteip(entry.text, entry.place) != (STOP,)
    address = reference_rules.parsed(entry.text.strip(" \t"))
    is_within_limits = not is_beyond_limits(question, entry)
    return (
        is_readable
        and address is not None
        and reference_rules.is_private(address)
        and is_within_limits
    )


def is_resolved_and_not_private(question, entry):
    return is_resolved(question, entry) and not reference_rules.is_private(
        reference_rules.resolved(entry.text.strip(" \t"))
    )


def has_other_client_header(question, _entry):
    return any(name in OTHER_CLIENT_HEADERS for name, _ in question.headers)
