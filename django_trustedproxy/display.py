"""How hostile text and odd objects are shown: escaped, and short."""

from __future__ import annotations

from reprlib import Repr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_short = Repr()
_short.maxstring = _short.maxother = 60


def short_repr(value: object) -> str:
    """Return a repr of at most about 60 characters, of any object."""
    try:
        return _short.repr(value)
    except Exception:  # noqa: BLE001 - an error message must not fail on the object that it tells of
        return f"<{type(value).__name__}>"


def join_some(texts: Sequence[str]) -> str:
    """Join texts, but not more than make a readable sentence."""
    return ", ".join(texts[:5]) + (", …" if len(texts) > 5 else "")
