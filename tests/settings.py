"""The settings of the tests: a project that trusts 10.0.0.0/8 and has one view that echoes."""

SECRET_KEY = "tests"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
INSTALLED_APPS = ["django_trustedproxy"]
MIDDLEWARE = ["django_trustedproxy.middleware.TrustedProxyMiddleware"]
TRUSTED_PROXIES = ["10.0.0.0/8"]
