"""What our checks find under some settings."""

import re
import sys
from types import ModuleType

from django.core.checks import Tags, run_checks
from django.test import override_settings

from django_trustedproxy.pages import page_of_check
from tests.stack import ROOT

HERE = {"ROOT_URLCONF": "site_of_test.urls"}
OUR_WRAPPER = "from django_trustedproxy.wsgi import TrustedProxy\napplication = TrustedProxy(1)"


def ours(*, deploy=False, **settings):
    """Run the checks under some settings; return our messages, without the page that each names."""
    with override_settings(**settings):
        found = run_checks(tags=[Tags.security], include_deployment_checks=deploy)
    messages = [message for message in found if message.id.startswith("trustedproxy.")]
    for message in messages:
        hint, see, page = message.hint.partition(" See https://")
        assert f"{see}{page}" == f" See {page_of_check(message.id)}"
        assert "README" not in hint
        message.hint = hint
    return messages


def ids(**settings):
    return [message.id.removeprefix("trustedproxy.") for message in ours(**settings)]


def ids_in_the_code():
    """Return the id of every finding that there can be."""
    code = "".join(path.read_text() for path in (ROOT / "django_trustedproxy").rglob("*.py"))
    return set(re.findall(r'"trustedproxy\.([EW]\d{3})"', code))


def put_class(monkeypatch, path, base=object):
    """Make a class importable by a path."""
    module_name, _, name = path.rpartition(".")
    parts = module_name.split(".")
    for end in range(1, len(parts) + 1):
        package = ".".join(parts[:end])
        if package not in sys.modules:
            monkeypatch.setitem(sys.modules, package, ModuleType(package))
    new = type(name, (base,), {"__module__": module_name})
    monkeypatch.setattr(sys.modules[module_name], name, new, raising=False)
    return path
