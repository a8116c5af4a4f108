"""Logins by header of the real packages: what the check says of one is true."""

import pytest
from django.test import RequestFactory, override_settings
from rest_framework.authentication import RemoteUserAuthentication
from rest_framework.request import Request

from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.checks.findings import ids

pytestmark = [
    pytest.mark.django_db,
    # django-iprestrict-redux says at its start that TRUSTED_PROXIES is an old name of its own.
    pytest.mark.filterwarnings("ignore:The setting name :UserWarning"),
]


class CompanyUser(RemoteUserAuthentication):
    """Log in whom the company's proxy names."""

    header = "HTTP_X_COMPANY_USER"


LOGIN = {
    "REST_FRAMEWORK": {
        "NUM_PROXIES": 0,
        "DEFAULT_AUTHENTICATION_CLASSES": [f"{__name__}.CompanyUser"],
    },
    "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.RemoteUserBackend"],
    "TRUSTED_PROXIES": ["10.0.0.0/8"],
}
GUARDED = {"TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User"]}


def user_of(peer, **settings):
    """Return whom REST framework logs in, of a request that names admin."""
    with override_settings(**LOGIN, **settings):
        request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_COMPANY_USER="admin")
        decided = TrustedProxyMiddleware(lambda request: request)(request)
        found = CompanyUser().authenticate(Request(decided))
        return found and found[0].get_username()


def test_rest_framework_logs_in_whom_a_stranger_names_until_the_header_is_guarded():
    assert "W050" in ids(**LOGIN)
    assert user_of("198.51.100.66") == "admin"
    assert "W050" not in ids(**LOGIN, **GUARDED)
    assert user_of("198.51.100.66", **GUARDED) is None
    assert user_of("10.0.0.1", **GUARDED) == "admin"
