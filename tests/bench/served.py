"""The project of whole requests, with and without the middleware: settings and a view."""

import os

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "public"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "tests.bench.served"
INSTALLED_APPS = []
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
if os.environ["BENCH_WITH"] == "1":
    INSTALLED_APPS.append("django_trustedproxy")
    MIDDLEWARE.insert(0, "django_trustedproxy.middleware.TrustedProxyMiddleware")
TRUSTED_PROXIES = ["loopback"]

urlpatterns = [path("", lambda request: HttpResponse(request.META["REMOTE_ADDR"]))]


def wsgi():
    return get_wsgi_application()


def asgi():
    return get_asgi_application()
