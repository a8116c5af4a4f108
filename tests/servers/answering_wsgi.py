"""What Apache runs: it answers with what a WSGI application, or a view, is told of the client.

Runs in the Python of Apache's mod_wsgi.
"""

import json
from functools import cache
from urllib.parse import unquote

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path


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
        SECRET_KEY="reference",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django_trustedproxy"],
        USE_TZ=True,
    )


@cache
def handler(middleware):
    with override_settings(MIDDLEWARE=[middleware]):
        return WSGIHandler()


class Configured:
    """Django with the settings of the request before, as most requests have the same."""

    def __init__(self):
        self.query = None
        self.settings = None

    def __call__(self, environ, start_response):
        """Answer a request for /middleware?settings, the settings as JSON."""
        if environ["QUERY_STRING"] != self.query:
            if self.settings is not None:
                self.settings.disable()
            self.query = environ["QUERY_STRING"]
            self.settings = override_settings(**json.loads(unquote(self.query)))
            self.settings.enable()
        return handler(environ["PATH_INFO"].removeprefix("/"))(environ, start_response)


configured = Configured()


def application(environ, start_response):
    """Answer with Django if the path names a middleware, else as an application without it."""
    if environ["PATH_INFO"] != "/":
        return configured(environ, start_response)
    body = facts(environ)
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
