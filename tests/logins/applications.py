"""What servers serve: the project of DJANGO_SETTINGS_MODULE alone, and in the wrappers."""

import os

import django
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.logins.settings")
django.setup(set_prefix=False)

from django_trustedproxy.asgi import TrustedProxy as AsgiTrustedProxy  # noqa: E402 - after setup
from django_trustedproxy.wsgi import TrustedProxy as WsgiTrustedProxy  # noqa: E402

wsgi = WSGIHandler()
wsgi_in_wrapper = WsgiTrustedProxy(WSGIHandler())
asgi = ASGIHandler()
asgi_in_wrapper = AsgiTrustedProxy(ASGIHandler())
