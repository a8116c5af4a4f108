"""What the settings mean, made ready for the decision about a request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from .answer import Statement
from .hops import BLANKS, LONGEST_HOP, header_form
from .purposes import (
    FORWARDED,
    PROBE_KEY,
    PURPOSES,
    meta_names,
    raw_name,
    twin_of,
    wire_name,
    write_scheme,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .answer import Answer, Stamp
    from .hops import HeaderForm
    from .networks import TrustedNetworks
    from .stamps import Stamps

MOST_PEERS = 256
"""How many trusted peers a policy remembers. Few proxies connect to one server."""


class Designation(NamedTuple):
    """The one header (META key) that is believed for a purpose, and whether we write its value."""

    purpose: str
    header: str
    is_written: bool

    def read(self, text: str) -> Statement:
        """Return what the text of the header says.

        Of several values, which one a client wrote cannot be known, neither by position nor by
        count, so they count only if they agree.
        """
        if len(text) > LONGEST_HOP:
            return self._statement(None, is_malformed=True)
        if "," not in text:
            part = text.strip(BLANKS)
            return self.read_parameter(part) if part else self._statement(None, is_malformed=False)
        values: set[str | None] = set()
        for part in dict.fromkeys(part.strip(BLANKS) for part in dict.fromkeys(text.split(","))):
            if part:
                values.add(self._parse(part))
            if None in values or len(values) > 1:  # what is left changes nothing
                return self._statement(None, is_malformed=True)
        # Nothing but commas and blanks says nothing.
        return self._statement(values.pop() if values else None, is_malformed=False)

    def read_parameter(self, text: str) -> Statement:
        """Return what a single value says, such as a parameter of a `Forwarded` element."""
        value = self._parse(text)
        return self._statement(value, is_malformed=value is None)

    def _parse(self, text: str) -> str | None:
        # What Django reads, it compares with the value that its own setting names.
        return PURPOSES[self.purpose].parse(text) if self.is_written else text

    def _statement(self, value: str | None, *, is_malformed: bool) -> Statement:
        text = value
        if value is not None and self.is_written and self.purpose == "scheme":
            text = write_scheme(self.header, value)
        return Statement(self.purpose, self.header, value, text, self.is_written, is_malformed)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The settings, prepared for `decide`: who is trusted, what to read and what to drop.

    Header names are META keys; `header` is the designated client header. `dropped` is what goes
    from a request of a trusted peer, `dropped_if_direct` what goes from one of any other, and
    `passed` what a trusted peer may say and nothing here reads. `chains` are those of which it
    matters where a line stands: the client header, and a `Forwarded` that is read for more.
    `raw_names` has all these keys by the name that ASGI servers give the header. `purposes` are
    those that have a designated header, besides the client. `is_probed` tells whether the probe is
    answered. `peers` has trusted peers by the text that the server reported; nothing else of a
    request is kept. `stamps` are the secrets, if there are any, and `stamped` is the policy for a
    request that has one. In that policy, `any_peer` tells whether every peer is trusted, and `own`
    are the networks that need no secret.
    """

    networks: TrustedNetworks
    header: str
    header_name: str
    form: HeaderForm
    designations: tuple[Designation, ...]
    keep_header: bool
    reject: frozenset[str]
    reject_exempt: frozenset[str]
    dropped: frozenset[str]
    dropped_if_direct: frozenset[str]
    passed: frozenset[str]
    chains: frozenset[str]
    raw_names: Mapping[bytes, str]
    purposes: frozenset[str]
    is_probed: bool
    peers: dict[str, str] = field(default_factory=dict, repr=False)
    stamps: Stamps | None = None
    stamped: Policy | None = field(default=None, repr=False)
    any_peer: bool = False
    own: TrustedNetworks | None = None

    @classmethod
    def build(  # noqa: PLR0913 - a setting each
        cls,
        networks: TrustedNetworks,
        headers: Sequence[str] = ("HTTP_X_FORWARDED_FOR",),
        designations: Sequence[Designation] = (),
        *,
        keep_header: bool = True,
        reject: Iterable[str] = (),
        reject_exempt: Iterable[str] = (),
        guarded: Iterable[str] = (),
        is_probed: bool = False,
        stamps: Stamps | None = None,
    ) -> Policy:
        """Make a policy that reads the first of `headers` (META keys) and drops the others.

        Of two designations for one purpose the first counts, and the header of the other goes.
        `guarded` are the site's own headers that only a trusted peer may send. The headers of
        `stamps` are dropped from everybody.
        """
        header = headers[0]
        rejected = frozenset(reject)
        if "direct" in rejected:
            rejected |= {"unknown"}  # that peer may be no proxy either
        first: dict[str, Designation] = {}
        for designation in designations:
            first.setdefault(designation.purpose, designation)
        named = {d.header for d in designations}
        synonyms = named.union(*map(meta_names, first)) - {d.header for d in first.values()}
        secret = stamps.headers if stamps else ()
        dropped = meta_names("client").union(headers, synonyms, secret) - {header}
        identity = meta_names("identity").union(guarded)
        known = dropped.union(identity, map(twin_of, identity), *map(meta_names, PURPOSES))
        dropped_if_direct = known.union([header], named)
        policy = cls(
            networks=networks,
            header=header,
            header_name=wire_name(header),
            form=header_form(header),
            designations=tuple(first.values()),
            keep_header=keep_header,
            reject=rejected,
            reject_exempt=frozenset(reject_exempt),
            dropped=dropped,
            dropped_if_direct=dropped_if_direct,
            passed=known - dropped - named - {header},
            chains=frozenset([header, *named.intersection([FORWARDED])]),
            raw_names={raw_name(key): key for key in (*dropped_if_direct, PROBE_KEY)},
            purposes=frozenset(first),
            stamps=stamps,
            is_probed=is_probed,
        )
        if stamps is None:
            return policy
        widened = replace(
            policy,
            networks=networks | stamps.networks,
            any_peer=stamps.any_peer,
            own=networks,
            peers={},
        )
        return replace(policy, stamped=widened)

    @property
    def widest(self) -> Policy:
        """The policy for a stamped request, which trusts the most."""
        return self.stamped or self

    @property
    def trusts_nobody(self) -> bool:
        """Tell whether no request at all can come from a trusted peer."""
        networks = self.widest.networks
        return not (networks.merged or networks.unix or self.widest.any_peer)

    def rejects(self, answer: Answer, path: str) -> str:
        """Return the name in `TRUSTED_PROXY_REJECT` that a request is rejected for, or "".

        `path` is what may be exempt.
        """
        if path in self.reject_exempt:
            return ""
        if answer.outcome in self.reject:
            return answer.outcome
        if "unstamped" in self.reject and answer.stamp != "valid":
            return "unstamped"
        # It also stands for a header of another purpose that could not be believed.
        return "malformed" if "malformed" in self.reject and answer.malformed_headers else ""

    def in_force(self, stamp: Stamp | None) -> Policy:
        """Return the policy for a request with such a stamp.

        A valid stamp adds networks before the header is walked, and one proxy of the request may be
        trusted because of them alone. It stands for no hop by its position: where the edge is
        listed as well, that hop would be the client's, and the next entry the client's text.
        """
        return self.widest if stamp == "valid" else self

    def dropped_by(self, answer: Answer) -> frozenset[str]:
        """Return the META keys that may not be there after an answer."""
        return self.dropped if answer else self.dropped_if_direct

    def remember(self, peer: str, trusted: str) -> None:
        """Keep the canonical address of a trusted peer, while there is room."""
        if len(self.peers) < MOST_PEERS:
            self.peers[peer] = trusted
