"""What the settings mean, as data and as lines that fit a terminal, for `trustedproxy show`."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from .display import short_repr
from .engine.purposes import FORWARDING_HEADERS, PURPOSES, meta_names, twin_of, wire_name
from .entries import networks_of
from .ranges.file import TIME_FORMAT, RangeFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from django.core.checks import CheckMessage

    from .engine.policy import Policy
    from .engine.stamps import Stamps

_INDENT = 2
_LABEL = max(map(len, FORWARDING_HEADERS)) + 2


class Line(NamedTuple):
    """A line: "title", "text", or "finding"."""

    kind: str
    text: str


class Overview(NamedTuple):
    """The settings: the policy, the entries of `TRUSTED_PROXIES`, and what the checks found.

    `with_secret` are the entries of `TRUSTED_PROXIES_WITH_SECRET`.
    """

    policy: Policy
    entries: Sequence[object]
    unusable: Sequence[object]
    findings: Sequence[CheckMessage]
    with_secret: Sequence[object] = ()

    def facts(self) -> dict[str, Any]:
        """Return the overview as data."""
        policy = self.policy
        return {
            "trusted": {str(e): [str(n) for n in networks_of(e)] for e in self.entries},
            "files": {str(e): _facts(e) for e in self.entries if isinstance(e, RangeFile)},
            "unusable": list(map(short_repr, self.unusable)),
            "merged": [str(network) for network in policy.networks.merged],
            "headers": {"client": [policy.header_name, "believed"]}
            | {
                d.purpose: [wire_name(d.header), "believed" if d.is_written else "left to Django"]
                for d in policy.designations
            },
            "keep_header": policy.keep_header,
            "dropped": sorted(map(wire_name, policy.dropped)),
            "dropped_from_untrusted": sorted(map(wire_name, policy.dropped_if_direct)),
            "secrets": self._secrets(),
            "rejected": sorted(policy.reject),
            "reject_exempt": sorted(policy.reject_exempt),
            "findings": [{"id": m.id, "msg": m.msg, "hint": m.hint} for m in self.findings],
        }

    def lines(self, width: int) -> Iterator[Line]:
        """Yield the overview as lines of at most `width` characters, words permitting."""
        for title, rows in self._sections():
            yield Line("title", title)
            for label, text in rows:
                yield from _row(label, text, width)
        yield Line("title", "Findings of the checks")
        for message in self.findings:
            for number, text in enumerate((f"{message.id}: {message.msg}", str(message.hint))):
                indent = " " * (_INDENT + 2 * number)
                yield from (Line("finding", part) for part in _wrapped(text, indent, width))
        if not self.findings:
            yield Line("text", "  none")

    def _sections(self) -> Iterator[tuple[str, Iterable[tuple[str, str]]]]:
        policy = self.policy
        yield "Trusted proxies", [("", text) for text in _networks(self.entries) or ["nobody"]]
        if policy.stamps:
            yield "Trusted as well, if the request has a secret", list(self._stamped(policy.stamps))
        if self.unusable:
            yield "Entries that cannot be used", [("", short_repr(e)) for e in self.unusable]
        yield "What a trusted proxy says", list(self._believed())
        yield "Removed from every request", _by_purpose(policy.dropped)
        rest = policy.dropped_if_direct - policy.dropped
        yield "Removed as well, unless a trusted proxy sent the request", _by_purpose(rest)
        rejected = [("", ", ".join(sorted(policy.reject)) or "none")]
        if policy.reject_exempt:
            rejected.append(("", f"never for {', '.join(sorted(policy.reject_exempt))}"))
        yield "Outcomes that are answered with 400", rejected

    def _secrets(self) -> dict[str, Any] | None:
        """Return who is trusted with a secret, and how the secrets are identified, as data."""
        stamps = self.policy.stamps
        if stamps is None:
            return None
        return {
            "headers": list(map(wire_name, stamps.headers)),
            "sha256": stamps.fingerprints,
            "trusted": {str(e): [str(n) for n in networks_of(e)] for e in self.with_secret},
            "any_peer": stamps.any_peer,
        }

    def _stamped(self, stamps: Stamps) -> Iterator[tuple[str, str]]:
        """Yield who is trusted with a secret, its headers, and the secrets by their SHA-256."""
        for text in ["any peer"] if stamps.any_peer else _networks(self.with_secret) or ["nobody"]:
            yield "", text
        yield "header", ", ".join(map(wire_name, stamps.headers))
        for position, digits in enumerate(stamps.fingerprints):
            yield f"secret {position}", f"SHA-256 {digits}…"

    def _believed(self) -> Iterator[tuple[str, str]]:
        policy = self.policy
        stays = "what is verified of it stays" if policy.keep_header else "it is removed then"
        yield "client", f"{policy.header_name} is believed; {stays}"
        designated = {designation.purpose: designation for designation in policy.designations}
        for purpose in FORWARDING_HEADERS:
            if purpose in designated:
                header = wire_name(designated[purpose].header)
                reader = "is believed"
                if not designated[purpose].is_written:
                    reader = f"is left to Django, whose {PURPOSES[purpose].twin} believes it"
                yield purpose, f"{header} {reader}"
            elif purpose == "identity":
                yield purpose, "the headers pass unchanged, for the login to read"
            elif purpose != "client":
                yield purpose, "nothing is believed; the headers pass unchanged"


def _networks(entries: Iterable[object]) -> list[str]:
    """Return entries as they are written, with the networks that they stand for."""
    lines = []
    for entry in entries:
        if isinstance(entry, RangeFile):
            lines.append(f"{entry}  {_promise(entry)}")
            lines += (f"line {number}  {network}" for network, number in entry.lines.items())
            continue
        networks = ", ".join(map(str, networks_of(entry))) or "a peer on a Unix socket"
        text = str(entry).strip()
        is_plain = text in {networks, networks.split("/")[0]}
        lines.append(text if is_plain else f"{text}  {networks}")
    return lines


def _facts(file: RangeFile) -> dict[str, Any]:
    """Return what a range file says as data."""
    return {
        "source": file.source,
        "address": file.address,
        "fetched": file.fetched and file.fetched.strftime(TIME_FORMAT),
        "days": file.days,
        "lines": {str(network): number for network, number in file.lines.items()},
    }


def _promise(file: RangeFile) -> str:
    """Say how many networks a range file has, whose they are, and how long it is good for."""
    number = len(file.lines)
    facts = [f"{number} network" if number == 1 else f"{number} networks"]
    if file.source:
        facts.append(f"of {file.source}")
    if file.fetched:
        facts.append(f"fetched {file.fetched:%Y-%m-%d}, refresh within {file.days} days")
    return ", ".join(facts)


def _by_purpose(keys: Collection[str]) -> list[tuple[str, str]]:
    """Return META keys as names, grouped by what the headers speak about."""
    # The second name of an identity header would tell nothing more.
    left, rows = set(keys).difference(map(twin_of, keys)), []
    for purpose in FORWARDING_HEADERS:
        own = left & meta_names(purpose)
        left -= own
        if own:
            rows.append((purpose, ", ".join(sorted(map(wire_name, own)))))
    if left:
        rows.append(("other", ", ".join(sorted(map(wire_name, left)))))
    return rows


def _row(label: str, text: str, width: int) -> Iterator[Line]:
    indent = " " * (_INDENT + (_LABEL if label else 0))
    first, *others = _wrapped(text, indent, width)
    if label:
        first = f"{' ' * _INDENT}{label:{_LABEL}}{first[len(indent) :]}"
    for line in (first, *others):
        yield Line("text", line)


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return wrap(
        text,
        max(width, len(indent) + 20),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
