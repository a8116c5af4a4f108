"""Checks of our own settings, and of Django's settings for the same things."""

from __future__ import annotations

from django.conf import global_settings, settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name

from django_trustedproxy import conf
from django_trustedproxy.engine.addresses import pack
from django_trustedproxy.engine.everybody import is_wide
from django_trustedproxy.engine.purposes import PURPOSES, wire_name
from django_trustedproxy.names import key_of
from django_trustedproxy.probe.token import strong_keys

from .names import meant_header, misspelled_settings

# Django's own settings by purpose: three that believe a header, and one that fixes the prefix.
_TWINS = {name: purpose.twin for name, purpose in PURPOSES.items() if purpose.twin}


def check_settings(**_: object) -> list[CheckMessage]:
    """Report every setting that cannot be used, and so stops the process when it starts."""
    return [
        Error(problem.msg, hint=problem.hint, id=problem.id) for problem in conf.parse(settings)[1]
    ]


def check_probe_key(**_: object) -> list[CheckMessage]:
    """Warn if the probe is on but never answers, because the key could be guessed."""
    if not conf.parse(settings)[0].is_probed or strong_keys():
        return []
    return [
        Warning(
            "TRUSTED_PROXY_PROBE is on, and SECRET_KEY is weak (security.W009), so the site "
            "answers no probe.",
            hint="Set a SECRET_KEY of 50 random characters, or write TRUSTED_PROXY_PROBE = False.",
            id="trustedproxy.W090",
        )
    ]


def check_single_header(**_: object) -> list[CheckMessage]:
    """Warn of several headers: nothing could show which of them a client wrote."""
    headers = conf.value("TRUSTED_PROXY_HEADER")
    named: dict[str | None, str] = {}
    for header in headers if isinstance(headers, (list, tuple)) else ():
        named.setdefault(key_of(header), header)
    # What cannot be a header is an error.
    if len(named) < 2 or None in named:
        return []
    used, *others = named.values()
    dropped, verb = ", ".join(others), "is" if len(others) == 1 else "are"
    return [
        Warning(
            f"TRUSTED_PROXY_HEADER names {len(named)} headers. {used} is used; {dropped} {verb} "
            "dropped.",
            hint=f'Write TRUSTED_PROXY_HEADER = "{used}", the one that your proxy sets.',
            id="trustedproxy.W001",
        )
    ]


def check_unknown_settings(**_: object) -> list[CheckMessage]:
    """Warn of settings that look like ours and are not."""
    return [
        Warning(
            f"{name} is not a setting of django-trustedproxy, so it has no effect here.",
            hint=(f"Did you mean {meant}? Rename it" if meant else f"Remove {name}")
            + ", or silence this if another package reads it.",
            id="trustedproxy.W006",
        )
        for name, meant in _misspelled()
    ]


def _misspelled() -> list[tuple[str, str]]:
    return misspelled_settings(
        name
        for name in dir(settings)
        if name.isupper() and name[0] != "_" and not hasattr(global_settings, name)
    )


def check_proxies_listed(**_: object) -> list[CheckMessage]:
    """Warn if TRUSTED_PROXIES is not set, not even under a misspelled name."""
    if hasattr(settings, "TRUSTED_PROXIES") or "TRUSTED_PROXIES" in dict(_misspelled()).values():
        return []
    return [
        Warning(
            "TRUSTED_PROXIES is not set, so nobody is trusted, and every forwarding header is "
            "dropped.",
            hint="Write TRUSTED_PROXIES with the addresses that your proxies connect from, or "
            "TRUSTED_PROXIES = [] if clients connect directly.",
            id="trustedproxy.W036",
        )
    ]


def check_header_names(**_: object) -> list[CheckMessage]:
    """Warn of a header name that is nearly one of the table, so it is probably never sent."""
    policy = conf.parse(settings)[0]
    written = [d for d in policy.designations if d.is_written]
    named = [("TRUSTED_PROXY_HEADER", "client", policy.header)]
    named += [(conf.PURPOSE_SETTINGS[d.purpose], d.purpose, d.header) for d in written]
    return [
        Warning(
            f"{setting} names {wire_name(key)}, which no proxy is known to send.",
            hint=f'Did you mean {setting} = "{meant}"?',
            id="trustedproxy.W037",
        )
        for setting, purpose, key in named
        if (meant := meant_header(key, purpose))
    ]


