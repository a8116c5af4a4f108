"""Weblate's URLs and one that tells what a view sees."""

from django.http import JsonResponse
from django.urls import path
from weblate.urls import *  # noqa: F403 - the project's URLs
from weblate.urls import urlpatterns as theirs


def echo(request):
    return JsonResponse(
        {"address": request.META["REMOTE_ADDR"], "url": request.build_absolute_uri("/x")}
    )


urlpatterns = [path("echo/", echo), *theirs]
