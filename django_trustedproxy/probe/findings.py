"""What was found at a door, worst first, each with the line that fixes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from django_trustedproxy.engine.addresses import UNIX, pack
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, PURPOSES
from django_trustedproxy.pages import page_of_guide

from .groups import GROUPS, SERVER, set_line
from .run import is_public

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .run import Door, Settings
    from .send import Target
    from .verdict import Facts, Verdict

_MOST_TOLD = 5
_PURPOSES = {
    header: purpose
    for purpose, headers in FORWARDING_HEADERS.items()
    for header in headers
    if purpose != "identity"
}
LEVELS = ("forged", "lost", "wrong", "not told", "good")

_MISSING = {
    "scheme": (
        "proxy: set X-Forwarded-Proto on every request",
        'settings.py: and only then, TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"',
    ),
    "host": (
        "proxy: pass on the Host that was asked for; nginx: proxy_set_header Host $http_host;",
    ),
}


class Finding(NamedTuple):
    """A finding: its severity, a sentence, the lines that fix it, and a page with the details."""

    level: str
    text: str
    lines: tuple[str, ...] = ()
    link: str = ""


def findings_of(door: Door, target: Target, settings: Settings) -> list[Finding]:
    """Return what was found at a door, the worst first."""
    found = [*_of_attacks(door, settings), *_of_honest(door, target, settings)]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


def anchor(title: str) -> str:
    """Return the anchor of a heading of the page on the probe."""
    return title.lower().replace(",", "").replace("'", "").replace(" ", "-")


def _set_by_proxy(found: list[Verdict], settings: Settings) -> Iterator[str]:
    """Yield a line for each header that was believed alone, with which a proxy replaces it."""
    purposes = _PURPOSES | {name: of for of, name in settings.own}
    for verdict in found[:_MOST_TOLD]:
        name = verdict.attack.form.name.removesuffix(" alone")
        if verdict.kind == "forged" and name in purposes:
            yield f"nginx: {set_line(name, purposes[name])}"


def _of_attacks(door: Door, settings: Settings) -> Iterator[Finding]:
    kinds = {"forged": "forged", "lost its own header": "lost", "not told": "not told"}
    # A header that works alone also works beside others, and over any connection.
    plain = {verdict.why for verdict in door.of("forged") if verdict.attack.group == "header"}
    for kind, level in kinds.items():
        verdicts = [
            verdict
            for verdict in door.of(kind)
            if verdict.attack.group == "header" or verdict.why not in plain
        ]
        for name in dict.fromkeys(verdict.attack.group for verdict in verdicts):
            group = GROUPS[name]
            found = [verdict for verdict in verdicts if verdict.attack.group == name]
            told = [f"{each.attack.form.name} ({each.why})" for each in found[:_MOST_TOLD]]
            names = "; ".join(told)
            more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
            lines = (
                *_set_by_proxy(found, settings),
                *(f"{where}: {line}" for where, line in group.remedies),
            )
            if kind == "lost its own header":
                lines = ('settings.py: TRUSTED_PROXY_REJECT = ["missing", "malformed"]', *lines)
            yield Finding(
                level,
                f"{group.title}: {names}{more}. {group.means if level == 'forged' else ''}".strip(),
                () if level == "not told" else tuple(dict.fromkeys(lines)),
                page_of_guide("probe", anchor(group.title)),
            )


def _of_honest(door: Door, target: Target, settings: Settings) -> Iterator[Finding]:
    facts = door.honest
    if door.unknown:
        yield Finding("not told", door.unknown)
    if door.closed:
        is_status = door.closed.startswith("status")
        sure = "that is no answer of the site" if is_status else "the address and port are right"
        yield Finding("good", f"closed to everybody but your proxies, if {sure}: {door.closed}.")
    if facts is None:
        return
    if facts["policy"] != settings.digest:
        yield Finding(
            "wrong",
            "The site has other settings than this command, or another version of the package: "
            "what the command says of your settings may not hold there. Secrets count too: one "
            "that the command lacks, or another in TRUSTED_PROXY_SECRETS, is enough.",
        )
    if door.is_origin:
        yield _of_origin(facts)
        return
    if facts["rejected"]:
        yield Finding(
            "wrong",
            f"An honest request is answered with 400: {facts['rejected']!r} is in "
            "TRUSTED_PROXY_REJECT.",
        )
    is_unstamped = facts["stamp"] in ("absent", "wrong")
    if is_unstamped:
        yield _of_stamp(facts, settings)
    # An edge that sends no secret needs no new entry: its address is not enough.
    if not (is_unstamped and facts["outcome"] == "direct"):
        yield from _of_client(door, facts)
    if facts["outcome"] != "direct":
        yield from _of_url(facts, target)


def _of_origin(facts: Facts) -> Finding:
    if (name := facts["rejected"]) in ("direct", "unstamped"):
        return Finding("good", f'answers 400 to everybody else: TRUSTED_PROXY_REJECT has "{name}".')
    # Behind one more proxy of yours, no request is direct.
    lines = (
        ['settings.py: TRUSTED_PROXY_REJECT = ["direct"]'] if facts["outcome"] == "direct" else []
    )
    if facts["stamp"] is not None:
        lines.insert(0, 'settings.py: TRUSTED_PROXY_REJECT = ["unstamped"]')
    return Finding(
        "good" if facts["outcome"] == "direct" else "wrong",
        f"reachable around the proxy, with the outcome {facts['outcome']!r}.",
        (*lines, "or a firewall that lets only your proxies in"),
        page_of_guide("probe", "the-origin"),
    )


def _of_stamp(facts: Facts, settings: Settings) -> Finding:
    """Return what it means that the front door has secrets and sends none of them."""
    name = " or ".join(settings.stamps) or "the header of TRUSTED_PROXY_SECRET_HEADER"
    came = f"came without {name}"
    if facts["stamp"] == "wrong":
        came = f"has in {name} none of TRUSTED_PROXY_SECRETS, or more than one value"
    text = f"The front door is not stamped: an honest request {came}, so it is judged by "
    header = settings.stamps[0] if settings.stamps else "X-Edge-Secret"
    lines = (
        f"edge: send one of TRUSTED_PROXY_SECRETS in {name} with every request",
        f'nginx: proxy_set_header {header} "the secret";',
    )
    link = page_of_guide("secret-header", "settings")
    return Finding("wrong", f"{text}TRUSTED_PROXIES alone.", lines, link)


def _of_client(door: Door, facts: Facts) -> Iterator[Finding]:
    outcome, peer, client = facts["outcome"], facts["peer"], facts["client"]
    link = page_of_guide("verify", "by-what-you-see")
    # A peer that sent the secret should not be trusted without it.
    entries = "TRUSTED_PROXIES_WITH_SECRET" if facts["stamp"] == "valid" else "TRUSTED_PROXIES"
    if outcome == "direct" and peer == door.own_address:
        if facts["arrived"]:
            yield Finding(
                "wrong",
                f"The peer is {peer}, this machine, but {', '.join(facts['arrived'])} arrived, "
                "which it did not send: the server takes the address from a proxy's header.",
                tuple(f"{where}: {line}" for where, line in SERVER),
                link,
            )
        return
    if outcome == "direct":
        yield Finding(
            "wrong",
            f"{peer} is not in {entries}, so it is the client. If nothing stands in front of "
            "the site, and that is your own address, this is right.",
            _listed(peer, entries),
            link,
        )
    elif outcome == "unknown":
        yield Finding("wrong", "The server reports no address of its peer.", (), link)
    elif outcome in ("missing", "malformed"):
        came = [name for name in FORWARDING_HEADERS["client"] if name in facts["arrived"]]
        names = (
            f"It sent {', '.join(came)}."
            if came
            else "It sent no header about the client. Or it is this machine, as the site sees it: "
            "then run the probe on another one."
        )
        who = "the proxy on the Unix socket" if peer == UNIX else f"the proxy {peer}"
        lines = (
            "settings.py: name in TRUSTED_PROXY_HEADER the header that your proxy sets",
            f"nginx: {set_line(facts['header'], 'client')}",
        )
        text = f"{who} sent no {facts['header']} that can be read. {names}"
        yield Finding("wrong", text[0].upper() + text[1:], lines[:1] if came else lines[1:], link)
    elif client and client != door.own_address and _has(facts, door.own_address):
        yield Finding(
            "wrong",
            f"The client is {client}, but {door.own_address}, this machine, stands in the header "
            f"of your proxies: {client} may be one more of them.",
            _listed(client, entries),
            link,
        )
    elif client and pack(client) and not is_public(client) and is_public(door.address):
        yield Finding(
            "wrong",
            f"The site is public, and the client {client} is not: it may be one more proxy.",
            _listed(client, entries),
            link,
        )


def _listed(address: str, entries: str) -> tuple[str, ...]:
    return (f'settings.py: if {address} is your proxy, add "{address}" to {entries}',)


def _has(facts: Facts, address: str) -> bool:
    """Tell whether an address is in a header about the client that the site got."""
    texts = (facts["arrived"].get(name) or "" for name in FORWARDING_HEADERS["client"])
    return bool(address) and any(address in re.split(r"[\s,;=\"\[\]]+", text) for text in texts)


def _of_url(facts: Facts, target: Target) -> Iterator[Finding]:
    """Yield what differs from the URL that was asked for, with the setting that tells it."""
    for purpose, wanted, section in (
        ("scheme", target.scheme, "the-scheme-is-not-seen"),
        ("host", target.host, "the-host-is-not-passed"),
    ):
        got = str(facts[purpose])
        if got.lower() == wanted.lower():
            continue
        name = f"TRUSTED_PROXY_{purpose.upper()}_HEADER"
        parse = PURPOSES[purpose].parse
        arrived = facts["arrived"]
        says = [
            header
            for header in FORWARDING_HEADERS[purpose]
            if str(parse(arrived.get(header, ""))).lower() == wanted.lower()
        ]
        # A value that the probe did not send is the proxy's own; nothing else may be believed.
        lines = (f'settings.py: {name} = "{says[0]}"',) if says else _MISSING[purpose]
        text = f"The {purpose} is {got!r} to the site, and {wanted!r} in the URL."
        yield Finding("wrong", text, lines, page_of_guide("https", section))
