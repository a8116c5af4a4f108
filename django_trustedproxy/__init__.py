"""REMOTE_ADDR that no client can forge, for Django behind a reverse proxy.

The names in `__all__` are public, and so are `wsgi.TrustedProxy`, `asgi.TrustedProxy`, `testing`,
`panels`, the settings, the command, the logger, the ids of the checks, and the key "trusted_proxy"
in an environ or scope. Everything else may change in any release.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .engine.answer import Answer, Outcome

if TYPE_CHECKING:
    from .exceptions import RejectedByTrustedProxy
    from .log import counts
    from .middleware import TrustedProxyMiddleware, get_trusted_proxy

    __version__: str

__all__ = [
    "Answer",
    "Outcome",
    "RejectedByTrustedProxy",
    "TrustedProxyMiddleware",
    "__version__",
    "counts",
    "get_trusted_proxy",
]

# Imported when they are asked for, as they import Django, and this module comes before settings.
_LAZY = {
    "RejectedByTrustedProxy": "exceptions",
    "TrustedProxyMiddleware": "middleware",
    "counts": "log",
    "get_trusted_proxy": "middleware",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("django-trustedproxy")
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
