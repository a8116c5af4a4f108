"""What an answer suggests besides itself: of the client, and of what the proxy says of the rest."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from .clients import about_client
from .conf import PURPOSE_SETTINGS
from .display import join_some, short_repr
from .engine.addresses import UNIX, pack
from .engine.hops import BLANKS, LONGEST_HOP
from .engine.purposes import (
    FORWARDED,
    PURPOSES,
    meta_names,
    parse_host,
    parse_scheme,
    split_host,
    wire_name,
)
from .seen import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engine.answer import Answer, Statement
    from .engine.policy import Designation, Policy
    from .seen import Seen

# What shows that a site is meant to be reached over https.
_SECURE = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")


def refusal(reject: str) -> str:
    """Return what is done to a request that a name in `TRUSTED_PROXY_REJECT` stands for."""
    return f'answered with 400 (TRUSTED_PROXY_REJECT names "{reject}")'


def about_stamp(policy: Policy, answer: Answer, path: str = "") -> Remark | None:
    """Return what a request for a path had where a secret is expected, for the log, or None.

    A valid secret is logged as long as nothing is rejected, so that its owner sees when all of
    the edge sends it.
    """
    peer, widest = answer.peer, policy.widest
    if answer.stamp is None or policy.stamps is None or (answer.stamp == "valid" and policy.reject):
        return None
    kind = f"secret-{answer.stamp}"
    who = "A peer on a Unix socket" if peer == UNIX else f"The peer {peer or 'without an address'}"
    if answer.stamp == "valid":
        return Remark(kind, logging.INFO, f"{who} sent a valid secret.", peer)
    name = " or ".join(map(wire_name, policy.stamps.headers))
    so = "so TRUSTED_PROXIES alone says whether it is trusted"
    if reject := policy.rejects(answer, path):
        so = f"so the request is {refusal(reject)}"
    if answer.stamp == "wrong":
        text = (
            f"{who} sent a wrong {name}, {so}. Have the edge send one of TRUSTED_PROXY_SECRETS, "
            'once; "manage.py trustedproxy show" has the beginning of the SHA-256 of each.'
        )
        return Remark(kind, logging.WARNING, text, peer)
    is_known = answer or widest.any_peer or (pack(peer or "") or b"") in widest.networks
    text = f"{who} sent no {name}, {so}. If it is your edge, have it send the secret."
    return Remark(kind, logging.WARNING if is_known else logging.INFO, text, peer)


def remarks(policy: Policy, answer: Answer, seen: Seen) -> Iterator[Remark]:
    """Yield what a request that came through a trusted proxy suggests, the client first."""
    if not answer:
        return
    if answer.outcome == "forwarded" and answer.proxies and answer.client:
        yield from about_client(policy.in_force(answer.stamp), answer, answer.client, seen)
    yield from _about_purposes(policy, answer, seen)


def _about_purposes(policy: Policy, answer: Answer, seen: Seen) -> Iterator[Remark]:
    stated = {statement.purpose: statement for statement in answer.statements}
    for designation in policy.designations:
        statement = stated.get(designation.purpose)
        if statement is not None and statement.is_malformed:
            yield _malformed(answer, statement, seen)
        elif statement is None or statement.value is None:
            yield from _absent(answer, designation, seen)
        elif designation.purpose == "scheme":
            yield from _contradicted(answer, statement, seen)
    if "scheme" not in policy.purposes:
        yield from _unread_scheme(answer, seen)
    if "host" not in policy.purposes:
        yield from _unread_host(answer, seen)


def _malformed(answer: Answer, statement: Statement, seen: Seen) -> Remark:
    name, text = wire_name(statement.header), seen.before.get(statement.header)
    # A longer value is malformed anyway, so the rest is not read.
    values = {part.strip(BLANKS) for part in str(text or "")[:LONGEST_HOP].split(",")} - {""}
    if text is None or statement.header == FORWARDED:
        why = "its values differ, or one has the wrong form"
    elif len(values) > 1:
        why = "its values differ, and a client may have written one of them"
    else:
        why = f"it is not a {statement.purpose}"
    came = f" It came as {short_repr(text)}." if text is not None else ""
    return Remark(
        f"{statement.purpose}-malformed",
        logging.WARNING,
        f"{name} from the trusted proxy {answer.peer} is malformed: {why}.{came} Have the proxy "
        "set it.",
        answer.peer,
    )


def _absent(answer: Answer, designation: Designation, seen: Seen) -> Iterator[Remark]:
    purpose = designation.purpose
    synonyms = [wire_name(key) for key in answer.dropped if key in meta_names(purpose)]
    secure = _secure_setting() if purpose == "scheme" and not _is_https(seen) else ""
    if answer.outcome == "missing" and not synonyms:
        return  # it sent nothing at all, as health checks do
    if not (designation.is_written or synonyms or secure):
        return  # Django then reads what the request has without a proxy
    name = wire_name(designation.header)
    if designation.header == FORWARDED:
        name = f"{'proto' if purpose == 'scheme' else purpose} in {name}"
    setting = PURPOSE_SETTINGS[purpose] if designation.is_written else PURPOSES[purpose].twin
    remedy = "Have the proxy set it."
    if synonyms:
        remedy = f"It sent {join_some(synonyms)}: if the proxy sets it, name it in {setting}."
    yield Remark(
        f"{purpose}-absent",
        logging.WARNING,
        f"The trusted proxy {answer.peer} sent no {name}, which {setting} names"
        f"{_consequence(secure) or f', so the {purpose} stays as it is'}. {remedy}",
        answer.peer,
    )


def _contradicted(answer: Answer, statement: Statement, seen: Seen) -> Iterator[Remark]:
    # With one proxy, the proxy knows better than a client, which can write any Origin.
    is_http = parse_scheme(statement.value or "") == "http"
    origin = seen.after.get("HTTP_ORIGIN")
    if not is_http or len(answer.proxies) < 2 or not _is_https_of(origin, seen):
        return
    name, outer = wire_name(statement.header), answer.proxies[-2]
    yield Remark(
        "scheme-contradicted",
        logging.WARNING,
        f"{name} from the trusted proxy {answer.peer} says http, but the browser's Origin is "
        f"{short_repr(origin)}. {answer.peer} probably overwrites what {outer} sent. Have it pass "
        f"{name} on.",
        answer.peer,
    )


def _is_https_of(origin: object, seen: Seen) -> bool:
    """Tell whether an origin is the https of the request's own host.

    A proxy may have put a port of its own behind the host; a browser writes none of 443.
    """
    scheme, _, at = str(origin).lower().partition("://")
    host = str(seen.after.get("HTTP_HOST", "")).lower()
    if scheme != "https" or not parse_host(at) or not parse_host(host):
        return False
    (name, port), (own_name, own_port) = split_host(at), split_host(host)
    return name == own_name and port in ("", own_port)


def _unread_scheme(answer: Answer, seen: Seen) -> Iterator[Remark]:
    secure = _secure_setting()
    if not secure or _is_https(seen):
        return
    for key in sorted(meta_names("scheme").intersection(seen.after)):
        if parse_scheme(str(seen.after[key]).strip(BLANKS)) == "https":
            name = wire_name(key)
            yield Remark(
                "scheme-unread",
                logging.WARNING,
                f"The trusted proxy {answer.peer} says https in {name}, and nothing reads it"
                f"{_consequence(secure)}. If the proxy sets {name} itself, write "
                f'{PURPOSE_SETTINGS["scheme"]} = "{name}".',
                answer.peer,
            )
            return


def _unread_host(answer: Answer, seen: Seen) -> Iterator[Remark]:
    host = seen.after.get("HTTP_HOST")
    if not host or _is_allowed(host):
        return
    for key in sorted(meta_names("host").intersection(seen.after)):
        other = str(seen.after[key]).strip(BLANKS)
        if parse_host(other) and _is_allowed(other):
            name = wire_name(key)
            yield Remark(
                "host-unread",
                logging.WARNING,
                f"The trusted proxy {answer.peer} passed the host {short_repr(other)} in {name}, "
                f"which nothing reads, and {short_repr(host)} in Host, which ALLOWED_HOSTS does "
                "not have. Have the proxy pass Host unchanged, or, if it sets "
                f'{name} itself, write {PURPOSE_SETTINGS["host"]} = "{name}".',
                answer.peer,
            )
            return


def _is_allowed(host: str) -> bool:
    name, _ = split_domain_port(host)
    return bool(name) and validate_host(name, settings.ALLOWED_HOSTS)


def _is_https(seen: Seen) -> bool:
    return (seen.after.get("wsgi.url_scheme") or seen.scheme) in ("https", "wss")


def _secure_setting() -> str:
    """Return the name of a setting that is on and asks for https, the most serious first, or ""."""
    return next((name for name in _SECURE if getattr(settings, name, False)), "")


def _consequence(secure: str) -> str:
    if not secure:
        return ""
    if secure == "SECURE_SSL_REDIRECT":
        return ", so Django sees http, and SECURE_SSL_REDIRECT redirects every request in a loop"
    return f", so Django sees http, although {secure} is for https"
