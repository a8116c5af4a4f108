from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

from django_trustedproxy.wsgi import TrustedProxy

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

application = TrustedProxy(get_wsgi_application())
# As servers and other wrappers take it.
served: "WSGIApplication" = application
