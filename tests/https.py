"""The middleware that looks at the scheme, and what it says of another origin."""

MIDDLEWARE = [
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
NO_MATCH = "Origin checking failed - {} does not match any trusted origins."
