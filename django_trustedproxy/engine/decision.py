"""The decision: who the client is, from the peer and one header, with the reason."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Literal

from .addresses import UNIX, pack, parse_hop, parse_peer, shows_unix_socket
from .answer import Answer, Outcome
from .hops import BLANKS, node_of, read_elements
from .purposes import FORWARDED, parse_scheme, split_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .answer import Stamp, Statement
    from .hops import Element
    from .networks import TrustedNetworks
    from .policy import Policy

MAX_HOPS = 100
# A list that is longer is rare, and then `_follow` is in vain.
_LONGEST_SHORT, _MOST_FOLLOWED = 128, 4

Verdict = Literal["trusted proxy", "client", "empty", "not an address", "too many hops"]
# A plain tuple, as a walk makes one for each hop.
Step = tuple["str | None", Verdict, "str | None", "int | None"]
"""A hop that was read: its text (None if that was impossible), verdict, address and port."""
# The client, the proxies that the request passed, the outcome, and the client's port.
_Found = tuple["str | None", tuple[str, ...], Outcome, "int | None"]


def decide(  # noqa: PLR0913, PLR0917 - what is known of a request
    policy: Policy,
    peer: object,
    headers: Mapping[str, Any],
    scheme: str = "",
    is_unix: bool | None = None,  # noqa: FBT001 - a keyword takes longer
    stamp: Stamp | None = None,
) -> Answer:
    """Decide who the client is.

    `peer` is REMOTE_ADDR as the server reported it, of whatever type; `headers` is an environ or a
    META. `scheme` is that of the connection, where `headers` has no wsgi.url_scheme, and `is_unix`
    tells whether it came over a Unix socket, where `headers` does not show it. `stamp` is what the
    policy was chosen by. Never raises on what a client or server sends, and reads no more of a
    header than the walk needs: the cost does not depend on its length.
    """
    trusted = policy.peers.get(peer) if isinstance(peer, str) else None
    if trusted is None:
        trusted, untrusted = meet(policy, peer, headers, is_unix)
        if trusted is None:
            client = None if untrusted == UNIX else untrusted
            outcome: Outcome = "direct" if untrusted else "unknown"
            keys = policy.dropped_if_direct
            dropped = () if keys.isdisjoint(headers) else _present(keys, headers)
            reported = None if untrusted or peer in (None, "") else str(peer)
            return Answer(
                *(untrusted, client, (), outcome, None, None, (), dropped, None, reported, stamp)
            )
    text = headers.get(policy.header)
    elements: list[Element | None] = []
    found: _Found
    if text:
        found = _follow(policy, trusted, text) or _read_header(policy, trusted, text, elements)
    else:
        found = None if trusted == UNIX else trusted, (), "missing", None
    client, proxies, outcome, port = found
    return Answer(
        trusted,
        client,
        proxies,
        outcome,
        policy.header_name,
        port,
        _read_statements(policy, trusted, headers, elements, scheme) if policy.designations else (),
        () if policy.dropped.isdisjoint(headers) else _present(policy.dropped, headers),
        text,
        None,
        stamp,
    )


def _follow(policy: Policy, peer: str, text: str) -> _Found | None:
    """Return what the short list of addresses of a trusted peer tells, or None for any other text.

    Nearly all headers are such lists. `walk` reads them as well, in twice the time.
    """
    separator, networks = policy.form.separator, policy.networks
    if separator is None or policy.own is not None:
        return None
    is_short = len(text) <= _LONGEST_SHORT
    rest = text if is_short else text[-_LONGEST_SHORT:]
    proxies: tuple[str, ...] = (peer,)
    while True:
        if "," in rest and separator and len(proxies) <= _MOST_FOLLOWED:
            rest, _, last = rest.rpartition(",")
            hop = parse_hop(last.strip(BLANKS))
        else:
            hop, rest = parse_hop(rest) if is_short else None, ""
        if hop is None:
            return None
        packed, address, port = hop
        # `packed in networks`, without a call.
        if not bisect_right(networks.ipv4 if len(packed) == 4 else networks.ipv6, packed) & 1:
            return address, proxies, "forwarded", port
        proxies = (address, *proxies)


def meet(
    policy: Policy,
    peer: object,
    environ: Mapping[str, Any],
    is_unix: bool | None,  # noqa: FBT001
) -> tuple[str | None, str | None]:
    """Return the address of a peer, or "unix:", first if it is trusted, and second if it is not.

    Both are None if nothing shows who it is: no address is not yet a Unix socket.
    """
    packed, address = parse_peer(peer) or (None, None)
    if packed is not None and packed in policy.networks:
        policy.remember(str(peer), str(address))
        return address, None
    if shows_unix_socket(peer, environ) if is_unix is None else is_unix:
        return (UNIX, None) if policy.networks.unix or policy.any_peer else (None, UNIX)
    # "any" is anyone who connects, so it is not a hop of a header.
    return (address, None) if policy.any_peer else (None, address)


def _read_header(policy: Policy, peer: str, text: str, elements: list[Element | None]) -> _Found:
    """Return what the designated client header of a trusted peer tells.

    The elements of a `Forwarded` that are read are put into `elements`.
    """
    hops = _nodes(text, elements) if policy.header == FORWARDED else policy.form.read(text)
    steps = read_steps(policy, peer, hops)
    del elements[len(steps) :]
    return fold(peer, steps)


def read_steps(policy: Policy, peer: str, hops: Iterable[str | None]) -> list[Step]:
    """Walk through the hops that a trusted peer hands on, as far as they are believed."""
    steps = walk(policy.networks, hops)
    return steps if policy.own is None else _believe_one_edge(policy.own, peer, steps)


def _believe_one_edge(own: TrustedNetworks, peer: str, steps: list[Step]) -> list[Step]:
    """End a walk before a second proxy that is trusted only because of the secret.

    The first one is the edge, which wrote the address to its left. All customers of a CDN share its
    networks, and any of them can send requests through this site's edge: such an address further
    left is a client's, who wrote what lies left of it.
    """
    is_found = not _has(own, peer)
    for place, (text, verdict, address, port) in enumerate(steps):
        if verdict == "trusted proxy" and not _has(own, address):
            if is_found:
                return [*steps[:place], (text, "client", address, port)]
            is_found = True
    return steps


def _has(networks: TrustedNetworks, address: str | None) -> bool:
    return networks.unix if address == UNIX else (pack(address or "") or b"") in networks


def walk(networks: TrustedNetworks, hops: Iterable[str | None]) -> list[Step]:
    """Read hops from the right, and return a step for each one that was looked at.

    Ends with the first address that is not trusted, and at anything that is not an address: no
    trusted proxy wrote what lies further left.
    """
    steps: list[Step] = []
    ipv4, ipv6 = networks.ipv4, networks.ipv6
    for raw in hops:
        text = raw.strip(BLANKS) if raw else raw
        if len(steps) == MAX_HOPS:
            steps.append((text, "too many hops", None, None))
            break
        if hop := parse_hop(text) if text else None:
            packed, address, port = hop
            if not bisect_right(ipv4 if len(packed) == 4 else ipv6, packed) & 1:
                steps.append((text, "client", address, port))
                break
            steps.append((text, "trusted proxy", address, port))
        elif text == "":
            steps.append((text, "empty", None, None))
        elif text == UNIX and networks.unix:
            steps.append((text, "trusted proxy", UNIX, None))
        else:
            steps.append((text, "not an address", None, None))
            break
    return steps


def fold(peer: str, steps: Sequence[Step]) -> _Found:
    """Return what the steps of a walk tell."""
    way, port = [peer], None
    for _, _, address, port_of_hop in steps:
        if address is not None:
            way.append(address)
            port = port_of_hop
    outcome: Outcome = "forwarded" if len(way) > 1 else "missing"
    if steps[-1][1] in ("not an address", "too many hops"):
        outcome = "malformed"
    # A hop on a Unix socket has no address of its own: the client is then the hop that it reached.
    while len(way) > 1 and way[-1] == UNIX:
        way.pop()
    client = way.pop()
    way.reverse()
    return None if client == UNIX else client, tuple(way), outcome, port


def _present(keys: frozenset[str], headers: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(keys.intersection(headers)))


def _nodes(value: str, elements: list[Element | None]) -> Iterator[str | None]:
    for element in read_elements(value):
        elements.append(element)
        yield node_of(element)


def _read_statements(
    policy: Policy,
    peer: str,
    headers: Mapping[str, Any],
    elements: list[Element | None],
    scheme: str,
) -> tuple[Statement, ...]:
    """Return what the designated headers of a trusted peer say, for those that are there."""
    statements = []
    for designation in policy.designations:
        value = headers.get(designation.header)
        if value is None:
            continue
        if designation.header == FORWARDED and designation.is_written:
            if not elements:
                steps = read_steps(policy, peer, _nodes(value, elements))
                del elements[len(steps) :]
            parameter = _parameter(elements, designation.purpose)
            if parameter is not None:
                statements.append(designation.read_parameter(parameter))
        else:
            statements.append(designation.read(value))
    if "host" not in policy.purposes:
        return tuple(statements)
    scheme = scheme or headers.get("wsgi.url_scheme", "")
    said = {statement.purpose: statement for statement in statements}
    if "host" in said and said["host"].is_written and said["host"].value:
        said["host"] = _with_port(said, scheme)
    return tuple(said.values())


def _with_port(said: dict[str, Statement], scheme: str) -> Statement:
    """Return what is said of the host with the port that links need, and no other.

    A default port in a host is dropped, and a stated port that is not the default is added.
    """
    host = said["host"]
    if "scheme" in said:
        scheme = parse_scheme(said["scheme"].value or "") or scheme
    default = 443 if parse_scheme(scheme) == "https" else 80
    name, port = split_host(host.value or "")
    # A default port is none, so that a second decision has the result of the first.
    if (not port or int(port) == default) and "port" in said and said["port"].is_written:
        port = said["port"].value or ""
    value = f"{name}:{port}" if port and int(port) != default else name
    return host._replace(value=value, text=value)


def _parameter(elements: list[Element | None], purpose: str) -> str | None:
    """Return the `proto` or `host` of the `Forwarded` element where the walk ended.

    If that element states none, the nearest one to its right that does counts: all of them were
    written by trusted proxies, each telling how it was reached. That holds as well for an element
    whose `for` is not an address and ends the walk.
    """
    for element in reversed(elements[:MAX_HOPS]):
        text = element and (element.proto if purpose == "scheme" else element.host)
        if text is not None:
            return text
    return None
