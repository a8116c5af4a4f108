"""Putting a changed function into the running package, without importing anything anew."""

import functools
import sys
import types
from contextlib import suppress

PACKAGE = "django_trustedproxy"


def changed_functions(original, mutant):
    """Return the code objects that differ by their place, or None if more than functions differ."""
    changed = {}
    return changed if _compare(_compiled(original), _compiled(mutant), (), changed) else None


def _compiled(source):
    return compile(source, "mutant", "exec", dont_inherit=True)


def _compare(one, other, place, changed):
    """Compare the bodies of a module or class; note the functions in them that differ."""
    same = (one.co_code, one.co_names) == (other.co_code, other.co_names)
    if not same or len(one.co_consts) != len(other.co_consts):
        return False
    for mine, theirs in zip(one.co_consts, other.co_consts, strict=True):
        if not isinstance(mine, types.CodeType) or not isinstance(theirs, types.CodeType):
            if (type(mine), mine) != (type(theirs), theirs):
                return False
        elif mine.co_name != theirs.co_name:
            return False
        elif mine.co_flags & 0x2:  # CO_NEWLOCALS: a function, not the body of a class
            if mine != theirs:
                if mine.co_name.startswith("<") or len(mine.co_freevars) != len(theirs.co_freevars):
                    return False
                changed[(*place, mine.co_name)] = theirs
        elif not _compare(mine, theirs, (*place, mine.co_name), changed):
            return False
    return True


def live_function(module, place):
    """Return the function behind a name: below decorators, caches, properties, class methods."""
    *classes, name = place
    holder = module
    for each in classes:
        holder = getattr(holder, each, None)
    found = vars(holder).get(name) if holder is not None else None
    while found is not None and not isinstance(found, types.FunctionType):
        if isinstance(found, (classmethod, staticmethod)):
            found = found.__func__
        elif isinstance(found, property):
            found = found.fget
        else:
            found = getattr(found, "__wrapped__", None)
    return found


def put(module_name, changed):
    """Give live functions other code, and forget what the old one has computed."""
    module = sys.modules[f"{PACKAGE}.{module_name.replace('/', '.')}"]
    for place, code in changed.items():
        live_function(module, place).__code__ = code
    for name, loaded in list(sys.modules.items()):
        if name.partition(".")[0] == PACKAGE:
            for value in vars(loaded).values():
                if isinstance(value, functools._lru_cache_wrapper):  # noqa: SLF001 - has no other name
                    value.cache_clear()
    with suppress(KeyError):
        sys.modules["tests.invariants"].forget_sites()
