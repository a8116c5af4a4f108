"""Checks of other packages, which are empty here; tests/agreement asks the real ones."""

import pytest
from django.conf import settings

from django_trustedproxy.checks.middleware import OUR_MIDDLEWARE
from django_trustedproxy.checks.neighbours import NEIGHBOURS
from tests.checks.findings import HERE, ids, ours
from tests.neighbours import NO_LIST, by_id, cases, packages

RECORDS = {neighbour.id.removeprefix("trustedproxy."): neighbour for neighbour in NEIGHBOURS}


@pytest.fixture
def install(package):
    """Make a package importable, and return the settings by which a project uses it."""

    def put(known):
        for name in known.modules:
            package(name)
        return {
            "INSTALLED_APPS": [*settings.INSTALLED_APPS, *known.apps[:1]],
            "MIDDLEWARE": [OUR_MIDDLEWARE, *known.middleware],
            # Or W028 would be found beside W023.
            "DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS": False,
        }

    return put


def messages(name):
    """Return what the check may say: one sentence for each of the settings that can count."""
    if name == "W035":
        return [
            "TRUSTED_PROXY_KEEP_HEADER is not False: django-recaptcha sends the whole X-Forwarded-For to "
            "its service (read in 4.1.0)."
        ]
    record = RECORDS[name]
    return [
        f"{record.message.format(setting=setting)} (read in {record.read_in})."
        for setting in record.settings
    ]


@pytest.mark.parametrize("case", cases("wrong"))
def test_a_setting_that_gives_another_address_is_a_warning(install, case):
    (found,) = ours(**install(case.package) | case.settings)
    assert found.id == f"trustedproxy.{case.name}"
    assert found.msg in messages(case.name)
    record = RECORDS.get(case.name)
    remedy = record.remedy if record else "TRUSTED_PROXY_KEEP_HEADER = False"
    assert found.hint == f"Write {remedy}."


@pytest.mark.parametrize("case", cases("right"))
def test_a_near_miss_is_no_finding(install, case):
    assert ids(**install(case.package) | case.settings) == []


@pytest.mark.parametrize("case", cases("wrong"))
def test_a_package_that_is_not_there_is_no_finding(case):
    assert ids(**case.settings) == []


def test_every_neighbour_has_a_file_and_says_its_name_and_setting():
    assert sorted(by_id()) == sorted([*RECORDS, "W035"])
    for package in packages():
        assert set(package.wrong) == set(package.right) == set(package.effects)
    for record in NEIGHBOURS:
        assert record.package in record.message
        assert any(
            name.partition(".")[0] in record.message or "{setting}" in record.message
            for name in record.settings
        )


# What counts as use.

ROLLBAR = "rollbar.contrib.django.middleware.RollbarNotifierMiddleware"


@pytest.mark.parametrize(
    ("name", "case", "found"),
    [
        ("rollbar", {"INSTALLED_APPS": ["django_trustedproxy", "rollbar"]}, ["W033"]),
        ("rollbar", {"MIDDLEWARE": [OUR_MIDDLEWARE, ROLLBAR]}, ["W033"]),
        ("rollbar", {"ROLLBAR": {}}, ["W033"]),
        ("rollbar", {}, []),
        ("posthog", {}, []),
        ("posthog", {"INSTALLED_APPS": ["django_trustedproxy", "posthog"]}, []),
        ("iprestrict", {}, []),
        ("django_recaptcha", {}, []),
        ("django_recaptcha", {"RECAPTCHA_PRIVATE_KEY": "key"}, ["W035"]),
        ("ninja", {}, []),
        ("ninja", {"NINJA_NUM_PROXIES": 1}, ["W012"]),
    ],
    ids=str,
)
def test_a_package_is_in_use_if_it_is_listed_or_set_and_not_if_it_is_only_imported(
    package, name, case, found
):
    package(name)
    __import__(name)
    assert ids(**case) == found


def test_a_package_is_in_use_by_an_app_within_it(package):
    package("allauth", account="")
    settings = {"INSTALLED_APPS": ["django_trustedproxy", "allauth.account"]}
    assert ids(ALLAUTH_TRUSTED_PROXY_COUNT=1, **settings) == ["W014"]


