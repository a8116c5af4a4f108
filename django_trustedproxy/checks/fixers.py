"""Checks of the middlewares that decide beside us, and of their settings.

What is known of a package was read in the release that is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name

from django_trustedproxy import conf
from django_trustedproxy.engine.purposes import wire_name
from django_trustedproxy.entries import collected

from .flow import ADDRESS, DECIDED, Write, writes_of
from .middleware import OUR_MIDDLEWARE, first_known, is_ours, load_middleware

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_trustedproxy.engine.policy import Policy


class Fixer(NamedTuple):
    """A middleware that writes REMOTE_ADDR while one of its switches is on, or if it has none.

    `is_on` is what a switch is that is not set. `does_more` tells of work besides.
    """

    package: str
    switches: tuple[str, ...] = ()
    is_on: bool = False
    does_more: bool = False


_XFF = Fixer("django-xff 1.5.0", ("XFF_REWRITE_REMOTE_ADDR",), is_on=True)
FIXERS: dict[str, Fixer] = {
    "xff.middleware.XForwardedForMiddleware": _XFF,
    "x_forwarded_for.middleware.XForwardedForMiddleware": Fixer("xforwardedfor-middleware 2.0"),
    "httpxforwardedfor.middleware.HttpXForwardedForMiddleware": Fixer("httpxforwardedfor 0.3.1"),
    "django_forwarded.Forwarded": Fixer("django-forwarded 0.0.2"),
    "behind_lb.middleware.BehindLB": Fixer("django-behind-lb 1.0.2"),
    "weblate.middleware.ProxyMiddleware": Fixer(
        "Weblate 2026.10.1", ("IP_BEHIND_REVERSE_PROXY",), does_more=True
    ),
    "bugsink.middleware.SetRemoteAddrMiddleware": Fixer(
        "Bugsink 2.6.2", ("USE_X_REAL_IP", "USE_X_FORWARDED_FOR")
    ),
    "zerver.middleware.SetRemoteAddrFromRealIpHeader": Fixer("Zulip"),
    "openedx.core.lib.x_forwarded_for.middleware.XForwardedForMiddleware": Fixer(
        "Open edX", does_more=True
    ),
    "sentry.middleware.proxy.SetRemoteAddrFromForwardedFor": Fixer("Sentry"),
    "askbot.middleware.remote_ip.SetRemoteIPFromXForwardedFor": Fixer("Askbot"),
    "froide.helper.middleware.XForwardedForMiddleware": Fixer("Froide"),
}

# The switches of other middlewares, which their code hands on in a way that is not followed.
SWITCHES = {"babybuddy.middleware.HomeAssistant": "ENABLE_HOME_ASSISTANT_SUPPORT"}

# The settings of the fixers, as beginnings of names, each with the fixer whose switch counts.
FIXER_SETTINGS = {"XFF_": _XFF, "BEHIND_LB_": None, "TRUST_ONLY_HTTPS_PROXY": None}

_WORDS = {"server": "server name", "prefix": "path prefix"}


def check_other_fixers(**_: object) -> list[CheckMessage]:
    """Warn of another middleware that finds the client: the two undo each other's work."""
    policy = conf.parse(settings)[0]
    loaded = load_middleware()
    place = next((place for place, (_, each) in enumerate(loaded) if is_ours(each)), 0)
    return [
        message
        for number, (path, each) in enumerate(loaded)
        if not path.startswith("django.") and not is_ours(each)
        for message in _judge(path, each, policy, is_before=number < place)
    ]


