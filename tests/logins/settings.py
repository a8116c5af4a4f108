"""The settings of a project whose proxy logs people in, by the header that LOGIN_HEADER names."""

import os

SECRET_KEY = "tests"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.logins.urls"
WSGI_APPLICATION = "tests.logins.applications.wsgi"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_trustedproxy",
]
MIDDLEWARE = [
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tests.logins.middleware.ProxyLogin",
]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("LOGIN_DATABASE", ":memory:"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TRUSTED_PROXIES = os.environ.get("LOGIN_PROXIES", "10.0.0.0/8").split(",")
