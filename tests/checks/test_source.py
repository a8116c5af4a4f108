"""Reading other code: every writer of REMOTE_ADDR is found with its line, and no reader accused."""

import inspect
import linecache

import behind_lb.middleware
import django.contrib.sessions.middleware
import django.middleware.cache
import django.middleware.common
import django.middleware.csrf
import django.middleware.security
import pytest
import x_forwarded_for.middleware
import xff.middleware
from django.utils.module_loading import import_string

from django_trustedproxy.checks import source
from django_trustedproxy.checks.flow import ADDRESS, writes_of
from django_trustedproxy.checks.source import find_calls
from tests import custom_middleware

WRITERS = [name for name in vars(custom_middleware) if name.lower().startswith("writes")]
INNOCENTS = [name for name in vars(custom_middleware) if name.lower().startswith("reads")]


def find_store(middleware):
    """Return the first place where a middleware writes REMOTE_ADDR, or None."""
    return next((write.place for write in writes_of(middleware) if write.key == ADDRESS), None)


@pytest.mark.parametrize("name", WRITERS)
def test_a_custom_writer_is_found_with_its_line(name):
    place = find_store(getattr(custom_middleware, name))
    assert place is not None
    assert place.filename == custom_middleware.__file__
    line = linecache.getline(place.filename, place.line)
    assert "META" in line or "meta" in line or "environ" in line
    assert str(place) == f"{place.filename}:{place.line}"


@pytest.mark.parametrize("name", INNOCENTS)
def test_a_custom_reader_is_not_accused(name):
    assert find_store(getattr(custom_middleware, name)) is None


@pytest.mark.parametrize(
    "writer",
    [
        xff.middleware.XForwardedForMiddleware,
        x_forwarded_for.middleware.XForwardedForMiddleware,
        behind_lb.middleware.BehindLB,
    ],
)
def test_a_published_writer_is_found(writer):
    place = find_store(writer)
    assert place.filename == inspect.getsourcefile(writer)
    assert "REMOTE_ADDR" in linecache.getline(place.filename, place.line)


@pytest.mark.parametrize(
    "innocent",
    [
        django.contrib.sessions.middleware.SessionMiddleware,
        django.middleware.cache.CacheMiddleware,
        django.middleware.common.CommonMiddleware,
        django.middleware.csrf.CsrfViewMiddleware,
        django.middleware.security.SecurityMiddleware,
    ],
)
def test_a_published_reader_is_not_accused(innocent):
    assert find_store(innocent) is None


class Unreadable:
    """A callable whose class cannot be walked."""

    def __init__(self):
        self.__dict__["__call__"] = None


def without_source(source):
    """Make a class without a source file."""
    names = {}
    exec(source, names)
    return names["Middleware"]


@pytest.mark.parametrize("thing", [None, 1, "text", Unreadable(), len, print])
def test_what_is_no_middleware_has_no_place(thing):
    assert find_store(thing) is None


def test_code_without_a_source_is_not_accused():
    source = "class Middleware:\n def __call__(s, r):\n  r.META['REMOTE_ADDR'] = 1"
    assert find_store(without_source(source)) is None


@pytest.mark.parametrize(
    "text",
    ["def broken(", "\0", "-" * 100_000 + "1", "# -*- coding: nothing -*-", None],
    ids=lambda text: str(text)[:20],
)
def test_a_source_that_can_no_longer_be_read_has_nothing(package, text):
    written = "class Middleware:\n def __call__(s, r):\n  r.META['REMOTE_ADDR'] = 1"
    path = package("site_of_test", middleware=written) / "middleware.py"
    middleware = import_string("site_of_test.middleware.Middleware")
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    assert find_store(middleware) is None
    assert find_calls("site_of_test.middleware") == []


def test_an_error_of_our_own_while_reading_is_not_hidden(monkeypatch):
    monkeypatch.setattr(source, "_named_functions", None)
    with pytest.raises(TypeError):
        find_store(custom_middleware.WritesDirectly)


def test_a_parent_that_fails_at_its_import_hides_a_module(package):
    package("site_of_test", __init__="1 / 0", wsgi="from a import b\nb()")
    assert find_calls("site_of_test.wsgi") == []


def test_calls_are_read_with_their_full_names_and_constants(tmp_path, monkeypatch):
    source = """
import a.b, c.d as e
from f.g import h as i
from . import local
a.b.first(x=1, y=name, **more)
e.second()
i()
local()
unknown()
(lambda: 1)()
a.b.third()()
"""
    (tmp_path / "calls_of_test.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    calls = {call.name: call for call in find_calls("calls_of_test")}
    assert sorted(calls) == ["a.b.first", "a.b.third", "c.d.second", "f.g.h"]
    assert calls["a.b.first"].keywords == {"x": 1}
    assert calls["f.g.h"].place.line == 7


@pytest.mark.parametrize("module", ["no_such_module", "no.such.module", "sys", ""])
def test_a_module_without_a_source_has_no_calls(module):
    assert find_calls(module) == []
