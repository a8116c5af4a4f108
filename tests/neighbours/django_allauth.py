"""django-allauth: its rate limits and its sessions of users."""

from tests.neighbours import A_PROXY, NO_LIST, Package


def ask(request):
    from allauth.account.adapter import get_adapter

    return get_adapter().get_client_ip(request)


PACKAGE = Package(
    modules=("allauth",),
    apps=("allauth", "allauth.account", "allauth.usersessions"),
    middleware=("allauth.usersessions.middleware.UserSessionsMiddleware",),
    ask=ask,
    wrong={
        "W014": [{"ALLAUTH_TRUSTED_PROXY_COUNT": 1}, {"ALLAUTH_TRUSTED_PROXY_COUNT": 2}],
        "W015": [{"ALLAUTH_TRUSTED_CLIENT_IP_HEADER": "X-Real-IP"}],
    },
    right={
        "W014": [{}, *({"ALLAUTH_TRUSTED_PROXY_COUNT": 1} | setting for setting in NO_LIST)],
        "W015": [{}, {"ALLAUTH_TRUSTED_CLIENT_IP_HEADER": ""}],
    },
    effects={
        "W014": {A_PROXY, "ImproperlyConfigured"},
        "W015": {"PermissionDenied"},
    },
)
