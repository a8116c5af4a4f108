"""How each package of the checks is asked, by its own code, for the address of a request."""

import importlib
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from unittest import mock

import axes.conf
import axes.helpers
import cms.middleware.toolbar
import defender.config
import defender.utils
import django_ratelimit.core
import django_rest_passwordreset.views
import easyaudit.settings
import easyaudit.signals.auth_signals
import ipware
import ninja.throttling
import ninja_extra.conf.package_settings
import ninja_extra.throttling
import rollbar
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.models import User
from django.test import RequestFactory
from django_recaptcha.fields import ReCaptchaField
from easyaudit.models import LoginEvent
from iprestrict.middleware import IPRestrictMiddleware
from lockdown.middleware import LockdownMiddleware
from posthog.integrations.django import PosthogContextMiddleware
from rest_framework.settings import api_settings
from rest_framework.throttling import AnonRateThrottle

NOBODY = "nobody"


class Rated(AnonRateThrottle):
    rate = "3/day"


def ask_drf(request):
    # Of a project without any setting of it, only the throttle that it has by default is known,
    # whose rates were read at the import.
    rates = {"THROTTLE_RATES": api_settings.DEFAULT_THROTTLE_RATES}
    default = type("Default", (AnonRateThrottle,), rates)
    throttle = Rated() if settings.REST_FRAMEWORK else default()
    throttle.get_ident = mock.Mock(wraps=throttle.get_ident)
    request.user = None
    throttle.allow_request(request, view=None)
    if not throttle.get_ident.called:
        return NOBODY
    return throttle.get_ident(request)


def ask_ninja(request):
    return ninja.throttling.AnonRateThrottle("3/d").get_ident(request)


def ask_ninja_extra(request):
    return ninja_extra.throttling.AnonRateThrottle("3/d").get_ident(request)


def ask_allauth(request):
    return get_adapter().get_client_ip(request)


def ask_axes(request):
    return axes.helpers.get_client_ip_address(request)


def ask_ipware(request):
    return ipware.get_client_ip(request)[0]


def ask_ratelimit(request):
    return django_ratelimit.core._get_ip(request)  # noqa: SLF001 - what its key "ip" calls


def ask_defender(request):
    return defender.utils.get_ip(request)


def ask_easyaudit(request):
    easyaudit.signals.auth_signals.user_logged_in(User, request, User(username="someone"))
    return LoginEvent.objects.latest("pk").remote_ip


def ask_passwordreset(request):
    User.objects.get_or_create(username="someone", email="someone@a.example", password="x")
    posted = RequestFactory().post("/", {"email": "someone@a.example"})
    posted.META |= {k: v for k, v in request.META.items() if k.startswith(("HTTP_", "REMOTE_"))}
    view = django_rest_passwordreset.views.ResetPasswordRequestToken
    with mock.patch(
        "django_rest_passwordreset.views.generate_token_for_email", return_value=None
    ) as generate:
        assert view.as_view()(posted).status_code == 200
    return generate.call_args.kwargs["ip_address"]


def ask_cms(request):
    resolver = cms.middleware.toolbar.get_request_ip
    with mock.patch("cms.middleware.toolbar.get_request_ip", wraps=resolver) as resolve:
        cms.middleware.toolbar.ToolbarMiddleware(None).is_cms_request(request)
    return resolver(request) if resolve.called else NOBODY


def ask_lockdown(request):
    request.session = {}
    is_let_in = LockdownMiddleware().process_request(request) is None
    excepted = map(ip_network, getattr(settings, "LOCKDOWN_REMOTE_ADDR_EXCEPTIONS", []))
    client = request.META["REMOTE_ADDR"]
    is_excepted = any(ip_address(client) in network for network in excepted)
    # Otherwise it was let in by the nearest hop.
    return (
        client if is_let_in == is_excepted else request.META["HTTP_X_FORWARDED_FOR"].split(", ")[-1]
    )


def ask_iprestrict(request):
    return IPRestrictMiddleware(lambda request: None).extract_client_ip(request)


def ask_rollbar(request):
    data = rollbar._build_django_request_data(request)  # noqa: SLF001 - what its reports call
    rollbar._filter_ip(data, getattr(settings, "ROLLBAR", {}).get("capture_ip", True))  # noqa: SLF001
    return data.get("user_ip") or NOBODY


def ask_posthog(request):
    properties = PosthogContextMiddleware(lambda _: None).extract_properties(request)
    return properties.get("$ip", NOBODY)


def ask_recaptcha(request):  # it looks for a local variable of this name
    return ReCaptchaField().get_remote_ip()


class Question(NamedTuple):
    """How a package is asked, and its modules that read the settings at their import."""

    ask: Callable
    frozen: tuple = ()


AXES = Question(ask_axes, (axes.conf,))
IPWARE = Question(ask_ipware)
QUESTIONS = {
    "W011": Question(ask_drf),
    "W012": Question(ask_ninja),
    "W013": Question(ask_ninja_extra, (ninja_extra.conf.package_settings, ninja_extra.conf)),
    "W014": Question(ask_allauth),
    "W015": Question(ask_allauth),
    "W016": AXES,
    "W017": AXES,
    "W018": AXES,
    "W019": IPWARE,
    "W020": IPWARE,
    "W021": Question(ask_ratelimit),
    "W022": Question(ask_defender, (defender.config,)),
    "W023": Question(ask_easyaudit, (easyaudit.settings, easyaudit.signals.auth_signals)),
    "W024": Question(ask_passwordreset, (django_rest_passwordreset.views,)),
    "W025": Question(ask_cms, (cms.middleware.toolbar,)),
    "W026": Question(ask_lockdown),
    "W027": Question(ask_iprestrict),
    "W033": Question(ask_rollbar),
    "W034": Question(ask_posthog),
    "W035": Question(ask_recaptcha),
}


def reload_all(modules):
    """Make modules read the settings again that they read at their import."""
    for module in modules:
        importlib.reload(module)
