"""The example's WSGI application behind adapters, for servers that speak ASGI."""

from a2wsgi import WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi

from django_trustedproxy.asgi import TrustedProxy
from example_project.wsgi import application as example

by_asgiref = WsgiToAsgi(example)
by_a2wsgi = WSGIMiddleware(example)
wrapped_by_asgiref = TrustedProxy(WsgiToAsgi(example))
wrapped_by_a2wsgi = TrustedProxy(WSGIMiddleware(example))
