"""Reading other code without running it: who writes REMOTE_ADDR, and who calls what.

The syntax tree is read and not the bytecode, because only it tells the request's META from a log
record that happens to have the same key.
"""

from __future__ import annotations

import ast
import linecache
import re
from contextlib import suppress
from functools import lru_cache, partial, partialmethod
from importlib.util import find_spec
from inspect import getattr_static
from pathlib import Path
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = "REMOTE_ADDR"
_MAPPINGS = frozenset({"META", "environ"})
# A parameter is taken for the request's mapping by its name alone.
_MAPPING_NAME = re.compile(r"(?:^|_)(?:meta|environ|env|scope)$", re.IGNORECASE)
_MOST_OBJECTS = 300
_KNOWN_WRAPPERS = (MethodType, classmethod, staticmethod, property, partial, partialmethod)


class Place(NamedTuple):
    """A line of a file."""

    filename: str
    line: int

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}"


def find_store(middleware: object) -> Place | None:
    """Return the first place where a middleware writes REMOTE_ADDR, or None. Never raises.

    Follows a class to its methods, a function to those that it encloses or wraps, and both to
    the functions of the same module that they name. Code without a source file is not read.
    """
    try:
        return next(_stores(middleware), None)
    except Exception:  # noqa: BLE001 - code can be built in any way, and a check must not fail on it
        return None


# isinstance() would ask a lazy object of Django's for its class, and so evaluate it.
def _is_class(item: object) -> TypeGuard[type]:
    return issubclass(type(item), type)


def _is_function(item: object) -> TypeGuard[FunctionType]:
    return type(item) is FunctionType


def _is_code(item: object) -> bool:
    return _is_class(item) or type(item) in (FunctionType, MethodType)


def _stores(middleware: object) -> Iterator[Place]:
    queue: list[object] = [middleware]
    if not _is_code(middleware):
        queue.append(type(middleware))  # an instance that is called
    seen: list[object] = []
    while queue and len(seen) < _MOST_OBJECTS:
        item = queue.pop(0)
        if any(item is other for other in seen):
            continue
        seen.append(item)
        if _is_class(item):
            queue += _methods(item)
        elif _is_function(item):
            queue += _enclosed(item)
            for node in _definitions(item):
                function = _Function(node, item)
                for part in ast.walk(node):
                    if function.is_store(part):
                        yield Place(item.__code__.co_filename, part.lineno)  # type: ignore[attr-defined] # an expression
                queue += function.helpers()
        else:
            queue += _unwrapped(item)


def _methods(cls: type) -> list[object]:
    """Return what runs on an instance: for each name the nearest definition.

    What that one overrides counts only if it calls it.
    """
    found: list[object] = []
    names = {name for klass in cls.__mro__[:-1] for name in vars(klass)}
    for name in sorted(names):
        for klass in cls.__mro__[:-1]:
            if name in vars(klass):
                value = vars(klass)[name]
                if not _is_class(value):
                    found.append(value)
                if not _calls_super(value):
                    break
    return found


def _calls_super(value: object) -> bool:
    functions = [value] if _is_function(value) else _unwrapped(value)
    return any(
        isinstance(part, ast.Name) and part.id == "super"
        for function in functions
        if _is_function(function)
        for node in _definitions(function)
        for part in ast.walk(node)
    )


def _enclosed(function: FunctionType) -> list[object]:
    """Return the functions and classes that a decorator's wrapper or a factory's product holds."""
    found: list[object] = [getattr(function, "__wrapped__", None)]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name != "__class__":  # which super() holds, with all that the class overrides
            with suppress(ValueError):  # not filled yet
                found.append(cell.cell_contents)
    return [item for item in found if _is_code(item)]


def _unwrapped(item: object) -> list[object]:
    """Return the function inside a method, a property, a partial or another wrapper."""
    names = ("__func__", "func", "fget", "__wrapped__")
    # Of a known kind, or asked statically: nothing of the project's own may run.
    ask = getattr if type(item) in _KNOWN_WRAPPERS else getattr_static
    found = [ask(item, name, None) for name in names]
    return [value for value in found if _is_code(value)]


