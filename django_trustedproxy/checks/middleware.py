"""Checks of MIDDLEWARE: whether ours is there, and who reads too early.

What is known of a package was read in the release that is named.
"""

from __future__ import annotations

from inspect import isclass
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUR_MIDDLEWARE = "django_trustedproxy.middleware.TrustedProxyMiddleware"

Known = TypeVar("Known")

# Middlewares that read the address, the scheme or the host while the request comes in, and which.
# A hook for the view or the response does not count: further out than ours, it still runs later.
# Instrumentation that inserts itself first is left out.
READERS: dict[str, str] = {
    "django.middleware.security.SecurityMiddleware": "the scheme and the host",
    "django.middleware.common.CommonMiddleware": "the host",
    "django.middleware.cache.FetchFromCacheMiddleware": "the scheme and the host",
    "django.contrib.sites.middleware.CurrentSiteMiddleware": "the host",
    "debug_toolbar.middleware.DebugToolbarMiddleware": "the address",
    "auditlog.middleware.AuditlogMiddleware": "the address",
    "allauth.usersessions.middleware.UserSessionsMiddleware": "the address",
    "cms.middleware.toolbar.ToolbarMiddleware": "the address",
    "django_structlog.middlewares.request.RequestMiddleware": "the address",
    "iprestrict.middleware.IPRestrictMiddleware": "the address",
    "lockdown.middleware.LockdownMiddleware": "the address",
    "maintenance_mode.middleware.MaintenanceModeMiddleware": "the address",
    "baipw.middleware.BasicAuthIPWhitelistMiddleware": "the address and the host",
    "user_sessions.middleware.SessionMiddleware": "the address",
    "posthog.integrations.django.PosthogContextMiddleware": "the address, the scheme and the host",
}

W003 = Warning(
    f"'{OUR_MIDDLEWARE}' is not in MIDDLEWARE, so REMOTE_ADDR is the proxy's address and the "
    "TRUSTED_PROXY settings have no effect.",
    hint=f"Put '{OUR_MIDDLEWARE}' first in MIDDLEWARE.",
    id="trustedproxy.W003",
)
W004 = Warning(
    f"'{OUR_MIDDLEWARE}' is in MIDDLEWARE more than once; only the first decides.",
    hint="Keep the first and remove the others.",
    id="trustedproxy.W004",
)


def check_middleware_listed(**_: object) -> list[CheckMessage]:
    """Warn if our middleware is missing, or there more than once."""
    middleware = load_middleware()
    count = sum(is_ours(loaded) for _, loaded in middleware)
    misspelled = [path for path, loaded in middleware if _is_misspelled(path, loaded)]
    if misspelled:
        return [
            Warning(
                f"'{path}' in MIDDLEWARE is not a middleware of django-trustedproxy.",
                hint=f"Write '{OUR_MIDDLEWARE}' instead, first in MIDDLEWARE.",
                id="trustedproxy.W003",
            )
            for path in misspelled
        ]
    if count == 0:
        return [W003]
    return [W004] if count > 1 else []


def check_middleware_order(**_: object) -> list[CheckMessage]:
    """Warn of a middleware before ours that reads the address, the scheme or the host."""
    middleware = load_middleware()
    places = [place for place, (_, loaded) in enumerate(middleware) if is_ours(loaded)]
    return [
        Warning(
            f"'{path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE and reads {reads}, which is "
            "then the proxy's or forged.",
            hint=f"Put '{OUR_MIDDLEWARE}' before '{path}', ideally first.",
            id="trustedproxy.W005",
        )
        for path, loaded in middleware[: min(places, default=0)]
        if (reads := first_known(loaded, READERS))
    ]


def load_middleware() -> list[tuple[str, object]]:
    """Return the paths of MIDDLEWARE and what they name, None where the import fails."""
    middleware: list[tuple[str, object]] = []
    for path in settings.MIDDLEWARE:
        try:
            middleware.append((path, import_string(path)))
        except Exception:  # noqa: BLE001 - the server fails on it at its start, and says why
            middleware.append((path, None))
    return middleware


def defined_names(loaded: object) -> Iterator[str]:
    """Yield where a middleware and the classes that it inherits from were defined, nearest first.

    So a subclass and another import path are found, and no package is imported that the project
    does not use.
    """
    for candidate in loaded.__mro__ if isclass(loaded) else (loaded,):
        yield f"{getattr(candidate, '__module__', '')}.{getattr(candidate, '__qualname__', '')}"


def _is_misspelled(path: str, loaded: object) -> bool:
    """Tell whether a path nearly names our middleware: it is in our package, or leads nowhere."""
    if is_ours(loaded):
        return False
    plain = path.lower().replace("_", "").replace("-", "")
    is_inside = path.startswith("django_trustedproxy.")
    return is_inside or (loaded is None and "trustedproxy" in plain)


def is_ours(loaded: object) -> bool:
    return OUR_MIDDLEWARE in defined_names(loaded)


def first_known(loaded: object, known: Mapping[str, Known]) -> Known | None:
    """Return what is known of a middleware or of the nearest class that it inherits from."""
    return next((known[name] for name in defined_names(loaded) if name in known), None)
