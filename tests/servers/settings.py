"""The settings behind real servers: the example's, for requests of any host and with any body.

The host, the port and the prefix are not designated, so that what a client writes about them is
not what refuses its request.
"""

import os

from example_project.settings import *  # noqa: F403 - all but what follows

ALLOWED_HOSTS = ["*"]
MIDDLEWARE = [
    "example_project.views.remember_received",
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
]
TRUSTED_PROXY_HEADER = os.environ.get("SERVERS_HEADER", "X-Forwarded-For")
TRUSTED_PROXY_HOST_HEADER = None
TRUSTED_PROXY_REJECT = os.environ.get("SERVERS_REJECT", "").split()
