"""System checks of the neighbours: what else would process the proxy's headers again."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_network
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name

from . import conf
from .conf import ID
from .engine.addresses import pack
from .engine.purposes import FORWARDED
from .inspection import Call, find_calls
from .neighbours import NEIGHBOURS
from .processors import FIXER_SETTINGS, OUR_WRAPPERS, WRAPPERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .engine.networks import Network
    from .engine.policy import Policy
    from .neighbours import Neighbour

_UNSET = object()


def _reaches_an_exception(value: Any, policy: Policy) -> bool:
    """Tell whether whom django-lockdown trusts gets in by a proxy of ours that is an exception."""
    trusted, excepted = map(_networks, (value, _read("LOCKDOWN_REMOTE_ADDR_EXCEPTIONS")))
    merged = policy.networks.merged
    is_by_proxy = any(one.overlaps(proxy) for one in excepted for proxy in merged)
    return is_by_proxy and not all(any(_is_within(one, e) for e in excepted) for one in trusted)


def _networks(entries: Any) -> list[Network]:
    try:
        return [ip_network(entry) for entry in entries]
    except (TypeError, ValueError):  # django-lockdown fails on it, and says why
        return []


def _is_within(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type] # the same version


# What a value must be for its package to conclude another address, by the name in `neighbours`.
_CONDITIONS: dict[str, Callable[[Any, Policy], bool]] = {
    "not zero": lambda value, _: value != 0,
    "positive": lambda value, _: isinstance(value, int) and value > 0,
    "set": lambda value, _: bool(value),
    "lacks REMOTE_ADDR": lambda value, _: bool(value) and "REMOTE_ADDR" not in value,
    "another key": lambda value, _: (
        # A dot makes it the path of a function of the project.
        isinstance(value, str) and value not in ("", "REMOTE_ADDR") and "." not in value
    ),
    "not dropped": lambda value, policy: (
        value not in (policy.dropped_if_direct | {"REMOTE_ADDR"})
        or value == policy.header == FORWARDED
    ),
    "reads one header": lambda value, _: str(value).endswith(
        (".request_ip_resolvers.real_ip", ".request_ip_resolvers.x_forwarded_ip")
    ),
    "always": lambda *_: True,
    "unset": lambda value, _: not value,
    "not False": lambda value, _: value is not False,
    "reaches an exception": _reaches_an_exception,
    "judges hops": lambda value, _: (
        not value and not _first("TRUST_ALL_PROXIES", "IPRESTRICT_TRUST_ALL_PROXIES")
    ),
}


def check_neighbours(**_: object) -> list[CheckMessage]:
    """Warn of settings with which an installed package would not take REMOTE_ADDR."""
    policy = conf.parse(settings)[0]
    # A package that is no app, as django-ninja, is there once the URLs are, and Django loads them
    # before or after this. If they fail, its own check says why.
    with suppress(Exception):
        import_module(settings.ROOT_URLCONF)
    return [_warning(neighbour) for neighbour in NEIGHBOURS if _is_wrong(neighbour, policy)]


def _warning(neighbour: Neighbour) -> CheckMessage:
    setting = next(
        (n for n in neighbour.settings if _read(n) is not _UNSET), neighbour.settings[-1]
    )
    return Warning(
        f"With {setting.replace('.', ' and its ')} as it is, {neighbour.package} "
        f"{neighbour.effect}.",
        hint=f"Write {neighbour.remedy}. See README, {ID}{neighbour.id}.",
        id=ID + neighbour.id,
    )


def _is_wrong(neighbour: Neighbour, policy: Policy) -> bool:
    value = _first(*neighbour.settings)
    is_set = value is not None
    if not _is_used(neighbour.app, is_set=is_set):
        return False
    if neighbour.needs and not any(map(_first, neighbour.needs)):
        return False
    if neighbour.reads_by and not _is_importable(neighbour.reads_by):
        return False
    is_list_kept = policy.header == "HTTP_X_FORWARDED_FOR" and policy.keep_header
    if neighbour.needs_list and not is_list_kept:
        return False
    return _CONDITIONS[neighbour.wrong_if](value if is_set else neighbour.default, policy)


def _is_used(app: str, *, is_set: bool) -> bool:
    """Tell whether a package is in use; one that is only there is, if its setting is there too."""
    return (
        apps.is_installed(app)
        or app in sys.modules
        or any(path.startswith(f"{app}.") for path in settings.MIDDLEWARE)
        or (is_set and _is_importable(app))
    )


def _is_importable(module: str) -> bool:
    return module in sys.modules or find_spec(module) is not None


def _read(name: str) -> Any:
    """Return a setting, or the entry of a dictionary that a dotted name leads to, or `_UNSET`."""
    setting, _, key = name.partition(".")
    value = getattr(settings, setting, _UNSET)
    if key:
        value = value.get(key, _UNSET) if isinstance(value, dict) else _UNSET
    return value


def _first(*names: str) -> Any:
    """Return the first setting of some that is there, or None."""
    return next((value for name in names if (value := _read(name)) is not _UNSET), None)


def check_wrappers(**_: object) -> list[CheckMessage]:
    """Warn of a wrapper around the application that believes proxy headers by itself."""
    return [
        Warning(
            f"{call.name} ({WRAPPERS[call.name].package}) rewrites the request before this package "
            f"sees it, in {call.place}.",
            hint="Remove the wrapper; with django_trustedproxy.wsgi or .asgi there is one of the "
            f"same policy. See README, {ID}W009.",
            id=ID + "W009",
        )
        for call in _application_calls()
        if call.name in WRAPPERS and not _is_harmless(call)
    ]


def _application_calls() -> Iterator[Call]:
    """Yield the calls in the modules of the WSGI and ASGI applications, which are not imported."""
    named = [settings.WSGI_APPLICATION, getattr(settings, "ASGI_APPLICATION", None)]
    modules = {path.rpartition(".")[0] for path in named if path}
    # Django has no setting for an ASGI application; startproject puts it beside the URLs.
    package = settings.ROOT_URLCONF.rpartition(".")[0]
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
    return [
        Warning(
            f"{name} lets the server process proxy headers before Django: {value!r}.",
            hint=f"Remove it, and run uvicorn with --no-proxy-headers. See README, {ID}W010.",
            id=ID + "W010",
        )
        for name, value in _server_settings()
    ]


def _server_settings() -> Iterator[tuple[str, str]]:
    off = {"0", "false", "f", "no", "n", "off"}
    if os.environ.get("UVICORN_PROXY_HEADERS", "1").lower() not in off:
        for name in ("UVICORN_PROXY_HEADERS", "UVICORN_FORWARDED_ALLOW_IPS", "FORWARDED_ALLOW_IPS"):
            if os.environ.get(name):
                yield name, os.environ[name]
    try:
        words = shlex.split(os.environ.get("GUNICORN_CMD_ARGS", ""))
    except ValueError:  # gunicorn says so at its start
        return
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        option, equals, value = word.partition("=")
        value = value if equals else following
        if option in ("--forwarded-allow-ips", "--proxy-protocol") and value:
            yield "GUNICORN_CMD_ARGS", f"{option} {value}"


def check_request_events(**_: object) -> list[CheckMessage]:
    """Warn of django-easy-audit's request events, which are recorded before any middleware."""
    watches = getattr(settings, "DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS", True)
    if not apps.is_installed("easyaudit") or not watches or _is_wrapped():
        return []
    return [
        Warning(
            "django-easy-audit 1.3.9 records request events before any middleware, with the "
            "proxy's address.",
            hint=f"{_WRAP}, or write DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS = False. "
            f"See README, {ID}W028.",
            id=ID + "W028",
        )
    ]


