"""What an answer suggests of the client: that it is a proxy, or hides behind one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings

from .engine.addresses import pack
from .engine.decision import walk
from .engine.hops import header_form
from .engine.networks import TrustedNetworks
from .engine.purposes import meta_names, wire_name
from .seen import OF_BROWSERS, Remark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .engine.answer import Answer
    from .engine.policy import Policy
    from .seen import Seen

# Proxies are there, and public clients are not.
_INTERNAL = TrustedNetworks.parse(["private", "loopback", "link-local", "shared"])
_LOOPBACK = TrustedNetworks.parse(["loopback"])
_FEW = 16  # addresses, which may all be proxies

MAYBE_PROXY, ALL_TRUSTED, OWN_HOST = "maybe-proxy", "all-trusted", "own-host"
ABOUT_CLIENT = (MAYBE_PROXY, ALL_TRUSTED, OWN_HOST)


def about_client(policy: Policy, answer: Answer, client: str, seen: Seen) -> Iterator[Remark]:
    packed = pack(client) or b""
    way, peer = answer.proxies, answer.proxies[-1]
    if packed in (policy.own or policy.networks):
        yield _all_trusted(policy, answer, client, seen)
    elif packed in _INTERNAL:
        # The client may have sent another address to the proxy that appended the client's own.
        is_likely = (answer.header_text or "").count(",") >= len(way)
        yield Remark(
            MAYBE_PROXY,
            logging.WARNING if is_likely else logging.INFO,
            f"If {client} is a proxy of your own, add it to TRUSTED_PROXIES.",
            client,
        )
    # A public one is more likely a gateway's, whose adapter took the peer from the header.
    if peer in way[:-1] and (pack(peer) or b"") in _INTERNAL:
        yield Remark(
            OWN_HOST,
            logging.INFO,
            f"The trusted {peer} is also an entry of {answer.header}: two of your proxies share "
            "that address, or the request was sent from the proxy's own host. What is sent from "
            f"there is believed, even with a forged {answer.header}. Test from another host.",
            peer,
        )


def _all_trusted(policy: Policy, answer: Answer, client: str, seen: Seen) -> Remark:
    header = answer.header
    replaced = f"replaced {header} instead of appending to it"
    other = _other_client(policy, answer, seen.before)
    if other:
        name, address = other
        cause = (
            f"A proxy probably {replaced}: {name}, which was dropped, has {address}, unless a "
            "client wrote that."
        )
    else:
        cause = (
            f"Either the request was sent from {client}, as a test or a health check on the "
            f"proxy's own host is, or a proxy {replaced}."
        )
    # Monitors and services call from networks that are listed, but nobody browses on a proxy.
    is_expected = client == answer.proxies[-1] or _is_on_a_shared_network(policy, client)
    is_browser = any(map(seen.after.get, OF_BROWSERS)) and not settings.DEBUG
    return Remark(
        ALL_TRUSTED,
        logging.INFO if is_expected and not (is_browser or other) else logging.WARNING,
        f"But {client} is in TRUSTED_PROXIES too: each entry of {header} is one of your own "
        f"proxies. {cause}",
        client,
    )


def _other_client(
    policy: Policy, answer: Answer, before: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return a client header that was dropped and the address in it that is no trusted proxy's."""
    for key in meta_names("client").intersection(answer.dropped, before):
        steps = walk(policy.networks, header_form(key).read(before[key]))
        if steps and steps[-1][1] == "client":
            return wire_name(key), str(steps[-1][2])
    return None


def _is_on_a_shared_network(policy: Policy, client: str) -> bool:
    """Tell whether hosts that are not proxies have addresses in the client's trusted network."""
    packed = pack(client) or b""
    return packed in _LOOPBACK or (policy.own or policy.networks).size_around(packed) > _FEW
