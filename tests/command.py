"""Runs the command, and returns what it prints."""

import io
from unittest.mock import patch

from django.core.management import call_command
from django.test import override_settings


def ask(*arguments, pasted="", **settings):
    """Run the command with what is pasted into standard input."""
    out, stdin = io.StringIO(), io.TextIOWrapper(io.BytesIO(pasted.encode()))
    with override_settings(**settings), patch("sys.stdin", stdin):
        call_command("trustedproxy", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def show(*arguments, **settings):
    return ask("show", *arguments, **settings)
