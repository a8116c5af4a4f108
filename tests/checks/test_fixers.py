"""Checks of the middlewares that decide beside us: each fires on the real thing, and only then."""

import re

import pytest
from django.core.checks import Warning  # noqa: A004 - Django's own name
from django.utils.module_loading import import_string

from django_trustedproxy.checks.fixers import FIXERS
from django_trustedproxy.checks.flow import writes_of
from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from tests import custom_deciders, custom_middleware
from tests.checks.findings import ids, ours, put_class

INSTALLED = [
    "xff.middleware.XForwardedForMiddleware",
    "x_forwarded_for.middleware.XForwardedForMiddleware",
    "behind_lb.middleware.BehindLB",
]
# Not on the index, or (httpxforwardedfor) held back by its own pin to Django 2.1.
NOT_INSTALLED = sorted(set(FIXERS) - set(INSTALLED))
FOREIGN = "tests.custom_deciders."


def before(path):
    return [path, OUR_MIDDLEWARE]


def behind(path):
    return [OUR_MIDDLEWARE, path]


def switches(path, *, on):
    return dict.fromkeys(FIXERS[path].switches, on)


# Who writes REMOTE_ADDR.


@pytest.mark.parametrize("path", INSTALLED)
def test_another_fixer_is_a_warning(path):
    place = writes_of(import_string(path))[0].place
    assert ours(MIDDLEWARE=behind(path)) == [
        Warning(
            f"'{path}' writes REMOTE_ADDR too, in {place}, by its own reading of the headers.",
            hint=f"Remove '{path}' from MIDDLEWARE; django-trustedproxy does its work.",
            id="trustedproxy.W002",
        )
    ]


@pytest.mark.parametrize("order", [before, behind])
@pytest.mark.parametrize("name", ["WritesByAHelper", "writes_in_a_function"])
def test_a_custom_fixer_is_a_warning_with_its_line(name, order):
    (found,) = ours(MIDDLEWARE=order(f"tests.custom_middleware.{name}"))
    assert found.id == "trustedproxy.W002"
    assert re.search(rf" in {re.escape(custom_middleware.__file__)}:\d+, ", found.msg)


def test_nobody_is_told_to_remove_a_middleware_that_can_do_more():
    (found,) = ours(MIDDLEWARE=behind("tests.custom_middleware.WritesByAHelper"))
    assert found.hint == (
        "Remove that code, which django-trustedproxy replaces, and keep the rest of the middleware."
    )


@pytest.mark.parametrize("name", ["ReadsTheAddress", "ReadsIntoALogRecord", "reads_in_a_function"])
def test_a_custom_reader_behind_ours_is_no_finding(name):
    assert ids(MIDDLEWARE=behind(f"tests.custom_middleware.{name}")) == []


@pytest.mark.parametrize("path", NOT_INSTALLED)
def test_a_fixer_is_known_by_where_it_is_defined(path, monkeypatch):
    put_class(monkeypatch, path)
    (found,) = ours(MIDDLEWARE=behind(path), **switches(path, on=True))
    assert found.id == "trustedproxy.W002"
    assert f"writes REMOTE_ADDR too, as {FIXERS[path].package} does, by" in found.msg
    assert ("Remove '" in found.hint) == (not FIXERS[path].does_more and not FIXERS[path].switches)


@pytest.mark.parametrize("path", [path for path in FIXERS if FIXERS[path].switches])
def test_a_fixer_whose_switches_are_off_is_no_finding(path, monkeypatch):
    if path in NOT_INSTALLED:
        put_class(monkeypatch, path)
        assert ids(MIDDLEWARE=behind(path)) == []
    assert ids(MIDDLEWARE=behind(path), **switches(path, on=False)) == []


def test_a_fixer_of_a_product_is_to_be_switched_off_and_not_removed(monkeypatch):
    path = put_class(monkeypatch, "weblate.middleware.ProxyMiddleware")
    (found,) = ours(MIDDLEWARE=behind(path), IP_BEHIND_REVERSE_PROXY=True)
    assert found.hint == (
        "Write IP_BEHIND_REVERSE_PROXY = False; django-trustedproxy does that work."
    )
    path = put_class(monkeypatch, "bugsink.middleware.SetRemoteAddrMiddleware")
    (found,) = ours(MIDDLEWARE=behind(path), USE_X_REAL_IP=True, USE_X_FORWARDED_FOR=True)
    assert found.hint.startswith("Write USE_X_REAL_IP = False and USE_X_FORWARDED_FOR = False; ")


@pytest.mark.parametrize("path", INSTALLED)
def test_a_subclass_of_another_fixer_is_a_warning(path, monkeypatch):
    child = put_class(monkeypatch, "project.middleware.Child", import_string(path))
    assert ids(MIDDLEWARE=behind(child)) == ["W002"]


def test_code_that_is_nested_too_deeply_is_not_read(package):
    text = " + ".join(["'a'"] * 900)
    source = f"def middleware(get_response):\n    request.META['REMOTE_ADDR'] = x = {text}\n"
    package("site_of_test", deep=source)
    assert ids(MIDDLEWARE=behind("site_of_test.deep.middleware")) == []


