"""django-defender: its lock-out."""

from tests.neighbours import FORGED_ONE, THE_HEADER, Package


def ask(request):
    import defender.utils

    return defender.utils.get_ip(request)


BEHIND = {"DEFENDER_BEHIND_REVERSE_PROXY": True}

PACKAGE = Package(
    modules=("defender",),
    apps=("defender",),
    middleware=("defender.middleware.FailedLoginMiddleware",),
    settings={"DEFENDER_REDIS_NAME": "redis"},
    frozen=("defender.config",),
    ask=ask,
    wrong={
        "W022": [
            {**BEHIND, "DEFENDER_REVERSE_PROXY_HEADER": "HTTP_X_MY_IP"},
            {
                **BEHIND,
                "DEFENDER_REVERSE_PROXY_HEADER": "HTTP_FORWARDED",
                "TRUSTED_PROXY_HEADER": "Forwarded",
            },
        ]
    },
    right={
        "W022": [
            {},
            {"DEFENDER_REVERSE_PROXY_HEADER": "HTTP_X_MY_IP"},
            BEHIND,
            {**BEHIND, "DEFENDER_REVERSE_PROXY_HEADER": "HTTP_FORWARDED"},
        ]
    },
    effects={"W022": {FORGED_ONE, THE_HEADER}},
)
