"""The checks of the neighbours, with the real packages: what a finding says of one is true."""

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.test import RequestFactory

from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests.agreement import stores
from tests.agreement.projects import project
from tests.agreement.rows import ROWS, attempt_axes, end_of_attack
from tests.agreement.visits import CLIENT, FORGED, HOP, PROXY, SCENARIOS, Visit
from tests.checks.findings import ids
from tests.neighbours import (
    A_PROXY,
    ANONYMOUS,
    FORGED_ONE,
    NOBODY,
    NOTHING,
    THE_HEADER,
    Case,
    by_id,
    cases,
)
from tests.requests import joined

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


def answers(case):
    """Return, for each visit, what a package answers, the request's REMOTE_ADDR, and our findings."""
    found = {}
    with project(case):
        for name, visit in VISITS.items():
            request = decided(visit)
            stores.clear()
            try:
                found[name] = case.package.ask(request), request.META["REMOTE_ADDR"]
            except REFUSALS as error:
                found[name] = type(error).__name__, request.META["REMOTE_ADDR"]
        return found, ids()


def wrong(found):
    return {name: pair for name, pair in found.items() if pair[0] not in (pair[1], NOBODY)}


@pytest.mark.parametrize("case", cases("wrong"))
def test_a_package_with_a_finding_answers_another_address(case):
    found, findings = answers(case)
    assert wrong(found) != {}
    assert case.name in findings


@pytest.mark.parametrize("case", cases("right"))
def test_a_package_without_a_finding_answers_remote_addr(case):
    found, findings = answers(case)
    assert wrong(found) == {}
    assert case.name not in findings


def effect(answer):
    if not answer:
        return NOTHING
    if answer.endswith(".0"):
        return ANONYMOUS
    if "," in answer or "=" in answer:
        return THE_HEADER
    return {HOP: A_PROXY, OTHER_HOP: A_PROXY, FORGED: FORGED_ONE}.get(answer, answer)


@pytest.mark.parametrize("name", by_id())
def test_a_package_with_a_finding_does_what_the_readme_says(name):
    package = by_id()[name]
    found = [wrong(answers(Case(package, name, settings))[0]) for settings in package.wrong[name]]
    effects = {effect(answer) for each in found for answer, _ in each.values()}
    assert effects == package.effects[name]


@pytest.mark.parametrize(
    "setting", ["AXES_IPWARE_PROXY_COUNT = 1", 'AXES_IPWARE_PROXY_TRUSTED_IPS = ["10.0.0.2"]']
)
def test_axes_without_an_address_locks_everybody_out(setting):
    (row,) = [row for row in ROWS if row.attempt is attempt_axes]
    assert end_of_attack(row._replace(setting=setting), is_protected=True) == (True, True)
