"""The command's end of a probe: from URLs and the settings of this process to a report."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NamedTuple

from django_trustedproxy import conf
from django_trustedproxy.display import short_repr
from django_trustedproxy.engine.purposes import meta_names, wire_name
from django_trustedproxy.names import read_guarded

from .answer import digest
from .findings import findings_of
from .report import Report
from .run import CannotRunError, Runner, Settings
from .send import Sender, parse_target
from .token import strong_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .send import Response, Target
    from .verdict import Verdict


class Wanted(NamedTuple):
    """What to probe: the URL of the site, those of its origins, and whose certificates to believe.

    `source` is the address to send from, where it matters.
    """

    url: str
    origins: tuple[str, ...] = ()
    ca_file: str | None = None
    source: str | None = None


def own_settings(logins: Collection[str]) -> Settings:
    """Return what the settings of this process say, which the site should have too.

    `logins` are the META keys of the headers that log people in.

    Raises `CannotRunError` if there is no key to sign with, and `ImproperlyConfigured`.
    """
    policy = conf.get_policy()
    keys = strong_keys()
    if not keys:
        raise CannotRunError(
            "SECRET_KEY is weak (security.W009): no site answers to a key that can be guessed. "
            "Run the command with the settings of the site, whose key needs 50 random characters."
        )
    guarded, _ = read_guarded("", conf.value("TRUSTED_PROXY_GUARDED_HEADERS"), ())
    read = {*logins, *guarded}
    headers = tuple(map(wire_name, sorted(read)))
    # The names alone: nothing that is sent has a secret in it.
    stamps = tuple(map(wire_name, policy.stamps.headers)) if policy.stamps else ()
    designated = [("client", policy.header), *((d.purpose, d.header) for d in policy.designations)]
    own = tuple((of, wire_name(key)) for of, key in designated if key not in meta_names(of))
    networks, told = policy.widest.networks, digest(policy, keys[0])
    return Settings(keys[0], networks, told, read, headers, stamps, own, policy.networks)


def probe_site(
    wanted: Wanted,
    logins: Collection[str],
    say: Callable[[str], None],
    *,
    is_verbose: bool = False,
) -> Report:
    """Probe a site and its origins. Raises `CannotRunError` if that is not possible."""
    settings = own_settings(logins)
    site = _target(wanted.url, None)
    targets = [site, *(_target(url, site) for url in wanted.origins)]

    def show(verdict: Verdict, responses: list[Response]) -> None:
        if is_verbose:
            statuses = ", ".join(str(each.status or each.error) for each in responses)
            why = f": {verdict.why}" if verdict.why else ""
            say(f"    {verdict.attack.id}  {statuses}  {verdict.kind}{why}")

    runner, doors = Runner(settings, say, show), []
    for target in targets:
        is_origin = target is not site
        tls = _tls(None if is_origin else wanted.ca_file, is_verified=not is_origin)
        sender = Sender(target, settings.key, tls, source=wanted.source)
        door = runner.probe(sender, is_origin=is_origin)
        doors.append((door, findings_of(door, target, settings)))
    return Report(tuple(doors))


def _target(url: str, site: Target | None) -> Target:
    target = parse_target(url, site)
    if target is None:
        raise CannotRunError(
            f"{short_repr(url)} is not the URL of a site: expected 'https://example.com', with a "
            "port and a path if the site has them, and without a user."
        )
    return target


def _tls(ca_file: str | None, *, is_verified: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise CannotRunError(f"--ca-file {ca_file}: {error}.") from None
    context.set_alpn_protocols(["http/1.1"])
    if not is_verified:
        # An origin mostly has another name; what it answers is signed with the site's key.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
