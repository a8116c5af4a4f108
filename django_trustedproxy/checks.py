"""System checks: settings that cannot be used, and a place in MIDDLEWARE that cannot work."""

from __future__ import annotations

from inspect import isclass
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import django
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name
from django.utils.module_loading import import_string

from . import conf
from .conf import ID
from .engine.networks import NAMES
from .inspection import find_store
from .processors import FIXERS, OUR_MIDDLEWARE, READERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .engine.networks import Network

# Django's own settings by purpose: two that believe a header, and one that fixes the prefix.
_TWINS = {
    "scheme": "SECURE_PROXY_SSL_HEADER",
    "host": "USE_X_FORWARDED_HOST",
    "port": "USE_X_FORWARDED_PORT",
    "prefix": "FORCE_SCRIPT_NAME",
}

Known = TypeVar("Known")


W003 = Warning(
    f"'{OUR_MIDDLEWARE}' is not in MIDDLEWARE, so REMOTE_ADDR is the proxy's address and the "
    "TRUSTED_PROXY settings have no effect.",
    hint=f"Put '{OUR_MIDDLEWARE}' first in MIDDLEWARE. See README, {ID}W003.",
    id=ID + "W003",
)
W004 = Warning(
    f"'{OUR_MIDDLEWARE}' is in MIDDLEWARE more than once; only the first decides.",
    hint=f"Keep the first and remove the others. See README, {ID}W004.",
    id=ID + "W004",
)


def check_settings(**_: object) -> list[CheckMessage]:
    """Report every setting that cannot be used: what stops the process at its start."""
    return [
        Error(problem.msg, hint=problem.hint, id=ID + problem.id)
        for problem in conf.parse(settings)[1]
    ]


def check_single_header(**_: object) -> list[CheckMessage]:
    """Warn of several headers: which of them a client wrote could not be told."""
    headers = getattr(settings, "TRUSTED_PROXY_HEADER", None)
    if not isinstance(headers, (list, tuple)) or len(headers) < 2:
        return []
    return [
        Warning(
            f"TRUSTED_PROXY_HEADER names {len(headers)} headers; only the first is used, and the "
            "others are dropped.",
            hint=f'Write TRUSTED_PROXY_HEADER = "{headers[0]}", the one that your proxy sets. '
            f"See README, {ID}W001.",
            id=ID + "W001",
        )
    ]


def check_unknown_settings(**_: object) -> list[CheckMessage]:
    """Warn of settings that look like ours and are not."""
    return [
        Warning(
            f"{name} is not a setting of django-trustedproxy.",
            hint=f"Use one of {', '.join(conf.DEFAULTS)}, or remove {name} if no other package "
            "reads it. "
            f"See README, {ID}W006.",
            id=ID + "W006",
        )
        for name in sorted(dir(settings))
        if name.startswith(("TRUSTED_PROXY_", "TRUSTED_PROXIES_")) and name not in conf.DEFAULTS
    ]


def check_empty_proxies(**_: object) -> list[CheckMessage]:
    """Warn if nobody is trusted while a header is to be believed that is then dropped."""
    proxies = getattr(settings, "TRUSTED_PROXIES", [])
    names = [_TWINS[purpose] for purpose in ("scheme", "host", "port")]
    names += conf.PURPOSE_SETTINGS.values()
    believing = [name for name in names if getattr(settings, name, None)]
    if proxies not in ([], ()) or not believing:
        return []
    return [
        Warning(
            f"TRUSTED_PROXIES is empty, so the header of {' and '.join(believing)} is dropped "
            "from every request: HTTPS or the host is not seen, and redirects can loop.",
            hint="Write TRUSTED_PROXIES with the networks that your proxies connect from, or "
            f"remove {' and '.join(believing)}. "
            f"See README, {ID}W007.",
            id=ID + "W007",
        )
    ]


def check_twins(**_: object) -> list[CheckMessage]:
    """Warn of a purpose that both Django and this package are told to handle."""
    pairs = [(conf.PURPOSE_SETTINGS[purpose], twin) for purpose, twin in _TWINS.items()]
    return [
        Warning(
            f"{ours} and {twin} are both set; {ours} is in force.",
            hint=f"Remove {twin}. See README, {ID}W008.",
            id=ID + "W008",
        )
        for ours, twin in pairs
        if getattr(settings, ours, None) is not None and getattr(settings, twin)
    ]


def check_middleware_listed(**_: object) -> list[CheckMessage]:
    """Warn if our middleware is missing, or there more than once."""
    count = len(_our_places(_load_middleware()))
    if count == 0:
        return [W003]
    return [W004] if count > 1 else []


