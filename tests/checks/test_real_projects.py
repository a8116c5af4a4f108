"""Small models of public projects: what the checks look at in their settings, and what they find.

The projects themselves were run through the checks, with the app added as the README has it;
`make test-projects` does that again with those that install in reasonable time.
"""

from typing import NamedTuple

import pytest
from django.conf import settings

from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from tests.checks.findings import ids

WEBLATE = {
    "middleware": """
from django.conf import settings
from django.utils.deprecation import MiddlewareMixin

class ProxyMiddleware(MiddlewareMixin):
    def process_request(self, request):
        request.__dict__["_current_scheme_host"] = "https://" + settings.SITE_DOMAIN
        listed = None
        if settings.IP_BEHIND_REVERSE_PROXY:
            listed = request.META.get(settings.IP_PROXY_HEADER)
        if listed:
            request.META["REMOTE_ADDR"] = listed.split(",")[settings.IP_PROXY_OFFSET]
""",
    "throttling": """
from rest_framework.throttling import AnonRateThrottle

class Own(AnonRateThrottle):
    def get_ident(self, request):
        return request.META.get("REMOTE_ADDR", "")
""",
}
BUGSINK = {
    "middleware": """
from django.conf import settings

class SetRemoteAddrMiddleware:
    def __call__(self, request):
        if settings.USE_X_REAL_IP:
            request.META["REMOTE_ADDR"] = request.META.get("HTTP_X_REAL_IP")
        elif settings.USE_X_FORWARDED_FOR:
            request.META["REMOTE_ADDR"] = request.META.get("HTTP_X_FORWARDED_FOR")
"""
}
BABYBUDDY = {
    "middleware": """
from django.conf import settings
from django.urls import set_script_prefix

class HomeAssistant:
    def __init__(self, get_response):
        self.is_on = settings.ENABLE_HOME_ASSISTANT_SUPPORT

    def __call__(self, request):
        request.is_ingress = self.is_on and request.headers.get("X-Hass-Source") is not None
        is_prefixed = True
        if not request.is_ingress:
            is_prefixed = False
        path = request.headers.get("X-Ingress-Path")
        if is_prefixed:
            set_script_prefix("/" + path.lstrip("/"))
"""
}
REST_FRAMEWORK = {
    "rest_framework": {"throttling": "class AnonRateThrottle:\n    def get_ident(self, r): pass"}
}
SSL_HEADER = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
OWN_THROTTLES = {
    "DEFAULT_THROTTLE_CLASSES": ("weblate.throttling.Own",),
    "DEFAULT_THROTTLE_RATES": {"anon": "100/day"},
}
RATES_OF_A_VIEW = {"REST_FRAMEWORK": {"DEFAULT_THROTTLE_RATES": {"login": "5/min"}}}
SILENT = ["django CMS quickstart", "Healthchecks", "Misago", "mailman-web", "django-oscar sandbox"]


class Model(NamedTuple):
    """A project: its packages, what it lists and sets, and what the checks find."""

    packages: dict
    apps: tuple = ()
    middleware: tuple = ()
    settings: dict = {}  # noqa: RUF012 - nothing writes it
    found: tuple = ()


