"""A WSGI wrapper, for what reads the client's address before Django's middleware runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import get_path_info, get_script_name

from . import log, staleness
from .conf import get_policy
from .engine.purposes import PROBE_KEY, is_prefix
from .environ import find_answer, keep, rewrite_anew
from .exceptions import log_rejection, rejection, routed_path
from .probe.answer import headers_of, take_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class TrustedProxy:
    """Wrap a WSGI application so that its environ holds the client, as after the middleware.

    The environ is changed in place, so that the server's access log has the client too. The
    `Answer` is `environ["trusted_proxy"]`, which `TrustedProxyMiddleware` keeps. Raises
    `ImproperlyConfigured` at start-up if a setting cannot be used. A request that
    `TRUSTED_PROXY_REJECT` rejects is answered with 400.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        get_policy()
        log.watch()
        staleness.watch()
        self.application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        policy = get_policy()
        path = _path_of(environ) if policy.reject_exempt else ""
        decided = find_answer(environ)
        asked = take_token(policy, environ) if PROBE_KEY in environ else None
        if decided is not None:
            answer = keep(environ, policy, decided)
        else:
            came, path_info = log.receive(environ, policy), environ.get("PATH_INFO")
            answer = rewrite_anew(environ, policy)
            if environ.get("PATH_INFO") != path_info:
                path = ""  # a header had moved it
            log.tell(answer, came, policy, environ, path=path)
        if (script_name := environ.get("SCRIPT_NAME")) and not is_prefix(script_name):
            environ["SCRIPT_NAME"] = ""
        if asked is not None:
            told = asked.tell(policy, environ, answer, path)
            start_response("200 OK", list(headers_of(told).items()))
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [told]
        # A request that is already decided was rejected there, or is exempt.
        if policy.reject and decided is None and (reason := rejection(policy, answer, path)):
            log_rejection(reason)
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"Bad Request"]
        return self.application(environ, start_response)


def _path_of(environ: dict[str, Any]) -> str:
    """Return the path that Django makes of an environ, or "" if it makes none or another view's."""
    try:
        path_info, script_name = get_path_info(environ) or "/", get_script_name(environ)
    except UnicodeError:  # Django fails on it as well
        return ""
    # As Django's WSGIRequest joins them.
    path = f"{script_name.rstrip('/')}/{path_info.replace('/', '', 1)}"
    return routed_path(path, path_info)
