"""What the log says, and the page that each line names."""

from django_trustedproxy.pages import page_of_kind


def text_of(record):
    """Return a line of our log without the address of the page about its kind, which it ends in."""
    text, _, page = record.getMessage().rpartition(" See https:")
    assert f"https:{page}" == page_of_kind(record.kind)
    return text
