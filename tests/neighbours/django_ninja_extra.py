"""django-ninja-extra: its throttles."""

from tests.neighbours import A_PROXY, NO_LIST, THE_HEADER, Package


def ask(request):
    from ninja_extra.throttling import AnonRateThrottle

    return AnonRateThrottle("3/d").get_ident(request)


PACKAGE = Package(
    modules=("ninja_extra",),
    apps=("ninja_extra",),
    settings={"NINJA_EXTRA": {}},  # or override_settings could not end
    frozen=("ninja_extra.conf.package_settings", "ninja_extra.conf"),
    ask=ask,
    wrong={"W013": [{"NINJA_EXTRA": {"NUM_PROXIES": 1}}, {"NINJA_EXTRA": {}}, {}]},
    right={"W013": [{"NINJA_EXTRA": {"NUM_PROXIES": 0}}, *NO_LIST]},
    effects={"W013": {A_PROXY, THE_HEADER}},
)
