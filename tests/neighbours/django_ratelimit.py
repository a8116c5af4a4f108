"""django-ratelimit: its decorator. It need not be an app."""

from tests.neighbours import Package


def remote_addr(request):
    """Return the address as a project's own function would, which no check can know."""
    return request.META["REMOTE_ADDR"]


def ask(request):
    import django_ratelimit.core

    return django_ratelimit.core._get_ip(request)  # noqa: SLF001 - what its key "ip" calls


PACKAGE = Package(
    modules=("django_ratelimit",),
    ask=ask,
    wrong={
        "W021": [
            {"RATELIMIT_IP_META_KEY": "HTTP_X_REAL_IP"},
            {"RATELIMIT_IP_META_KEY": "HTTP_X_FORWARDED_FOR"},
            {"RATELIMIT_IP_META_KEY": "X-Forwarded-For"},
        ]
    },
    right={
        "W021": [
            {},
            {"RATELIMIT_IP_META_KEY": ""},
            {"RATELIMIT_IP_META_KEY": "REMOTE_ADDR"},
            {"RATELIMIT_IP_META_KEY": "tests.neighbours.django_ratelimit.remote_addr"},
            {"RATELIMIT_IP_META_KEY": remote_addr},
        ]
    },
    effects={"W021": {"ImproperlyConfigured", "ValueError"}},
)
