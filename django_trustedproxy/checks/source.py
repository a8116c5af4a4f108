"""Reading other code without running it: its functions, who calls what, who imports what.

The syntax tree is read and not the bytecode, because only it tells the request's META from a log
record that happens to have the same key.
"""

from __future__ import annotations

import ast
import sys
from contextlib import suppress
from functools import cached_property, lru_cache, partial, partialmethod
from importlib.util import find_spec
from inspect import getattr_static
from pathlib import Path
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, NamedTuple

from django.utils import functional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.machinery import ModuleSpec

_MOST_OBJECTS = 300
_HELD_AS = {
    MethodType: "__func__",
    classmethod: "__func__",
    staticmethod: "__func__",
    property: "fget",
    cached_property: "func",
    functional.cached_property: "func",
    partial: "func",
    partialmethod: "func",
}


class Place(NamedTuple):
    """A line of a file."""

    filename: str
    line: int

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}"


def functions_of(middleware: object) -> Iterator[tuple[ast.AST, FunctionType]]:
    """Yield the functions that a middleware runs, each with its syntax tree.

    Follows a class to its methods, a function to those that it encloses or wraps, and both to
    the functions of the same module that they name. Code without a source file is not read.
    """
    queue: list[object] = [middleware, type(middleware)]  # which has the methods of an instance
    seen: dict[int, object] = {}
    while queue and len(seen) < _MOST_OBJECTS:
        item = queue.pop(0)
        if id(item) in seen:
            continue
        seen[id(item)] = item
        queue += _held_by(item)
        if type(item) is FunctionType:
            code = item.__code__
            for node in _functions_of(code.co_filename).get(code.co_firstlineno, []):
                yield node, item
                queue += _named_functions(node, item)


def _held_by(item: object) -> Iterator[object]:
    """Yield what a class, a function or a wrapper holds. Nothing of the project's own runs."""
    # isinstance() would ask a lazy object of Django's for its class, and so evaluate it.
    if issubclass(type(item), type):
        yield from _methods(item)  # type: ignore[arg-type] # a class
    if type(item) is FunctionType:
        for name, cell in zip(item.__code__.co_freevars, item.__closure__ or (), strict=True):
            # super() holds the class by this name, with all that the class overrides.
            if name != "__class__":
                with suppress(ValueError):  # not filled yet
                    yield cell.cell_contents
    if type(item) in _HELD_AS:
        yield getattr(item, _HELD_AS[type(item)])
    yield getattr_static(item, "__wrapped__", None)


def _methods(cls: type) -> Iterator[object]:
    """Yield what runs on an instance: for each name the nearest definition.

    What that one overrides counts only if it calls it.
    """
    classes = cls.__mro__[:-1]
    for name in sorted({name for klass in classes for name in vars(klass)}):
        for value in (vars(klass)[name] for klass in classes if name in vars(klass)):
            if not issubclass(type(value), type):
                yield value
            if type(value) is not FunctionType or "super" not in value.__code__.co_names:
                break


def _named_functions(node: ast.AST, function: FunctionType) -> Iterator[object]:
    """Yield the functions of the same module that one names."""
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    own = {part.id for part in names if isinstance(part.ctx, ast.Store)}
    for name in sorted({part.id for part in names} - own):
        item = function.__globals__.get(name)
        if type(item) is FunctionType and item.__module__ == function.__module__:
            yield item


@lru_cache(maxsize=64)
def _functions_of(filename: str) -> dict[int, list[ast.AST]]:
    """Return the functions of a file by their first line, which is that of the first decorator."""
    found: dict[int, list[ast.AST]] = {}
    for node in ast.walk(_parse(filename)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            lines = [node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]
            found.setdefault(min(lines), []).append(node)
    return found


def _parse(filename: str) -> ast.Module:
    """Return the syntax tree of a file, an empty one if it cannot be read."""
    try:
        return ast.parse(Path(filename).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        # What runs without a source is not read; what does not run fails elsewhere, and says why.
        return ast.Module([], [])


class Call(NamedTuple):
    """A call in a module's source: the full name of what is called, and its constant arguments."""

    name: str
    keywords: dict[str, object]
    place: Place


def find_calls(module: str) -> list[Call]:
    """Return the calls in the source of a module, which is not imported; its package may be.

    Only what the module itself imports has a full name. A module that cannot be found or read
    has no calls.
    """
    spec = _find(module)
    if spec is None or spec.origin is None:
        return []
    tree = _parse(spec.origin)
    names = dict(_imported(tree))
    return [
        Call(name, _constants(call), Place(spec.origin, call.lineno))
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and (name := _full_name(call.func, names))
    ]


def find_assignments(filename: str) -> dict[str, tuple[object, Place]]:
    """Return the names to which a file assigns a literal last, outside of functions."""
    assignments: list[ast.Assign | ast.AnnAssign] = []
    queue: list[ast.AST] = [_parse(filename)]
    for node in queue:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            assignments.append(node)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            queue += ast.iter_child_nodes(node)
    found: dict[str, tuple[object, Place]] = {}
    for node in sorted(assignments, key=lambda node: node.lineno):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and node.value:
                found.pop(target.id, None)  # only a literal is known
                with suppress(ValueError, TypeError):
                    found[target.id] = ast.literal_eval(node.value), Place(filename, node.lineno)
    return found


def is_importable(module: str) -> bool:
    """Tell whether there is a module or a package of this name. Packages around it are imported."""
    return module in sys.modules or _find(module) is not None


def is_used_beside(module: str, package: str) -> bool:
    """Tell whether a module, or another one in its folder, calls or extends what a package has."""
    spec = _find(module)
    if spec is None or spec.origin is None:
        return False
    for path in sorted(Path(spec.origin).parent.glob("*.py")):
        tree = _parse(str(path))
        names = dict(_imported(tree))
        for node in ast.walk(tree):
            used = [node.func] if isinstance(node, ast.Call) else getattr(node, "bases", [])
            if any((_full_name(each, names) or "").startswith(f"{package}.") for each in used):
                return True
    return False


def overrides(cls: type, method: str, base: str) -> bool:
    """Tell whether a class has a method of its own that leaves out the one of the module `base`."""
    function = getattr_static(cls, method, None)
    return (
        type(function) is FunctionType
        and function.__module__ != base
        and "super" not in function.__code__.co_names
    )


def _find(module: str) -> ModuleSpec | None:
    try:
        return find_spec(module)
    except Exception:  # noqa: BLE001 - its package is imported, which can raise anything
        return None


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that a module imports by full names, and those."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _full_name(node: ast.expr, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Attribute):
        owner = _full_name(node.value, names)
        return owner and f"{owner}.{node.attr}"
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _constants(call: ast.Call) -> dict[str, object]:
    return {
        keyword.arg: keyword.value.value
        for keyword in call.keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant)
    }
