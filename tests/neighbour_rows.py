"""For each finding about a package: settings that are wrong, and near misses that are not."""


def remote_addr(request):
    """Return the address as a project's own function would, which no check can know."""
    return request.META["REMOTE_ADDR"]


WRONG = {
    "W011": [
        {"REST_FRAMEWORK": {"NUM_PROXIES": 1}},
        {"REST_FRAMEWORK": {"DEFAULT_THROTTLE_CLASSES": ["a.Throttle"]}},
        {"REST_FRAMEWORK": {"DEFAULT_THROTTLE_RATES": {"anon": "1/day"}}},
    ],
    "W012": [{"NINJA_NUM_PROXIES": 2}, {"NINJA_NUM_PROXIES": None}, {}],
    "W013": [{"NINJA_EXTRA": {"NUM_PROXIES": 1}}, {"NINJA_EXTRA": {}}, {}],
    "W014": [{"ALLAUTH_TRUSTED_PROXY_COUNT": 1}, {"ALLAUTH_TRUSTED_PROXY_COUNT": 2}],
    "W015": [{"ALLAUTH_TRUSTED_CLIENT_IP_HEADER": "X-Real-IP"}],
    "W016": [{"AXES_IPWARE_PROXY_COUNT": 1}, {"AXES_PROXY_COUNT": 2}],
    "W017": [{"AXES_IPWARE_PROXY_TRUSTED_IPS": ["10.0.0.2"]}],
    "W018": [{"AXES_IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_REAL_IP",)}],
    "W019": [{"IPWARE_META_PROXY_COUNT": 1}],
    "W020": [{"IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_FORWARDED_FOR",)}],
    "W021": [
        {"RATELIMIT_IP_META_KEY": "HTTP_X_REAL_IP"},
        {"RATELIMIT_IP_META_KEY": "HTTP_X_FORWARDED_FOR"},
        {"RATELIMIT_IP_META_KEY": "X-Forwarded-For"},
    ],
    "W022": [
        {"DEFENDER_BEHIND_REVERSE_PROXY": True, "DEFENDER_REVERSE_PROXY_HEADER": "HTTP_X_MY_IP"},
        {
            "DEFENDER_BEHIND_REVERSE_PROXY": True,
            "DEFENDER_REVERSE_PROXY_HEADER": "HTTP_FORWARDED",
            "TRUSTED_PROXY_HEADER": "Forwarded",
        },
    ],
    "W023": [{"DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER": "HTTP_X_FORWARDED_FOR"}],
    "W024": [
        {"DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER": "HTTP_X_REAL_IP"},
        {"DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER": "HTTP_X_FORWARDED_FOR"},
    ],
    "W025": [
        {
            "CMS_INTERNAL_IPS": ["192.0.2.1"],
            "CMS_REQUEST_IP_RESOLVER": f"cms.utils.request_ip_resolvers.{name}",
        }
        for name in ("real_ip", "x_forwarded_ip")
    ],
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
    ],
    "W027": [
        {},
        {"IPRESTRICT_IGNORE_PROXY_HEADER": False},
        {"IPRESTRICT_IGNORE_PROXY_HEADER": True, "IGNORE_PROXY_HEADER": False},
    ],
    "W033": [{"ROLLBAR": {}}, {"ROLLBAR": {"capture_ip": "anonymize"}}],
    "W034": [{}],
    "W035": [{}],
}

NO_LIST = [{"TRUSTED_PROXY_KEEP_HEADER": False}, {"TRUSTED_PROXY_HEADER": "X-Real-IP"}]

RIGHT = {
    "W011": [
        {},
        {"REST_FRAMEWORK": {}},
        {"REST_FRAMEWORK": {"NUM_PROXIES": 0, "DEFAULT_THROTTLE_CLASSES": ["a.Throttle"]}},
        *({"REST_FRAMEWORK": {"NUM_PROXIES": 1}} | setting for setting in NO_LIST),
    ],
    "W012": [{"NINJA_NUM_PROXIES": 0}, *NO_LIST],
    "W013": [{"NINJA_EXTRA": {"NUM_PROXIES": 0}}, *NO_LIST],
    "W014": [{}, *({"ALLAUTH_TRUSTED_PROXY_COUNT": 1} | setting for setting in NO_LIST)],
    "W015": [{}, {"ALLAUTH_TRUSTED_CLIENT_IP_HEADER": ""}],
    "W016": [{}, {"AXES_IPWARE_PROXY_COUNT": 0}],
    "W017": [{}, {"AXES_IPWARE_PROXY_TRUSTED_IPS": []}],
    "W018": [
        {},
        {"AXES_IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_REAL_IP", "REMOTE_ADDR")},
        {"AXES_IPWARE_META_PRECEDENCE_ORDER": ()},
    ],
    "W019": [{}, {"IPWARE_META_PROXY_COUNT": 0}],
    "W020": [{}, {"IPWARE_META_PRECEDENCE_ORDER": ("HTTP_X_FORWARDED_FOR", "REMOTE_ADDR")}],
    "W021": [
        {},
        {"RATELIMIT_IP_META_KEY": ""},
        {"RATELIMIT_IP_META_KEY": "REMOTE_ADDR"},
        {"RATELIMIT_IP_META_KEY": "tests.neighbour_rows.remote_addr"},
        {"RATELIMIT_IP_META_KEY": remote_addr},
    ],
    "W022": [
        {},
        {"DEFENDER_REVERSE_PROXY_HEADER": "HTTP_X_MY_IP"},
        {"DEFENDER_BEHIND_REVERSE_PROXY": True},
        {"DEFENDER_BEHIND_REVERSE_PROXY": True, "DEFENDER_REVERSE_PROXY_HEADER": "HTTP_FORWARDED"},
    ],
    "W023": [{}, {"DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER": "REMOTE_ADDR"}],
    "W024": [{}, {"DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER": "REMOTE_ADDR"}],
    "W025": [
        {"CMS_INTERNAL_IPS": ["192.0.2.1"]},
        {"CMS_REQUEST_IP_RESOLVER": "cms.utils.request_ip_resolvers.real_ip"},
        {
            "CMS_INTERNAL_IPS": ["192.0.2.1"],
            "CMS_REQUEST_IP_RESOLVER": "cms.utils.request_ip_resolvers.remote_addr_ip",
        },
    ],
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
    ],
    "W027": [
        {"IPRESTRICT_IGNORE_PROXY_HEADER": True},
        {"IGNORE_PROXY_HEADER": True},
        {"IPRESTRICT_TRUST_ALL_PROXIES": True},
        *NO_LIST,
    ],
    "W033": [{"ROLLBAR": {"capture_ip": False}}, *NO_LIST],
    "W034": [{"POSTHOG_MW_EXTRA_PROPERTIES": lambda r: {"$ip": r.META["REMOTE_ADDR"]}}],
    "W035": NO_LIST,
}
