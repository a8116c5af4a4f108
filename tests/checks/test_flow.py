"""What a middleware writes, and from which headers: found in every form, and nothing else."""

import linecache

import pytest

from django_trustedproxy.checks.flow import writes_of
from tests import custom_deciders
from tests.custom_deciders import DECIDERS, INNOCENTS, SWITCHED, NotByThisOne


def decided_by_headers(middleware):
    found = {}
    for write in writes_of(middleware):
        if write.headers:
            found.setdefault(write.key, set()).update(write.headers)
    return found


@pytest.mark.parametrize("middleware", DECIDERS, ids=lambda each: each.__name__)
def test_what_a_header_decides_is_found_with_the_header(middleware):
    assert decided_by_headers(middleware) == DECIDERS[middleware]


@pytest.mark.parametrize("middleware", DECIDERS, ids=lambda each: each.__name__)
def test_the_place_is_that_of_the_write(middleware):
    for write in writes_of(middleware):
        assert write.place.filename == custom_deciders.__file__
        line = linecache.getline(write.place.filename, write.place.line)
        assert "=" in line or "(" in line
        assert "request" in line or "meta" in line or "prefix" in line


@pytest.mark.parametrize("middleware", INNOCENTS, ids=lambda each: each.__name__)
def test_what_no_forwarding_header_decides_has_no_header(middleware):
    assert decided_by_headers(middleware) == {}


@pytest.mark.parametrize("value", [False, None, 0, "", []], ids=repr)
@pytest.mark.parametrize("middleware", SWITCHED, ids=lambda each: each.__name__)
def test_code_that_a_setting_switches_off_writes_nothing(middleware, value, settings):
    settings.BEHIND_PROXY = value
    assert writes_of(middleware) == []


@pytest.mark.parametrize("middleware", SWITCHED, ids=lambda each: each.__name__)
def test_code_that_a_setting_switches_on_writes(middleware, settings):
    settings.BEHIND_PROXY = True
    assert decided_by_headers(middleware) == {"REMOTE_ADDR": {"HTTP_X_REAL_IP"}}


@pytest.mark.parametrize("value", [False, True])
def test_a_condition_that_is_not_known_switches_nothing_off(value, settings):
    settings.BEHIND_PROXY = value
    assert decided_by_headers(NotByThisOne) == {"REMOTE_ADDR": {"HTTP_X_REAL_IP"}}
