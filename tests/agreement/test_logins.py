"""Logins by header of the real packages: what the check says of one is true."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest
from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from django.test import Client, RequestFactory, override_settings
from mozilla_django_oidc.contrib.drf import OIDCAuthentication
from rest_framework.authentication import RemoteUserAuthentication
from rest_framework.request import Request

from django_trustedproxy.checks.identity import find_logins
from django_trustedproxy.engine.identity import IDENTITY_HEADERS
from django_trustedproxy.engine.purposes import meta_name
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


# Logins at a provider: what comes back is verified, and no header says who the user is.
PROVIDERS = {
    "ROOT_URLCONF": "tests.logins.urls",
    "MIDDLEWARE": [
        "django_trustedproxy.middleware.TrustedProxyMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
        "allauth.usersessions.middleware.UserSessionsMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    "AUTHENTICATION_BACKENDS": [
        "django.contrib.auth.backends.ModelBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
        "mozilla_django_oidc.auth.OIDCAuthenticationBackend",
    ],
    "REST_FRAMEWORK": {
        "NUM_PROXIES": 0,
        "DEFAULT_AUTHENTICATION_CLASSES": [
            f"{each.__module__}.{each.__qualname__}"
            for each in (XSessionTokenAuthentication, OIDCAuthentication)
        ],
    },
    **{
        f"OIDC_OP_{name}_ENDPOINT": f"https://provider.example/{name}"
        for name in ("AUTHORIZATION", "TOKEN", "USER", "JWKS")
    },
    "OIDC_RP_CLIENT_ID": "site",
    "OIDC_RP_CLIENT_SECRET": "secret",
}
ADMIN = {meta_name(name): "admin" for name in IDENTITY_HEADERS}


@pytest.mark.parametrize("peer", ["198.51.100.66", "10.0.0.1"])
def test_at_a_provider_no_header_logs_anybody_in(peer, admin_user):
    assert admin_user.get_username() == "admin"
    with override_settings(**PROVIDERS):
        assert Client().get("/", REMOTE_ADDR=peer, **ADMIN).content == b"user="
        request = Request(RequestFactory().get("/", REMOTE_ADDR=peer, **ADMIN))
        assert XSessionTokenAuthentication().authenticate(request) is None
        assert OIDCAuthentication().authenticate(request) is None
        assert find_logins() == []


def names_in(package):
    """Return the META keys that the texts in a package's code spell."""
    (root,) = find_spec(package).submodule_search_locations
    return {
        meta_name(part.value.removeprefix("HTTP_"))
        for path in Path(root).rglob("*.py")
        if "tests" not in path.relative_to(root).parts
        for part in ast.walk(ast.parse(path.read_text()))
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


@pytest.mark.parametrize(
    ("package", "read"),
    [
        ("allauth", {"HTTP_AUTHORIZATION", "HTTP_X_SESSION_TOKEN", "HTTP_X_FORWARDED_FOR"}),
        ("mozilla_django_oidc", {"HTTP_X_REQUESTED_WITH"}),
    ],
)
def test_the_code_for_a_provider_names_no_identity_header(package, read):
    assert read <= names_in(package)
    assert names_in(package) & ADMIN.keys() == set()