def check_sentry(**_: object) -> list[CheckMessage]:
    """Warn of Sentry where it sends addresses, which it reads before any middleware."""
    sentry = sys.modules.get("sentry_sdk")
    if sentry is None or _is_wrapped():
        return []
    client = sentry.get_client()
    # The newer option is in force where there is one.
    collected = client.options.get("data_collection") or {}
    sends = collected.get("user_info", client.options.get("send_default_pii"))
    if not sends or client.get_integration("django") is None:
        return []
    return [
        Warning(
            "sentry-sdk 2.75.0 reads the first entry of X-Forwarded-For before any middleware, "
            "whoever wrote it.",
            hint=f"{_WRAP}. See README, {ID}W029.",
            id=ID + "W029",
        )
    ]


_WRAP = "Wrap the application in django_trustedproxy.wsgi.TrustedProxy or .asgi.TrustedProxy"


def _is_wrapped() -> bool:
    return any(call.name in OUR_WRAPPERS for call in _application_calls())


def check_fixer_settings(**_: object) -> list[CheckMessage]:
    """Warn of settings of other packages that fix addresses."""
    return [
        Warning(
            f"{name} configures another package that fixes addresses.",
            hint=f"Remove {name}; TRUSTED_PROXIES decides. See README, {ID}W030.",
            id=ID + "W030",
        )
        for name in dir(settings)
        if name.startswith(FIXER_SETTINGS)
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
            hint=f"Remove it from INTERNAL_IPS. See README, {ID}W031.",
            id=ID + "W031",
        )
    ]


ALL = (
    check_neighbours,
    check_wrappers,
    check_environment,
    check_request_events,
    check_sentry,
    check_fixer_settings,
    check_internal_ips,
)
