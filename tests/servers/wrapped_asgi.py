"""The example's ASGI application in our wrapper."""

from django_trustedproxy.asgi import TrustedProxy
from example_project.asgi import application as example

application = TrustedProxy(example)
