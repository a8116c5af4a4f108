"""Settings of the example: what django-trustedproxy needs, and little else."""

import os
from pathlib import Path

SECRET_KEY = "public, like all of this example: a site that others can reach needs its own"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
USE_TZ = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
    }
]

INSTALLED_APPS = ["django_trustedproxy"]
MIDDLEWARE = [
    "example_project.views.remember_received",  # for the page only: it shows before and after
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]

# The proxy connects over a Unix socket. The tests also let it connect from a network.
TRUSTED_PROXIES = [
    entry for entry in os.environ.get("EXAMPLE_TRUSTED_PROXIES", "unix:").split(",") if entry
]
TRUSTED_PROXY_HEADER = "X-Forwarded-For"
TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
TRUSTED_PROXY_HOST_HEADER = "X-Forwarded-Host"
# Whether the site answers `manage.py trustedproxy probe`; `make demo` says yes.
TRUSTED_PROXY_PROBE = os.environ.get("EXAMPLE_PROBE") == "yes"

# For the page's attacks: where it is reached through the proxy, and around it if there is a way.
EXAMPLE_PROXY_ORIGIN = os.environ.get("EXAMPLE_PROXY_ORIGIN", "")
EXAMPLE_DIRECT_ORIGIN = os.environ.get("EXAMPLE_DIRECT_ORIGIN", "")
