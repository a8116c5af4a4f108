"""Rollbar: what its reports say of the client. It is no app."""

from tests.neighbours import ANONYMOUS, NO_LIST, NOBODY, THE_HEADER, Package


def ask(request):
    import rollbar
    from django.conf import settings

    data = rollbar._build_django_request_data(request)  # noqa: SLF001 - what its reports call
    rollbar._filter_ip(data, getattr(settings, "ROLLBAR", {}).get("capture_ip", True))  # noqa: SLF001
    return data.get("user_ip") or NOBODY


PACKAGE = Package(
    modules=("rollbar",),
    middleware=("rollbar.contrib.django.middleware.RollbarNotifierMiddleware",),
    settings={
        "ROLLBAR": {"access_token": "tests", "environment": "tests", "handler": "blocking"},
    },
    ask=ask,
    wrong={"W033": [{"ROLLBAR": {}}, {"ROLLBAR": {"capture_ip": "anonymize"}}]},
    right={"W033": [{"ROLLBAR": {"capture_ip": False}}, *NO_LIST]},
    # It makes a network of an address if it is told to.
    effects={"W033": {THE_HEADER, ANONYMOUS}},
)
