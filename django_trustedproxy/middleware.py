"""The Django middleware: REMOTE_ADDR becomes the client, before anything else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.handlers.asgi import ASGIRequest
from django.urls import set_script_prefix

from .conf import get_policy
from .diagnosis import Diagnosis
from .exceptions import RejectedByTrustedProxy
from .meta import KEY, write_client
from .resolver import Resolution, rejection

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from .policy import Policy


class TrustedProxyMiddleware:
    """Rewrite `request.META` so that REMOTE_ADDR is the client, and set `request.trusted_proxy`.

    `request.trusted_proxy` is the `Resolution` of the request. Raises `ImproperlyConfigured` at
    start-up if a setting cannot be used, and `RejectedByTrustedProxy` for a request whose outcome
    `TRUSTED_PROXY_REJECT` names.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        get_policy()
        self.get_response = get_response
        self.diagnosis = Diagnosis()
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        policy = get_policy()
        peer = _read_scope(request) if isinstance(request, ASGIRequest) else None
        is_wrapped = KEY in request.META
        resolution = self.diagnosis.rewrite(request.META, policy, peer)
        # Cached copies of what has changed, which an earlier middleware may have asked for.
        request.__dict__.pop("headers", None)
        request.__dict__.pop("_current_scheme_host", None)
        if policy.designations:
            _write_request(request, policy, resolution, is_wrapped=is_wrapped)
        request.trusted_proxy = resolution  # type: ignore[attr-defined] # what this package adds
        if reason := rejection(policy, resolution):
            raise RejectedByTrustedProxy(reason)
        return self.get_response(request)


def _read_scope(request: ASGIRequest) -> object:
    """Take over what a wrapper has decided, and return the address of the scope's client."""
    decided = request.scope.get(KEY)
    if isinstance(decided, Resolution):
        # A scope cannot have a client without a port, and has 0 for an unknown one.
        write_client(request.META, decided, decided.client)
        request.META[KEY] = decided
    client = request.scope.get("client")
    return client[0] if client else None


def _write_request(
    request: HttpRequest, policy: Policy, resolution: Resolution, *, is_wrapped: bool
) -> None:
    """Bring what Django computed from META and scope into step with the statements."""
    scheme = resolution.stated("scheme")
    if scheme is not None and isinstance(request, ASGIRequest):
        request.scope = {**request.scope, "scheme": scheme}  # the server keeps its own
    prefix = resolution.stated("prefix")
    if prefix is not None:
        script_name = request.META.get("SCRIPT_NAME", "")
        # Behind a wrapper, Django may be mounted below the prefix; without one, nothing is below.
        is_below = is_wrapped and script_name.startswith(f"{prefix}/")
        # Django prefers what Apache's mod_rewrite says to what a wrapper wrote.
        request.META["SCRIPT_NAME"] = script_name if is_below else prefix
        request.path = f"{request.META['SCRIPT_NAME']}/{request.path_info.removeprefix('/')}"
    if any(designation.purpose == "prefix" for designation in policy.designations):
        # Also for a request without a prefix: Django's test client keeps that of the last one.
        set_script_prefix(request.META.get("SCRIPT_NAME", ""))
