SECRET_KEY = "public"
ALLOWED_HOSTS = ["testserver"]
USE_TZ = True
ROOT_URLCONF = "consumer.urls"
INSTALLED_APPS = ["django_trustedproxy"]
MIDDLEWARE = [
    "django_trustedproxy.middleware.TrustedProxyMiddleware",
    "django.middleware.common.CommonMiddleware",
]
TRUSTED_PROXIES = ["10.0.0.0/8"]
TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
TRUSTED_PROXY_REJECT = ["malformed"]
