"""What our checks find under some settings."""

import re

from django.core.checks import Tags, run_checks
from django.test import override_settings

from tests.stack import ROOT


def ours(*, deploy=False, **settings):
    """Run the checks under some settings and return our messages."""
    with override_settings(**settings):
        found = run_checks(tags=[Tags.security], include_deployment_checks=deploy)
    return [message for message in found if message.id.startswith("trustedproxy.")]


def ids(**settings):
    return [message.id.removeprefix("trustedproxy.") for message in ours(**settings)]


def ids_in_the_code():
    """Return the id of every finding that there can be."""
    code = "".join(path.read_text() for path in (ROOT / "django_trustedproxy").rglob("*.py"))
    return set(re.findall(r'"trustedproxy\.([EW]\d{3})"', code))
