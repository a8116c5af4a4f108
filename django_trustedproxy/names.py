"""The header names that settings may have: which can be designated, and which can be guarded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .engine.purposes import PURPOSES, is_token, meta_name, meta_names
from .entries import collected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

# No name at all, headers that servers hand over without the HTTP_ prefix, and headers that a site
# would miss if they were dropped: none of them can carry what a proxy adds.
NEVER_DESIGNATED = frozenset(
    meta_name(name)
    for name in (
        *("", "Host", "Content-Length", "Content-Type", "Cookie", "Authorization", "Origin"),
        *("Referer", "Connection", "Transfer-Encoding", "User-Agent"),
        "X-Trusted-Proxy-Probe",  # the package's own
    )
)
# What clients send for the site to read: RFC 9110 and 9111, WebSockets (RFC 6455),
# HTTP/2 (RFC 7540), CORS and Fetch, and Django's own token. The site needs them. They are no
# part of those above: a header that a setting of Django's believes is guarded even if it is here.
_OF_CLIENTS = frozenset(
    meta_name(name)
    for name in (
        *("Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control"),
        *("Content-Encoding", "Date", "Expect", "From", "If-Match", "If-Modified-Since"),
        *("If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Max-Forwards"),
        *("Pragma", "Proxy-Authorization", "Proxy-Connection", "Range", "TE", "Trailer"),
        *("Upgrade", "Upgrade-Insecure-Requests", "HTTP2-Settings", "DNT", "X-Requested-With"),
        *("Access-Control-Request-Headers", "Access-Control-Request-Method", "X-CSRFToken"),
    )
)


class Fault(NamedTuple):
    """What cannot be used of a list of names or paths: its check, the fact, and the remedy."""

    id: str
    fact: str
    expected: str
    got: object
    hint: str


def key_of(header: object) -> str | None:
    """Return the META key of a header that a proxy may write, or None."""
    if not isinstance(header, str) or not is_token(header):
        return None
    is_meta_form = header.upper().startswith("HTTP_") and "-" not in header
    key = header.upper() if is_meta_form else meta_name(header)
    # Servers drop a header whose name has an underscore, so nobody can mean one.
    is_possible = "*" not in header and (is_meta_form or "_" not in header)
    is_needed = key in NEVER_DESIGNATED or key in _OF_CLIENTS or key.startswith("HTTP_SEC_")
    return key if is_possible and not is_needed else None


def meant(values: Iterable[object], names: Sequence[str]) -> list[str]:
    """Return those of `names` that values mean, by four letters, in the order of `names`."""
    nested = (value if isinstance(value, (list, tuple, set)) else [value] for value in values)
    texts = (text for texts in nested for text in texts if isinstance(text, str))
    words = {word[:4] for text in texts for word in re.findall(r"[a-z]{4,}", text.lower())}
    return [name for name in names if name[:4] in words]


def read_guarded(
    setting: str, names: object, designated: Collection[str]
) -> tuple[list[str], list[Fault]]:
    """Return the META keys of a list of the site's own headers, and what cannot be used of it."""
    members = collected(names)
    if members is None:
        words = names.replace(",", " ").split() if isinstance(names, str) else []
        hint = f"Write {setting} = {[word for word in words if key_of(word)]}."
        fault = Fault("trustedproxy.E050", "is not a list", "a list of header names", names, hint)
        return [], [fault]
    keys, faults = [], []
    for member in members:
        name = member.strip() if isinstance(member, str) else member
        key = key_of(name)
        purpose = next((each for each in PURPOSES if key in meta_names(each)), None)
        if key is None:
            fact, expected = "names a header that cannot be guarded", "a name such as 'X-User'"
            hint = f"Remove it from {setting}, or write the name of a header that your proxy sets."
            dashed = str(name).replace("_", "-")
            if isinstance(name, str) and not name.upper().startswith("HTTP_") and key_of(dashed):
                hint = f'Write "{dashed}": servers drop a name with an underscore.'
            faults.append(Fault("trustedproxy.E051", fact, expected, name, hint))
        elif purpose or key in designated:
            said = f"speaks about the {purpose}" if purpose else "another setting designates"
            hint = f"Remove it from {setting}: it is dropped from strangers without that."
            fact, expected = f"names a header that {said}", "a header of the site's own"
            faults.append(Fault("trustedproxy.E052", fact, expected, name, hint))
        else:
            keys.append(key)
    return keys, faults
