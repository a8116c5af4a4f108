"""One view that shows what a view sees of who the client is."""

from django.http import JsonResponse
from django.urls import path


def echo(request):
    meta = {
        key: value
        for key, value in request.META.items()
        if key.startswith(("HTTP_", "REMOTE_", "SERVER_", "SCRIPT_"))
    }
    headers = dict(request.headers)
    return JsonResponse({"meta": meta, "headers": headers, "resolution": request.trusted_proxy})


urlpatterns = [path("echo", echo)]
