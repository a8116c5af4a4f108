"""The project's applications, as adapters and servers import them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.adapters.settings")

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

wsgi = get_wsgi_application()
asgi = get_asgi_application()
