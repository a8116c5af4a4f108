"""Django REST framework: its throttles."""

from unittest import mock

from tests.neighbours import A_PROXY, NO_LIST, NOBODY, THE_HEADER, Package


def ask(request):
    from django.conf import settings
    from rest_framework.settings import api_settings
    from rest_framework.throttling import AnonRateThrottle

    # Of a project without any setting of it, only the throttle that it has by default is known,
    # whose rates were read at the import.
    rates = {"THROTTLE_RATES": api_settings.DEFAULT_THROTTLE_RATES}
    chosen = {"rate": "3/day"} if settings.REST_FRAMEWORK else rates
    throttle = type("Throttle", (AnonRateThrottle,), chosen)()
    throttle.get_ident = mock.Mock(wraps=throttle.get_ident)
    request.user = None
    throttle.allow_request(request, view=None)
    if not throttle.get_ident.called:
        return NOBODY
    return throttle.get_ident(request)


PACKAGE = Package(
    modules=("rest_framework",),
    apps=("rest_framework",),
    settings={"REST_FRAMEWORK": {"DEFAULT_THROTTLE_RATES": {"anon": "3/day"}}},
    ask=ask,
    wrong={
        "W011": [
            {"REST_FRAMEWORK": {"NUM_PROXIES": 1}},
            {"REST_FRAMEWORK": {"DEFAULT_THROTTLE_CLASSES": ["a.Throttle"]}},
            {"REST_FRAMEWORK": {"DEFAULT_THROTTLE_RATES": {"anon": "1/day"}}},
        ]
    },
    right={
        "W011": [
            {},
            {"REST_FRAMEWORK": {}},
            {"REST_FRAMEWORK": {"NUM_PROXIES": 0, "DEFAULT_THROTTLE_CLASSES": ["a.Throttle"]}},
            *({"REST_FRAMEWORK": {"NUM_PROXIES": 1}} | setting for setting in NO_LIST),
        ]
    },
    effects={"W011": {A_PROXY, THE_HEADER}},
)
