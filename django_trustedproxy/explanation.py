"""An answer that a person can read: each hop, where the walk stopped, and why, in one sentence."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from .display import short_repr
from .engine.addresses import UNIX
from .engine.decision import MAX_HOPS, Verdict, walk
from .engine.networks import TrustedNetworks, parse_entry
from .engine.purposes import wire_name
from .environ import KEY, rewrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .engine.answer import Answer
    from .engine.policy import Policy

_END = object()
# Where proxies stand, and clients of the public do not.
_INTERNAL = TrustedNetworks.parse(["private", "loopback", "link-local", "shared"])


class Hop(NamedTuple):
    """One hop of the header as it was read: its text, the verdict, and the entry that trusts it."""

    text: str
    verdict: Verdict
    trusted_by: str | None


class Explanation(NamedTuple):
    """A request before and after the decision, and the way that led to it.

    `hops` are in the order of reading, from the right. `is_read_to_end` tells whether nothing of
    the header was left unread.
    """

    answer: Answer
    peer_trusted_by: str | None
    hops: tuple[Hop, ...]
    is_read_to_end: bool
    before: dict[str, Any]
    after: dict[str, Any]
    suggestion: str

    @property
    def sentence(self) -> str:
        """Say why REMOTE_ADDR is what it is, and what else the request suggests."""
        return sentence(self.answer, self.hops) + self.suggestion


def explain(policy: Policy, entries: Sequence[object], meta: dict[str, Any]) -> Explanation:
    """Decide about a request (a META or environ, which is not changed) and tell the way.

    `entries` are those of `TRUSTED_PROXIES` that the policy was made of.
    """
    after = dict(meta)
    answer = rewrite(after, policy)
    after.pop(KEY)
    hops: tuple[Hop, ...] = ()
    value = meta.get(policy.header)
    is_read_to_end = True
    is_direct = answer.outcome == "direct"
    if value and not is_direct:
        hops, is_read_to_end = _read(policy, entries, value)
    trusted_by = None if is_direct else _entry_of(answer.peer or UNIX, entries)
    further = suggestion(answer, policy.networks, value)
    return Explanation(answer, trusted_by, hops, is_read_to_end, dict(meta), after, further)


def _read(policy: Policy, entries: Sequence[object], value: str) -> tuple[tuple[Hop, ...], bool]:
    """Walk once more; return the hops that are read, and whether those are all."""
    texts = iter(policy.form.read(value))
    hops = tuple(
        Hop(
            text or "",
            verdict,
            _entry_of(address, entries) if address and verdict == "trusted proxy" else None,
        )
        for text, verdict, address, _ in walk(policy.networks, texts)
    )
    return hops, next(texts, _END) is _END


def _entry_of(address: str, entries: Sequence[object]) -> str | None:
    """Return the entry of `TRUSTED_PROXIES` that an address is trusted by, as text, or None."""
    if address == UNIX:
        return UNIX
    parsed = ip_address(address)
    for entry in entries:
        if any(parsed in network for network in parse_entry(entry)):
            return str(entry)
    return None


def sentence(answer: Answer, hops: Sequence[Hop] = ()) -> str:
    """Say why REMOTE_ADDR is what it is, and what to do if that is wrong.

    Header text appears escaped and shortened only.
    """
    peer = answer.peer
    who = "the peer, on a Unix socket," if peer == UNIX else f"the peer {peer}"
    if answer.outcome == "unknown":
        told = "no address" if answer.reported is None else short_repr(answer.reported)
        return f"The server reported {told} for the peer, so nobody is the client."
    if answer.outcome == "direct":
        return _upper(f"{who} is not in TRUSTED_PROXIES, so it is the client{_remedy(answer)}")
    if answer.outcome == "missing":
        return _upper(f"{who} is a trusted proxy but {_missing(answer)}")
    if answer.outcome == "malformed":
        before = _what_ended(hops)
        last = f"{answer.client}, the last verified hop," if answer.proxies else who
        return (
            f"The walk through {answer.header} ended before {before}, so {last} stands for the "
            "client."
        )
    if not answer.proxies:
        return _upper(
            f"{who} is the client: {answer.header} names only the Unix socket that it reached."
        )
    return (
        f"{answer.client} is the client: {answer.header} names it, behind the trusted "
        f"{_some(answer.proxies)}."
    )


def suggestion(answer: Answer, networks: TrustedNetworks, header_text: str | None = None) -> str:
    """Say what else may be wrong, as a further sentence, or return "".

    `header_text` is the designated header as it came.
    """
    client = answer.client
    if client is None:
        return ""
    if answer.outcome == "direct":
        if client not in [part.strip() for part in (header_text or "").split(",")]:
            return ""
        return (
            " But the header names the peer itself: a server that processes headers has taken it "
            f"from there. {_NO_PROXY_HEADERS}"
        )
    if not answer.proxies:
        return ""
    packed = ip_address(client).packed
    if packed not in _INTERNAL or packed in networks:
        return ""
    return f" If {client} is a proxy of your own, add it to TRUSTED_PROXIES."


def taken_from_header(address: str, header: str) -> str:
    """Say that the server took REMOTE_ADDR, shown as `address`, from the header already."""
    return (
        f"The server seems to have taken REMOTE_ADDR ({address}) from {header} already, so the "
        f"proxy cannot be seen any more. {_NO_PROXY_HEADERS}"
    )


def malformed_header(name: str, peer: str | None) -> str:
    """Say that the header of a purpose could not be believed."""
    return (
        f"{name} from the trusted proxy {peer} is malformed: its values differ, or one has the "
        "wrong form. Have the proxy set it."
    )


_NO_PROXY_HEADERS = "Run uvicorn with --no-proxy-headers, and daphne without --proxy-headers."


def _remedy(answer: Answer) -> str:
    if not answer.dropped:
        return "."
    listed = f'"{answer.peer}"' if answer.peer else '"unix:"'
    verb = "was" if len(answer.dropped) == 1 else "were"
    return (
        f", and {_names(answer.dropped)} {verb} dropped. If it is your own proxy, add {listed} "
        "to TRUSTED_PROXIES; if it is not, leave it out, or it could claim any address."
    )


def _missing(answer: Answer) -> str:
    text = f"sent no {answer.header}, so REMOTE_ADDR stays."
    if not answer.dropped:
        return f"{text} Have the proxy set it; its own health checks carry none."
    return (
        f"{text} It sent {_names(answer.dropped)}: name the header that your proxy sets in "
        "TRUSTED_PROXY_HEADER."
    )


def _what_ended(hops: Sequence[Hop]) -> str:
    if not hops:
        return "something that is not an address"
    if hops[-1].verdict == "too many hops":
        return f"hop {MAX_HOPS + 1}"
    return short_repr(hops[-1].text)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _names(keys: Sequence[str]) -> str:
    return _some([wire_name(key) for key in keys])


def _some(texts: Sequence[str]) -> str:
    """Join texts, but not more than make a readable sentence."""
    return ", ".join(texts[:5]) + (", …" if len(texts) > 5 else "")
