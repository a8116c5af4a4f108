"""A project with every package of the table installed; what a row needs beyond that is in the row."""

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
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "auditlog",
    "axes",
    "cms",
    "debug_toolbar",
    "defender",
    "django_recaptcha",
    "django_rest_passwordreset",
    "django_structlog",
    "easyaudit",
    "hitcount",
    "iprestrict",
    "lockdown",
    "maintenance_mode",
    "menus",
    "ninja_extra",
    "rest_framework",
    "sekizai",
    "tracking",
    "treebeard",
    "user_sessions",
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

# What the packages cannot start without. None of it is about addresses.
AXES_ENABLED = False  # or it would count the logins of the other rows
CMS_CONFIRM_VERSION4 = True
DEFENDER_REDIS_NAME = "redis"
IPRESTRICT_GEOIP_ENABLED = False
LOCKDOWN_PASSWORDS = ["tests"]
NINJA_EXTRA = {}  # or override_settings could not end
RECAPTCHA_PUBLIC_KEY = RECAPTCHA_PRIVATE_KEY = "tests"
REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"anon": "3/day"}}
ROLLBAR = {"access_token": "tests", "environment": "tests", "handler": "blocking"}
SITE_ID = 1
