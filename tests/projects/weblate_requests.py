"""Send the requests of the arguments through a site's handler, and print what its view saw."""

import json
import sys

import django
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

django.setup()
handler = WSGIHandler()
for request in sys.argv[1:]:
    peer, _, forwarded = request.partition(" ")
    environ = RequestFactory().get("/echo/", HTTP_X_FORWARDED_FOR=forwarded).environ
    environ |= {"REMOTE_ADDR": peer, "HTTP_HOST": "weblate.example.com"}
    body = b"".join(handler(environ, lambda status, headers: None))
    print(json.dumps(json.loads(body)))
