"""Projects whose packages are imported only once they are configured."""

import contextlib
import importlib

from django.conf import settings
from django.test import override_settings


def reload_all(modules):
    """Make modules read the settings again that they read at their import."""
    for module in modules:
        importlib.reload(importlib.import_module(module))


@contextlib.contextmanager
def project(case):
    """Configure a project for one case of a package."""
    chosen = {"REST_FRAMEWORK": {}, "MIDDLEWARE": [*settings.MIDDLEWARE, *case.package.middleware]}
    try:
        with override_settings(**{**chosen, **case.settings}):
            for name in [name for name in dir(settings) if name.startswith("AXES_IPWARE_")]:
                if name not in case.settings:  # django-axes put it there
                    delattr(settings, name)
            reload_all(case.package.frozen)
            yield
    finally:
        reload_all(case.package.frozen)