# Who writes the scheme, the host and the rest.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SchemeByCondition", "the scheme from X-Forwarded-Proto"),
        ("HostByHelper", "the host from X-Forwarded-Host and X-Host"),
        ("PrefixByWalrus", "the path prefix from X-Script-Name"),
        ("scheme_in_both_modes", "the scheme from X-Scheme"),
    ],
)
def test_another_decider_before_ours_is_a_warning_and_behind_ours_none(name, words):
    path = FOREIGN + name
    (found,) = ours(MIDDLEWARE=before(path))
    assert re.sub(r":\d+,", ":0,", found.msg) == (
        f"'{path}' writes {words}, in {custom_deciders.__file__}:0, and anybody can send that."
    )
    assert found.hint == (f"Put '{OUR_MIDDLEWARE}' before '{path}'. Then only a trusted proxy can.")
    assert ids(MIDDLEWARE=behind(path)) == []


def test_each_purpose_that_another_decides_is_a_finding():
    found = ours(MIDDLEWARE=before(f"{FOREIGN}PortOfScheme"))
    assert [re.search("writes the ([a-z ]+) from", each.msg)[1] for each in found] == [
        "port",
        "server name",
    ]


@pytest.mark.parametrize("order", [before, behind])
@pytest.mark.parametrize(
    "name", ["HostOfOwnHeader", "HostOfHeaderThatInitNames", "HostOfOneOrTheOther"]
)
def test_a_decider_by_a_header_of_the_sites_own_is_a_warning_until_it_is_guarded(name, order):
    middleware = order(FOREIGN + name)
    (found,) = ours(MIDDLEWARE=middleware, TRUSTED_PROXY_GUARDED_HEADERS=["X-User"])
    assert found.id == "trustedproxy.W061"
    assert found.hint.startswith("Write TRUSTED_PROXY_GUARDED_HEADERS = ['X-User', 'X-Our-Host'].")
    guarded = {"TRUSTED_PROXY_GUARDED_HEADERS": ["X-User", "X-Our-Host"]}
    assert ids(MIDDLEWARE=behind(FOREIGN + name), **guarded) == []


@pytest.mark.parametrize("order", [before, behind])
@pytest.mark.parametrize("middleware", custom_deciders.INNOCENTS)
def test_who_only_looks_at_a_header_is_no_finding(middleware, order):
    assert ids(MIDDLEWARE=order(FOREIGN + middleware.__name__)) == []


@pytest.mark.parametrize("middleware", custom_deciders.SWITCHED)
def test_who_is_switched_off_is_no_finding(middleware):
    path = FOREIGN + middleware.__name__
    assert ids(MIDDLEWARE=behind(path), BEHIND_PROXY=True) == ["W002"]
    assert ids(MIDDLEWARE=behind(path), BEHIND_PROXY=False) == []


# Who rewrites what the decision is made from.


@pytest.mark.parametrize("name", ["LastOfSeveral", "LastOfFewer", "AnotherHeader"])
def test_who_rewrites_a_header_before_ours_is_a_warning(name):
    path = FOREIGN + name
    first, *_ = ours(MIDDLEWARE=before(path))
    assert first.id == "trustedproxy.W062"
    assert re.sub(r":\d+,", ":0,", first.msg) == (
        f"'{path}' comes before '{OUR_MIDDLEWARE}' in MIDDLEWARE and rewrites X-Forwarded-For, in "
        f"{custom_deciders.__file__}:0, so the decision uses what is left of it."
    )
    assert first.hint == (f"Put '{OUR_MIDDLEWARE}' before '{path}'.")


@pytest.mark.parametrize("name", ["LastOfSeveral", "LastOfFewer", "AnotherHeader"])
def test_who_rewrites_the_kept_header_behind_ours_is_a_warning(name):
    path = FOREIGN + name
    (found,) = ours(MIDDLEWARE=behind(path))
    assert found.id == "trustedproxy.W063"
    assert re.sub(r":\d+,", ":0,", found.msg) == (
        f"'{path}' rewrites X-Forwarded-For, in {custom_deciders.__file__}:0, so code that reads "
        "it later takes what is left for the client."
    )
    assert found.hint == (
        "Write TRUSTED_PROXY_KEEP_HEADER = False, and nothing is left to rewrite."
    )
    assert ids(MIDDLEWARE=behind(path), TRUSTED_PROXY_KEEP_HEADER=False) == []
    assert ids(MIDDLEWARE=behind(path), TRUSTED_PROXY_HEADER="X-Client-IP") == []


# The settings of other fixers.


@pytest.mark.parametrize("name", ["XFF_TRUSTED_PROXY_DEPTH", "BEHIND_LB_PATH"])
def test_a_setting_of_another_fixer_is_a_warning(name):
    assert ours(**{name: 1}) == [
        Warning(
            f"{name} configures another package that fixes addresses.",
            hint=f"Remove {name}; TRUSTED_PROXIES decides.",
            id="trustedproxy.W030",
        )
    ]
    assert ids(X_FRAME_OPTIONS="DENY") == []


@pytest.mark.parametrize(
    "settings",
    [
        {"XFF_REWRITE_REMOTE_ADDR": False, "XFF_TRUSTED_PROXY_DEPTH": 2},
        {"BEHIND_LB_PATH": ""},
        {"IP_BEHIND_REVERSE_PROXY": False},
    ],
    ids=str,
)
def test_a_setting_that_switches_another_fixer_off_is_no_finding(settings):
    assert ids(**settings) == []
