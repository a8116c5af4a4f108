"""An application behind another rewriter. The checks read this module and do not import it."""

from django.core.wsgi import get_wsgi_application
from werkzeug.middleware.proxy_fix import ProxyFix

application = ProxyFix(get_wsgi_application())
