"""The example's ASGI application below a path of Starlette, without our wrapper and in it."""

from starlette.applications import Starlette
from starlette.routing import Mount

from django_trustedproxy.asgi import TrustedProxy
from example_project.asgi import application as example

mounted = Starlette(routes=[Mount("/app", app=example)])
wrapped = TrustedProxy(mounted)
