"""Runs the command, and returns what it prints."""

import io

from django.core.management import call_command
from django.test import override_settings


def ask(*arguments, **settings):
    out = io.StringIO()
    with override_settings(**settings):
        call_command("trustedproxy", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def show(*arguments, **settings):
    return ask("show", *arguments, **settings)
