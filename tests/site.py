"""A site with a login, behind a proxy that ends TLS: its settings."""

import os
from pathlib import Path

SECRET_KEY = "tests"
USE_TZ = True
ALLOWED_HOSTS = ["localhost"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_trustedproxy",
]
MIDDLEWARE = [
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {
                        "registration/login.html": "<form method=post>{% csrf_token %}{{ form }}</form>",
                        "home.html": "{{ request.user }} {{ request.build_absolute_uri }} {% url 'login' %}",
                    },
                )
            ],
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ.get("SITE_PLACE", ".")) / "db.sqlite3",
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
SECURE_SSL_REDIRECT = os.environ.get("SITE_SSL_REDIRECT") == "yes"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

TRUSTED_PROXIES = [os.environ.get("SITE_PROXY", "unix:")]
TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
TRUSTED_PROXY_HOST_HEADER = "X-Forwarded-Host"
TRUSTED_PROXY_PREFIX_HEADER = "X-Forwarded-Prefix"


ROOT_URLCONF = "tests.site_urls"
