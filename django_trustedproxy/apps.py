"""The Django app: its only work is to register the system checks."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from . import checks


class TrustedProxyConfig(AppConfig):
    """The app `django_trustedproxy`, labelled `trustedproxy`."""

    name = "django_trustedproxy"
    label = "trustedproxy"
    verbose_name = "Trusted proxy"

    def ready(self) -> None:
        """Register the checks under the tag `security`."""
        for check in checks.ALL:
            register(check, Tags.security)
        for check in checks.DEPLOY:
            register(check, Tags.security, deploy=True)
