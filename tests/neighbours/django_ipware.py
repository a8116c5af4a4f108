"""django-ipware: its function. It is no app and has no middleware."""

from tests.neighbours import NOTHING, Package


def ask(request):
    import ipware

    return ipware.get_client_ip(request)[0]


PACKAGE = Package(
    modules=("ipware",),
    ask=ask,
    wrong={
        "W019": [{"IPWARE_META_PROXY_COUNT": 1}],
        "W020": [{"IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_FORWARDED_FOR",)}],
    },
    right={
        "W019": [{}, {"IPWARE_META_PROXY_COUNT": 0}],
        "W020": [{}, {"IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_FORWARDED_FOR", "REMOTE_ADDR")}],
    },
    effects={"W019": {NOTHING}, "W020": {NOTHING}},
)