def check_middleware_order(**_: object) -> list[CheckMessage]:
    """Warn of a middleware before ours that reads the address, the scheme or the host."""
    middleware = _load_middleware()
    places = _our_places(middleware)
    return [
        Warning(
            f"'{path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE and reads {reads}, which is "
            "then the proxy's or forged.",
            hint=f"Put '{OUR_MIDDLEWARE}' before '{path}', best first. See README, {ID}W005.",
            id=ID + "W005",
        )
        for path, loaded in middleware[: min(places, default=0)]
        if (reads := _first_known(loaded, READERS))
    ]


def check_other_fixers(**_: object) -> list[CheckMessage]:
    """Warn of another middleware that writes REMOTE_ADDR: two decisions undo each other."""
    return [
        Warning(
            f"'{path}' writes REMOTE_ADDR too, {where}, by its own reading of the headers.",
            hint=f"Remove '{path}' from MIDDLEWARE; django-trustedproxy does its work. "
            f"See README, {ID}W002.",
            id=ID + "W002",
        )
        for path, loaded in _load_middleware()
        if (where := _where_it_writes(path, loaded))
    ]


def _where_it_writes(path: str, loaded: object) -> str | None:
    """Return where a middleware other than ours writes REMOTE_ADDR, or None if it does not."""
    fixer = _first_known(loaded, FIXERS)
    if fixer and fixer.stopped_by and not getattr(settings, fixer.stopped_by, True):
        return None
    if path.startswith("django.") or _first_known(loaded, {OUR_MIDDLEWARE: True}):
        return None
    place = find_store(loaded)
    if place is None:
        return fixer and f"as {fixer.package} does"
    return f"in {place}"


def _load_middleware() -> list[tuple[str, object]]:
    """Return the paths of MIDDLEWARE and what they name, None where the import fails."""
    middleware: list[tuple[str, object]] = []
    for path in settings.MIDDLEWARE:
        try:
            middleware.append((path, import_string(path)))
        except Exception:  # noqa: BLE001 - the server fails on it at its start, and says why
            middleware.append((path, None))
    return middleware


def _our_places(middleware: Sequence[tuple[str, object]]) -> list[int]:
    ours = {OUR_MIDDLEWARE: True}
    return [place for place, (_, loaded) in enumerate(middleware) if _first_known(loaded, ours)]


def _first_known(loaded: object, known: Mapping[str, Known]) -> Known | None:
    """Return what is known of a middleware or of the nearest class that it inherits from.

    Compares where a class was defined, so a subclass and another import path are found, and no
    package is imported that the project does not use.
    """
    candidates = loaded.__mro__ if isclass(loaded) else (loaded,)
    paths = (
        f"{getattr(candidate, '__module__', '')}.{getattr(candidate, '__qualname__', '')}"
        for candidate in candidates
    )
    return next((known[path] for path in paths if path in known), None)


def check_wide_networks(**_: object) -> list[CheckMessage]:
    """Warn of trust in so many public addresses that they cannot all be one's own."""
    return [
        Warning(
            f"TRUSTED_PROXIES trusts {network}, a very wide range of public addresses.",
            hint="List the networks that your proxies connect from; whoever has an address in "
            f"this one can claim any other. See README, {ID}W032.",
            id=ID + "W032",
        )
        for network in conf.parse(settings)[0].networks.merged
        if _is_wide(network)
    ]


def _is_wide(network: Network) -> bool:
    # The widest single allocations are /8 in IPv4 and about /19 in IPv6.
    if network.prefixlen >= (8 if network.version == 4 else 19):
        return False
    return not any(
        int(network[0]) >= int(known[0]) and int(network[-1]) <= int(known[-1])
        for known in chain.from_iterable(NAMES.values())
        if known.version == network.version
    )


def check_django_version(**_: object) -> list[CheckMessage]:
    """Report a Django that takes X_Forwarded_For for X-Forwarded-For under ASGI: CVE-2026-3902."""
    floor = (5, 2, 13) if django.VERSION[:2] <= (5, 2) else (6, 0, 4)
    if django.VERSION[:3] >= floor:
        return []
    return [
        Error(
            f"Django {django.get_version()} takes a header X_Forwarded_For for X-Forwarded-For "
            "under ASGI, so that a client can add to what the proxy wrote.",
            hint=f"Install Django {'.'.join(map(str, floor))} or newer. See README, {ID}E015.",
            id=ID + "E015",
        )
    ]


ALL = (
    check_settings,
    check_single_header,
    check_unknown_settings,
    check_empty_proxies,
    check_twins,
    check_middleware_listed,
    check_middleware_order,
    check_other_fixers,
    check_django_version,
)
DEPLOY = (check_wide_networks,)
