"""What the log says, the page that each line names, and a middleware that it speaks of."""

from django_trustedproxy.pages import page_of_kind
from tests.requests import CLIENT

REWRITING = "tests.logged.rewriting"


def text_of(record):
    """Return a line of our log without the address of the page about its kind, which it ends in."""
    text, _, page = record.getMessage().rpartition(" See https:")
    assert f"https:{page}" == page_of_kind(record.kind)
    return text


def rewriting(get_response):
    """Do what a fixer before ours does."""

    def middleware(request):
        request.META["REMOTE_ADDR"] = CLIENT
        return get_response(request)

    return middleware
