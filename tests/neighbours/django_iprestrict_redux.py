"""django-iprestrict-redux: whose requests it refuses."""

from tests.neighbours import NO_LIST, Package


def ask(request):
    from iprestrict.middleware import IPRestrictMiddleware

    return IPRestrictMiddleware(lambda request: None).extract_client_ip(request)


PACKAGE = Package(
    modules=("iprestrict",),
    apps=("iprestrict",),
    middleware=("iprestrict.middleware.IPRestrictMiddleware",),
    settings={"IPRESTRICT_GEOIP_ENABLED": False},
    ask=ask,
    wrong={
        "W027": [
            {},
            {"IPRESTRICT_IGNORE_PROXY_HEADER": False},
            {"IPRESTRICT_IGNORE_PROXY_HEADER": True, "IGNORE_PROXY_HEADER": False},
        ]
    },
    right={
        "W027": [
            {"IPRESTRICT_IGNORE_PROXY_HEADER": True},
            {"IGNORE_PROXY_HEADER": True},
            {"IPRESTRICT_TRUST_ALL_PROXIES": True},
            *NO_LIST,
        ]
    },
    effects={"W027": {"PermissionDenied"}},
)