def check_redirect_loop(**_: object) -> list[CheckMessage]:
    """Warn if HTTP is redirected to HTTPS, and nothing tells Django that the client used HTTPS."""
    policy, _problems = conf.parse(settings)
    is_told = conf.value("TRUSTED_PROXY_SCHEME_HEADER") or settings.SECURE_PROXY_SSL_HEADER
    if not settings.SECURE_SSL_REDIRECT or is_told or policy.trusts_nobody:
        return []
    return [
        Warning(
            "SECURE_SSL_REDIRECT is on, and no header of the trusted proxies is believed about the "
            "scheme: if TLS ends at a proxy, every request is redirected to HTTPS forever.",
            hint='Write TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto", or the header in which '
            "your proxy says it. If TLS ends at your own server, silence this.",
            id="trustedproxy.W038",
        )
    ]


def check_empty_proxies(**_: object) -> list[CheckMessage]:
    """Warn if a setting relies on a header, but nobody is trusted and the header is dropped."""
    believing = [
        name
        for name in (_TWINS[purpose] for purpose in ("scheme", "host", "port"))
        if getattr(settings, name)
    ]
    believing += [name for name in conf.PURPOSE_SETTINGS.values() if conf.value(name)]
    policy, problems = conf.parse(settings)
    is_empty = policy.trusts_nobody and not problems
    # Without the setting, that is the finding.
    if not is_empty or not believing or not hasattr(settings, "TRUSTED_PROXIES"):
        return []
    names = " and ".join(believing)
    return [
        Warning(
            f"TRUSTED_PROXIES is empty, so the header of {names} is dropped from every request: "
            "HTTPS or the host is not seen, and redirects can loop.",
            hint="Write TRUSTED_PROXIES with the networks that your proxies connect from, or "
            f"remove {names}.",
            id="trustedproxy.W007",
        )
    ]


def check_twins(**_: object) -> list[CheckMessage]:
    """Warn of a purpose that both Django and this package are told to handle."""
    pairs = [(conf.PURPOSE_SETTINGS[purpose], twin) for purpose, twin in _TWINS.items()]
    return [
        Warning(
            f"{ours} and {twin} are both set; {ours} is in force.",
            hint=f"Remove {twin}.",
            id="trustedproxy.W008",
        )
        for ours, twin in pairs
        if conf.value(ours) is not None and getattr(settings, twin)
    ]


def check_internal_ips(**_: object) -> list[CheckMessage]:
    """Warn of proxies in INTERNAL_IPS: with the outcome `missing`, everybody is internal."""
    policy = conf.parse(settings)[0]
    networks = policy.widest.networks
    internal = settings.INTERNAL_IPS if isinstance(settings.INTERNAL_IPS, (list, tuple)) else ()
    packed = {ip: pack(ip) or b"" for ip in internal if isinstance(ip, str)}
    both = [ip for ip in packed if packed[ip] in networks]
    if not both:
        return []
    with_secret = not any(packed[ip] in policy.networks for ip in both)
    trusts = "TRUSTED_PROXIES_WITH_SECRET trusts" if with_secret else "TRUSTED_PROXIES trusts"
    return [
        Warning(
            f"INTERNAL_IPS has {', '.join(map(repr, both))}, which {trusts}: a request through the "
            "proxy without its header is internal, whoever sent it.",
            hint="Remove it from INTERNAL_IPS.",
            id="trustedproxy.W031",
        )
    ]


def check_wide_networks(**_: object) -> list[CheckMessage]:
    """Warn of trust in so many public addresses that no one project can own them all."""
    return [
        Warning(
            f"TRUSTED_PROXIES trusts {network}, a very wide range of public addresses.",
            hint="List the networks that your proxies connect from; anyone with an address in "
            "this one can claim any other.",
            id="trustedproxy.W032",
        )
        for network in conf.parse(settings)[0].networks.merged
        if is_wide(network)
    ]
