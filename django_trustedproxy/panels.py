"""A panel for django-debug-toolbar: who the client is, and why."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from debug_toolbar.panels import Panel
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_started

from .conf import get_policy
from .display import short_repr
from .engine.answer import REJECTABLE, Answer
from .engine.purposes import PURPOSES, meta_names, wire_name
from .environ import KEY
from .explanation import lost_login, names, sentence
from .remarks import remarks
from .seen import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

_BEFORE = "trusted_proxy.before"
_SHOWN = frozenset(
    ["HTTP_HOST", "REMOTE_ADDR", *(purpose.key for purpose in PURPOSES.values())],
).union(*map(meta_names, PURPOSES))


# The toolbar's middleware runs after the decision, so what came is copied before all middleware.
def _copy(
    environ: dict[str, Any] | None = None, scope: dict[str, Any] | None = None, **_: object
) -> None:
    carrier = scope if environ is None else environ
    if carrier is not None and KEY not in carrier:
        # Without the query, of which some is no text.
        around = {**carrier, "query_string": b""}
        meta = environ if environ is not None else ASGIRequest(around, BytesIO()).META
        carrier[_BEFORE] = {key: meta[key] for key in sorted(_SHOWN & meta.keys())}


request_started.connect(_copy, dispatch_uid=_BEFORE)


class TrustedProxyPanel(Panel):
    """Shows the route of the request, its outcome, and what the decision changed."""

    title = "Trusted proxy"
    template = "trustedproxy/panel.html"
    is_async = True

    @property
    def nav_subtitle(self) -> str:
        """Return the client, for the list of panels."""
        return str(self.get_stats().get("client") or "")

    def generate_stats(self, request: HttpRequest, response: HttpResponse) -> None:  # noqa: ARG002 - the toolbar's
        """Record what `request.trusted_proxy` says, as plain data for the toolbar's store."""
        answer = getattr(request, "trusted_proxy", None)
        if not isinstance(answer, Answer):
            self.record_stats({"client": None})
            return
        policy, after = get_policy(), request.META
        scope = request.scope if isinstance(request, ASGIRequest) else {}
        before = after.get(_BEFORE, scope.get(_BEFORE))
        reject = policy.rejects(answer, request.path)
        came = before or {}
        seen = Seen(after, came, scope.get("scheme", ""))
        self.record_stats(
            {
                "client": answer.client or "no address",
                "proxies": list(answer.proxies),
                "outcome": answer.outcome,
                "stamp": answer.stamp or "",
                "sentence": sentence(
                    answer,
                    reject=reject,
                    names_itself=names(came.get(policy.header), answer.peer),
                ),
                "remarks": [remark.text for remark in remarks(policy, answer, seen)],
                "login": lost_login(answer),
                "would_reject": "" if reject else _would_reject(answer),
                "dropped": list(map(wire_name, answer.dropped)),
                "statements": [
                    [s.purpose, wire_name(s.header), s.value or "", _shown(came, s.header)]
                    for s in answer.statements
                ],
                "changes": None if before is None else _changes(before, after),
            }
        )


def _would_reject(answer: Answer) -> str:
    """Return the name in `TRUSTED_PROXY_REJECT` that would reject a request, or ""."""
    if answer.outcome in REJECTABLE:
        return answer.outcome
    if answer.stamp in ("wrong", "absent"):
        return "unstamped"
    return "malformed" if answer.malformed_headers else ""


def _shown(meta: Mapping[str, Any], key: str) -> str:
    return short_repr(meta[key]) if key in meta else ""


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[list[str]]:
    """Return key, text before and text after of what the decision changed."""
    changed = [key for key in sorted(_SHOWN) if before.get(key) != after.get(key)]
    return [[key, _shown(before, key), _shown(after, key)] for key in changed]
