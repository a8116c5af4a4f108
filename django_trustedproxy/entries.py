"""Reading TRUSTED_PROXIES: its entries as they are written, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .display import join_some, short_repr
from .engine.everybody import covering, is_everybody, is_wide
from .engine.mistakes import OWN, corrected, diagnose, quoted, split
from .engine.networks import EntryError, TrustedNetworks, has_unix, parse_entry
from .ranges.file import RangeFile, RangeFileError, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

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
    """Return the members of a setting, or None if it is not a collection.

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
    """Return the entries of `TRUSTED_PROXIES` that can be used, a path as the `RangeFile` there."""
    entries = collected(value) or []
    return [_opened(entry) for entry in entries if _networks_of(entry) is not None]


def paths(value: object) -> list[Path]:
    """Return the range files that a setting names, whether or not they can be used."""
    return [entry for entry in collected(value) or [] if isinstance(entry, Path)]


def networks_of(entry: object) -> tuple[Network, ...]:
    """Return the networks of a usable entry."""
    return tuple(entry.lines) if isinstance(entry, RangeFile) else parse_entry(entry)


def place_in(entry: object, address: IPv4Address | IPv6Address) -> str | None:
    """Return what trusts an address as text, with the line of a file, or None if nothing does."""
    network = next((n for n in networks_of(entry) if address in n), None)
    if network is None:
        return None
    return entry.place(network) if isinstance(entry, RangeFile) else str(entry)


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
        msg = f"{name} trusts everybody: expected {OWN}, got {join_some(list(map(str, together)))}."
        hint = f"{_line(name, _kept(entries))} Anyone who is trusted can claim any address."
        problems.append(Problem(_IDS["everybody"], msg, hint))
    return networks, problems


def _opened(entry: object) -> object:
    """Return the range file of a path, or what is wrong with it, and other entries as they are."""
    return load(entry) if isinstance(entry, Path) else entry


def _networks_of(entry: object) -> tuple[Network, ...] | None:
    try:
        return networks_of(_opened(entry))
    except EntryError:
        return None


def _wrong_entries(name: str, entries: Sequence[object]) -> Iterator[Problem]:
    parsed = list(map(_networks_of, entries))
    kept = _kept(entries)
    for index, (entry, networks) in enumerate(zip(entries, parsed, strict=True)):
        if isinstance(error := _opened(entry), RangeFileError):
            yield Problem(error.id, f"{name}[{index}]: {error.msg}", error.hint)
            continue
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
    """Say that the setting is not a collection, and what is in it."""
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
    elif isinstance(value, (IPv4Network, IPv6Network, Path)) or _networks_of(value) is not None:
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
    """Return the entries, corrected and as they are written in settings.

    Those that make trust in everybody of them are left out.
    """
    kept = dict(chain.from_iterable(map(_written, entries)))
    if _is_everybody_in(kept):
        kept = {text: found for text, found in kept.items() if not any(map(is_wide, found))}
    return [] if _is_everybody_in(kept) else list(kept)


def _written(entry: object) -> Iterator[tuple[str, tuple[Network, ...]]]:
    """Yield the entries that one stands for, as they are written in settings."""
    if isinstance(entry, Path):
        # The file may be wrong; that it is meant is not.
        yield f"Path({quoted([str(entry)])})", _networks_of(entry) or ()
    else:
        for text in corrected(entry):
            yield quoted([text]), parse_entry(text)


def _is_everybody_in(kept: Mapping[str, Iterable[Network]]) -> bool:
    return bool(covering(TrustedNetworks(chain.from_iterable(kept.values())).merged))


def _line(name: str, kept: Sequence[str], meant: Sequence[str] = ()) -> str:
    """Say what to write: all entries, or those that one stands for if they are many."""
    line = f"Write {name} = [{', '.join(kept)}]."
    if len(line) > _LONGEST_LINE:
        return f"Write {quoted(meant)} there." if meant else f"Remove it from {name}."
    return line if kept else line + _NOBODY
