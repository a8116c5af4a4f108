"""An answer that a person can read: each hop, where the walk stopped, and why, in one sentence."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from .clients import ABOUT_CLIENT
from .display import join_some, short_repr
from .engine.addresses import UNIX, parse_hop
from .engine.decision import MAX_HOPS, Verdict, read_steps
from .engine.purposes import wire_name
from .entries import place_in
from .environ import KEY, rewrite
from .remarks import refusal, remarks
from .seen import Seen
from .servers import advice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from .engine.answer import Answer
    from .engine.policy import Policy
    from .seen import Remark

_HIDDEN = "(not shown)"


class Hop(NamedTuple):
    """One hop of the header as it was read: its text, the verdict, and the entry that trusts it."""

    text: str
    verdict: Verdict
    trusted_by: str | None


class Explanation(NamedTuple):
    """A request before and after the decision, and the way that led to it.

    `header_text` is the designated client header as it came, also where it was not read. `hops` are
    in the order of reading, from the right. `is_read_to_end` tells whether nothing of the header
    was left unread. `remarks` are what else the request suggests.
    """

    answer: Answer
    header_text: str | None
    peer_trusted_by: str | None
    hops: tuple[Hop, ...]
    is_read_to_end: bool
    before: dict[str, Any]
    after: dict[str, Any]
    remarks: tuple[Remark, ...]

    def sentence(self, reject: str = "") -> str:
        """Say why REMOTE_ADDR is what it is, and what else the request suggests of the client.

        `reject` is the name in `TRUSTED_PROXY_REJECT` that the request is rejected for.
        """
        names_itself = names(self.header_text, self.answer.peer)
        first = sentence(self.answer, self.hops, reject=reject, names_itself=names_itself)
        return " ".join([first, *(r.text for r in self.remarks if r.kind in ABOUT_CLIENT)])


def explain(
    policy: Policy,
    entries: Sequence[object],
    meta: dict[str, Any],
    with_secret: Sequence[object] = (),
) -> Explanation:
    """Decide about a request (a META or environ, which is not changed) and tell the way."""
    after, before = dict(meta), dict(meta)
    answer = rewrite(after, policy)
    after.pop(KEY)
    if policy.stamps:
        before |= dict.fromkeys(meta.keys() & set(policy.stamps.headers), _HIDDEN)
    if answer.stamp == "valid":
        policy, entries = policy.widest, [*entries, *with_secret]
    value, peer = meta.get(policy.header), answer.peer or UNIX
    hops, is_read_to_end = _read(policy, peer, entries, value if answer and value else "")
    trusted_by = ("any" if policy.any_peer else _entry_of(peer, entries)) if answer else None
    further = tuple(remarks(policy, answer, Seen(after, before)))
    return Explanation(answer, value, trusted_by, hops, is_read_to_end, before, after, further)


def _read(
    policy: Policy, peer: str, entries: Sequence[object], value: str
) -> tuple[tuple[Hop, ...], bool]:
    """Walk once more; return the hops that are read, and whether those are all."""
    texts = [*policy.form.read(value)] if value else []
    steps = read_steps(policy, peer, texts)
    hops = tuple(
        Hop(
            text or "",
            verdict,
            _entry_of(address, entries) if address and verdict == "trusted proxy" else None,
        )
        for text, verdict, address, _ in steps
    )
    return hops, len(hops) == len(texts)


def _entry_of(address: str, entries: Sequence[object]) -> str | None:
    """Return what an address is trusted by, as text: an entry, or a line of a file; or None."""
    if address == UNIX:
        return UNIX
    parsed = ip_address(address)
    return next(filter(None, (place_in(entry, parsed) for entry in entries)), None)


def names(header_text: object, address: str | None) -> bool:
    """Tell whether an address is among the entries of a client header."""
    return bool(address) and address in [part.strip() for part in str(header_text).split(",")]


def sentence(
    answer: Answer,
    hops: Sequence[Hop] = (),
    *,
    reject: str = "",
    names_itself: bool = False,
    server: str = "",
) -> str:
    """Say why REMOTE_ADDR is what it is, and what to do if that is wrong.

    `reject` is the name in `TRUSTED_PROXY_REJECT` that the request is rejected for.
    `names_itself` tells whether the header names the peer, `server` which server may have taken it
    from there. Header text appears escaped and shortened only.
    """
    peer = answer.peer
    if answer.outcome == "unknown":
        return _unknown(answer.reported) + _rejected(reject)
    who = "the peer, on a Unix socket," if peer == UNIX else f"the peer {peer}"
    if answer.outcome == "direct":
        so = _so(answer, reject, "it is the client")
        dropped = _dropped(answer, _taken(server) if names_itself else _listed(answer))
        return _upper(f"{who} is {_UNTRUSTED[answer.stamp]}{so}{dropped}")
    if answer.outcome == "missing":
        so = _so(answer, reject, "REMOTE_ADDR stays")
        return _upper(f"{who} is a trusted proxy but sent no {answer.header}{so}.{_sent(answer)}")
    if answer.outcome == "malformed":
        last = f"{answer.client}, the last verified hop," if answer.proxies else who
        so = _so(answer, reject, f"{last} stands for the client")
        came = "" if hops else f" It came as {short_repr(answer.header_text)}."
        return f"The walk through {answer.header} ended before {_end(hops)}{so}.{came}"
    if not answer.proxies:
        text = f"{who} is the client: {answer.header} names only the Unix socket that it reached."
        return _upper(text) + _rejected(reject)
    return (
        f"{answer.client} is the client: {answer.header} names it, behind the trusted "
        f"{join_some(answer.proxies)}.{_rejected(reject)}"
    )


def _unknown(reported: str | None) -> str:
    if reported is None:
        return (
            "The server reported no address for the peer, so nobody is trusted. A connection that "
            "the client has closed already can look like this."
        )
    hop = parse_hop(reported) if reported else None
    if hop and hop[2] is not None:
        return (
            f"The server reported {short_repr(reported)} as the peer. That has a port in it and is "
            f"not an address, so nobody is trusted. Have it report {hop[1]} without the port."
        )
    return (
        f"The server reported {short_repr(reported)} as the peer, which is not an address, so "
        "nobody is trusted. Have it report the address that connected; an adapter or a middleware "
        "may have put a header there."
    )


def _so(answer: Answer, reject: str, consequence: str) -> str:
    """Return what follows from an outcome, or that the request is rejected."""
    if not reject:
        return f", so {consequence}"
    if reject == answer.outcome:
        return f", so the request is {refusal(reject)}"
    return f"; the request is {refusal(reject)}"


def _rejected(reject: str) -> str:
    return f" {answered(reject)}" if reject else ""


def answered(reject: str) -> str:
    """Say that a request is rejected."""
    return f"The request is {refusal(reject)}."


def _dropped(answer: Answer, remedy: str) -> str:
    if not answer.dropped:
        return "."
    verb = "was" if len(answer.dropped) == 1 else "were"
    return f", and {_wire_names(answer.dropped)} {verb} dropped. {remedy}"


_UNTRUSTED = {
    None: "not in TRUSTED_PROXIES",
    "absent": "not in TRUSTED_PROXIES, and sent no secret",
    "wrong": "not in TRUSTED_PROXIES, and sent a wrong secret",
    "valid": "in neither TRUSTED_PROXIES nor TRUSTED_PROXIES_WITH_SECRET",
}


def _listed(answer: Answer) -> str:
    peer = answer.peer
    if answer.stamp == "valid":
        return f'If it is your edge, add "{peer}" to TRUSTED_PROXIES_WITH_SECRET.'
    own = "If it is your own proxy"
    if answer.stamp is not None:
        own = (
            "If it is your edge, have it send the secret. If it is a proxy that nobody else can use"
        )
    return (
        f'{own}, add "{peer}" to TRUSTED_PROXIES; if it is not, leave it '
        "out, or it could claim any address."
    )


def _taken(server: str) -> str:
    return (
        "The header names the peer itself, so a server that processes headers has probably taken "
        f"it from there. Do not list it. {advice(server)}"
    )


def taken_from_header(address: str, header: str, server: str = "") -> str:
    """Say that the server took REMOTE_ADDR, shown as `address`, from the header already."""
    return (
        f"The server seems to have taken REMOTE_ADDR ({address}) from {header} already, so the "
        f"proxy cannot be seen any more. {advice(server)}"
    )


def _sent(answer: Answer) -> str:
    if not answer.dropped:
        return " Have the proxy set it; its own health checks carry none."
    return (
        f" It sent {_wire_names(answer.dropped)}: name the header that your proxy sets in "
        "TRUSTED_PROXY_HEADER."
    )


def cleared_by_waitress(header: str) -> str:
    """Say that waitress takes the client header away."""
    return (
        f"waitress removes {header} before Django sees it. Run it with "
        "--no-clear-untrusted-proxy-headers."
    )


def _end(hops: Sequence[Hop]) -> str:
    if hops and hops[-1].verdict == "too many hops":
        return f"hop {MAX_HOPS + 1}"
    # Of an element of Forwarded that has no address, no text is left.
    if not hops or not hops[-1].text:
        return "something that is not an address"
    return short_repr(hops[-1].text)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _wire_names(keys: Sequence[str]) -> str:
    return join_some([wire_name(key) for key in keys])


find_login_keys: Callable[[], Collection[str]] = tuple
"""Returns the META keys by which the project logs in. The app puts it here, as the checks know."""


def lost_logins(answer: Answer) -> list[str]:
    """Return the META keys of a stranger's headers that would have logged the client in."""
    logins = () if answer or not answer.dropped else find_login_keys()
    return [key for key in answer.dropped if key in logins] if logins else []


def lost_login(answer: Answer) -> str:
    """Say that a stranger's header would have logged the client in, or return ""."""
    lost = [wire_name(key) for key in lost_logins(answer)]
    if not lost:
        return ""
    verb, pronoun = ("was", "it") if len(lost) == 1 else ("were", "they")
    who = (
        "a peer on a Unix socket"
        if answer.peer == UNIX
        else answer.peer or "a peer without an address"
    )
    return (
        f"{join_some(lost)} from {who}, which is not in TRUSTED_PROXIES, {verb} dropped; {pronoun} "
        "would have logged the client in."
    )