@lru_cache(maxsize=64)
def _functions_of(source: str) -> dict[tuple[str, int], list[ast.AST]]:
    """Return the functions of a module by name and first line, that of the first decorator."""
    found: dict[tuple[str, int], list[ast.AST]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = [node.lineno, *(decorator.lineno for decorator in node.decorator_list)]
            found.setdefault((node.name, min(lines)), []).append(node)
        elif isinstance(node, ast.Lambda):
            found.setdefault(("<lambda>", node.lineno), []).append(node)
    return found


def _definitions(function: FunctionType) -> list[ast.AST]:
    code = function.__code__
    source = "".join(linecache.getlines(code.co_filename, function.__globals__))
    return _functions_of(source).get((code.co_name, code.co_firstlineno), [])


class _Function:
    """One function's syntax tree, with the functions nested in it."""

    def __init__(self, node: ast.AST, function: FunctionType) -> None:
        self.node = node
        self.function = function
        self.parameters = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
        self.values: dict[str, list[ast.expr]] = {}
        for part in ast.walk(node):
            if isinstance(part, ast.Assign):
                self._note(part.targets, part.value)
            elif isinstance(part, (ast.AnnAssign, ast.NamedExpr)) and part.value is not None:
                self._note([part.target], part.value)

    def _note(self, targets: list[ast.expr], value: ast.expr) -> None:
        for target in targets:
            if isinstance(target, ast.Name):
                self.values.setdefault(target.id, []).append(value)

    def is_store(self, part: ast.AST) -> bool:
        """Tell whether a node writes the key into the request's mapping."""
        if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            return self._is_key(part.slice) and self._is_mapping(part.value)
        if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Attribute):
            return False
        if part.func.attr == "__setitem__" and part.args:
            return self._is_key(part.args[0]) and self._is_mapping(part.func.value)
        if part.func.attr == "update":
            has_key = any(keyword.arg == _KEY for keyword in part.keywords) or any(
                key is not None and self._is_key(key)
                for argument in part.args
                if isinstance(argument, ast.Dict)
                for key in argument.keys
            )
            return has_key and self._is_mapping(part.func.value)
        return False

    def _is_key(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return bool(node.value == _KEY)
        if not isinstance(node, ast.Name) or node.id in self.parameters:
            return False
        if node.id in self.values:
            return all(
                isinstance(v, ast.Constant) and v.value == _KEY for v in self.values[node.id]
            )
        return bool(self.function.__globals__.get(node.id) == _KEY)

    def _is_mapping(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Tell whether an expression is META or environ itself, and no copy or other dict."""
        if isinstance(node, ast.Attribute):
            is_process = isinstance(node.value, ast.Name) and node.value.id == "os"
            return node.attr in _MAPPINGS and not is_process
        if not isinstance(node, ast.Name) or node.id in seen:
            return False
        if node.id in self.values:
            seen |= {node.id}
            return any(self._is_mapping(value, seen) for value in self.values[node.id])
        return node.id in self.parameters and bool(_MAPPING_NAME.search(node.id))

    def helpers(self) -> list[object]:
        """Return the functions of the same module that are named here."""
        names = {part.id for part in ast.walk(self.node) if isinstance(part, ast.Name)}
        known = [self.function.__globals__.get(name) for name in sorted(names - self.parameters)]
        return [
            item
            for item in known
            if _is_function(item) and item.__module__ == self.function.__module__
        ]


class Call(NamedTuple):
    """A call in a module's source: the full name of what is called, and its constant arguments."""

    name: str
    keywords: dict[str, object]
    place: Place


def find_calls(module: str) -> list[Call]:
    """Return the calls in the source of a module, which is not imported; its package may be.

    Only what the module itself imports has a full name. A module that cannot be found or read
    has no calls. Never raises.
    """
    try:
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            return []
        tree = ast.parse(Path(spec.origin).read_bytes())
    except Exception:  # noqa: BLE001 - the server fails on it at its start, and says why
        return []
    names = dict(_imported(tree))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [
        Call(name, _constants(call), Place(spec.origin, call.lineno))
        for call in calls
        if (name := _full_name(call.func, names))
    ]


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
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
