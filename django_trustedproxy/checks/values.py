"""What the names and conditions of a function stand for, under the settings in force.

A name stands for a text of its module, for a parameter, or for what is assigned to it last. What
only a request can tell is not known.
"""

from __future__ import annotations

import ast
import operator
import re
from inspect import getattr_static, isclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import FunctionType

# What the request's mappings are known by: META and environ, request.headers, request.scope.
REQUEST, HEADERS, SCOPE = object(), object(), object()
UNKNOWN = object()
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

_MAPPING_NAME = re.compile(r"(?:^|_)(?:meta|environ|env|scope)$", re.IGNORECASE)
_RESPONSE_NAME = re.compile(r"res(?:p|ponse)?$", re.IGNORECASE)
# Nothing else is asked for its value: a lazy object would be evaluated.
_COLLECTIONS = (list, tuple, set, frozenset)
_PLAIN = (str, bool, int, type(None), dict, *_COLLECTIONS)
_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
# How many texts a method takes that makes one of another.
_WORDS = {"upper": 0, "replace": 2}
_MOST_TEXTS = 100
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Attributes(Protocol):
    """What is known of the attributes of the object whose functions are read."""

    def value(self, name: str) -> object:
        """Return the value, or `UNKNOWN`."""

    def meaning(self, name: str) -> frozenset[object]:
        """Return what it can be, as `Names.meaning` does."""


class Names:
    """A function, with what its names stand for.

    `attributes` answers for what the function reads from `self`.
    """

    def __init__(self, node: ast.AST, function: FunctionType, attributes: Attributes) -> None:
        self.module = function.__globals__
        self.parts = list(ast.walk(node))
        self.parents = {child: part for part in self.parts for child in ast.iter_child_nodes(part)}
        self._attributes = attributes
        self._assigned: dict[str, list[ast.expr]] = {}
        self._known: dict[str, frozenset[object]] = {}
        self._asked: set[str] = set()

    def learn(self) -> None:
        """Note what the names stand for, which the attributes must be there for."""
        for part in self.parts:
            if isinstance(part, ast.arg):
                # A parameter is taken for the request's mapping by its name alone.
                is_mapping = _MAPPING_NAME.search(part.arg)
                self._known[part.arg] = frozenset({REQUEST} if is_mapping else ())
        for name, value, is_whole in assignments(self.parts):
            if is_whole:
                self._assigned.setdefault(name, []).append(value)
            self._known[name] = frozenset()
        for name, values in self._assigned.items():
            self._known[name] = self.meaning(values[-1])
        for part in self.parts:
            if isinstance(part, (ast.For, ast.AsyncFor)) and isinstance(part.target, ast.Name):
                self._known[part.target.id] = self.meaning(part.iter)

    def meaning(  # noqa: C901, PLR0911 - a form of expression each
        self, expr: ast.expr | None
    ) -> frozenset[object]:
        """Return the texts that an expression can be, or what marks a mapping of the request's.

        What cannot be told, such as a copy of META, means nothing.
        """
        match expr:
            case ast.Attribute(value=ast.Name(id="os")):
                return frozenset()
            case ast.Attribute(attr="META" | "environ"):
                return frozenset({REQUEST})
            case ast.Attribute(value=ast.Attribute() | ast.Name() as owner, attr="get"):
                return self.meaning(owner)  # a method of a mapping, kept under a name
            case ast.Attribute(attr="scope"):
                return frozenset({SCOPE})
            case ast.Attribute(attr="headers", value=owner):
                return frozenset(() if _RESPONSE_NAME.search(name_of(owner)) else {HEADERS})
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
                found = self._once(f".{attr}", lambda: self._attributes.meaning(attr))
                return found if isinstance(found, frozenset) else frozenset()
            case ast.Name(id=name) if name in self._known:
                return self._known[name]
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return frozenset().union(*map(self.meaning, parts))
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self._joined([left, right])
            case ast.JoinedStr(values=parts):
                return self._joined(parts)
            case ast.FormattedValue(value=part):
                return self.meaning(part)
            case ast.Call(func=ast.Attribute(value=text, attr="upper" | "replace" as how)):
                words = texts(self.value(each) for each in expr.args)
                is_right = len(words) == len(expr.args) == _WORDS[how]
                found = texts(self.meaning(text)) if is_right else []
                return frozenset(getattr(each, how)(*words) for each in found)
        return meaning_of(self.value(expr))

    def _joined(self, parts: list[ast.expr]) -> frozenset[object]:
        found = [texts(self.meaning(part)) for part in parts]
        is_short = prod(map(len, found)) <= _MOST_TEXTS
        return frozenset(map("".join, product(*found)) if is_short else ())

    def value(self, expr: ast.expr | None) -> object:  # noqa: PLR0911 - the same
        """Return the value of an expression of settings and constants, or `UNKNOWN`."""
        match expr:
            case ast.Constant(value=value):
                return value
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if self._is_settings(name):
                return plain(getattr(settings, attr, UNKNOWN))
            case ast.Call(
                func=ast.Name(id="getattr"),
                args=[ast.Name(id=name), ast.Constant(value=str(attr)), *default],
            ) if self._is_settings(name):
                otherwise = self.value(default[0]) if default else UNKNOWN
                return plain(getattr(settings, attr, otherwise))
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
                return self._once(f".{attr}", lambda: self._attributes.value(attr))
            case ast.Attribute(value=ast.Name(id=name), attr=attr):
                owner = self.module.get(name)
                return plain(getattr_static(owner, attr, UNKNOWN)) if isclass(owner) else UNKNOWN
            case ast.Name(id=name):
                return self._value_of_name(name)
            case ast.Compare(left=left, ops=[test], comparators=[right]):
                return _compared(test, self.value(left), self.value(right))
        return UNKNOWN

    def _value_of_name(self, name: str) -> object:
        if name not in self._known:
            return plain(self.module.get(name, UNKNOWN))
        match self._assigned.get(name):
            case [value]:
                return self._once(name, lambda: self.value(value))
        return UNKNOWN

    def _is_settings(self, name: str) -> bool:
        # Imported in the function itself, it is no name of the module.
        return self.module.get(name, settings if name == "settings" else None) is settings

    def _once(self, name: str, ask: Callable[[], object]) -> object:
        """Find what a name stands for, unless that is already in progress."""
        if name in self._asked:
            return UNKNOWN
        self._asked.add(name)
        try:
            return ask()
        finally:
            self._asked.remove(name)

    def truth(self, test: ast.expr) -> bool | None:
        """Tell whether a condition holds under these settings, or None if a request decides."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = self.truth(operand)
                return None if truth is None else not truth
            case ast.BoolOp(op=op, values=parts):
                truths = [self.truth(part) for part in parts]
                decisive = isinstance(op, ast.Or)
                if decisive in truths:
                    return decisive
                return None if None in truths else not decisive
            case ast.Name(id=name) if values := self._assigned.get(name):
                found = self._once(name, lambda: self._common_truth(values))
                return None if found is UNKNOWN else bool(found)
        value = self.value(test)
        return None if value is UNKNOWN else bool(value)

    def _common_truth(self, values: list[ast.expr]) -> object:
        """Return what all the values have in common that can be assigned under these settings."""
        truths = {self.truth(value) for value in values if self.is_reached(value)}
        return UNKNOWN if None in truths or len(truths) != 1 else truths.pop()

    def branches(self, node: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
        """Yield the conditions on the way to a node, each with the answer that leads there."""
        for parent, child, before in self._steps(node):
            if isinstance(parent, (ast.If, ast.IfExp)) and child is not parent.test:
                yield parent.test, child is parent.body or child in _list(parent, "body")
            for each in before:
                if isinstance(each, ast.If):
                    for block, wanted in ((each.body, False), (each.orelse, True)):
                        if block and isinstance(block[-1], _ENDS):
                            yield each.test, wanted

    def _steps(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, list[ast.AST]]]:
        """Yield what a node is in, from the inside, with what is run there before it."""
        child = node
        while parent := self.parents.get(child):
            before: list[ast.AST] = []
            for name in ("body", "orelse", "finalbody"):
                siblings = _list(parent, name)
                before += siblings[: siblings.index(child)] if child in siblings else []
            yield parent, child, before
            child = parent

    def is_reached(self, node: ast.AST) -> bool:
        """Tell whether a node can be reached under these settings."""
        return all(self.truth(test) is not (not wanted) for test, wanted in self.branches(node))

    def is_certain(self, node: ast.AST) -> bool:
        """Tell whether these settings alone lead to a node."""
        for parent, _, before in self._steps(node):
            for each in before:
                leaves = any(isinstance(part, _ENDS) for part in ast.walk(each))
                if leaves and not (isinstance(each, ast.If) and isinstance(each.body[-1], _ENDS)):
                    return False
            if isinstance(parent, ast.ExceptHandler):
                return False
        return all(self.truth(test) is wanted for test, wanted in self.branches(node))

    def is_local(self, name: str) -> bool:
        """Tell whether a name stands for something of the function's own."""
        return name in self._known


