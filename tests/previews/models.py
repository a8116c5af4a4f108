"""A page that shows what its view sees of who the client is."""

import json

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page


class ShowingPage(Page):
    """Show the client, with Wagtail's bar for editors."""

    body = models.TextField(blank=True)
    content_panels = (*Page.content_panels, FieldPanel("body"))
    template = "previews/page.html"

    def get_context(self, request, *args, **kwargs):
        """Add what is shown."""
        answer = getattr(request, "trusted_proxy", None)
        facts = {
            "address": request.META["REMOTE_ADDR"],
            "outcome": None if answer is None else answer.outcome,
            "is_secure": request.is_secure(),
            "is_preview": getattr(request, "is_preview", False),
        }
        context = super().get_context(request, *args, **kwargs)
        return {**context, "facts": json.dumps(facts)}
