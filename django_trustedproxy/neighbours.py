"""Packages that read proxy headers by themselves, and with which settings, as data.

Read from the release that is named.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Neighbour(NamedTuple):
    """A setting with which a package concludes another address than REMOTE_ADDR.

    `settings` are alternative names, the first that is set counts; a dot leads into a dictionary.
    `app` is the Django app or module that reads them. `wrong_if` names the condition on the value,
    `default` is the value without a setting. `needs` are settings of which one must be set for the
    value to matter, `reads_by` a module that must be there; `needs_list` tells that it matters only
    while X-Forwarded-For is kept.
    """

    id: str
    package: str
    app: str
    settings: tuple[str, ...]
    wrong_if: str
    default: Any
    effect: str
    remedy: str
    needs: tuple[str, ...] = ()
    needs_list: bool = False
    reads_by: str = ""


_DRF_USES = (
    "REST_FRAMEWORK.NUM_PROXIES",
    "REST_FRAMEWORK.DEFAULT_THROTTLE_CLASSES",
    "REST_FRAMEWORK.DEFAULT_THROTTLE_RATES",
)
_WHOLE_HEADER = "records the whole header, or nothing where it is dropped"
_NO_ADDRESS = "finds no address, so that all failures share one bucket"
_WHOLE_LIST = "throttles by the whole X-Forwarded-For, or by a proxy in it"

NEIGHBOURS: tuple[Neighbour, ...] = (
    Neighbour(
        "W011",
        "djangorestframework 3.18.3",
        "rest_framework",
        ("REST_FRAMEWORK.NUM_PROXIES",),
        "not zero",
        None,
        _WHOLE_LIST,
        'REST_FRAMEWORK["NUM_PROXIES"] = 0',
        needs=_DRF_USES,
        needs_list=True,
    ),
    Neighbour(
        "W012",
        "django-ninja 1.7.1",
        "ninja",
        ("NINJA_NUM_PROXIES",),
        "not zero",
        None,
        _WHOLE_LIST,
        "NINJA_NUM_PROXIES = 0",
        needs_list=True,
    ),
    Neighbour(
        "W013",
        "django-ninja-extra 0.31.7",
        "ninja_extra",
        ("NINJA_EXTRA.NUM_PROXIES",),
        "not zero",
        None,
        _WHOLE_LIST,
        'NINJA_EXTRA["NUM_PROXIES"] = 0',
        needs_list=True,
    ),
    Neighbour(
        "W014",
        "django-allauth 65.21.1",
        "allauth",
        ("ALLAUTH_TRUSTED_PROXY_COUNT",),
        "positive",
        0,
        "takes a proxy for the client, or answers 500 where there are fewer hops",
        "ALLAUTH_TRUSTED_PROXY_COUNT = 0",
        needs_list=True,
    ),
    Neighbour(
        "W015",
        "django-allauth 65.21.1",
        "allauth",
        ("ALLAUTH_TRUSTED_CLIENT_IP_HEADER",),
        "set",
        None,
        "refuses logins without that header, which is dropped",
        "ALLAUTH_TRUSTED_CLIENT_IP_HEADER = None",
    ),
    Neighbour(
        "W016",
        "django-axes 8.3.1",
        "axes",
        ("AXES_IPWARE_PROXY_COUNT", "AXES_PROXY_COUNT"),
        "positive",
        None,
        _NO_ADDRESS,
        "AXES_IPWARE_PROXY_COUNT = None",
        reads_by="ipware",
    ),
    Neighbour(
        "W017",
        "django-axes 8.3.1",
        "axes",
        ("AXES_IPWARE_PROXY_TRUSTED_IPS", "AXES_PROXY_TRUSTED_IPS"),
        "set",
        None,
        _NO_ADDRESS,
        "AXES_IPWARE_PROXY_TRUSTED_IPS = None",
        reads_by="ipware",
    ),
    Neighbour(
        "W018",
        "django-axes 8.3.1",
        "axes",
        ("AXES_IPWARE_META_PRECEDENCE_ORDER", "AXES_META_PRECEDENCE_ORDER"),
        "lacks REMOTE_ADDR",
        ("REMOTE_ADDR",),
        "finds no address where its headers are dropped",
        'AXES_IPWARE_META_PRECEDENCE_ORDER = ("REMOTE_ADDR",)',
        reads_by="ipware",
    ),
    Neighbour(
        "W019",
        "django-ipware 8.0.0",
        "ipware",
        ("IPWARE_META_PROXY_COUNT",),
        "positive",
        None,
        "finds no address where there are more or fewer hops",
        "IPWARE_META_PROXY_COUNT = 0",
    ),
    Neighbour(
        "W020",
        "django-ipware 8.0.0",
        "ipware",
        ("IPWARE_META_PRECEDENCE_ORDER",),
        "lacks REMOTE_ADDR",
        ("REMOTE_ADDR",),
        "finds no address where its headers are dropped",
        'IPWARE_META_PRECEDENCE_ORDER = ("REMOTE_ADDR",)',
    ),
    Neighbour(
        "W021",
        "django-ratelimit 4.1.0",
        "django_ratelimit",
        ("RATELIMIT_IP_META_KEY",),
        "another key",
        None,
        "answers 500 where that header is dropped or names two hops",
        "RATELIMIT_IP_META_KEY = None",
    ),
    Neighbour(
        "W022",
        "django-defender 0.9.8",
        "defender",
        ("DEFENDER_REVERSE_PROXY_HEADER",),
        "not dropped",
        "HTTP_X_FORWARDED_FOR",
        "believes a header that anybody can write, or takes all of Forwarded for an address",
        "DEFENDER_BEHIND_REVERSE_PROXY = False",
        needs=("DEFENDER_BEHIND_REVERSE_PROXY",),
    ),
    Neighbour(
        "W023",
        "django-easy-audit 1.3.9",
        "easyaudit",
        ("DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER",),
        "another key",
        "REMOTE_ADDR",
        _WHOLE_HEADER,
        'DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER = "REMOTE_ADDR"',
    ),
    Neighbour(
        "W024",
        "django-rest-passwordreset 1.6.0",
        "django_rest_passwordreset",
        ("DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER",),
        "another key",
        "REMOTE_ADDR",
        _WHOLE_HEADER,
        'DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER = "REMOTE_ADDR"',
    ),
    Neighbour(
        "W025",
        "django-cms 5.1.3",
        "cms",
        ("CMS_REQUEST_IP_RESOLVER",),
        "reads one header",
        None,
        "finds no address where that header is dropped",
        'CMS_REQUEST_IP_RESOLVER = "cms.utils.request_ip_resolvers.remote_addr_ip"',
        needs=("CMS_INTERNAL_IPS",),
    ),
    Neighbour(
        "W026",
        "django-lockdown 5.0.0",
        "lockdown",
        ("LOCKDOWN_TRUSTED_PROXIES",),
        "reaches an exception",
        (),
        "lets in whoever is in it and comes through a proxy that is an exception",
        "LOCKDOWN_TRUSTED_PROXIES = []",
        needs=("LOCKDOWN_REMOTE_ADDR_EXCEPTIONS",),
        needs_list=True,
    ),
    Neighbour(
        "W027",
        "django-iprestrict-redux 1.9.1",
        "iprestrict",
        ("IGNORE_PROXY_HEADER", "IPRESTRICT_IGNORE_PROXY_HEADER"),
        "judges hops",
        None,
        "takes TRUSTED_PROXIES for its own and refuses every request that came through a proxy",
        "IPRESTRICT_IGNORE_PROXY_HEADER = True",
        needs_list=True,
    ),
    Neighbour(
        "W033",
        "rollbar 1.5.0",
        "rollbar",
        ("ROLLBAR.capture_ip",),
        "not False",
        None,
        "reports the whole X-Forwarded-For",
        "TRUSTED_PROXY_KEEP_HEADER = False",
        needs_list=True,
    ),
    Neighbour(
        "W034",
        "posthog 7.91.1",
        "posthog",
        ("POSTHOG_MW_EXTRA_PROPERTIES",),
        "unset",
        None,
        "reports the whole X-Forwarded-For, or no address without it",
        'POSTHOG_MW_EXTRA_PROPERTIES = lambda r: {"$ip": r.META["REMOTE_ADDR"]}',
    ),
    Neighbour(
        "W035",
        "django-recaptcha 4.1.0",
        "django_recaptcha",
        ("TRUSTED_PROXY_KEEP_HEADER",),
        "always",
        None,
        "sends the whole X-Forwarded-For",
        "TRUSTED_PROXY_KEEP_HEADER = False",
        needs_list=True,
    ),
)
