"""The project that the real servers run, in one file: settings, a view, and a wrapped application."""

import os

from django.core.asgi import get_asgi_application
from django.http import HttpResponse

from django_trustedproxy.asgi import TrustedProxy

SECRET_KEY = "tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.agreement.served"
MIDDLEWARE = os.environ.get("SERVED_MIDDLEWARE", "").split()
TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.0/8"]


def view(request):
    return HttpResponse(request.META["REMOTE_ADDR"])


def wrapped():
    return TrustedProxy(get_asgi_application())
