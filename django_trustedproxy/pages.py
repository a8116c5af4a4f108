"""Where the site of the documentation explains a finding or a log line, by its id."""

from __future__ import annotations

SITE = "https://django-trustedproxy.readthedocs.io/en/stable/"


def page_of_check(name: str) -> str:
    """Return the address of the section about a check, such as "trustedproxy.W003"."""
    # Sphinx makes no dots and no capitals.
    return f"{SITE}reference/checks.html#{name.lower().replace('.', '-')}"


def page_of_guide(name: str, anchor: str) -> str:
    """Return the address of a section of the guide, such as the page "verify"."""
    return f"{SITE}{name}.html#{anchor}"


def page_of_kind(kind: str) -> str:
    """Return the address of the section about log lines of a kind."""
    return f"{SITE}reference/messages.html#{kind}"
