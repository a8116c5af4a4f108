"""Reading TRUSTED_PROXIES: its entries as they are written, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from .display import short_repr
from .engine.everybody import covering, is_everybody, is_wide
from .engine.mistakes import OWN, corrected, diagnose, quoted, split
from .engine.networks import EntryError, TrustedNetworks, has_unix, parse_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .engine.networks import Network

_MOST = 5  # of networks or remedies that a message names
_LONGEST_LINE = 400  # of a setting that a hint shows whole
_IDS = {
    "address": "trustedproxy.E002",
    "host-bits": "trustedproxy.E003",
    "mapped": "trustedproxy.E004",
    "host-name": "trustedproxy.E005",
    "name": "trustedproxy.E006",
    "everybody": "trustedproxy.E007",
}
_NOBODY = " With it nobody is trusted, and the log names the proxy that connects."


class Problem(NamedTuple):
    """A setting that cannot be used: the id of its system check, the fact, and the remedy."""

    id: str
    msg: str
    hint: str


def collected(value: object) -> list[object] | None:
    """Return the members of a setting that is a collection, or None if it is none.

    They are in the order in which they are written, and sorted where a set has none.
    """
    if isinstance(value, (str, bytes, bytearray, Mapping)) or not isinstance(value, Collection):
        return None
    try:
        members = list(value)
    except Exception:  # noqa: BLE001 - a lazy object can raise anything
        return None
    is_ordered = not isinstance(value, (set, frozenset))
    return members if is_ordered else sorted(members, key=short_repr)


def usable(value: object) -> list[object]:
    """Return the entries of `TRUSTED_PROXIES` that can be used."""
    return [entry for entry in collected(value) or [] if _networks_of(entry) is not None]


def unusable(value: object) -> list[object]:
    """Return the entries of `TRUSTED_PROXIES` that cannot be used."""
    return [entry for entry in collected(value) or [] if _networks_of(entry) is None]


def read(name: str, value: object) -> tuple[TrustedNetworks, list[Problem]]:
    """Return the networks of the entries that can be used, and what is wrong with the others."""
    entries = collected(value)
    if entries is None:
        return TrustedNetworks(), [_not_a_list(name, value)]
    networks = TrustedNetworks(
        chain.from_iterable(_networks_of(entry) or () for entry in entries), unix=has_unix(entries)
    )
    problems = list(_wrong_entries(name, entries))
    if together := covering(networks.merged):
        msg = f"{name} trusts everybody: expected {OWN}, got {_some(together)}."
        hint = f"{_line(name, _kept(entries))} Whoever is trusted can claim any address."
        problems.append(Problem(_IDS["everybody"], msg, hint))
    return networks, problems


def _networks_of(entry: object) -> tuple[Network, ...] | None:
    try:
        return parse_entry(entry)
    except EntryError:
        return None


def _wrong_entries(name: str, entries: Sequence[object]) -> Iterator[Problem]:
    parsed = list(map(_networks_of, entries))
    kept = _kept(entries)
    for index, (entry, networks) in enumerate(zip(entries, parsed, strict=True)):
        if networks is None:
            mistake = diagnose(entry)
            line = _line(name, kept, mistake.meant)
            fact, expected = f"{name}[{index}] {mistake.fact}", mistake.expected
            remedy, kind = mistake.remedy, mistake.kind
        elif networks and networks[0].prefixlen and is_everybody(networks[0]):
            fact = f"{name}[{index}] is the address on which a server listens for everybody"
            line, expected, kind = _line(name, kept), OWN, "everybody"
            remedy = "No proxy connects from it."
        else:
            continue
        msg = f"{fact}: expected {expected}, got {short_repr(entry)}."
        yield Problem(_IDS[kind], msg, f"{remedy} {line}".strip())


def _not_a_list(name: str, value: object) -> Problem:
    """Say that the setting is no collection, and what is in it."""
    remedies: Iterable[str] = ()
    entries: list[object] = []
    if isinstance(value, (bytes, bytearray)):
        entries = split(bytes(value).decode("latin-1"))
    elif isinstance(value, str):
        entries = split(value)
        wrong = [entry for entry in entries or [value] if _networks_of(entry) is None]
        mistakes = zip(wrong, map(diagnose, wrong), strict=True)
        remedies = [f"{short_repr(entry)} {m.fact}. {m.remedy}".strip() for entry, m in mistakes]
    elif isinstance(value, Mapping):
        entries = list(value)
    elif isinstance(value, (IPv4Network, IPv6Network)) or _networks_of(value) is not None:
        entries = [value]
    elif isinstance(value, Iterable):
        remedies = ["Put list() around it: an iterator is empty when it is read again."]
    elif value is not None:
        remedies = [diagnose(value).remedy]
    expected = "a list, tuple or set of addresses, networks and names"
    msg = f"{name} is not a list: expected {expected}, got {short_repr(value)}."
    advice = dict.fromkeys(remedy for remedy in remedies if remedy)
    hint = " ".join([*islice(advice, _MOST), _line(name, _kept(entries))])
    return Problem("trustedproxy.E001", msg, hint)


def _kept(entries: Sequence[object]) -> list[str]:
    """Return the entries, corrected, without those that make trust in everybody of them."""
    kept = list(dict.fromkeys(chain.from_iterable(map(corrected, entries))))
    if covering(TrustedNetworks.parse(kept).merged):
        kept = [entry for entry in kept if not any(map(is_wide, parse_entry(entry)))]
    return [] if covering(TrustedNetworks.parse(kept).merged) else kept


def _line(name: str, kept: Sequence[str], meant: Sequence[str] = ()) -> str:
    """Say what to write: all entries, or those that one stands for if they are many."""
    line = f"Write {name} = [{quoted(kept)}]."
    if len(line) > _LONGEST_LINE:
        return f"Write {quoted(meant)} there." if meant else f"Remove it from {name}."
    return line if kept else line + _NOBODY


def _some(networks: Sequence[Network]) -> str:
    return ", ".join(map(str, networks[:_MOST])) + (", …" if len(networks) > _MOST else "")