def assignments(parts: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr, bool]]:
    """Yield the names that are assigned to, with the value, and whether it is the name's own."""
    for part in parts:
        targets: Sequence[ast.expr]
        match part:
            case ast.Assign(targets=targets, value=value):
                pass
            case (
                ast.AnnAssign(target=one, value=ast.expr() as value)
                | ast.NamedExpr(target=one, value=value)
                | ast.AugAssign(target=one, value=value)
            ):
                targets = [one]
            case _:
                continue
        for target in targets:
            for each in ast.walk(target):
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                    is_whole = each is target and not isinstance(part, ast.AugAssign)
                    yield each.id, value, is_whole


def meaning_of(value: object) -> frozenset[object]:
    """Return the text that a value is, or the texts that it has."""
    return frozenset(texts(value if isinstance(value, _COLLECTIONS) else [value]))


def texts(values: Iterable[object]) -> list[str]:
    """Return the texts among some values, and no lazy ones."""
    return [each for each in values if type(each) is str]


def name_of(node: object) -> str:
    """Return the name that a name or an attribute ends in, or the empty text."""
    return getattr(node, "attr", getattr(node, "id", ""))


def plain(value: object) -> object:
    """Return a value that can be looked at without running anything, else `UNKNOWN`."""
    return value if type(value) in _PLAIN else UNKNOWN


def _compared(test: ast.cmpop, left: object, right: object) -> object:
    if UNKNOWN in (left, right) or type(test) not in _OPERATORS:
        return UNKNOWN
    try:
        return _OPERATORS[type(test)](left, right)
    except TypeError:  # it fails there too
        return UNKNOWN


def _list(parent: ast.AST, name: str) -> list[ast.AST]:
    found = getattr(parent, name, None)
    return found if isinstance(found, list) else []
