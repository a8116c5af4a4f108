"""A project with every package of the table installed; what a row needs beyond that is in the row."""

from tests.neighbours import packages

PACKAGES = packages()

SECRET_KEY = "tests"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.agreement.urls"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING_CONFIG = None
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "django_trustedproxy",
    "auditlog",
    "debug_toolbar",
    "django_structlog",
    "hitcount",
    "maintenance_mode",
    "tracking",
    "user_sessions",
    *(app for package in PACKAGES for app in package.apps),
]
# What is installed in every row; ours comes before it, and the package's own middleware after.
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "tests.agreement.stores.remember_key",
    },
    "redis": {"BACKEND": "tests.agreement.stores.FakeRedis"},
}
TRUSTED_PROXIES = ["10.0.0.0/8"]

SITE_ID = 1

# What the packages cannot start without. None of it is about addresses.
for package in PACKAGES:
    globals().update(package.settings)
