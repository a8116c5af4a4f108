"""One view that says who is logged in, and what the path prefix is."""

from django.http import HttpResponse
from django.urls import re_path


def who(request):
    prefix = {"Script-Name": request.META["SCRIPT_NAME"]}
    return HttpResponse(f"user={request.user.get_username()}", headers=prefix)


urlpatterns = [re_path("", who)]
