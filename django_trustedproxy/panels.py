"""A panel for django-debug-toolbar: who the client is, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from debug_toolbar.panels import Panel

from .conf import get_policy
from .engine.answer import Answer
from .engine.purposes import wire_name
from .explanation import sentence, suggestion

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class TrustedProxyPanel(Panel):
    """Draws the way of the request, and tells its outcome and what was dropped."""

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
        self.record_stats(
            {
                "client": answer.client or "no address",
                "proxies": list(answer.proxies),
                "outcome": answer.outcome,
                "sentence": sentence(answer) + suggestion(answer, get_policy().networks),
                "dropped": list(map(wire_name, answer.dropped)),
                "malformed": list(answer.malformed_headers),
                "statements": [
                    [s.purpose, wire_name(s.header), s.value or ""] for s in answer.statements
                ],
            }
        )
