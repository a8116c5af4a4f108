"""django-cms: to whom its toolbar is shown."""

from unittest import mock

from tests.neighbours import NOBODY, NOTHING, Package


def ask(request):
    from cms.middleware import toolbar

    resolver = toolbar.get_request_ip
    with mock.patch("cms.middleware.toolbar.get_request_ip", wraps=resolver) as resolve:
        toolbar.ToolbarMiddleware(None).is_cms_request(request)
    return resolver(request) if resolve.called else NOBODY


RESOLVERS = "cms.utils.request_ip_resolvers"
INTERNAL = {"CMS_INTERNAL_IPS": ["192.0.2.1"]}

PACKAGE = Package(
    modules=("cms",),
    apps=("cms", "menus", "sekizai", "treebeard"),
    middleware=("cms.middleware.toolbar.ToolbarMiddleware",),
    settings={"CMS_CONFIRM_VERSION4": True},
    frozen=("cms.middleware.toolbar",),
    ask=ask,
    wrong={
        "W025": [
            {**INTERNAL, "CMS_REQUEST_IP_RESOLVER": f"{RESOLVERS}.real_ip"},
            {**INTERNAL, "CMS_REQUEST_IP_RESOLVER": f"{RESOLVERS}.x_forwarded_ip"},
        ]
    },
    right={
        "W025": [
            INTERNAL,
            {"CMS_REQUEST_IP_RESOLVER": f"{RESOLVERS}.real_ip"},
            {**INTERNAL, "CMS_REQUEST_IP_RESOLVER": f"{RESOLVERS}.remote_addr_ip"},
        ]
    },
    effects={"W025": {NOTHING}},
)
