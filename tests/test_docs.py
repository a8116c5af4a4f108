"""The pages of docs/: their links are alive, and what they say of this package is run.

The form of a recipe, a page in docs/proxies/ or docs/platforms/:

    # The name of what is in front, and one sentence
    a ```text block: the way of a request, a line for each hop and the header it writes
    ## The proxy      its whole configuration
    ## Django         a ```python block with all settings, which our checks find nothing in
    ## The server     the start command, and a link to ../application-servers.md
    ## Check it       a ```sh block with `python manage.py trustedproxy explain ...`, and a ```text
                      block with what it prints
    ## Known trap     one to three, each with its remedy

A page that no test can run for real has the words "Not run by our tests", and links to its sources.

On every page, each ```python block has to compile. One that assigns settings is run by itself. Each
command `trustedproxy explain` is followed by its output and runs under the first settings of the
page and those above it in its own section.
"""

import io
import re
import shlex
from itertools import takewhile

import pytest
from django.core.management import call_command
from django.test import override_settings

from django_trustedproxy.conf import parse
from tests.checks.findings import ids
from tests.edge import OF_DOCS, SECRET
from tests.pages import FENCE, HEADING, LINK, NOT_RUN, PAGES, blocks, is_settings, run_settings
from tests.stack import ROOT

RECIPES = [name for name in PAGES if name.startswith(("docs/proxies/", "docs/platforms/"))]
HEADINGS = ["The proxy", "Django", "The server", "Check it", "Known trap"]

EXPLAIN = "python manage.py trustedproxy explain"


def commands(text):
    """Return the arguments of each `trustedproxy explain` in a block of shell."""
    found = re.findall(rf"{EXPLAIN}(.*)", text.replace("\\\n", " ").replace(OF_DOCS, SECRET))
    return [shlex.split(arguments) for arguments in found]


def explanations(name):
    """Yield section, settings, commands and expected output of each explanation on a page."""
    above = blocks(name)
    all_settings = [block for block in above if is_settings(block)]
    for index, block in enumerate(above):
        if block.language not in ("sh", "console") or EXPLAIN not in block.text:
            continue
        settings = {}
        in_section = [b for b in above[:index] if b.section == block.section and is_settings(b)]
        for each in [*all_settings[:1], *in_section]:
            settings |= run_settings(each)
        after = above[index + 1] if index + 1 < len(above) else None
        expected = after.text if after and after.language == "text" else None
        yield block.section, settings, commands(block.text), expected


def slugs(text):
    """Return the anchors that a code host gives to the headings of a page."""
    found = []
    for _, heading in HEADING.findall(FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        count = sum(1 for other in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other))
        found.append(f"{slug}-{count}" if count else slug)
    return found


def is_dead(page, link):
    """Tell whether a relative link leads nowhere in the repository."""
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page
    if not path.exists() or not path.is_relative_to(ROOT):
        return True
    return bool(anchor) and anchor not in slugs(path.read_text())


OUTSIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "tests/README.md")


@pytest.mark.parametrize("name", [*PAGES, *OUTSIDE])
def test_no_link_is_dead(name):
    page = ROOT / name
    links = [a or b for a, b in LINK.findall(FENCE.sub("", page.read_text()))]
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if is_dead(page, link)] == []


def test_a_dead_link_is_seen():
    readme = ROOT / "README.md"
    assert not is_dead(readme, "docs/agreement.md#who-agrees")
    assert is_dead(readme, "docs/agreement.md#nobody")
    assert is_dead(readme, "docs/nowhere.md")
    assert is_dead(readme, "#nowhere")
    assert is_dead(readme, "../outside.md")


def test_anchors_are_those_of_a_code_host():
    text = "# What `a` does, and why\n\n```sh\n# no heading\n```\n## Twice\n## Twice\n#### a.W001\n"
    assert slugs(text) == ["what-a-does-and-why", "twice", "twice-1", "aw001"]


@pytest.mark.parametrize("name", PAGES)
def test_every_fence_is_closed(name):
    assert "```" not in FENCE.sub("", PAGES[name].read_text())


@pytest.mark.parametrize("name", PAGES)
def test_the_settings_of_a_page_are_without_an_error(name):
    for block in blocks(name):
        if is_settings(block):
            settings = run_settings(block)
            assert parse(type("Settings", (), settings))[1] == []
            assert [found for found in ids(**settings) if found.startswith("E")] == []


@pytest.mark.parametrize("name", PAGES)
def test_explain_prints_what_the_page_says(name):
    for _, settings, calls, expected in explanations(name):
        out = io.StringIO()
        # A page without settings speaks of a project that has none.
        with override_settings(**{"TRUSTED_PROXIES": [], **settings}):
            for arguments in calls:
                call_command("trustedproxy", "explain", *arguments, stdout=out, no_color=True)
        assert out.getvalue() == expected


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_has_the_form_of_a_recipe(name):
    text = PAGES[name].read_text()
    assert [
        title for level, title in HEADING.findall(FENCE.sub("", text)) if level == "##"
    ] == HEADINGS
    before = list(takewhile(lambda block: block.section not in HEADINGS, blocks(name)))
    assert [block.language for block in before] == ["text"], "a picture comes first"
    sections = [block.section for block in blocks(name)]
    assert {"The proxy", "Django", "The server", "Check it"} <= set(sections)
    (server,) = re.findall(r"^## The server$(.*?)^## ", text, re.DOTALL | re.MULTILINE)
    assert "](../application-servers.md" in server


@pytest.mark.parametrize("name", RECIPES)
def test_the_settings_of_a_recipe_come_first_and_without_a_warning(name):
    first = next(block for block in blocks(name) if is_settings(block))
    assert first.section == "Django"
    settings = run_settings(first)
    assert settings["TRUSTED_PROXIES"] or settings["TRUSTED_PROXIES_WITH_SECRET"]
    assert ids(**settings) == []


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_explains_a_request_whose_client_is_found(name):
    checks = [found for found in explanations(name) if found[0] == "Check it"]
    assert checks
    assert any("\nforwarded: " in expected for _, _, _, expected in checks)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_that_is_not_run_names_its_sources(name):
    text = PAGES[name].read_text()
    if NOT_RUN in text:
        assert "](https://" in text


def test_the_site_has_a_place_for_every_page():
    trees = "".join(block.text for block in blocks("docs/index.md"))
    placed = [
        str(path.relative_to(ROOT))
        for line in trees.splitlines()
        if line and line[0] not in ":{"
        for path in (ROOT / "docs").glob(f"{line}.md")
    ]
    assert sorted([*placed, "docs/index.md"]) == sorted(PAGES)
