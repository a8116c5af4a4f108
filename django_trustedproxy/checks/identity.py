"""Checks of logins by header: whether only the proxy can send the header that logs in."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import django
from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from django_trustedproxy import conf
from django_trustedproxy.engine.purposes import twin_of, wire_name
from django_trustedproxy.entries import collected
from django_trustedproxy.names import key_of

from .middleware import OUR_MIDDLEWARE, defined_names, is_ours, load_middleware
from .source import Place, functions_of
from .values import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

REMOTE_USER_MIDDLEWARE = "django.contrib.auth.middleware.RemoteUserMiddleware"
REMOTE_USER_AUTHENTICATION = "rest_framework.authentication.RemoteUserAuthentication"
# Ticket 36300: under ASGI, 5.2 and 6.0 put HTTP_ before every name, 6.1 before its default alone.
_ADDS_HTTP = django.VERSION < (6, 1)
_DEFAULT_NAME = "REMOTE_USER"
# A secret or a signature proves itself, and the rest says nothing of who the user is.
_NO_IDENTITY = re.compile(
    "TOKEN|KEY|SECRET|JWT|ASSERTION|SIGNATURE|OIDC_DATA|ACCEPT|REQUESTED_WITH|LANGUAGE|OTP|CODE"
)
_LOGINS = frozenset(("login", "alogin", "authenticate", "aauthenticate", "force_login"))
_LOOKUPS = frozenset(("get", "aget", "get_or_create", "aget_or_create", "filter", "create_user"))


class Login(NamedTuple):
    """What logs in by a header: its path, its place in MIDDLEWARE, the META key, and the line."""

    path: str
    place: int | None
    key: str
    where: Place | None = None
    named: str = ""


def find_logins(*, is_asgi: bool | None = None) -> list[Login]:
    """Return what the project logs in by, of what a client can send.

    `is_asgi` tells the interface of its server, by default what the settings suggest.
    """
    under_asgi = bool(getattr(settings, "ASGI_APPLICATION", None)) if is_asgi is None else is_asgi
    return [*_of_middleware(is_asgi=under_asgi), *_of_rest_framework()]


@cache
def login_keys() -> frozenset[str]:
    """Return the META keys of the logins under both interfaces, found once.

    There are none if looking for them fails.
    """
    keys: set[str] = set()
    with suppress(Exception):  # what it is for is a line of the log, which no request may fail on
        for is_asgi in (False, True):
            keys.update(login.key for login in find_logins(is_asgi=is_asgi))
    return frozenset(keys)


def _forget_keys(**_: object) -> None:
    login_keys.cache_clear()


setting_changed.connect(_forget_keys, dispatch_uid="trustedproxy.identity")


def check_logins_guarded(**_: object) -> list[CheckMessage]:
    """Warn of a login by a header that is not dropped from untrusted peers."""
    policy, _problems = conf.parse(settings)
    kept = collected(conf.value("TRUSTED_PROXY_GUARDED_HEADERS")) or []
    return [
        Warning(
            f"'{login.path}' logs in the user that {wire_name(login.key)} names{_line(login)}, and "
            "anyone can send that header.",
            hint=f"Write TRUSTED_PROXY_GUARDED_HEADERS = {[*kept, wire_name(login.key)]}, so that "
            "only a trusted proxy can.",
            id="trustedproxy.W050",
        )
        for login in find_logins()
        if login.key not in policy.dropped_if_direct
    ]


def check_logins_order(**_: object) -> list[CheckMessage]:
    """Warn of a login that runs before forged headers are dropped."""
    places = [place for place, (_, loaded) in enumerate(load_middleware()) if is_ours(loaded)]
    return [
        Warning(
            f"'{login.path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE, so it logs in the "
            f"user that a client names in {wire_name(login.key)}.",
            hint=f"Put '{OUR_MIDDLEWARE}' first in MIDDLEWARE.",
            id="trustedproxy.W051",
        )
        for login in find_logins()
        if login.place is not None and places and login.place < places[0]
    ]


def check_logins_possible(**_: object) -> list[CheckMessage]:
    """Warn if the proxy should log people in, but nobody is trusted."""
    policy, problems = conf.parse(settings)
    if problems or not policy.trusts_nobody:
        return []
    return [
        Warning(
            f"TRUSTED_PROXIES trusts nobody, so {wire_name(login.key)} is dropped from every "
            f"request and '{login.path}' logs nobody in.",
            hint="Add the addresses of the proxy that logs people in to TRUSTED_PROXIES.",
            id="trustedproxy.W052",
        )
        for login in find_logins()
        if login.key in policy.dropped_if_direct
    ]


def check_logins_under_asgi(**_: object) -> list[CheckMessage]:
    """Warn of a name that gets a second HTTP_ from Django under ASGI."""
    return [
        Warning(
            f"'{login.path}' has header = '{login.named}', and under ASGI this Django logs in the "
            f"user that {wire_name(login.key)} names: proxies do not remove that name.",
            hint=f"Write header = '{login.named.removeprefix('HTTP_')}' in it.",
            id="trustedproxy.W053",
        )
        for login in find_logins()
        if login.named and login.key == twin_of(login.named)
    ]


def _line(login: Login) -> str:
    return f" in {login.where}" if login.where else ""


def _of_middleware(*, is_asgi: bool) -> Iterator[Login]:
    for place, (path, loaded) in enumerate(load_middleware()):
        if is_ours(loaded) or loaded is None:
            continue
        if REMOTE_USER_MIDDLEWARE in defined_names(loaded):
            header = getattr(loaded, "header", None)
            if isinstance(header, str):
                key = _key_under_asgi(header) if is_asgi else header
                if key.startswith("HTTP_"):
                    named = header if header.startswith("HTTP_") else ""
                    yield Login(path, place, key, named=named)
        elif not path.startswith("django."):
            for key, where in _reads_that_log_in(loaded).items():
                yield Login(path, place, key, where)


def _key_under_asgi(header: str) -> str:
    return twin_of(header) if _ADDS_HTTP or header == _DEFAULT_NAME else header


def _of_rest_framework() -> Iterator[Login]:
    configured = getattr(settings, "REST_FRAMEWORK", None)
    classes = configured.get("DEFAULT_AUTHENTICATION_CLASSES") if configured else None
    for each in classes or ():
        loaded = each
        with suppress(Exception):  # REST framework fails on it, and says why
            loaded = import_string(each)
        header = getattr(loaded, "header", None)
        is_login = REMOTE_USER_AUTHENTICATION in defined_names(loaded)
        if is_login and isinstance(header, str) and header.startswith("HTTP_"):
            yield Login(str(each), None, header)


def _reads_that_log_in(middleware: object) -> dict[str, Place]:
    """Return the META keys whose values reach a login in a function of a middleware."""
    found: dict[str, Place] = {}
    for node, function in functions_of(middleware):
        texts = {n: text for n, text in function.__globals__.items() if type(text) is str}
        sources = _sources(node, texts)
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
        if not any(name_of(call.func) in _LOGINS for call in calls) and not _sets_user(node):
            continue
        for call in (call for call in calls if name_of(call.func) in _LOGINS | _LOOKUPS):
            for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
                for key in _keys_in(argument, sources, texts):
                    found.setdefault(key, Place(function.__code__.co_filename, call.lineno))
    return found


def _sources(node: ast.AST, texts: dict[str, str]) -> dict[str, set[str]]:
    """Return the names of a function that hold the value of a header, with its META keys."""
    sources: dict[str, set[str]] = {}
    for _ in range(3):  # a value that is handed on a few times
        for part in ast.walk(node):
            if isinstance(part, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and part.value:
                keys = _keys_in(part.value, sources, texts)
                for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name) and keys:
                            sources.setdefault(name.id, set()).update(keys)
    return sources


def _keys_in(node: ast.AST, sources: dict[str, set[str]], texts: dict[str, str]) -> set[str]:
    """Return the META keys of the headers whose values an expression has."""
    keys: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            keys |= sources.get(part.id, set())
        keys |= {key for key in [_read(part, texts)] if key}
    return keys


def _read(part: ast.AST, texts: dict[str, str]) -> str | None:
    """Return the META key of a read of `META` or `headers`, or None."""
    owner: Any
    match part:
        case ast.Subscript(value=ast.Attribute(attr="META" | "headers" as owner), slice=name):
            pass
        case ast.Call(
            func=ast.Attribute(value=ast.Attribute(attr="META" | "headers" as owner), attr="get"),
            args=[name, *_],
        ):
            pass
        case _:
            return None
    text = name.value if isinstance(name, ast.Constant) else texts.get(getattr(name, "id", ""))
    if not isinstance(text, str) or (owner == "META" and not text.startswith("HTTP_")):
        return None
    key = key_of(text)
    return key if key and not _NO_IDENTITY.search(key) else None


def _sets_user(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and part.attr in ("user", "_cached_user")
        for part in ast.walk(node)
    )
