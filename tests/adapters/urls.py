from django.http import JsonResponse
from django.urls import re_path


def tell(request):
    headers = {key: value for key, value in request.META.items() if key.startswith("HTTP_")}
    return JsonResponse(
        {
            "address": request.META.get("REMOTE_ADDR"),
            "outcome": request.trusted_proxy.outcome,
            "proxies": request.trusted_proxy.proxies,
            "scheme": request.scheme,
            "headers": headers,
        }
    )


urlpatterns = [re_path("", tell)]
