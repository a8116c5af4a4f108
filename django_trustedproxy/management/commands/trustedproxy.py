"""The command `trustedproxy`: what the settings mean, who the client is, and range files."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from django_trustedproxy import conf
from django_trustedproxy.checks.identity import login_keys
from django_trustedproxy.clients import ABOUT_CLIENT
from django_trustedproxy.display import short_repr
from django_trustedproxy.engine.purposes import is_token, meta_name, wire_name
from django_trustedproxy.explanation import explain, lost_login
from django_trustedproxy.overview import Overview
from django_trustedproxy.pasted import about_peer, header_lines, path_of
from django_trustedproxy.probe.command import Wanted, probe_site
from django_trustedproxy.probe.run import CannotRunError
from django_trustedproxy.ranges import command as refresh

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable

    from django.core.checks import CheckMessage

    from django_trustedproxy.engine.policy import Policy
    from django_trustedproxy.explanation import Explanation


class Command(BaseCommand):
    """Print the policy or the way to one answer, renew range files, or attack a site."""

    help = (
        "Show what the TRUSTED_PROXY settings mean, explain who the client of a request is, renew "
        "the range files, or attack your own site."
    )
    requires_system_checks = ()  # `show` lists the findings, and none may fail on them

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions and their options."""
        actions = parser.add_subparsers(dest="action", required=True)
        show = actions.add_parser("show", help="the policy, and the findings of the checks")
        walk = actions.add_parser(
            "explain",
            help="the way to the client of a request",
            description="Explain a request: its peer, and headers given by --header or pasted as "
            "a raw request, or what `curl -v` prints, into standard input.",
        )
        walk.add_argument("--peer", help='who connects to Django: an address, or "unix:"')
        walk.add_argument(
            "--header", action="append", metavar='"NAME: VALUE"', help="may be given several times"
        )
        refresh.add_arguments(actions.add_parser("refresh", help="make and renew range files"))
        probe = actions.add_parser(
            "probe",
            help="attack your own site, and report what works",
            description="Send a site of yours everything that this package knows as an attack, "
            "and compare what the site says that it concluded. The site needs TRUSTED_PROXY_PROBE "
            "= True and the SECRET_KEY of these settings. Exits with 0 if nothing is forged, 1 if "
            "something is, 2 if it could not be run, or not to its end.",
        )
        probe.add_argument("url", metavar="URL", help="the site, as its visitors reach it")
        probe.add_argument(
            "--origin",
            action="append",
            default=[],
            metavar="URL",
            help="the server behind the proxy, attacked around the proxy; its certificate is not "
            "verified, since the answers are signed; may be given several times",
        )
        probe.add_argument("--ca-file", help="the certificate authorities to trust, a file")
        probe.add_argument("--verbose", action="store_true", help="show every request")
        for action in (show, walk, probe):
            action.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: object, **options: Any) -> None:
        """Run the action; exits with 2 if nobody reads the output, and with 130 at Ctrl-C."""
        try:
            self.run(options)
            self.stdout.flush()
        except BrokenPipeError:
            # Python would try to write the rest, and end with a code of its own.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(2)
        except KeyboardInterrupt:
            sys.exit(130)

    def run(self, options: dict[str, Any]) -> None:
        """Run the action."""
        if options["action"] == "probe":
            self.probe(options)
            return
        if options["action"] == "refresh":
            self.refresh(options)
            return
        if options["action"] == "show":
            facts, lines = self.show()
        else:
            facts, lines = self.explain(options["peer"], options["header"])
        if options["json"]:
            self.stdout.write(json.dumps(facts, indent=2))
        else:
            self.stdout.write("\n".join(lines))

    def show(self) -> tuple[dict[str, Any], Iterable[str]]:
        """Return the policy as data and as lines: of what can be used, if a setting is wrong."""
        messages = run_checks(tags=[Tags.security], include_deployment_checks=True)
        overview = Overview(
            policy=conf.parse(settings)[0],
            entries=conf.entries(),
            unusable=conf.unusable_entries(),
            with_secret=conf.entries("TRUSTED_PROXIES_WITH_SECRET"),
            # The registry has no order of its own.
            findings=sorted(
                (m for m in messages if is_ours(m) and not m.is_silenced()),
                key=lambda message: str(message.id),
            ),
        )
        styles: dict[str, Callable[[str], str]] = {
            "title": self.title,
            "text": str,
            "finding": self.style.WARNING,
        }
        lines = overview.lines(get_terminal_size().columns)
        return overview.facts(), [styles[line.kind](line.text) for line in lines]

    def explain(
        self, peer: str | None, headers: list[str] | None
    ) -> tuple[dict[str, Any], Iterable[str]]:
        """Return the explanation of a request as data and as lines."""
        try:
            policy = conf.get_policy()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        if peer is None:
            raise CommandError('--peer is missing: write --peer 10.0.0.9, or --peer "unix:".')
        pasted = "" if headers is not None else _standard_input()
        lines, path = headers or header_lines(pasted), path_of(pasted)
        source = "--header" if headers is not None else "The request on standard input:"
        meta = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not is_token(name):
                raise CommandError(f"{source} {short_repr(line)}: expected 'Name: value'.")
            key = meta_name(name)
            text = value.strip(" \t")
            meta[key] = f"{meta[key]},{text}" if key in meta else text
        found = explain(policy, conf.entries(), meta, conf.entries("TRUSTED_PROXIES_WITH_SECRET"))
        reject = policy.rejects(found.answer, path)
        notes = [note] if (note := about_peer(peer)) else []
        facts = self.facts(found, reject) | {"notes": notes}
        return facts, [*notes, *self.lines(policy, found, reject)]

    def probe(self, options: dict[str, Any]) -> None:
        """Attack a site, and exit with 1 if an attack worked."""
        styles = {
            "title": self.title,
            "forged": self.style.ERROR,
            "lost": self.style.WARNING,
            "wrong": self.style.WARNING,
            "not told": self.style.WARNING,
            "good": self.style.SUCCESS,
        }
        is_quiet = options["json"]
        try:
            report = probe_site(
                Wanted(options["url"], tuple(options["origin"]), options["ca_file"]),
                login_keys(),
                say=(lambda _: None) if is_quiet else self.stdout.write,
                is_verbose=options["verbose"] and not is_quiet,
            )
        except (CannotRunError, ImproperlyConfigured) as error:
            raise CommandError(str(error), returncode=2) from None
        if is_quiet:
            self.stdout.write(json.dumps(report.facts(), indent=2))
        else:
            for level, text in report.lines():
                self.stdout.write(styles.get(level, str)(text))
        if report.is_forged or not report.is_complete:
            sys.exit(1 if report.is_forged else 2)

    def refresh(self, options: dict[str, Any]) -> None:
        """Renew range files. The settings may name one that is not there yet."""
        now = datetime.now(timezone.utc)
        run = refresh.Refresh(conf.range_paths(), options, self.stdout.write, now)
        code, problems = run.run()
        if code:
            raise CommandError("\n".join(problems), returncode=code)

    def facts(self, found: Explanation, reject: str) -> dict[str, Any]:
        """Return an explanation as data."""
        answer = found.answer
        return {
            "client": answer.client,
            "outcome": answer.outcome,
            "stamp": answer.stamp,
            "sentence": found.sentence(reject),
            "remarks": [remark.text for remark in found.remarks],
            "login": lost_login(answer) or None,
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
        if login := lost_login(answer):
            yield self.style.WARNING(login)
        good = answer.outcome in ("forwarded", "direct") and not (reject or found.remarks)
        style = self.style.SUCCESS if good else self.style.WARNING
        yield style(f"{answer.outcome}: {found.sentence(reject)}")

    def title(self, text: str) -> str:
        """Return a heading."""
        return self.style.MIGRATE_HEADING(text)


def _standard_input() -> str:
    """Return what is pasted: each byte as a character, as META has headers."""
    if sys.stdin is None:
        raise CommandError("Standard input is closed: give the headers by --header.")
    return sys.stdin.buffer.read().decode("latin-1")


def is_ours(message: CheckMessage) -> bool:
    """Tell whether a finding is of this package."""
    return str(message.id).startswith("trustedproxy.")
