"""A WSGI wrapper, for what reads the client's address before Django's middleware runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import log
from .conf import get_policy
from .engine.purposes import is_prefix
from .environ import find_answer, keep, rewrite_anew
from .exceptions import log_rejection, rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class TrustedProxy:
    """Wrap a WSGI application so that its environ holds the client, as after the middleware.

    The environ is changed in place, so that the server's access log has the client too. The
    `Answer` is `environ["trusted_proxy"]`, which `TrustedProxyMiddleware` keeps. Raises
    `ImproperlyConfigured` at start-up if a setting cannot be used. A request whose outcome
    `TRUSTED_PROXY_REJECT` names is answered with 400.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        get_policy()
        log.watch()
        self.application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        policy = get_policy()
        answer = find_answer(environ)
        if answer is not None:
            keep(environ, policy, answer)
        else:
            came = log.receive(environ, policy)
            answer = rewrite_anew(environ, policy)
            log.tell(answer, came, policy, environ)
        if (script_name := environ.get("SCRIPT_NAME")) and not is_prefix(script_name):
            environ["SCRIPT_NAME"] = ""
        if policy.reject and (reason := rejection(policy, answer)):
            log_rejection(reason)
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"Bad Request"]
        return self.application(environ, start_response)
