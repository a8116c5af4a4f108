"""An answer as JSON can carry it."""

from django_trustedproxy import Answer


def facts_of(answer):
    """Return the attributes of an answer, but not the text that a client wrote."""
    return {name: getattr(answer, name) for name in Answer.__slots__ if name != "header_text"}
