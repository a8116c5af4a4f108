"""django-ninja: its throttles. It is no app; what uses it is a throttle beside the URLs."""

from tests.neighbours import A_PROXY, NO_LIST, THE_HEADER, Package


def ask(request):
    from ninja.throttling import AnonRateThrottle

    return AnonRateThrottle("3/d").get_ident(request)


PACKAGE = Package(
    modules=("ninja",),
    ask=ask,
    wrong={
        "W012": [
            {"NINJA_NUM_PROXIES": 2},
            {"NINJA_NUM_PROXIES": None},
            {"ROOT_URLCONF": "tests.agreement.urls"},
        ]
    },
    right={
        "W012": [
            {"NINJA_NUM_PROXIES": 0},
            *({"NINJA_NUM_PROXIES": None} | setting for setting in NO_LIST),
        ]
    },
    effects={"W012": {A_PROXY, THE_HEADER}},
)
