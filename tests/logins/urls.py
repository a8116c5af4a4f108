"""One view that says who is logged in."""

from django.http import HttpResponse
from django.urls import re_path


def who(request):
    return HttpResponse(f"user={request.user.get_username()}")


urlpatterns = [re_path("", who)]
