"""One view that shows what a view sees of who the client is."""

from django.http import JsonResponse
from django.urls import get_script_prefix, path, reverse

from tests.answers import facts_of


def echo(request):
    meta = {
        key: value
        for key, value in request.META.items()
        if key.startswith(("HTTP_", "REMOTE_", "SERVER_", "SCRIPT_"))
    }
    view = {
        "scheme": request.scheme,
        "is_secure": request.is_secure(),
        "host": request.get_host(),
        "port": request.get_port(),
        "server": request.META["SERVER_NAME"],
        "uri": request.build_absolute_uri(),
        "path": request.path,
        "path_info": request.path_info,
        "script_name": request.META["SCRIPT_NAME"],
        "script_prefix": get_script_prefix(),
        "reverse": reverse("echo"),
    }
    headers = dict(request.headers)
    answer = {
        "meta": meta,
        "headers": headers,
        "answer": facts_of(request.trusted_proxy),
        "view": view,
    }
    return JsonResponse(answer)


urlpatterns = [path("echo", echo, name="echo")]
