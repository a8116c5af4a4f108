"""How hostile text and odd objects are shown: escaped, and short."""

from __future__ import annotations

from reprlib import Repr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class _ShortRepr(Repr):
    """Shows what cannot be shown by its class, also inside of a container.

    reprlib of Python 3.10 to 3.14 raises for some objects, and describes others by their address in
    memory; which ones depends on the version.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60

    def repr1(self, x: object, level: int) -> str:
        try:
            return super().repr1(x, level)
        except Exception:  # noqa: BLE001 - an error message must not fail on the object that it tells of
            return f"<{type(x).__name__}>"

    # Like `repr`, both raise what `repr1` catches.
    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002 - the signature is reprlib's
        return self._cut(repr(x), self.maxlong)

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002 - the signature is reprlib's
        return self._cut(repr(x), self.maxother)

    def _cut(self, text: str, most: int) -> str:
        if len(text) <= most:
            return text
        begin = (most - 3) // 2
        return f"{text[:begin]}...{text[len(text) - (most - 3 - begin) :]}"


_short = _ShortRepr()


def short_repr(value: object) -> str:
    """Return a repr of any object: of at most about 60 characters, or a few such in a container."""
    return _short.repr(value)


def join_some(texts: Sequence[str]) -> str:
    """Join texts, but no more than fit into a readable sentence."""
    return ", ".join(texts[:5]) + (", …" if len(texts) > 5 else "")