THROTTLE = "from ninja.throttling import AnonRateThrottle\n"


@pytest.mark.parametrize(
    "modules",
    [
        {"urls": f"{THROTTLE}AnonRateThrottle('1/d')"},
        {"api": "import ninja.throttling as limits\nlimits.AnonRateThrottle('1/d')"},
        {"api": "import ninja\nninja.throttling.AnonRateThrottle('1/d')"},
        {"api": f"{THROTTLE}class Own(AnonRateThrottle):\n  pass"},
    ],
    ids=str,
)
def test_ninja_is_in_use_if_the_urls_or_a_module_beside_them_makes_a_throttle(
    package, project, modules
):
    package("ninja")
    project(**modules)
    assert ids(**HERE) == ["W012"]


@pytest.mark.parametrize(
    "modules",
    [
        {"urls": "from ninja import NinjaAPI\napi = NinjaAPI()"},
        {"urls": THROTTLE},
        {"urls": "import ninjax, mine.ninja\nfrom . import ninja\nninja.throttling.Own('1/d')"},
        {"urls": "this is not Python"},
        {"other": "rollbar = 'ninja'"},
    ],
    ids=str,
)
def test_ninja_is_not_in_use_if_nothing_beside_the_urls_throttles(package, project, modules):
    package("ninja")
    project(**modules)
    assert ids(**HERE) == []


@pytest.mark.parametrize("urls", ["no.such.urls", "no_such_urls", "sys"])
def test_urls_without_a_source_import_nothing(package, urls):
    package("ninja")
    assert ids(ROOT_URLCONF=urls) == []


def test_ninja_that_is_not_there_is_not_in_use(project):
    project(urls=f"{THROTTLE}AnonRateThrottle('1/d')")
    assert ids(**HERE) == []


# Throttles of the project's own.

RATES = {"DEFAULT_THROTTLE_RATES": {"anon": "1/d"}}
THROTTLES = """
from rest_framework.throttling import AnonRateThrottle
class Own(AnonRateThrottle):
    def get_ident(self, request):
        return request.META["REMOTE_ADDR"]
class Child(Own):
    pass
class Longer(AnonRateThrottle):
    def get_ident(self, request):
        return "anon " + super().get_ident(request)
class Plain(AnonRateThrottle):
    pass
"""


@pytest.mark.parametrize(
    ("classes", "found"),
    [
        (["Own"], []),
        (("Own", "Child"), []),
        (["Own", "Plain"], ["W011"]),
        (["Longer"], ["W011"]),
        (["Own", "NoSuch"], ["W011"]),
        ([], ["W011"]),
    ],
    ids=str,
)
def test_throttles_by_a_get_ident_of_the_projects_own_are_no_finding(
    package, project, classes, found
):
    package("rest_framework", throttling="class AnonRateThrottle:\n def get_ident(self, r): pass")
    project(throttles=THROTTLES)
    paths = type(classes)(f"site_of_test.throttles.{name}" for name in classes)
    assert ids(REST_FRAMEWORK={**RATES, "DEFAULT_THROTTLE_CLASSES": paths}) == found


# What a record needs beside its setting.


def test_axes_without_ipware_reads_no_header(package):
    package("axes")
    assert ids(AXES_IPWARE_PROXY_COUNT=1) == []


def test_what_lockdown_cannot_read_is_no_finding(package):
    package("lockdown")
    exceptions = ["a name"]
    settings = {"LOCKDOWN_TRUSTED_PROXIES": ["10.0.0.2"]}
    assert ids(LOCKDOWN_REMOTE_ADDR_EXCEPTIONS=exceptions, **settings) == []


def test_the_message_names_the_setting_that_counts(package):
    package("iprestrict")
    (found,) = ours(IGNORE_PROXY_HEADER=False, IPRESTRICT_IGNORE_PROXY_HEADER=True)
    assert found.msg.startswith("IGNORE_PROXY_HEADER is not True: django-iprestrict-redux")


@pytest.mark.parametrize("kept_out", NO_LIST, ids=str)
def test_recaptcha_without_the_list_is_no_finding(package, kept_out):
    package("django_recaptcha")
    assert ids(RECAPTCHA_PRIVATE_KEY="key", **kept_out) == []
