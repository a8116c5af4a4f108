"""The checks of the neighbours, with the real packages: what a finding says of one is true."""

import contextlib

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.test import RequestFactory, override_settings

from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.neighbours import NEIGHBOURS
from tests.agreement import stores
from tests.agreement.neighbours import NOBODY, QUESTIONS, reload_all
from tests.agreement.rows import ROWS, attempt_axes
from tests.agreement.test_agreement import end_of_attack
from tests.agreement.visits import CLIENT, FORGED, HOP, PROXY, SCENARIOS, Visit
from tests.mounts import joined
from tests.neighbour_rows import RIGHT, WRONG
from tests.test_checks import ids
from tests.test_neighbour_checks import cases

pytestmark = [
    pytest.mark.django_db,
    # django-iprestrict-redux says at its start that TRUSTED_PROXIES is an old name of its own.
    pytest.mark.filterwarnings("ignore:The setting name :UserWarning"),
]

OTHER_HOP = "10.0.0.3"
# What packages answer 403 and 500 with, instead of an address.
REFUSALS = (ImproperlyConfigured, PermissionDenied, ValueError)
VISITS = {
    **SCENARIOS,
    "a header that nobody knows": Visit(PROXY, [("X-Forwarded-For", CLIENT), ("X-My-IP", FORGED)]),
    "three hops": Visit(PROXY, [("X-Forwarded-For", f"{CLIENT}, {HOP}, {OTHER_HOP}")]),
    "a proxy's own": Visit(PROXY, [("X-Forwarded-For", f"{HOP}, {OTHER_HOP}")]),
}


def decided(visit):
    """Return a request of the visit as it comes out of our middleware."""
    meta = {**joined(visit.headers), "REMOTE_ADDR": visit.peer}
    return TrustedProxyMiddleware(lambda request: request)(RequestFactory().get("/", **meta))


@contextlib.contextmanager
def project(question, case):
    """Configure a project, as if its packages were imported only then."""
    try:
        with override_settings(**{"REST_FRAMEWORK": {}, **case}):
            for name in [name for name in dir(settings) if name.startswith("AXES_IPWARE_")]:
                if name not in case:  # django-axes put it there
                    delattr(settings, name)
            reload_all(question.frozen)
            yield
    finally:
        reload_all(question.frozen)


def answers(neighbour_id, case):
    """Return, for each visit, what a package answers, the request's REMOTE_ADDR, and our findings."""
    question = QUESTIONS[neighbour_id]
    found = {}
    with project(question, case):
        for name, visit in VISITS.items():
            request = decided(visit)
            stores.clear()
            try:
                found[name] = question.ask(request), request.META["REMOTE_ADDR"]
            except REFUSALS as error:
                found[name] = type(error).__name__, request.META["REMOTE_ADDR"]
        return found, ids()


def wrong(found):
    return {name: pair for name, pair in found.items() if pair[0] not in (pair[1], NOBODY)}


@pytest.mark.parametrize(("neighbour_id", "case"), cases(WRONG))
def test_a_package_with_a_finding_answers_another_address(neighbour_id, case):
    found, findings = answers(neighbour_id, case)
    assert wrong(found) != {}
    assert neighbour_id in findings


@pytest.mark.parametrize(("neighbour_id", "case"), cases(RIGHT))
def test_a_package_without_a_finding_answers_remote_addr(neighbour_id, case):
    found, findings = answers(neighbour_id, case)
    assert wrong(found) == {}
    assert neighbour_id not in findings


A_PROXY, THE_HEADER, NOTHING, FORGED_ONE = "a proxy", "the header", "nothing", "a forged address"
ANONYMOUS = "a network"  # which Rollbar makes of an address if it is told to
# What the README says of each package, in a word.
EFFECTS = {
    "W011": {A_PROXY, THE_HEADER},
    "W012": {A_PROXY, THE_HEADER},
    "W013": {A_PROXY, THE_HEADER},
    "W014": {A_PROXY, "ImproperlyConfigured"},
    "W015": {"PermissionDenied"},
    "W016": {NOTHING},
    "W017": {NOTHING},
    "W018": {NOTHING},
    "W019": {NOTHING},
    "W020": {NOTHING},
    "W021": {"ImproperlyConfigured", "ValueError"},
    "W022": {FORGED_ONE, THE_HEADER},
    "W023": {THE_HEADER, NOTHING},
    "W024": {THE_HEADER, NOTHING},
    "W025": {NOTHING},
    "W026": {A_PROXY},
    "W027": {"PermissionDenied"},
    "W033": {THE_HEADER, ANONYMOUS},
    "W034": {THE_HEADER},
    "W035": {THE_HEADER},
}


def effect(answer):
    if not answer:
        return NOTHING
    if answer.endswith(".0"):
        return ANONYMOUS
    if "," in answer or "=" in answer:
        return THE_HEADER
    return {HOP: A_PROXY, OTHER_HOP: A_PROXY, FORGED: FORGED_ONE}.get(answer, answer)


@pytest.mark.parametrize("neighbour_id", EFFECTS)
def test_a_package_with_a_finding_does_what_the_readme_says(neighbour_id):
    found = [wrong(answers(neighbour_id, case)[0]) for case in WRONG[neighbour_id]]
    effects = {effect(answer) for each in found for answer, _ in each.values()}
    assert effects == EFFECTS[neighbour_id]


def test_every_neighbour_is_asked():
    assert set(QUESTIONS) == set(EFFECTS) == {neighbour.id for neighbour in NEIGHBOURS}


@pytest.mark.parametrize(
    "setting", ["AXES_IPWARE_PROXY_COUNT = 1", 'AXES_IPWARE_PROXY_TRUSTED_IPS = ["10.0.0.2"]']
)
def test_axes_without_an_address_locks_everybody_out(setting):
    (row,) = [row for row in ROWS if row.attempt is attempt_axes]
    assert end_of_attack(row._replace(setting=setting), is_protected=True) == (True, True)
