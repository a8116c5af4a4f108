"""The Django middleware: REMOTE_ADDR becomes the client, before anything else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from .conf import get_policy
from .exceptions import RejectedByTrustedProxy
from .meta import rewrite
from .resolver import Resolution

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


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
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        # A second pass would take the client for an untrusted peer.
        if not isinstance(getattr(request, "trusted_proxy", None), Resolution):
            self.decide(request)
        return self.get_response(request)

    def decide(self, request: HttpRequest) -> None:
        """Decide who the client of `request` is and write it into the request."""
        policy = get_policy()
        resolution = rewrite(request.META, policy)
        request.__dict__.pop("headers", None)  # a cached copy of META
        request.trusted_proxy = resolution  # type: ignore[attr-defined] # what this package adds
        if resolution.outcome in policy.reject:
            raise RejectedByTrustedProxy(
                f"Request from peer {resolution.peer!r} with outcome {resolution.outcome!r}, "
                "which TRUSTED_PROXY_REJECT names."
            )
