"""A WSGI wrapper, for what reads the client's address before Django's middleware runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .conf import get_policy
from .diagnosis import Diagnosis
from .exceptions import log_rejection
from .resolver import rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class TrustedProxy:
    """Wrap a WSGI application so that its environ holds the client, as after the middleware.

    The environ is changed in place, so that the server's access log has the client too. The
    `Resolution` is `environ["trusted_proxy"]`, which `TrustedProxyMiddleware` keeps. Raises
    `ImproperlyConfigured` at start-up if a setting cannot be used. A request whose outcome
    `TRUSTED_PROXY_REJECT` names is answered with 400.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        get_policy()
        self.application = application
        self.diagnosis = Diagnosis()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        policy = get_policy()
        resolution = self.diagnosis.rewrite(environ, policy)
        if reason := rejection(policy, resolution):
            log_rejection(reason)
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"Bad Request"]
        return self.application(environ, start_response)
