"""The paths that are exempt from rejection, as the setting has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .entries import collected
from .names import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

# What no path of a view has, and patterns and encoded URLs have.
_NO_PATH = re.compile(r"[*?#%^$|\\\[\]{}<>\"\s]|://")
_EXPECTED = "exact paths, such as '/healthz'"


def read_paths(setting: str, value: object) -> tuple[list[str], list[Fault]]:
    """Return the exact paths of a setting, and what cannot be used of it."""
    members = collected(value)
    if members is None:
        words = value.replace(",", " ").split() if isinstance(value, str) else []
        hint = _line(setting, words)
        return [], [Fault("trustedproxy.E016", "is not a collection", _EXPECTED, value, hint)]
    paths, faults = [], []
    members = [member.strip() if isinstance(member, str) else member for member in members]
    for member in members:
        if isinstance(member, str) and _is_path(member):
            paths.append(member)
        else:
            fact, hint = "has an entry that is not an exact path", _line(setting, members)
            faults.append(Fault("trustedproxy.E017", fact, _EXPECTED, member, hint))
    return paths, faults


def _is_path(text: str) -> bool:
    return text.startswith("/") and not _NO_PATH.search(text)


def _line(setting: str, values: Iterable[object]) -> str:
    texts = [text.strip("^$*") for text in values if isinstance(text, str)]
    paths = [text if text.startswith("/") else f"/{text}" for text in texts if text]
    line = ", ".join(f'"{path}"' for path in paths if _is_path(path))
    return f"Write {setting} = [{line}]. Each path is exempt as it is written, and nothing else."
