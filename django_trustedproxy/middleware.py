"""The Django middleware: REMOTE_ADDR becomes the client, before anything else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.urls import set_script_prefix

from . import log
from .conf import get_policy
from .engine.addresses import is_unix_scope
from .engine.answer import Answer
from .engine.purposes import is_prefix
from .environ import KEY, find_answer, keep, rewrite_anew, write_client
from .exceptions import RejectedByTrustedProxy, rejection

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from .engine.policy import Policy


class TrustedProxyMiddleware:
    """Rewrite `request.META` so that REMOTE_ADDR is the client, and set `request.trusted_proxy`.

    `request.trusted_proxy` is the `Answer` of the request. Raises `ImproperlyConfigured` at
    start-up if a setting cannot be used, and `RejectedByTrustedProxy` for a request whose outcome
    `TRUSTED_PROXY_REJECT` names.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        get_policy()
        log.watch()
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        policy, meta = get_policy(), request.META
        peer, scheme, is_unix, event = None, "", None, None
        if isinstance(request, ASGIRequest):
            _take_over(request)
            peer = (request.scope.get("client") or (None,))[0]
            scheme = request.scope.get("scheme") or "http"
            is_unix = is_unix_scope(request.scope)
            event = request.scope.get("aws.event")
        script_name = meta.get("SCRIPT_NAME")
        decided = find_answer(meta)
        if decided is not None:
            answer = keep(meta, policy, decided)
        else:
            came = log.receive(meta, policy, peer, event)
            answer = rewrite_anew(meta, policy, scheme, is_unix)
            log.tell(answer, came, policy, meta, scheme)
        if script_name:
            _judge_script_name(request, script_name)
        # Cached copies of what has changed, which an earlier middleware may have asked for (Django
        # 5.2 to 6.1).
        request.__dict__.pop("headers", None)
        request.__dict__.pop("_current_scheme_host", None)
        if policy.designations:
            _write_request(request, policy, answer, is_wrapped=decided is not None)
        request.trusted_proxy = answer  # type: ignore[attr-defined] # what this package adds
        if policy.reject and (reason := rejection(policy, answer)):
            raise RejectedByTrustedProxy(reason)
        return self.get_response(request)


def get_trusted_proxy(request: HttpRequest) -> Answer:
    """Return `request.trusted_proxy`, typed.

    Raises `ImproperlyConfigured` if `TrustedProxyMiddleware` has not seen the request.
    """
    answer = getattr(request, "trusted_proxy", None)
    if not isinstance(answer, Answer):
        raise ImproperlyConfigured(
            "The request has no trusted_proxy: expected TrustedProxyMiddleware to have seen it. "
            "Put 'django_trustedproxy.middleware.TrustedProxyMiddleware' first in MIDDLEWARE."
        )
    return answer


def _take_over(request: ASGIRequest) -> None:
    """Write what a wrapper has decided into META, which Django made of the scope."""
    answer = request.scope.get(KEY)
    if answer is None:
        # a2wsgi keeps the environ of a WSGI server in the scope.
        answer = (request.scope.get("wsgi_environ") or {}).get(KEY)
    if isinstance(answer, Answer):
        # A scope cannot have a client without a port, and has 0 for an unknown one.
        write_client(request.META, answer, answer.client)
        request.META[KEY] = answer


def _judge_script_name(request: HttpRequest, before: str) -> None:
    """Take back a path prefix that the server took from a header, and one that cannot be one."""
    script_name = request.META["SCRIPT_NAME"]
    if not is_prefix(script_name) and not settings.FORCE_SCRIPT_NAME:
        script_name = request.META["SCRIPT_NAME"] = ""
    if script_name == before:
        return
    if isinstance(request, ASGIRequest):
        request.META["PATH_INFO"] = request.scope["path"]
    request.path = request.path_info = request.META["PATH_INFO"]
    set_script_prefix("/")


def _write_request(
    request: HttpRequest, policy: Policy, answer: Answer, *, is_wrapped: bool
) -> None:
    """Bring what Django computed from META and scope into step with the statements."""
    if isinstance(request, ASGIRequest) and (scheme := answer.stated("scheme")) is not None:
        request.scope = {**request.scope, "scheme": scheme}  # the server keeps its own
    if "prefix" not in policy.purposes:
        return
    prefix = answer.stated("prefix")
    if prefix is not None:
        script_name = request.META.get("SCRIPT_NAME", "")
        # Behind a wrapper, Django may be mounted below the prefix; without one, nothing is below.
        is_below = is_wrapped and script_name.startswith(f"{prefix}/")
        # Django prefers what Apache's mod_rewrite says to what a wrapper wrote.
        request.META["SCRIPT_NAME"] = script_name if is_below else prefix
        request.path = f"{request.META['SCRIPT_NAME']}/{request.path_info.removeprefix('/')}"
    # Also for a request without a prefix: Django's test client keeps that of the last one.
    set_script_prefix(request.META.get("SCRIPT_NAME", ""))
