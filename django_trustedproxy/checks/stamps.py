"""Checks of secrets that an edge sends, and of headers that an edge passes on from the client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name
from django.views.debug import get_default_exception_reporter_filter

from django_trustedproxy import conf
from django_trustedproxy.display import join_some
from django_trustedproxy.engine.addresses import UNIX
from django_trustedproxy.engine.networks import shortest
from django_trustedproxy.engine.purposes import meta_name, wire_name
from django_trustedproxy.entries import networks_of
from django_trustedproxy.ranges.file import RangeFile
from django_trustedproxy.ranges.sources import SOURCES
from django_trustedproxy.stamping import AZURE_FRONT_DOOR

from .servers import is_wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_SECRETS = 2
# What reads the headers of a request before any middleware, by its module.
_TRACERS = {
    "sentry_sdk": "Sentry",
    "opentelemetry.instrumentation.django": "OpenTelemetry",
    "opentelemetry.instrumentation.wsgi": "OpenTelemetry",
    "opentelemetry.instrumentation.asgi": "OpenTelemetry",
}


class Passed(NamedTuple):
    """A header that its vendor passes on from the client, and what makes it the vendor's own."""

    vendor: str
    remedy: str
    source: str


# Each as its source said in November 2026.
PASSED: dict[str, Passed] = {
    "Fastly-Client-IP": Passed(
        "Fastly",
        "Set it in VCL, for the first visit and without restarts: "
        "set req.http.Fastly-Client-IP = client.ip;",
        "https://www.fastly.com/documentation/reference/http/http-headers/Fastly-Client-IP/",
    ),
    "Fastly-SSL": Passed(
        "Fastly",
        "Have VCL set X-Forwarded-Proto from fastly_info.edge.is_tls, and name that instead.",
        "https://www.fastly.com/documentation/reference/http/http-headers/Fastly-SSL/",
    ),
    "True-Client-IP": Passed(
        "Cloudflare",
        'Name CF-Connecting-IP instead, or switch on the Managed Transform "Add True-Client-IP '
        'header".',
        "https://developers.cloudflare.com/fundamentals/reference/http-headers/",
    ),
    "X-Azure-ClientIP": Passed(
        "Azure Front Door",
        "Name X-Azure-SocketIP instead, the address that connected to Azure Front Door.",
        "https://learn.microsoft.com/en-us/azure/frontdoor/front-door-http-headers-protocol",
    ),
}
_PASSED_KEYS = {meta_name(name): name for name in PASSED}


def check_secret_header(**_: object) -> list[CheckMessage]:
    """Warn of a header whose secret Django's debug page would show before it is dropped."""
    stamps = conf.parse(settings)[0].stamps
    hidden = getattr(get_default_exception_reporter_filter(), "hidden_settings", None)
    if stamps is None or hidden is None:
        return []
    return [
        Warning(
            f"TRUSTED_PROXY_SECRET_HEADER names {wire_name(key)}, whose value Django's debug page "
            "shows where a request fails before it is dropped.",
            hint="Name one with SECRET in it, such as X-Edge-Secret.",
            id="trustedproxy.W080",
        )
        for key in stamps.headers
        # The one whose name is Azure's has an identifier and no secret.
        if not hidden.search(key) and key != AZURE_FRONT_DOOR
    ]


def check_secrets(**_: object) -> list[CheckMessage]:
    """Warn of more secrets than a rotation needs."""
    stamps = conf.parse(settings)[0].stamps
    count = len(stamps.fingerprints) if stamps else 0
    if count <= _MOST_SECRETS:
        return []
    return [
        Warning(
            f"TRUSTED_PROXY_SECRETS has {count} secrets, and each of them makes a request "
            "trusted; a rotation needs the new one and the old one.",
            hint="Remove those that no edge sends any more.",
            id="trustedproxy.W081",
        )
    ]


def check_tracers(**_: object) -> list[CheckMessage]:
    """Warn of a tracer that reads the secret before any middleware has dropped it."""
    stamps = conf.parse(settings)[0].stamps
    if stamps is None or is_wrapped():
        return []
    names = ", ".join(map(wire_name, stamps.headers))
    return [
        Warning(
            f"{tracer} reads the headers of a request before any middleware, {names} too, and "
            "can send the secret on.",
            hint="Wrap the application in django_trustedproxy.wsgi.TrustedProxy or "
            ".asgi.TrustedProxy, which drops it first.",
            id="trustedproxy.W082",
        )
        for tracer in dict.fromkeys(_tracers())
    ]


def _tracers() -> Iterator[str]:
    for module, name in _TRACERS.items():
        loaded = sys.modules.get(module)
        # An import of the SDK alone sends nothing.
        if loaded is not None and (module != "sentry_sdk" or loaded.get_client().is_active()):
            yield name


def check_shared_networks(**_: object) -> list[CheckMessage]:
    """Warn of a vendor's networks that are trusted without a secret: its customers share them."""
    if "unstamped" in conf.parse(settings)[0].reject:
        return []
    return [
        Warning(
            f"{entry} has the networks of {entry.source}, which its customers share, and "
            "TRUSTED_PROXIES trusts them without a secret.",
            hint="Move it to TRUSTED_PROXIES_WITH_SECRET, and have your edge send a secret. If a "
            "certificate or a tunnel keeps other customers out, silence this.",
            id="trustedproxy.W083",
        )
        for entry in conf.entries()
        if isinstance(entry, RangeFile) and entry.source in SOURCES
    ]


def check_both_lists(**_: object) -> list[CheckMessage]:
    """Warn of a peer that is to send a secret, and is trusted without one."""
    policy = conf.parse(settings)[0]
    if policy.stamps is None or "unstamped" in policy.reject:
        return []
    # Not those that are merged: of two neighbours, one may be in both settings.
    entries = conf.entries("TRUSTED_PROXIES_WITH_SECRET")
    networks = dict.fromkeys(network for entry in entries for network in networks_of(entry))
    both = [shortest(network) for network in networks if policy.networks.has_all_of(network)]
    both += [UNIX] * (policy.stamps.networks.unix and policy.networks.unix)
    if not both:
        return []
    verb, them = ("is", "it") if len(both) == 1 else ("are", "them")
    return [
        Warning(
            f"{join_some(both)} of TRUSTED_PROXIES_WITH_SECRET {verb} in TRUSTED_PROXIES too, and "
            f"so {verb} trusted without the secret.",
            hint=f"Remove {them} from TRUSTED_PROXIES.",
            id="trustedproxy.W084",
        )
    ]


def check_passed_headers(**_: object) -> list[CheckMessage]:
    """Warn of a believed header that its vendor passes on as the client wrote it."""
    policy = conf.parse(settings)[0]
    believed = [policy.header, *(d.header for d in policy.designations)]
    return [
        Warning(
            f"{name} is believed, and {PASSED[name].vendor} passes on what a client wrote into it "
            f"({PASSED[name].source}).",
            hint=f"{PASSED[name].remedy} If it is set there already, silence this.",
            id="trustedproxy.W077",
        )
        for key in dict.fromkeys(believed)
        if (name := _PASSED_KEYS.get(key))
    ]
