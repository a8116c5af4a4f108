"""Every address that a message or the README gives leads somewhere on the site that was built."""

import re
from functools import cache
from html.parser import HTMLParser
from importlib.metadata import metadata

import pytest

from django_trustedproxy.conf import DEFAULTS
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from django_trustedproxy.pages import SITE, page_of_check, page_of_kind
from tests.checks.findings import ids_in_the_code
from tests.pages import REFERENCE, sections
from tests.stack import ROOT

BUILT = ROOT / "build" / "docs"


class Page(HTMLParser):
    """The ids and the links of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links = set(), set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids.add(values.get("id"))
        if tag == "a" and "href" in values:
            self.links.add(values["href"])


page = cache(Page)


def is_there(address):
    path, _, anchor = address.removeprefix(SITE).partition("#")
    file = BUILT / (path or "index.html")
    return file.is_file() and (not anchor or anchor in page(file).ids)


def test_an_address_that_leads_nowhere_is_seen():
    assert is_there(SITE)
    assert not is_there(f"{SITE}nowhere.html")
    assert not is_there(page_of_check("trustedproxy.E999"))


def test_each_check_has_its_address():
    names = [f"trustedproxy.{name}" for name in ids_in_the_code()]
    assert [name for name in names if not is_there(page_of_check(name))] == []


def test_each_kind_of_line_in_the_log_has_its_address():
    kinds = sections((REFERENCE / "messages.md").read_text())
    assert [kind for kind in kinds if not is_there(page_of_kind(kind))] == []


def test_each_setting_and_each_header_has_an_anchor():
    settings = page(BUILT / "reference" / "settings.html").ids
    assert {name.lower().replace("_", "-") for name in DEFAULTS} <= settings
    headers = page(BUILT / "reference" / "headers.html").ids
    assert {name.lower() for names in FORWARDING_HEADERS.values() for name in names} <= headers


def test_each_link_of_the_package_index_to_the_site_is_alive():
    package = metadata("django-trustedproxy")
    text = "\n".join([package.get_payload(), *package.get_all("Project-URL")])
    links = re.findall(rf"{re.escape(SITE)}[\w/.#-]*", text)
    assert len(links) > 10
    assert [link for link in links if not is_there(link)] == []


@pytest.mark.parametrize(
    "path", sorted(BUILT.rglob("*.html")), ids=lambda path: str(path.relative_to(BUILT))
)
def test_no_link_between_pages_is_dead(path):
    dead = []
    for link in page(path).links:
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        file = (path.parent / target).resolve() if target else path
        if not file.is_file() or (anchor and anchor not in page(file).ids):
            dead.append(link)
    assert dead == []
