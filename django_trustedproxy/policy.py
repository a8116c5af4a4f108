"""The settings, made ready for the decision about a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from .entries import header_form
from .headers import FORWARDING_HEADERS, meta_names, raw_name, wire_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .entries import HeaderForm
    from .networks import TrustedNetworks
    from .purposes import Designation

Outcome = Literal["direct", "missing", "forwarded", "malformed"]
"""Why REMOTE_ADDR is what it is.

`direct`: the peer is not trusted, so it is the client. `missing`: the peer is trusted and sent no
designated header. `forwarded`: the header gave the client. `malformed`: the walk ended at something
that is not an address, and the last verified hop is the client.
"""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
REJECTABLE: tuple[Outcome, ...] = ("direct", "missing", "malformed")


# Without eq, so that a policy is a cheap key of a cache.
@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The settings, made ready for `resolve`: whom to trust, what to read and what to drop.

    Header names are META keys; `header` is the designated client header. `dropped` is what goes
    from a request of a trusted peer, `dropped_if_direct` what goes from one of any other, and
    `raw_names` has all these keys by the name that ASGI servers give the header.
    """

    networks: TrustedNetworks
    header: str
    header_name: str
    form: HeaderForm
    designations: tuple[Designation, ...]
    keep_header: bool
    reject: frozenset[Outcome]
    dropped: frozenset[str]
    dropped_if_direct: frozenset[str]
    raw_names: Mapping[bytes, str]

    @classmethod
    def build(
        cls,
        networks: TrustedNetworks,
        headers: Sequence[str] = ("HTTP_X_FORWARDED_FOR",),
        designations: Sequence[Designation] = (),
        *,
        keep_header: bool = True,
        reject: Iterable[Outcome] = (),
    ) -> Policy:
        """Make a policy that reads the first of `headers` (META keys) and drops the others.

        Of two designations for one purpose the first counts, and the header of the other goes.
        """
        header = headers[0]
        first: dict[str, Designation] = {}
        for designation in designations:
            first.setdefault(designation.purpose, designation)
        named = {d.header for d in designations}
        synonyms = named.union(*map(meta_names, first)) - {d.header for d in first.values()}
        dropped = meta_names("client").union(headers, synonyms) - {header}
        dropped_if_direct = dropped.union([header], named, *map(meta_names, FORWARDING_HEADERS))
        return cls(
            networks=networks,
            header=header,
            header_name=wire_name(header),
            form=header_form(header),
            designations=tuple(first.values()),
            keep_header=keep_header,
            reject=frozenset(reject),
            dropped=dropped,
            dropped_if_direct=dropped_if_direct,
            raw_names={raw_name(key): key for key in dropped_if_direct},
        )
