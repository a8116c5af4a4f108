"""Django's real debug page, and the report to admins: neither shows the secret of an edge."""

import html

import django
import pytest
from django.core import mail

from django_trustedproxy import asgi, wsgi
from tests.edge import OLDER, SECRET, STAMPS
from tests.failing import ask_asgi, ask_wsgi


@pytest.fixture(autouse=True)
def _project(settings):
    settings.ROOT_URLCONF = "tests.failing"
    admin = "admin@example.com"
    settings.ADMINS = [("admin", admin)] if django.VERSION < (6,) else [admin]
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    for name, value in STAMPS.items():
        setattr(settings, name, value)


FAILING = {
    "wsgi": ask_wsgi,
    "wsgi wrapper": lambda value: ask_wsgi(value, wsgi.TrustedProxy),
    "asgi": ask_asgi,
    "asgi wrapper": lambda value: ask_asgi(value, asgi.TrustedProxy),
}


@pytest.mark.parametrize("value", [SECRET, OLDER, f"x,{SECRET}"])
@pytest.mark.parametrize("mount", FAILING)
def test_the_debug_page_shows_no_secret(mount, value, settings):
    settings.DEBUG = True
    page = html.unescape(FAILING[mount](value).decode())
    assert "a view that fails" in page
    assert "TRUSTED_PROXY_SECRETS" in page  # the settings are listed, their values are not
    for secret in (SECRET, OLDER):
        assert secret not in page
        assert secret[:16] not in page


@pytest.mark.parametrize("mount", FAILING)
def test_the_mail_to_the_admins_shows_no_secret(mount, caplog):
    FAILING[mount](SECRET)
    (message,) = mail.outbox
    assert "a view that fails" in message.body
    (as_page, _type) = message.alternatives[0] if message.alternatives else ("", "")
    assert SECRET not in message.body + as_page
    assert SECRET not in caplog.text