def _judge(path: str, loaded: object, policy: Policy, *, is_before: bool) -> Iterator[CheckMessage]:
    fixer, switch = first_known(loaded, FIXERS), first_known(loaded, SWITCHES)
    if (fixer and not _switched_on(fixer)) or (switch and not getattr(settings, switch, False)):
        return
    try:
        writes = writes_of(loaded)
    except RecursionError:  # an expression that is nested too deeply is not read
        writes = []
    place = next((write.place for write in writes if write.key == ADDRESS), None)
    if fixer or place:
        yield _fixes_address(path, fixer, f"in {place}" if place else "")
        return  # what else it writes goes with that
    decided: dict[str, Write] = {}
    for write in (write for write in writes if write.headers):
        first = decided.setdefault(write.key, write)
        decided[write.key] = first._replace(headers=first.headers | write.headers)
    for write in decided.values():
        is_open = is_before or not write.headers <= policy.dropped_if_direct
        if write.key in DECIDED and is_open:
            yield _decides(path, write, policy, is_before=is_before)
        elif write.key in policy.dropped_if_direct and is_before:
            yield _rewrites(path, write)
        elif write.key == policy.header and policy.keep_header:
            yield _shortens(path, write)


def _switched_on(fixer: Fixer) -> list[str]:
    """Return the switches of a fixer that are on, or its name if it has none."""
    on = [name for name in fixer.switches if getattr(settings, name, fixer.is_on)]
    return on if fixer.switches else [fixer.package]


def _fixes_address(path: str, fixer: Fixer | None, where: str) -> CheckMessage:
    if fixer and fixer.switches and not fixer.is_on:
        off = " and ".join(f"{name} = False" for name in _switched_on(fixer))
        remedy = f"Write {off}; django-trustedproxy does that work."
    elif fixer and not fixer.does_more:
        remedy = f"Remove '{path}' from MIDDLEWARE; django-trustedproxy does its work."
    else:
        remedy = (
            "Remove that code, which django-trustedproxy replaces, and keep the rest of "
            "the middleware."
        )
    where = where or f"as {fixer.package if fixer else path} does"
    return Warning(
        f"'{path}' writes REMOTE_ADDR too, {where}, by its own reading of the headers.",
        hint=remedy,
        id="trustedproxy.W002",
    )


def _decides(path: str, write: Write, policy: Policy, *, is_before: bool) -> CheckMessage:
    purpose = DECIDED[write.key]
    foreign = sorted(write.headers - policy.dropped_if_direct)
    steps = []
    if foreign:
        kept = collected(conf.value("TRUSTED_PROXY_GUARDED_HEADERS")) or []
        guarded = [*kept, *map(wire_name, foreign)]
        steps.append(f"Write TRUSTED_PROXY_GUARDED_HEADERS = {guarded}.")
    if is_before:
        steps.append(f"Put '{OUR_MIDDLEWARE}' before '{path}'.")
    return Warning(
        f"'{path}' writes the {_WORDS.get(purpose, purpose)} from {_names(write)}, in "
        f"{write.place}, and anybody can send that.",
        hint=f"{' '.join(steps)} Then only a trusted proxy can.",
        id="trustedproxy.W061",
    )


def _rewrites(path: str, write: Write) -> CheckMessage:
    return Warning(
        f"'{path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE and rewrites "
        f"{wire_name(write.key)}, in {write.place}, so the decision uses what is left of it.",
        hint=f"Put '{OUR_MIDDLEWARE}' before '{path}'.",
        id="trustedproxy.W062",
    )


def _shortens(path: str, write: Write) -> CheckMessage:
    return Warning(
        f"'{path}' rewrites {wire_name(write.key)}, in {write.place}, so code that reads it "
        "later takes what is left for the client.",
        hint="Write TRUSTED_PROXY_KEEP_HEADER = False, and nothing is left to rewrite.",
        id="trustedproxy.W063",
    )


def _names(write: Write) -> str:
    return " and ".join(map(wire_name, sorted(write.headers)))


def check_fixer_settings(**_: object) -> list[CheckMessage]:
    """Warn of settings of other packages that fix addresses, unless they switch it off."""
    return [
        Warning(
            f"{name} configures another package that fixes addresses.",
            hint=f"Remove {name}; TRUSTED_PROXIES decides.",
            id="trustedproxy.W030",
        )
        for name in dir(settings)
        for beginning, fixer in FIXER_SETTINGS.items()
        if name.startswith(beginning) and getattr(settings, name)
        if fixer is None or _switched_on(fixer)
    ]
