"""The packages that the checks know, a file each: how it is used and asked, and with which settings
its answer is wrong or right.

The files import no package before they ask it, so that `make test` can read them without any. There the
packages are empty ones; `make test-agreement` has the real ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

import pytest

# What a package answers where the question does not arise.
NOBODY = "nobody"
# What a package answers instead of the address, in a word.
A_PROXY, THE_HEADER, NOTHING, FORGED_ONE = "a proxy", "the header", "nothing", "a forged address"
ANONYMOUS = "a network"

NO_LIST = [{"TRUSTED_PROXY_KEEP_HEADER": False}, {"TRUSTED_PROXY_HEADER": "X-Real-IP"}]


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that the checks know."""

    # What has to be importable, and what a project lists to use it.
    modules: tuple[str, ...]
    apps: tuple[str, ...] = ()
    middleware: tuple[str, ...] = ()
    # What it cannot start without, none of it about addresses.
    settings: Mapping[str, object] = field(default_factory=dict)
    # Its modules that read the settings at their import.
    frozen: tuple[str, ...] = ()
    # Returns the address that the package concludes of a request, by its own code.
    ask: Callable
    # By id of the check: settings that are wrong, near misses that are not, and what it then does.
    wrong: Mapping[str, list]
    right: Mapping[str, list]
    effects: Mapping[str, set]


class Case(NamedTuple):
    """Settings of a package that a check is about."""

    package: Package
    name: str
    settings: Mapping[str, object]


def packages():
    """Return the packages of all files in this folder."""
    names = sorted(module.name for module in iter_modules(__path__))
    return [import_module(f"{__name__}.{name}").PACKAGE for name in names]


def by_id():
    return {name: package for package in packages() for name in package.wrong}


def cases(kind):
    """Return the cases of a kind, "wrong" or "right", as parameters."""
    return [
        pytest.param(Case(package, name, settings), id=f"{name}-{settings}")
        for package in packages()
        for name, found in getattr(package, kind).items()
        for settings in found
    ]
