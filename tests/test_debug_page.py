"""Django's real debug page, and the report to admins: neither shows the secret of an edge."""

import asyncio
import html
from io import BytesIO

import django
import pytest
from django.core import mail
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path

from django_trustedproxy import asgi, wsgi
from tests.edge import EDGE, HEADER, KEY, OLDER, SECRET, STAMPS
from tests.mounts import exchange
from tests.test_stamps import asgi_scope


def fail(_request):
    raise ValueError("a view that fails")


urlpatterns = [path("echo", fail)]


@pytest.fixture(autouse=True)
def _project(settings):
    settings.ROOT_URLCONF = __name__
    admin = "admin@example.com"
    settings.ADMINS = [("admin", admin)] if django.VERSION < (6,) else [admin]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    for name, value in STAMPS.items():
        setattr(settings, name, value)


def plain(application):
    return application


def ask_wsgi(value, wrap=plain):
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/echo",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "HTTP_ACCEPT": "text/html",
        "REMOTE_ADDR": EDGE,
        KEY: value,
    }
    status = []
    body = b"".join(wrap(WSGIHandler())(environ, lambda line, _: status.append(line)))
    assert status == ["500 Internal Server Error"]
    return body


def ask_asgi(value, wrap=plain):
    scope = asgi_scope((HEADER, value), ("Accept", "text/html"))
    status, body = asyncio.run(exchange(wrap(ASGIHandler()), scope))
    assert status == 500
    return body


MOUNTS = {
    "wsgi": ask_wsgi,
    "wsgi wrapper": lambda value: ask_wsgi(value, wsgi.TrustedProxy),
    "asgi": ask_asgi,
    "asgi wrapper": lambda value: ask_asgi(value, asgi.TrustedProxy),
}


@pytest.mark.parametrize("value", [SECRET, OLDER, f"x,{SECRET}"])
@pytest.mark.parametrize("mount", MOUNTS)
def test_the_debug_page_shows_no_secret(mount, value, settings):
    settings.DEBUG = True
    page = html.unescape(MOUNTS[mount](value).decode())
    assert "a view that fails" in page
    assert "TRUSTED_PROXY_SECRETS" in page  # the settings are listed, their values are not
    for secret in (SECRET, OLDER):
        assert secret not in page
        assert secret[:16] not in page


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_mail_to_the_admins_shows_no_secret(mount, caplog):
    MOUNTS[mount](SECRET)
    (message,) = mail.outbox
    assert "a view that fails" in message.body
    (as_page, _type) = message.alternatives[0] if message.alternatives else ("", "")
    assert SECRET not in message.body + as_page
    assert SECRET not in caplog.text
