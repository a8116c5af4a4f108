"""Names that are nearly right: which of our settings, or which header, was meant."""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

from django_trustedproxy.conf import DEFAULTS
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, meta_names, wire_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_BEGINNING = re.compile(r"TRUST(?:ED)?_?PROX(?:Y|I|IE)?S?(?=_|$)")
_LISTS = ("", "_LIST", "_IPS", "_IP", "_NETWORKS", "_ADDRESSES", "_HOSTS", "_CIDRS")
# What other frameworks call a purpose.
_WORDS = {
    "PROTO": "SCHEME",
    "PROTOCOL": "SCHEME",
    "SCHEMA": "SCHEME",
    "SSL": "SCHEME",
    "HTTPS": "SCHEME",
    "HEADERS": "HEADER",
    "PATH": "PREFIX",
}


def meant_setting(name: str) -> str | None:
    """Return the setting of ours that a name nearly spells: it begins like one, or is close.

    Returns "" for a name that begins like ours and is close to none, and None for any other.
    """
    match = _BEGINNING.match(name)
    if not match:
        close = get_close_matches(name, DEFAULTS, n=1, cutoff=0.85)
        return close[0] if close else None
    rest = name[match.end() :]
    if rest in _LISTS:
        return "TRUSTED_PROXIES"
    words = [_WORDS.get(word, word) for word in rest.split("_")]
    ends = {known.removeprefix("TRUSTED_PROXY"): known for known in DEFAULTS}
    close = get_close_matches("_".join(words), ends, n=1, cutoff=0.8)
    return ends[close[0]] if close else ""


def meant_header(key: str, purpose: str) -> str | None:
    """Return the header of the table that a META key nearly spells, in wire form, or None.

    One word differs by little, or the hyphens do. A short word that differs makes another header:
    EO-Connecting-IP is one, and so is CF-Connecting-IP.
    """
    if any(key in meta_names(known) for known in FORWARDING_HEADERS):
        return None
    known = sorted(meta_names(purpose))
    if (short := key.removeprefix("HTTP_")) in known:  # written as "HTTP-X-Real-IP"
        return wire_name(short)
    same = [other for other in known if other.replace("_", "") == key.replace("_", "")]
    meant = same or [other for other in known if _is_slip(key, other)]
    return wire_name(meant[0]) if meant else None


def _is_slip(key: str, known: str) -> bool:
    words, others = key.split("_"), known.split("_")
    differing = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    if len(words) != len(others) or len(differing) != 1:
        return False
    ((word, other),) = differing
    if len(word) > 1 and other.startswith(word) and other == others[-1]:
        return True  # the end is missing
    return min(len(word), len(other)) > 2 and SequenceMatcher(None, word, other).ratio() > 0.75


def misspelled_settings(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names that are nearly ours, each with the setting that was meant, or ""."""
    pairs = [(name, meant_setting(name)) for name in sorted(names) if name not in DEFAULTS]
    return [(name, meant) for name, meant in pairs if meant is not None]
