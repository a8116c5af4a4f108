"""The login by header, as Django's documentation has it."""

import os

from django.contrib.auth.middleware import RemoteUserMiddleware


class ProxyLogin(RemoteUserMiddleware):
    """Log in whom the proxy names."""

    header = os.environ.get("LOGIN_HEADER", "HTTP_X_FORWARDED_USER")
