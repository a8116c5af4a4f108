"""Checks of our own settings, and of Django's that speak about the same."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name

from django_trustedproxy import conf
from django_trustedproxy.engine.addresses import pack
from django_trustedproxy.engine.networks import NAMES

if TYPE_CHECKING:
    from django_trustedproxy.engine.networks import Network

# Django's own settings by purpose: three that believe a header, and one that fixes the prefix.
_TWINS = {
    "scheme": "SECURE_PROXY_SSL_HEADER",
    "host": "USE_X_FORWARDED_HOST",
    "port": "USE_X_FORWARDED_PORT",
    "prefix": "FORCE_SCRIPT_NAME",
}


def check_settings(**_: object) -> list[CheckMessage]:
    """Report every setting that cannot be used: what stops the process at its start."""
    return [
        Error(problem.msg, hint=problem.hint, id=problem.id) for problem in conf.parse(settings)[1]
    ]


def check_single_header(**_: object) -> list[CheckMessage]:
    """Warn of several headers: which of them a client wrote could not be told."""
    headers = conf.value("TRUSTED_PROXY_HEADER")
    if not isinstance(headers, (list, tuple)) or len(headers) < 2:
        return []
    return [
        Warning(
            f"TRUSTED_PROXY_HEADER names {len(headers)} headers; only the first is used, and the "
            "others are dropped.",
            hint=f'Write TRUSTED_PROXY_HEADER = "{headers[0]}", the one that your proxy sets. '
            "See README, trustedproxy.W001.",
            id="trustedproxy.W001",
        )
    ]


def check_unknown_settings(**_: object) -> list[CheckMessage]:
    """Warn of settings that look like ours and are not."""
    return [
        Warning(
            f"{name} is not a setting of django-trustedproxy.",
            hint=f"Use one of {', '.join(conf.DEFAULTS)}, or remove {name} if no other package "
            "reads it. See README, trustedproxy.W006.",
            id="trustedproxy.W006",
        )
        for name in sorted(dir(settings))
        if name.startswith(("TRUSTED_PROXY_", "TRUSTED_PROXIES_")) and name not in conf.DEFAULTS
    ]


def check_empty_proxies(**_: object) -> list[CheckMessage]:
    """Warn if nobody is trusted while a header is to be believed that is then dropped."""
    believing = [
        name
        for name in (_TWINS[purpose] for purpose in ("scheme", "host", "port"))
        if getattr(settings, name)
    ]
    believing += [name for name in conf.PURPOSE_SETTINGS.values() if conf.value(name)]
    if conf.value("TRUSTED_PROXIES") not in ([], ()) or not believing:
        return []
    names = " and ".join(believing)
    return [
        Warning(
            f"TRUSTED_PROXIES is empty, so the header of {names} is dropped from every request: "
            "HTTPS or the host is not seen, and redirects can loop.",
            hint="Write TRUSTED_PROXIES with the networks that your proxies connect from, or "
            f"remove {names}. See README, trustedproxy.W007.",
            id="trustedproxy.W007",
        )
    ]


def check_twins(**_: object) -> list[CheckMessage]:
    """Warn of a purpose that both Django and this package are told to handle."""
    pairs = [(conf.PURPOSE_SETTINGS[purpose], twin) for purpose, twin in _TWINS.items()]
    return [
        Warning(
            f"{ours} and {twin} are both set; {ours} is in force.",
            hint=f"Remove {twin}. See README, trustedproxy.W008.",
            id="trustedproxy.W008",
        )
        for ours, twin in pairs
        if conf.value(ours) is not None and getattr(settings, twin)
    ]


def check_internal_ips(**_: object) -> list[CheckMessage]:
    """Warn of proxies in INTERNAL_IPS: with the outcome `missing`, everybody is internal."""
    networks = conf.parse(settings)[0].networks
    internal = settings.INTERNAL_IPS if isinstance(settings.INTERNAL_IPS, (list, tuple)) else ()
    both = [
        ip for ip in internal if isinstance(ip, str) and (packed := pack(ip)) and packed in networks
    ]
    if not both:
        return []
    return [
        Warning(
            f"INTERNAL_IPS has {', '.join(map(repr, both))}, which TRUSTED_PROXIES trusts: a "
            "request through the proxy without its header is internal, whoever sent it.",
            hint="Remove it from INTERNAL_IPS. See README, trustedproxy.W031.",
            id="trustedproxy.W031",
        )
    ]


def check_wide_networks(**_: object) -> list[CheckMessage]:
    """Warn of trust in so many public addresses that they cannot all be one's own."""
    return [
        Warning(
            f"TRUSTED_PROXIES trusts {network}, a very wide range of public addresses.",
            hint="List the networks that your proxies connect from; whoever has an address in "
            "this one can claim any other. See README, trustedproxy.W032.",
            id="trustedproxy.W032",
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
