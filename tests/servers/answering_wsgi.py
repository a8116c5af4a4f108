"""What Apache runs: it answers with what a WSGI application, or a view, is told of the client.

Runs in the Python of Apache's mod_wsgi, out of a copy of this file.
"""

import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

HERE = Path(__file__).resolve().parent


def facts(environ):
    """Return REMOTE_ADDR and all headers that begin as a forwarding header may, as JSON."""
    seen = {
        key: value
        for key, value in environ.items()
        if key == "REMOTE_ADDR"
        or (key.startswith("HTTP_") and key not in ("HTTP_HOST", "HTTP_CONNECTION"))
    }
    return json.dumps(seen).encode()


def view(request, **_):
    body = facts(request.META)
    return HttpResponse(body, headers={"Content-Length": len(body)})


urlpatterns = [path("<path:path>", view)]

if not settings.configured:
    settings.configure(
        SECRET_KEY="yardstick",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django_trustedproxy"],
        USE_TZ=True,
    )


@cache
def handler(middleware):
    with override_settings(MIDDLEWARE=[middleware]):
        return WSGIHandler()


@cache
def asked_settings():
    return json.loads((HERE / "settings.json").read_text())


class Configured:
    """Django with the settings of the request before, as most requests have the same."""

    def __init__(self):
        self.number = None
        self.settings = None

    def __call__(self, environ, start_response):
        """Answer a request for /middleware/number, the number of its settings."""
        _, middleware, number = environ["PATH_INFO"].split("/")
        if number != self.number:
            if self.settings is not None:
                self.settings.disable()
            self.settings = override_settings(**asked_settings()[int(number)])
            self.settings.enable()
            self.number = number
        return handler(middleware)(environ, start_response)


configured = Configured()


def application(environ, start_response):
    """Answer with Django for a path of two parts, else as a WSGI application without it."""
    if environ["PATH_INFO"] != "/":
        return configured(environ, start_response)
    body = facts(environ)
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
