"""django-lockdown: whom it lets in by the address."""

from ipaddress import ip_address, ip_network

from tests.neighbours import A_PROXY, Package


def ask(request):
    from django.conf import settings
    from lockdown.middleware import LockdownMiddleware

    request.session = {}
    is_let_in = LockdownMiddleware().process_request(request) is None
    excepted = map(ip_network, getattr(settings, "LOCKDOWN_REMOTE_ADDR_EXCEPTIONS", []))
    client = request.META["REMOTE_ADDR"]
    is_excepted = any(ip_address(client) in network for network in excepted)
    # Otherwise it was let in by the nearest hop.
    return (
        client if is_let_in == is_excepted else request.META["HTTP_X_FORWARDED_FOR"].split(", ")[-1]
    )


PACKAGE = Package(
    modules=("lockdown",),
    apps=("lockdown",),
    middleware=("lockdown.middleware.LockdownMiddleware",),
    settings={"LOCKDOWN_PASSWORDS": ["tests"]},
    ask=ask,
    wrong={
        "W026": [
            {
                "LOCKDOWN_TRUSTED_PROXIES": ["10.0.0.2", "10.0.0.3"],
                "LOCKDOWN_REMOTE_ADDR_EXCEPTIONS": ["10.0.0.3"],
            },
            {
                "LOCKDOWN_TRUSTED_PROXIES": ["10.0.0.0/8"],
                "LOCKDOWN_REMOTE_ADDR_EXCEPTIONS": ["10.0.0.3"],
            },
            {
                "LOCKDOWN_TRUSTED_PROXIES": ["0.0.0.0/0"],
                "LOCKDOWN_REMOTE_ADDR_EXCEPTIONS": ["10.0.0.2/31", "::1"],
            },
        ]
    },
    right={
        "W026": [
            {},
            {"LOCKDOWN_TRUSTED_PROXIES": ["10.0.0.2"]},
            {
                "LOCKDOWN_TRUSTED_PROXIES": ["10.0.0.2"],
                "LOCKDOWN_REMOTE_ADDR_EXCEPTIONS": ["192.0.2.1"],
            },
            {
                "LOCKDOWN_TRUSTED_PROXIES": ["10.0.0.2"],
                "LOCKDOWN_REMOTE_ADDR_EXCEPTIONS": ["10.0.0.0/8"],
            },
        ]
    },
    effects={"W026": {A_PROXY}},
)
