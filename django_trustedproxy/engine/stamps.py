"""Stamps: the secret that an edge writes into each request, and what a request has of it."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from .answer import Stamp
    from .networks import TrustedNetworks


class Stamps:
    """The secrets, which nothing here shows, and whom a request that has one may come from.

    `headers` are the META keys of the headers that carry a stamp. `networks` are believed besides
    the others if a request is stamped; `any_peer` tells whether any peer is.
    """

    __slots__ = ("_longest", "_secrets", "any_peer", "headers", "networks")

    def __init__(
        self,
        headers: Sequence[str],
        secrets: Sequence[str],
        networks: TrustedNetworks,
        *,
        any_peer: bool,
    ) -> None:
        self.headers = tuple(headers)
        self.networks, self.any_peer = networks, any_peer
        self._secrets = tuple(secret.encode("ascii") for secret in secrets)
        self._longest = max(map(len, self._secrets))

    def take(self, meta: MutableMapping[str, Any]) -> Stamp:
        """Remove every header that carries a stamp, and tell whether one of them was valid.

        A header is valid if its only value is one of the secrets. Servers join two lines with a
        comma, which no secret has, so two lines are not valid. While names rotate, an edge sends
        two headers, of which one suffices: only the edge knows a secret.
        """
        found = [self._is_valid(meta.pop(key)) for key in self.headers if key in meta]
        if not found:
            return "absent"
        return "valid" if any(found) else "wrong"

    def _is_valid(self, value: object) -> bool:
        # One character more than a secret has makes a text as wrong as 64 KB more do.
        text = value[: self._longest + 1] if isinstance(value, str) else ""
        # compare_digest raises on text that is not ASCII; this encoding writes all text, and
        # no two texts the same way.
        sent = text.encode("utf-8", "surrogatepass")
        # All of them, so that the time does not tell which one it was.
        return sum(compare_digest(sent, secret) for secret in self._secrets) > 0

    @property
    def fingerprints(self) -> list[str]:
        """The first 8 hex digits of each secret's SHA-256, by which its owner knows it."""
        return [sha256(secret).hexdigest()[:8] for secret in self._secrets]

    def sample(self) -> dict[str, str]:
        """Return the newest secret by the META key of the first header, for tests of a project."""
        return {self.headers[0]: self._secrets[0].decode()}

    def __repr__(self) -> str:
        return f"Stamps(headers={self.headers!r}, secrets={self.fingerprints!r})"