WEBLATE_SITE = Model(
    {"weblate": WEBLATE, **REST_FRAMEWORK},
    ("weblate", "rest_framework"),
    ("weblate.middleware.ProxyMiddleware",),
    {
        "IP_BEHIND_REVERSE_PROXY": False,
        "IP_PROXY_HEADER": "HTTP_X_FORWARDED_FOR",
        "IP_PROXY_OFFSET": -1,
        "REST_FRAMEWORK": OWN_THROTTLES,
    },
)
BUGSINK_SITE = Model(
    {"bugsink": BUGSINK},
    ("bugsink",),
    ("bugsink.middleware.SetRemoteAddrMiddleware",),
    {"USE_X_REAL_IP": False, "USE_X_FORWARDED_FOR": False},
)
BABYBUDDY_SITE = Model(
    {"babybuddy": BABYBUDDY, **REST_FRAMEWORK},
    ("babybuddy", "rest_framework"),
    ("babybuddy.middleware.HomeAssistant",),
    {"ENABLE_HOME_ASSISTANT_SUPPORT": True, "REST_FRAMEWORK": {"PAGE_SIZE": 100}},
)
PROJECTS = {
    # Its API is made with django-ninja, which throttles nothing there.
    "Wagtail's template": Model({"ninja": {}, "wagtail": {"api": "import ninja"}}, ("wagtail",)),
    "Weblate": WEBLATE_SITE,
    "Weblate behind a proxy": WEBLATE_SITE._replace(
        settings={**WEBLATE_SITE.settings, "IP_BEHIND_REVERSE_PROXY": True}, found=("W002",)
    ),
    "Bugsink": BUGSINK_SITE,
    "Bugsink's Docker template": BUGSINK_SITE._replace(
        settings={"USE_X_REAL_IP": True, "USE_X_FORWARDED_FOR": False}, found=("W002",)
    ),
    "Baby Buddy": BABYBUDDY_SITE,
    **{
        name: Model({}, settings=SSL_HEADER, found=("W008",))
        for name in ("NetBox", "Nautobot", "Saleor", "BookWyrm", "Mathesar")
    },
    "cookiecutter-django": Model(
        {"allauth": {}, **REST_FRAMEWORK},
        ("allauth", "rest_framework"),
        settings={**SSL_HEADER, "SECURE_SSL_REDIRECT": True, "REST_FRAMEWORK": {}},
        found=("W008",),
    ),
    "Tandoor": Model(
        {"allauth": {}},
        ("allauth",),
        settings={**SSL_HEADER, "ALLAUTH_TRUSTED_PROXY_COUNT": 1},
        found=("W008", "W014"),
    ),
    "wger": Model(
        {"django_recaptcha": {}, **REST_FRAMEWORK},
        ("django_recaptcha", "rest_framework"),
        settings=RATES_OF_A_VIEW,
        found=("W011", "W035"),
    ),
    "paperless-ngx": Model(
        REST_FRAMEWORK, ("rest_framework",), settings=RATES_OF_A_VIEW, found=("W011",)
    ),
    "pretix and pretalx": Model(
        REST_FRAMEWORK,
        ("rest_framework",),
        settings={
            "TRUST_X_FORWARDED_FOR": False,
            "SECURE_PROXY_SSL_HEADER": None,
            "REST_FRAMEWORK": {"PAGE_SIZE": 50},
        },
    ),
    "linkding": Model(
        REST_FRAMEWORK,
        ("rest_framework",),
        settings={"USE_X_FORWARDED_HOST": False, "REST_FRAMEWORK": {"PAGE_SIZE": 100}},
    ),
    "TubeArchivist": Model(
        REST_FRAMEWORK, ("rest_framework",), settings={"REST_FRAMEWORK": {"PAGE_SIZE": 100}}
    ),
    # The login is the server's own variable, which no client can send.
    "pulpcore": Model(
        REST_FRAMEWORK,
        ("rest_framework",),
        settings={
            "REMOTE_USER_ENVIRON_NAME": "REMOTE_USER",
            "REST_FRAMEWORK": {"PAGE_SIZE": 100},
        },
    ),
    **{name: Model({}) for name in SILENT},
}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_has_the_findings_that_are_right(package, name):
    model = PROJECTS[name]
    for each, modules in model.packages.items():
        package(each, **modules)
        __import__(each)  # which is no use of it
    found = ids(
        INSTALLED_APPS=[*settings.INSTALLED_APPS, *model.apps],
        MIDDLEWARE=[OUR_MIDDLEWARE, *model.middleware],
        TRUSTED_PROXIES=["10.0.0.0/8"],
        TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto",
        **model.settings,
    )
    assert tuple(sorted(found)) == model.found


def test_an_ingress_middleware_before_ours_is_a_finding_that_keeps_it(package):
    package("babybuddy", **BABYBUDDY)
    middleware = ["babybuddy.middleware.HomeAssistant", OUR_MIDDLEWARE]
    assert ids(MIDDLEWARE=middleware, ENABLE_HOME_ASSISTANT_SUPPORT=True) == ["W061"]
    assert ids(MIDDLEWARE=middleware, ENABLE_HOME_ASSISTANT_SUPPORT=False) == []
