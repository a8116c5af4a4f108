"""The Django middleware: REMOTE_ADDR becomes the client, before anything else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.urls import set_script_prefix

from . import log, staleness
from .conf import get_policy
from .engine.addresses import is_unix_scope
from .engine.answer import Answer
from .engine.purposes import PROBE_KEY, is_prefix
from .environ import (
    KEY,
    answer_of,
    find_answer,
    keep,
    rewrite_anew,
    without_stamps,
    write_client,
)
from .exceptions import RejectedByTrustedProxy, rejection, routed_path
from .making import MARK, take_from_maker
from .probe.answer import headers_of, take_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest

    from .engine.policy import Policy
    from .engine.stamps import Stamps


class TrustedProxyMiddleware:
    """Rewrite `request.META` so that REMOTE_ADDR is the client, and set `request.trusted_proxy`.

    `request.trusted_proxy` is the `Answer` of the request. Raises `ImproperlyConfigured` at
    start-up if a setting cannot be used, and `RejectedByTrustedProxy` for a request that
    `TRUSTED_PROXY_REJECT` rejects.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        get_policy()
        log.watch()
        staleness.watch()
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        policy, meta = get_policy(), request.META
        peer, scheme, is_unix, event = None, "", None, None
        if isinstance(request, ASGIRequest):
            _take_over(request)
            peer, scheme, is_unix, event = _connection(request.scope)
        asked = take_token(policy, meta) if PROBE_KEY in meta else None
        script_name, path_info = meta.get("SCRIPT_NAME"), meta.get("PATH_INFO")
        decided = find_answer(meta)
        if decided is None and MARK in request.__dict__:
            decided = take_from_maker(request)
        if decided is not None:
            came, answer = None, keep(meta, policy, decided)
        else:
            came = log.receive(meta, policy, peer, event)
            answer = rewrite_anew(meta, policy, scheme, is_unix, is_django=True)
            if policy.stamps is not None:
                _hide_stamps(request, policy.stamps)
                event = None  # error reports show local variables, and it has all headers
        if script_name or meta.get("PATH_INFO") != path_info:
            _judge_script_name(request, script_name or "", path_info)
        # A prefix from a header is not part of it: anyone who can write one could move a path.
        path = routed_path(request.path, request.path_info) if policy.reject_exempt else ""
        if decided is None:
            log.tell(answer, came, policy, meta, scheme, (), path)
        # Cached copies of what has changed, which an earlier middleware may have asked for (Django
        # 5.2 to 6.1).
        request.__dict__.pop("headers", None)
        request.__dict__.pop("_current_scheme_host", None)
        if policy.designations:
            _write_request(request, policy, answer, is_wrapped=decided is not None)
        request.trusted_proxy = answer  # type: ignore[attr-defined] # what this package adds
        if asked is not None:
            told = asked.tell(policy, meta, answer, path, scheme)
            content = b"" if request.method == "HEAD" else told
            response = HttpResponse(content, headers=headers_of(told))
            return _later(response) if iscoroutinefunction(self) else response
        # What is decided already was rejected there, or exempt.
        if policy.reject and decided is None and (reason := rejection(policy, answer, path)):
            raise RejectedByTrustedProxy(reason)
        return self.get_response(request)


async def _later(response: HttpResponse) -> HttpResponse:
    return response


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


def _hide_stamps(request: HttpRequest, stamps: Stamps) -> None:
    """Give a request a scope without the secret, which has its headers under ASGI."""
    if isinstance(request, ASGIRequest):
        request.scope = without_stamps(request.scope, stamps)


# A scope has the secret too, and so may be no local variable where an error can be raised.
def _connection(scope: Mapping[str, Any]) -> tuple[Any, str, bool, Any]:
    """Return the peer of a scope, the scheme, whether it is a Unix socket, and an event."""
    client = scope.get("client")
    return (
        client[0] if client else None,
        scope.get("scheme") or "http",
        is_unix_scope(client, scope.get("server")),
        scope.get("aws.event"),
    )


def _take_over(request: ASGIRequest) -> None:
    """Write what a wrapper has decided into META, which Django made of the scope."""
    answer = answer_of(request.scope)
    if answer is not None:
        # A scope cannot have a client without a port, and has 0 for an unknown one.
        write_client(request.META, answer, answer.client)
        request.META[KEY] = answer


def _judge_script_name(request: HttpRequest, script_name: str, path_info: str | None) -> None:
    """Follow a path prefix that was undone, and undo one that cannot be a prefix.

    `script_name` and `path_info` are those of META before the decision.
    """
    meta = request.META
    is_forced = bool(settings.FORCE_SCRIPT_NAME)
    is_none = not is_prefix(script_name or "/") and not is_forced
    if is_none and meta["SCRIPT_NAME"] == script_name:
        meta["SCRIPT_NAME"] = ""
    if is_none and isinstance(request, ASGIRequest):
        meta["PATH_INFO"] = request.scope["path"]
    if not is_none and (meta.get("SCRIPT_NAME"), meta.get("PATH_INFO")) == (script_name, path_info):
        return
    request.path_info, kept = meta["PATH_INFO"], meta["SCRIPT_NAME"]
    # As Django's requests join them.
    request.path = f"{kept.rstrip('/')}/{request.path_info.replace('/', '', 1)}"
    set_script_prefix(kept or "/")


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
