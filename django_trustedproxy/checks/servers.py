"""Checks of what runs before any middleware: servers, wrappers, signals and instrumentation.

What is known of a package was read in the release that is named.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name

from . import gunicorn
from .source import Call, find_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

OUR_WRAPPERS = ("django_trustedproxy.wsgi.TrustedProxy", "django_trustedproxy.asgi.TrustedProxy")


class Wrapper(NamedTuple):
    """A WSGI or ASGI wrapper that believes proxy headers, unless it is called with `harmless`."""

    package: str
    harmless: dict[str, Any] | None = None


_HYPERCORN = Wrapper("hypercorn 0.18.0", {"trusted_hops": 0})
WRAPPERS: dict[str, Wrapper] = {
    "werkzeug.middleware.proxy_fix.ProxyFix": Wrapper("Werkzeug 3.1.9", {"x_for": 0, "x_proto": 0}),
    "impact_stack.proxyfix.ProxyFix": Wrapper("impact-stack-proxyfix 0.1.0"),
    "impact_stack.proxyfix.ProxyFix.from_config": Wrapper("impact-stack-proxyfix 0.1.0"),
    "wsgi_cloudflare_proxy_fix.CloudflareProxyFix": Wrapper("wsgi-cloudflare-proxy-fix 0.1.2"),
    "paste.deploy.config.PrefixMiddleware": Wrapper(
        "PasteDeploy 3.1.0", {"translate_forwarded_server": False}
    ),
    "uvicorn.middleware.proxy_headers.ProxyHeadersMiddleware": Wrapper("uvicorn 0.54.0"),
    "hypercorn.middleware.ProxyFixMiddleware": _HYPERCORN,
    "hypercorn.middleware.proxy_fix.ProxyFixMiddleware": _HYPERCORN,
    "granian.utils.proxies.wrap_wsgi_with_proxy_headers": Wrapper("granian 2.8.7"),
    "granian.utils.proxies.wrap_asgi_with_proxy_headers": Wrapper("granian 2.8.7"),
    "waitress.proxy_headers.proxy_headers_middleware": Wrapper("waitress 3.0.2"),
    "proxyprefix.wsgi.ReverseProxiedApp": Wrapper("proxyprefix 0.1.3"),
    "async_proxy_headers.ProxyHeadersMiddleware": Wrapper("async-proxy-headers 0.1.0"),
    "async_proxy_headers.middleware.ProxyHeadersMiddleware": Wrapper("async-proxy-headers 0.1.0"),
}


# Measured with uvicorn 0.54.0, and with gunicorn 27.0.1 alone and with the worker.
_NOBODY = (
    'FORWARDED_ALLOW_IPS="" in the environment: without it, uvicorn and its worker for gunicorn '
    "believe 127.0.0.1."
)
_WRAP = "Wrap the application in django_trustedproxy.wsgi.TrustedProxy or .asgi.TrustedProxy"


def check_wrappers(**_: object) -> list[CheckMessage]:
    """Warn of a wrapper around the application that believes proxy headers by itself."""
    return [
        Warning(
            f"{call.name} ({WRAPPERS[call.name].package}) rewrites the request before this package "
            f"sees it, in {call.place}.",
            hint="Remove the wrapper. django_trustedproxy.wsgi and .asgi have one that trusts your "
            "proxies alone.",
            id="trustedproxy.W009",
        )
        for call in _application_calls()
        if call.name in WRAPPERS and not _is_harmless(call)
    ]


def _application_calls() -> Iterator[Call]:
    """Yield the calls in the modules of the WSGI and ASGI applications, which are not imported."""
    named = [settings.WSGI_APPLICATION, getattr(settings, "ASGI_APPLICATION", None)]
    modules = {path.rpartition(".")[0] for path in named if path}
    # Django has no setting for an ASGI application; startproject puts it beside the URLs.
    package = (getattr(settings, "ROOT_URLCONF", "") or "").rpartition(".")[0]
    if package:
        modules |= {f"{package}.wsgi", f"{package}.asgi"}
    for module in sorted(modules):
        yield from find_calls(module)


def _is_harmless(call: Call) -> bool:
    harmless = WRAPPERS[call.name].harmless
    if not harmless or not harmless.items() <= call.keywords.items():
        return False
    return not any(value for name, value in call.keywords.items() if name not in harmless)


def check_environment(**_: object) -> list[CheckMessage]:
    """Warn of an environment in which the server believes proxy headers by itself."""
    found: list[CheckMessage] = [
        Warning(
            f"{name} lets the server process proxy headers before Django: {value!r}.",
            hint=remedy,
            id="trustedproxy.W010",
        )
        for name, value, remedy in _uvicorn_settings()
    ]
    return found + [
        Warning(
            f"{finding.place} {finding.effect}: {finding.written}.",
            hint=finding.remedy,
            id="trustedproxy.W010",
        )
        for finding in gunicorn.findings()
        if finding.is_about_proxies
    ]


def check_gunicorn(**_: object) -> list[CheckMessage]:
    """Warn of gunicorn options that let a client's header past the proxy's."""
    return [
        Warning(
            f"{finding.place} {finding.effect}: {finding.written}.",
            hint=finding.remedy,
            id="trustedproxy.W039",
        )
        for finding in gunicorn.findings()
        if not finding.is_about_proxies
    ]


def _uvicorn_settings() -> Iterator[tuple[str, str, str]]:
    """Yield what the environment tells uvicorn, and what to write instead."""
    off = {"0", "false", "f", "no", "n", "off"}
    if os.environ.get("UVICORN_PROXY_HEADERS", "1").lower() not in off:
        for name in ("UVICORN_PROXY_HEADERS", "UVICORN_FORWARDED_ALLOW_IPS", "FORWARDED_ALLOW_IPS"):
            if os.environ.get(name):
                first = "" if name == "FORWARDED_ALLOW_IPS" else f"Remove {name}, and w"
                yield name, os.environ[name], f"{first or 'W'}rite {_NOBODY}"


def check_request_events(**_: object) -> list[CheckMessage]:
    """Warn of django-easy-audit's request events, which are recorded before any middleware."""
    watches = getattr(settings, "DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS", True)
    if not apps.is_installed("easyaudit") or not watches or is_wrapped():
        return []
    return [
        Warning(
            "django-easy-audit records request events before any middleware, with the proxy's "
            "address (read in 1.3.9).",
            hint=f"{_WRAP}, or write DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS = False.",
            id="trustedproxy.W028",
        )
    ]


def check_sentry(**_: object) -> list[CheckMessage]:
    """Warn of Sentry where it sends addresses, which it reads before any middleware."""
    sentry = sys.modules.get("sentry_sdk")
    if sentry is None or is_wrapped():
        return []
    client = sentry.get_client()
    # The newer option is in force where there is one.
    collected = client.options.get("data_collection") or {}
    sends = collected.get("user_info", client.options.get("send_default_pii"))
    if not sends or client.get_integration("django") is None:
        return []
    return [
        Warning(
            "Sentry reads the first entry of X-Forwarded-For before any middleware, whoever wrote "
            "it (read in sentry-sdk 2.75.0).",
            hint=f"{_WRAP}.",
            id="trustedproxy.W029",
        )
    ]


def is_wrapped() -> bool:
    """Tell whether the application is wrapped in one of our wrappers."""
    return any(call.name in OUR_WRAPPERS for call in _application_calls())
