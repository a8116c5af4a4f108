"""The command `trustedproxy`: what the settings mean, and why a request has the client it has."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from django_trustedproxy import conf
from django_trustedproxy.display import short_repr
from django_trustedproxy.engine.networks import parse_entry
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, is_token, meta_name, wire_name
from django_trustedproxy.exceptions import rejection
from django_trustedproxy.explanation import explain, reject_name
from django_trustedproxy.remarks import ABOUT_CLIENT

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from django_trustedproxy.engine.policy import Policy
    from django_trustedproxy.explanation import Explanation


class Command(BaseCommand):
    """Print the policy, or the way to one answer."""

    help = "Show what the TRUSTED_PROXY settings mean, or explain who the client of a request is."
    requires_system_checks = ()  # `show` lists the findings, and neither may fail on them

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `show` and `explain`."""
        actions = parser.add_subparsers(dest="action", required=True)
        show = actions.add_parser("show", help="the policy, and the findings of the checks")
        walk = actions.add_parser(
            "explain",
            help="the way to the client of a request",
            description="Explain a request: its peer, and headers given by --header or pasted as "
            "a raw request into standard input.",
        )
        walk.add_argument("--peer", help='who connects to Django: an address, or "unix:"')
        walk.add_argument(
            "--header", action="append", metavar='"NAME: VALUE"', help="may be given several times"
        )
        for action in (show, walk):
            action.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: object, **options: Any) -> None:
        """Run the action."""
        try:
            policy = conf.get_policy()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        if options["action"] == "show":
            facts, lines = self.show(policy)
        else:
            facts, lines = self.explain(policy, options["peer"], options["header"])
        if options["json"]:
            self.stdout.write(json.dumps(facts, indent=2))
        else:
            self.stdout.write("\n".join(lines))

    def show(self, policy: Policy) -> tuple[dict[str, Any], Iterable[str]]:
        """Return the policy as data and as lines."""
        entries = {
            str(entry): [str(network) for network in parse_entry(entry)]
            for entry in settings_entries()
        }
        headers = {"client": (policy.header_name, "cut" if policy.keep_header else "dropped")} | {
            d.purpose: (wire_name(d.header), "written" if d.is_written else "guarded for Django")
            for d in policy.designations
        }
        findings = [
            message
            for message in run_checks(tags=[Tags.security], include_deployment_checks=True)
            if (message.id or "").startswith("trustedproxy.") and not message.is_silenced()
        ]
        facts: dict[str, Any] = {
            "trusted": entries,
            "merged": [str(network) for network in policy.networks.merged],
            "headers": {purpose: list(use) for purpose, use in headers.items()},
            "dropped": sorted(map(wire_name, policy.dropped)),
            "dropped_from_untrusted": sorted(map(wire_name, policy.dropped_if_direct)),
            "rejected": sorted(policy.reject),
            "findings": [{"id": m.id, "msg": m.msg, "hint": m.hint} for m in findings],
        }
        return facts, [
            self.title("Trusted proxies"),
            *(f"  {entry}  {', '.join(merged)}" for entry, merged in entries.items()),
            *([] if entries else ["  nobody"]),
            self.title("Headers from a trusted proxy"),
            *(
                f"  {purpose:7} {' '.join(headers.get(purpose, ('passes unchanged', '')))}"
                for purpose in FORWARDING_HEADERS
            ),
            f"  dropped {', '.join(facts['dropped'])}",
            self.title("Headers from anybody else"),
            f"  dropped {', '.join(facts['dropped_from_untrusted'])}",
            self.title("Rejected outcomes"),
            f"  {', '.join(facts['rejected']) or 'none'}",
            self.title("Findings"),
            *(self.style.WARNING(f"  {m.id}: {m.msg} {m.hint}") for m in findings),
            *([] if findings else ["  none"]),
        ]

    def explain(
        self, policy: Policy, peer: str | None, headers: list[str] | None
    ) -> tuple[dict[str, Any], Iterable[str]]:
        """Return the explanation of a request as data and as lines."""
        if peer is None:
            raise CommandError('--peer is missing: write --peer 10.0.0.9, or --peer "unix:".')
        lines = headers if headers is not None else raw_headers(sys.stdin.read())
        meta = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not is_token(name):
                raise CommandError(f"--header {short_repr(line)}: expected 'Name: value'.")
            key = meta_name(name)
            text = value.strip(" \t")
            meta[key] = f"{meta[key]},{text}" if key in meta else text
        found = explain(policy, settings_entries(), meta)
        rejected = rejection(policy, found.answer)
        reject = reject_name(policy, found.answer) if rejected else ""
        return self.facts(found, reject), self.lines(policy, found, reject)

    def facts(self, found: Explanation, reject: str) -> dict[str, Any]:
        """Return an explanation as data."""
        answer = found.answer
        return {
            "client": answer.client,
            "outcome": answer.outcome,
            "sentence": found.sentence(reject),
            "remarks": [remark.text for remark in found.remarks],
            "rejected": reject or None,
            "peer": {"address": answer.peer, "trusted_by": found.peer_trusted_by},
            "hops": [hop._asdict() for hop in found.hops],
            "read_to_end": found.is_read_to_end,
            "dropped": list(map(wire_name, answer.dropped)),
            "malformed": list(answer.malformed_headers),
            "before": found.before,
            "after": found.after,
        }

    def lines(self, policy: Policy, found: Explanation, reject: str) -> Iterable[str]:
        """Yield an explanation as lines."""
        answer = found.answer
        yield self.title("Peer")
        trusted = found.peer_trusted_by
        verdict = f"trusted by {trusted!r}" if trusted else "not in TRUSTED_PROXIES"
        yield f"  {answer.peer or short_repr(found.before['REMOTE_ADDR'])}  {verdict}"
        if found.hops:
            yield self.title(f"{policy.header_name}, from the right")
        for hop in found.hops:
            by = f" by {hop.trusted_by!r}" if hop.trusted_by else ""
            yield f"  {short_repr(hop.text)}  {hop.verdict}{by}"
        if not found.is_read_to_end:
            yield "  what is further left is not read"
        yield self.title("Request")
        for key in sorted({**found.before, **found.after}):
            before, after = found.before.get(key), found.after.get(key)
            if before == after:
                yield f"  {key} = {short_repr(before)}"
            else:
                yield f"- {key} = {'(none)' if before is None else short_repr(before)}"
                yield f"+ {key} = {'(none)' if after is None else short_repr(after)}"
        for remark in found.remarks:
            if remark.kind not in ABOUT_CLIENT:
                yield self.style.WARNING(remark.text)
        good = answer.outcome in ("forwarded", "direct") and not (reject or found.remarks)
        style = self.style.SUCCESS if good else self.style.WARNING
        yield style(f"{answer.outcome}: {found.sentence(reject)}")

    def title(self, text: str) -> str:
        """Return a heading."""
        return self.style.MIGRATE_HEADING(text)


def settings_entries() -> tuple[object, ...]:
    """Return the entries of `TRUSTED_PROXIES`, which the policy has judged already."""
    return tuple(conf.value("TRUSTED_PROXIES"))


def raw_headers(text: str) -> list[str]:
    """Return the header lines of a pasted raw request, whose request line may be missing."""
    lines = text.splitlines()
    if lines and ":" not in lines[0].partition(" ")[0]:
        lines = lines[1:]
    end = lines.index("") if "" in lines else len(lines)
    return lines[:end]
