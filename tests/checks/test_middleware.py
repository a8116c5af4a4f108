"""Checks of MIDDLEWARE: each fires on the real thing and stays silent on the near miss."""

import pytest
from django.core.checks import Warning  # noqa: A004 - Django's own name
from django.middleware.security import SecurityMiddleware

from django_trustedproxy.checks import middleware
from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE, READERS
from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.checks.findings import ids, ours, put_class


class OurSubclass(TrustedProxyMiddleware):
    """What a project may make of ours."""


class SecuritySubclass(SecurityMiddleware):
    """What a project may make of Django's."""


def instrumentation(get_response):
    """Wrap the chain as tracing packages do, reading nothing."""
    return get_response


def test_our_middleware_missing_is_a_warning():
    assert ours(MIDDLEWARE=["django.middleware.security.SecurityMiddleware"]) == [middleware.W003]


@pytest.mark.parametrize(
    "path",
    [
        "django_trustedproxy.middlewares.TrustedProxyMiddleware",
        "django_trustedproxy.middleware.TrustedProxy",
        "django_trustedproxy.wsgi.TrustedProxy",
        "trustedproxy.middleware.TrustedProxyMiddleware",
        "django_trusted_proxy.middleware.TrustedProxyMiddleware",
    ],
)
def test_a_path_that_is_nearly_ours_is_a_warning_with_the_right_one(path):
    assert ours(MIDDLEWARE=[path]) == [
        Warning(
            f"'{path}' in MIDDLEWARE is not a middleware of django-trustedproxy.",
            hint=f"Write '{OUR_MIDDLEWARE}' instead, first in MIDDLEWARE.",
            id="trustedproxy.W003",
        )
    ]


def test_the_name_at_the_root_of_the_package_is_ours():
    assert ids(MIDDLEWARE=["django_trustedproxy.TrustedProxyMiddleware"]) == []


def test_a_middleware_of_a_like_name_that_can_be_imported_is_none_of_ours(monkeypatch):
    path = put_class(monkeypatch, "mysite.trusted_proxy.Middleware")
    assert ids(MIDDLEWARE=[OUR_MIDDLEWARE, path]) == []


def test_our_middleware_twice_is_a_warning():
    assert ours(MIDDLEWARE=[OUR_MIDDLEWARE, OUR_MIDDLEWARE]) == [middleware.W004]
    assert ids(MIDDLEWARE=[OUR_MIDDLEWARE, "tests.checks.test_middleware.OurSubclass"]) == ["W004"]


def test_a_subclass_is_ours():
    assert ids(MIDDLEWARE=["tests.checks.test_middleware.OurSubclass"]) == []


def test_a_reader_before_ours_is_a_warning():
    path = "django.middleware.security.SecurityMiddleware"
    assert ours(MIDDLEWARE=[path, OUR_MIDDLEWARE]) == [
        Warning(
            f"'{path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE and reads the scheme and the "
            "host, which is then the proxy's or forged.",
            hint=f"Put '{OUR_MIDDLEWARE}' before '{path}', ideally first.",
            id="trustedproxy.W005",
        )
    ]


@pytest.mark.parametrize(
    "path", [path for path in READERS if path.startswith(("django.", "debug_"))]
)
def test_every_known_reader_is_found_before_ours_and_not_after(path, settings):
    settings.STATIC_URL = "/static/"
    settings.INSTALLED_APPS = [
        *settings.INSTALLED_APPS,
        "django.contrib.contenttypes",
        "django.contrib.sites",
        "django.contrib.staticfiles",
        "debug_toolbar",
    ]
    assert ids(MIDDLEWARE=[path, OUR_MIDDLEWARE]) == ["W005"]
    assert ids(MIDDLEWARE=[OUR_MIDDLEWARE, path]) == []


@pytest.mark.parametrize(
    "path", [path for path in READERS if not path.startswith(("django.", "debug_"))]
)
def test_a_reader_is_known_by_where_it_is_defined(path, monkeypatch):
    put_class(monkeypatch, path)
    assert "W005" in ids(MIDDLEWARE=[path, OUR_MIDDLEWARE])
    assert "W005" not in ids(MIDDLEWARE=[OUR_MIDDLEWARE, path])


def test_a_subclass_of_a_reader_is_found():
    path = "tests.checks.test_middleware.SecuritySubclass"
    assert ids(MIDDLEWARE=[path, OUR_MIDDLEWARE]) == ["W005"]


def test_instrumentation_before_ours_is_fine():
    assert ids(MIDDLEWARE=["tests.checks.test_middleware.instrumentation", OUR_MIDDLEWARE]) == []


def test_a_middleware_that_cannot_be_imported_is_left_to_the_server():
    assert ids(MIDDLEWARE=["no.such.Middleware", OUR_MIDDLEWARE]) == []
