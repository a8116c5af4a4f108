"""django-axes: its lock-out. It reads headers with django-ipware alone."""

from tests.neighbours import NOTHING, Package


def ask(request):
    import axes.helpers

    return axes.helpers.get_client_ip_address(request)


PACKAGE = Package(
    modules=("axes", "ipware"),
    apps=("axes",),
    middleware=("axes.middleware.AxesMiddleware",),
    settings={"AXES_ENABLED": False},  # or it would count the logins of others
    frozen=("axes.conf",),
    ask=ask,
    wrong={
        "W016": [{"AXES_IPWARE_PROXY_COUNT": 1}, {"AXES_PROXY_COUNT": 2}],
        "W017": [{"AXES_IPWARE_PROXY_TRUSTED_IPS": ["10.0.0.2"]}],
        "W018": [{"AXES_IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_REAL_IP",)}],
    },
    right={
        "W016": [{}, {"AXES_IPWARE_PROXY_COUNT": 0}],
        "W017": [{}, {"AXES_IPWARE_PROXY_TRUSTED_IPS": []}],
        "W018": [
            {},
            {"AXES_IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_REAL_IP", "REMOTE_ADDR")},
            {"AXES_IPWARE_META_PRECEDENCE_ORDER": ()},
        ],
    },
    effects={"W016": {NOTHING}, "W017": {NOTHING}, "W018": {NOTHING}},
)
