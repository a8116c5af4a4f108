"""What a middleware writes into a request, and which headers decide it: read, and not run.

A setting that is off switches off the code behind it, which is then not reported.
"""

from __future__ import annotations

import ast
import re
from inspect import getattr_static, isclass
from typing import TYPE_CHECKING, NamedTuple

from django_trustedproxy.engine.purposes import PURPOSES, meta_names
from django_trustedproxy.names import key_of

from .source import Place, functions_of
from .values import (
    FUNCTIONS,
    HEADERS,
    REQUEST,
    SCOPE,
    UNKNOWN,
    Names,
    assignments,
    meaning_of,
    name_of,
    plain,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FunctionType
    from typing import TypeVar

    Key = TypeVar("Key")

ADDRESS = "REMOTE_ADDR"
DECIDED = {ADDRESS: "client"} | {each.key: name for name, each in PURPOSES.items() if each.key}
"""The META keys that a decision is written to, each with its purpose."""

FORWARDING: frozenset[str] = frozenset().union(*map(meta_names, PURPOSES))

# What a middleware replaces on the request, with the META key whose value it overrides.
_REPLACED = {
    "_get_scheme": "wsgi.url_scheme",
    "is_secure": "wsgi.url_scheme",
    "_get_raw_host": "HTTP_HOST",
    "get_host": "HTTP_HOST",
    "_current_scheme_host": "HTTP_HOST",
    "build_absolute_uri": "HTTP_HOST",
    "get_port": "SERVER_PORT",
}
_REQUEST_NAME = re.compile(r"(?:^|_)(?:req|request)$")
# A value is handed on a few times at most: from a helper, through a name, into another one.
_ROUNDS = 4


class Write(NamedTuple):
    """A write of a META key, where it is, and the headers (META keys) that decide the value."""

    key: str
    place: Place
    headers: frozenset[str]


class _Store(NamedTuple):
    """An entry or attribute of the request that a node of the tree writes."""

    keys: set[str]
    value: ast.AST | None
    node: ast.expr


def writes_of(middleware: object) -> list[Write]:
    """Return the decided keys that a middleware writes, and the deciding headers that it writes."""
    code = _Code(middleware)
    stores = [(body, store) for body in code.bodies for store in body.stores()]
    if not stores or code.is_unused():
        return []
    code.settle()
    found: dict[tuple[str, Place], frozenset[str]] = {}
    for body, store in stores:
        if not body.is_used(store.node):
            continue
        headers = body.headers_in(store.value) | body.conditions(store.node)
        place = Place(body.filename, store.node.lineno)
        for where in ((key, place) for key in sorted(store.keys)):
            found[where] = found.get(where, frozenset()) | headers
    return [Write(key, place, headers) for (key, place), headers in found.items()]


class _Code:
    """The functions of a middleware, read together."""

    def __init__(self, middleware: object) -> None:
        self.owner = middleware if isclass(middleware) else type(middleware)
        self.bodies = [_Body(self, node, each) for node, each in functions_of(middleware)]
        for body in self.bodies:
            body.learn()
        # By name: the parameters of a function, and the headers in what it returns and is given.
        self.parameters: dict[str, list[str]] = {}
        self.returned: dict[str, frozenset[str]] = {}
        self.given: dict[tuple[str, str], frozenset[str]] = {}
        self.unused: set[str] = set()
        for part in (part for body in self.bodies for part in body.parts):
            if isinstance(part, FUNCTIONS):
                names = [each.arg for each in part.args.args]
                self.parameters[part.name] = names[names[:1] in (["self"], ["cls"]) :]

    def is_unused(self) -> bool:
        """Tell whether the middleware takes itself out of the chain under these settings."""
        return any(
            isinstance(part, ast.Raise)
            and name_of(getattr(part.exc, "func", part.exc)) == "MiddlewareNotUsed"
            and body.is_certain(part)
            for body in self.bodies
            for part in body.parts
        )

    def settle(self) -> None:
        """Follow values from the headers to the names, parameters and results that have them."""
        for _ in range(_ROUNDS):
            uses: dict[str, bool] = {}
            for body in self.bodies:
                body.spread()
                for name, node in body.uses():
                    uses[name] = uses.get(name, False) or body.is_used(node)
            self.unused = {name for name, is_used in uses.items() if not is_used}

    def value(self, name: str) -> object:
        """Return the value of an attribute of the middleware, or `UNKNOWN`."""
        found = self._assigned(name)
        return found[0].value(found[1]) if found else self._of_class(name)

    def meaning(self, name: str) -> frozenset[object]:
        """Return what an attribute of the middleware can be."""
        if found := self._assigned(name):
            return found[0].meaning(found[1])
        return meaning_of(self._of_class(name))

    def _assigned(self, name: str) -> tuple[_Body, ast.expr] | None:
        found = [(body, expr) for body in self.bodies for expr in body.assigned_to_self(name)]
        return found[0] if len(found) == 1 else None

    def _of_class(self, name: str) -> object:
        return plain(getattr_static(self.owner, name, UNKNOWN))


class _Body(Names):
    """A function, with the headers whose values its names have."""

    def __init__(self, code: _Code, node: ast.AST, function: FunctionType) -> None:
        self.code = code
        self.filename = function.__code__.co_filename
        self.headers: dict[str, frozenset[str]] = {}
        super().__init__(node, function, code)

    def stores(self) -> Iterator[_Store]:
        """Yield what the function writes into the request that affects the decision."""
        for part in self.parts:
            for keys, value in self._stores(part):
                about = keys & (DECIDED.keys() | FORWARDING)
                if about and isinstance(part, ast.expr):
                    yield _Store(about, value, part)

    def _stores(  # noqa: C901 - a form of writing each
        self, part: ast.AST
    ) -> Iterator[tuple[set[str], ast.AST | None]]:
        match part:
            case ast.Subscript(value=mapping, slice=key, ctx=ast.Store()):
                yield self._keys(mapping, key), self._assigned_value(part)
            case ast.Call(
                func=ast.Attribute(value=mapping, attr="__setitem__" | "setdefault"),
                args=[key, value],
            ):
                yield self._keys(mapping, key), value
            case ast.Call(func=ast.Attribute(value=mapping, attr="update")):
                for keyword in part.keywords:
                    yield self._keys(mapping, ast.Constant(keyword.arg)), keyword.value
                for given in part.args:
                    if isinstance(given, ast.Dict):
                        for name, each in zip(given.keys, given.values, strict=True):
                            yield self._keys(mapping, name), each
            case ast.Attribute(value=ast.Name(id=owner), attr=attr, ctx=ast.Store()):
                if attr in _REPLACED and _REQUEST_NAME.search(owner):
                    yield {_REPLACED[attr]}, self._assigned_value(part)
            case ast.Call(func=function, args=[value]):
                if name_of(function) == "set_script_prefix":
                    yield {"SCRIPT_NAME"}, value

    def _keys(self, mapping: ast.expr, key: ast.expr | None) -> set[str]:
        meaning, keys = self.meaning(mapping), set(texts(self.meaning(key)))
        if SCOPE in meaning:
            return {"wsgi.url_scheme"} if "scheme" in keys else set()
        return keys if REQUEST in meaning else set()

    def _assigned_value(self, node: ast.AST) -> ast.AST | None:
        while node in self.parents and not isinstance(node, ast.stmt):
            node = self.parents[node]
        return getattr(node, "value", None)

    def assigned_to_self(self, name: str) -> Iterator[ast.expr]:
        """Yield what the function assigns to an attribute of the middleware."""
        for part in (part for part in self.parts if isinstance(part, ast.Assign)):
            for target in part.targets:
                match target:
                    case ast.Attribute(value=ast.Name(id="self"), attr=attr) if attr == name:
                        yield part.value

    def uses(self) -> Iterator[tuple[str, ast.AST]]:
        """Yield the middleware's own functions that the function names, and where."""
        for part in self.parts:
            if (name := self._named(part)) in self.code.parameters:
                yield name, part

    def is_used(self, node: ast.AST) -> bool:
        """Tell whether a node can be reached, in a function that is used."""
        outer: ast.AST | None = node
        while outer:
            if isinstance(outer, FUNCTIONS) and outer.name in self.code.unused:
                return False
            outer = self.parents.get(outer)
        return self.is_reached(node)

    def _named(self, node: ast.AST) -> str:
        """Return the name by which a node can stand for a function of the middleware's own."""
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                return "" if self.is_local(name) else name
            case ast.Attribute(
                value=ast.Name(id="self" | "cls") | ast.Call(func=ast.Name(id="super")), attr=name
            ):
                return name
        return ""

    def conditions(self, node: ast.AST) -> frozenset[str]:
        """Return the forwarding headers that decide whether a node is reached."""
        tests = [test for test, _ in self.branches(node) if self.truth(test) is None]
        return frozenset().union(*map(self.headers_in, tests)) & FORWARDING

    def headers_in(self, node: ast.AST | None) -> frozenset[str]:
        """Return the META keys of the headers whose values an expression has."""
        found: set[str] = set()
        for part in ast.walk(node) if node else ():
            if isinstance(part, ast.Name):
                found |= self.headers.get(part.id, frozenset())
            found |= self.code.returned.get(self._named(part), frozenset())
            found.update(self._read(part))
        return frozenset(found)

    def _read(self, part: ast.AST) -> Iterator[str]:
        match part:
            case ast.Subscript(value=mapping, slice=key, ctx=ast.Load()):
                pass
            case ast.Call(func=ast.Attribute(value=mapping, attr="get" | "pop"), args=[key, *_]):
                pass
            case ast.Call(func=ast.Name() as mapping, args=[key, *_]):
                pass
            case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[mapping]):
                pass
            case _:
                return
        meaning = self.meaning(mapping)
        for text in texts(self.meaning(key)):
            is_header = HEADERS in meaning or (REQUEST in meaning and text.startswith("HTTP_"))
            if is_header and (header := key_of(text)):
                yield header

    def spread(self) -> None:
        """Follow header values one step further, and note the names that hold them."""
        code = self.code
        for part in self.parts:
            match part:
                case ast.Return(value=value) if value:
                    _add(code.returned, self._function_of(part), self._deciding(value))
                case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                    for each in ast.walk(target):
                        _add(self.headers, name_of(each), self._deciding(value))
                case ast.Call(func=function, args=arguments):
                    name = self._named(function)
                    for given, value in zip(code.parameters.get(name, []), arguments, strict=False):
                        _add(code.given, (name, given), self._deciding(value))
                case ast.arg(arg=name):
                    given_to = self._function_of(part), name
                    _add(self.headers, name, code.given.get(given_to, frozenset()))
        for name, value, _ in assignments(self.parts):
            _add(self.headers, name, self._deciding(value))

    def _deciding(self, value: ast.expr) -> frozenset[str]:
        return self.headers_in(value) | self.conditions(value)

    def _function_of(self, node: ast.AST) -> str:
        while node in self.parents and not isinstance(node, FUNCTIONS):
            node = self.parents[node]
        return getattr(node, "name", "")


def _add(notes: dict[Key, frozenset[str]], key: Key, found: frozenset[str]) -> None:
    notes[key] = notes.get(key, frozenset()) | found
