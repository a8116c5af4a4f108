"""The example's WSGI application in our wrapper."""

from django_trustedproxy.wsgi import TrustedProxy
from example_project.wsgi import application as example

application = TrustedProxy(example)
