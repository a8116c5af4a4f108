"""For the tests of a project: requests as a given client, through a given chain of proxies."""

from __future__ import annotations

from copy import copy
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.test import AsyncRequestFactory, RequestFactory

from .conf import get_policy
from .engine.addresses import UNIX
from .engine.purposes import raw_name

if TYPE_CHECKING:
    from collections.abc import Callable

    Scope = dict[str, Any]

Sender = TypeVar("Sender")


class _ForMeta:
    """Stops code, such as Django's AsyncClient, from making headers of META's keys."""

    def encode(self, *_: object) -> bytes:
        raise TypeError(
            "through() cannot set the peer of an AsyncClient or AsyncRequestFactory: write "
            "send_through(async_client, ...).get(...)."
        )


def through(client: str, *proxies: str) -> dict[str, Any]:
    """Return what makes one request of Django's test client come from `client` through `proxies`.

    `client.get("/", **through("203.0.113.9", "10.0.0.1"))` arrives from the peer 10.0.0.1, the last
    of `proxies`, with the header that `TRUSTED_PROXY_HEADER` names, and the newest of
    `TRUSTED_PROXY_SECRETS` if there are any; "unix:" is a Unix socket. Without proxies, the client
    connects itself. Works with `Client`, `RequestFactory` and their subclasses; `AsyncClient` and
    `AsyncRequestFactory` raise `TypeError` for it. Raises `ValueError` for a text that is not an
    address, and for a chain that the header cannot carry.
    """
    peer, header = _request(client, proxies)
    return {"REMOTE_ADDR": peer, **header, "trusted_proxy.test": _ForMeta()}


def send_through(sender: Sender, client: str, *proxies: str) -> Sender:
    """Return `sender` as one whose requests all come from `client` through `proxies`.

    Takes a `Client`, `AsyncClient`, `RequestFactory`, `AsyncRequestFactory` or a subclass, such as
    Django REST framework's `APIClient`, and returns a copy that shares its cookies and login. Takes
    a Channels communicator too, before it sends anything, and returns it changed. Raises
    `TypeError` for anything else, and `ValueError` as `through` does.
    """
    peer, header = _request(client, proxies)
    if isinstance(sender, AsyncRequestFactory):
        return _changing(sender, partial(_arrive, peer=peer, header=header))
    if isinstance(sender, RequestFactory):
        return _changing(sender, lambda environ: {**environ, "REMOTE_ADDR": peer, **header})
    scope = getattr(sender, "scope", None)
    if not isinstance(scope, dict):
        raise TypeError(
            "send_through() takes a test client, a request factory or a communicator, got "
            f"{type(sender).__name__}."
        )
    scope.update(_arrive(scope, peer=peer, header=header))
    return sender


def _changing(sender: Sender, change: Callable[[Scope], Scope]) -> Sender:
    """Return a copy of a client or factory that changes the environ or scope of each request."""
    changed: Any = copy(sender)
    original = changed.request
    changed.request = lambda **request: original(**change(request))
    return cast("Sender", changed)


def _arrive(scope: Scope, *, peer: str, header: dict[str, str]) -> Scope:
    """Return a scope as the server makes it of a connection from `peer`."""
    lines = {raw_name(key): value.encode() for key, value in header.items()}
    others = [pair for pair in scope["headers"] if pair[0].lower() not in lines]
    if peer != UNIX:
        return {**scope, "client": [peer, 0], "headers": [*others, *lines.items()]}
    # A server on a Unix socket has no name, which stood in for the Host of a test client.
    if all(name.lower() != b"host" for name, _ in others):
        others.append((b"host", b"testserver"))
    headers = [*others, *lines.items()]
    return {**scope, "client": None, "server": None, "headers": headers}


def _request(client: str, proxies: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Return the peer, and the header that it sends by META key."""
    named = {"client": client, **{f"proxies[{i}]": proxy for i, proxy in enumerate(proxies)}}
    for name, address in named.items():
        _require_address(name, address)
    *chain, peer = client, *proxies
    if not chain:
        return str(peer), {}
    stamps = get_policy().stamps
    return str(peer), {**_header(list(map(str, chain))), **(stamps.sample() if stamps else {})}


def _header(chain: list[str]) -> dict[str, str]:
    policy = get_policy()
    text = policy.form.write(chain)
    if len(list(policy.form.read(text))) < len(chain):
        raise ValueError(
            f"proxies: {policy.header_name} carries one address, and so no proxies behind the "
            "nearest one: name only the last of them, which connects to Django."
        )
    return {policy.header: text}


def _require_address(name: str, address: object) -> None:
    text = str(address)
    if text != UNIX and not _is_address(text):
        raise ValueError(
            f"{name} is not an address: expected one such as '203.0.113.9', without port, brackets "
            f"and prefix length, or 'unix:' for a Unix socket, got {address!r}."
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text
