"""An answer that a person can read: each hop, where the walk stopped, and why, in one sentence."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from .headers import wire_name
from .meta import KEY, rewrite
from .networks import UNIX, TrustedNetworks, parse_entry, short_repr
from .resolver import MAX_HOPS, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .policy import Policy
    from .resolver import Resolution


_END = object()
# Where proxies stand, and clients of the public do not.
_INTERNAL = TrustedNetworks.parse(["private", "loopback", "link-local", "shared"])


class Hop(NamedTuple):
    """One entry of the header as it was read: its text, the verdict, and the entry that trusts it.

    `verdict` is "trusted proxy", "client", "empty", "not an address" or "too many entries".
    """

    text: str
    verdict: str
    trusted_by: str | None


class Explanation(NamedTuple):
    """A request before and after the decision, and the way that led to it.

    `hops` are in the order of reading, from the right. `is_read_to_end` tells whether nothing of
    the header was left unread.
    """

    resolution: Resolution
    peer_trusted_by: str | None
    hops: tuple[Hop, ...]
    is_read_to_end: bool
    before: dict[str, Any]
    after: dict[str, Any]
    suggestion: str

    @property
    def sentence(self) -> str:
        """Say why REMOTE_ADDR is what it is, and what else the request suggests."""
        return sentence(self.resolution, self.hops) + self.suggestion


def explain(policy: Policy, entries: Sequence[object], meta: dict[str, Any]) -> Explanation:
    """Decide about a request (a META or environ, which is not changed) and tell the way.

    `entries` are those of `TRUSTED_PROXIES` that the policy was made of.
    """
    after = dict(meta)
    resolution = rewrite(after, policy)
    after.pop(KEY)
    hops: tuple[Hop, ...] = ()
    value = meta.get(policy.header)
    is_read_to_end = True
    is_direct = resolution.outcome == "direct"
    if value and not is_direct:
        hops, is_read_to_end = _read(policy, entries, resolution, value)
    trusted_by = None if is_direct else _entry_of(resolution.peer or UNIX, entries)
    further = suggestion(resolution, policy.networks, value)
    return Explanation(resolution, trusted_by, hops, is_read_to_end, dict(meta), after, further)


def _read(
    policy: Policy, entries: Sequence[object], resolution: Resolution, value: str
) -> tuple[tuple[Hop, ...], bool]:
    """Walk once more and note what is read; return the hops, and whether that was all."""
    texts: list[str | None] = []
    entries_of_header = policy.form.read(value)

    def noted() -> Iterator[str | None]:
        for text in entries_of_header:
            texts.append(text)
            yield text

    way, outcome, _ = walk(policy.networks, resolution.peer or UNIX, noted())
    verified = way[1:]
    hops = []
    for index, text in enumerate(texts):
        if index == MAX_HOPS:
            hops.append(Hop(text or "", "too many entries", None))
        elif text == "":
            hops.append(Hop("", "empty", None))
        elif verified and not (outcome == "malformed" and index == len(texts) - 1):
            trusted_by = _entry_of(verified.pop(0), entries)
            hops.append(Hop(text or "", "trusted proxy" if trusted_by else "client", trusted_by))
        else:
            hops.append(Hop(text or "", "not an address", None))
    return tuple(hops), next(entries_of_header, _END) is _END


def _entry_of(address: str, entries: Sequence[object]) -> str | None:
    """Return the entry of `TRUSTED_PROXIES` that an address is trusted by, as text, or None."""
    if address == UNIX:
        return UNIX
    parsed = ip_address(address)
    for entry in entries:
        if any(parsed in network for network in parse_entry(entry)):
            return str(entry)
    return None


def sentence(resolution: Resolution, hops: Sequence[Hop] = ()) -> str:
    """Say why REMOTE_ADDR is what it is, and what to do if that is wrong.

    Header text appears escaped and shortened only.
    """
    peer = resolution.peer
    who = f"the peer {peer}" if peer else "the peer, which has no address,"
    if resolution.outcome == "direct":
        return _upper(f"{who} is not in TRUSTED_PROXIES, so it is the client{_remedy(resolution)}")
    if resolution.outcome == "missing":
        return _upper(f"{who} is a trusted proxy but {_missing(resolution)}")
    if resolution.outcome == "malformed":
        before = _what_ended(hops)
        last = f"{resolution.client}, the last verified hop," if resolution.proxies else who
        return (
            f"The walk through {resolution.header} ended before {before}, so {last} stands for the "
            "client."
        )
    if not resolution.proxies:
        return _upper(
            f"{who} is the client: {resolution.header} names only the Unix socket that it reached."
        )
    return (
        f"{resolution.client} is the client: {resolution.header} names it, behind the trusted "
        f"{_some(resolution.proxies)}."
    )


def suggestion(
    resolution: Resolution, networks: TrustedNetworks, header_text: str | None = None
) -> str:
    """Say what else may be wrong, as a further sentence, or return "".

    `header_text` is the designated header as it came.
    """
    client = resolution.client
    if client is None:
        return ""
    if resolution.outcome == "direct":
        if client not in [part.strip() for part in (header_text or "").split(",")]:
            return ""
        return (
            " But the header names the peer itself: a server that processes headers has taken it "
            "from there. Run uvicorn with --no-proxy-headers."
        )
    packed = ip_address(client).packed
    if not resolution.proxies or packed not in _INTERNAL or packed in networks:
        return ""
    return f" If {client} is a proxy of your own, add it to TRUSTED_PROXIES."


def _remedy(resolution: Resolution) -> str:
    if not resolution.dropped:
        return "."
    listed = f'"{resolution.peer}"' if resolution.peer else '"unix:"'
    verb = "was" if len(resolution.dropped) == 1 else "were"
    return (
        f", and {_names(resolution.dropped)} {verb} dropped. If it is your own proxy, add {listed} "
        "to TRUSTED_PROXIES; if it is not, leave it out, or it could claim any address."
    )


def _missing(resolution: Resolution) -> str:
    text = f"sent no {resolution.header}, so REMOTE_ADDR stays."
    if not resolution.dropped:
        return f"{text} Have the proxy set it; its own health checks carry none."
    return (
        f"{text} It sent {_names(resolution.dropped)}: name the header that your proxy sets in "
        "TRUSTED_PROXY_HEADER."
    )


def _what_ended(hops: Sequence[Hop]) -> str:
    if not hops:
        return "something that is not an address"
    if hops[-1].verdict == "too many entries":
        return f"entry {MAX_HOPS + 1}"
    return short_repr(hops[-1].text)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _names(keys: Sequence[str]) -> str:
    return _some([wire_name(key) for key in keys])


def _some(texts: Sequence[str]) -> str:
    """Join texts, but not more than make a readable sentence."""
    return ", ".join(texts[:5]) + (", …" if len(texts) > 5 else "")
