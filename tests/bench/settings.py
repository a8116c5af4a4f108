"""Settings of the benchmark: each package set up for one proxy, as its documentation says."""

SECRET_KEY = "public"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_trustedproxy"]
ALLAUTH_TRUSTED_PROXY_COUNT = 1
REST_FRAMEWORK = {"NUM_PROXIES": 1}
XFF_TRUSTED_PROXY_DEPTH = 1
# Some workloads are what a wrong configuration looks like, and the log would tell so.
LOGGING = {"version": 1, "loggers": {"django_trustedproxy": {"level": "ERROR"}}}
