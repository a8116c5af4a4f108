"""The Django app: it registers the system checks, and lends what they know to the explanations."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from . import checks, explanation


class TrustedProxyConfig(AppConfig):
    """The app `django_trustedproxy`, labelled `trustedproxy`."""

    name = "django_trustedproxy"
    label = "trustedproxy"
    verbose_name = "Trusted proxy"

    def ready(self) -> None:
        """Register the checks under the tag `security`, and let explanations know the logins."""
        for check in checks.ALL:
            register(check, Tags.security)
        for check in checks.DEPLOY:
            register(check, Tags.security, deploy=True)
        explanation.find_login_keys = checks.identity.login_keys
