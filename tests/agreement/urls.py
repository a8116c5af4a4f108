"""One view per package, that uses it as its manual says."""

import django_ratelimit.decorators
from auditlog.registry import auditlog
from defender.decorators import watch_login
from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.urls import include, path
from django_recaptcha.fields import ReCaptchaField
from ipware import get_client_ip
from ninja import NinjaAPI
from ninja.throttling import AnonRateThrottle as NinjaThrottle
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

auditlog.register(Group)


class Throttled(APIView):
    throttle_classes = (AnonRateThrottle,)

    def get(self, request):
        return Response()


api = NinjaAPI(throttle=[NinjaThrottle("3/d")])


@api.get("")
def throttled(request):
    return "ok"


@django_ratelimit.decorators.ratelimit(key="ip", rate="3/d")
def rate_limited(request):
    return HttpResponse()


class CaptchaForm(forms.Form):
    captcha = ReCaptchaField()


def captcha(request):
    return HttpResponse(str(CaptchaForm(request.POST).is_valid()))


def client_ip(request):
    return HttpResponse(get_client_ip(request)[0])


def create(request):
    Group.objects.create(name="new")
    return HttpResponse()


def event(request):
    settings.POSTHOG_MW_CLIENT.capture("seen", distinct_id="someone")
    return HttpResponse()


def fail(request):
    raise RuntimeError("seen")


def page(request):
    has_toolbar = hasattr(request, "toolbar")
    return HttpResponse(f"<html><body>{'cms' if has_toolbar else ''}</body></html>")


urlpatterns = [
    path("__debug__/", include("debug_toolbar.urls")),
    path("accounts/", include("allauth.urls")),
    path("captcha/", captcha),
    path("create/", create),
    path("defender/", watch_login()(LoginView.as_view(template_name="admin/login.html"))),
    path("drf/", Throttled.as_view()),
    path("event/", event),
    path("fail/", fail),
    path("hitcount/", include("hitcount.urls")),
    path("ipware/", client_ip),
    path("login/", LoginView.as_view(template_name="admin/login.html")),
    path("ninja/", api.urls),
    path("page/", page),
    path("ratelimit/", rate_limited),
]
