"""The recipes of docs/ drop what a server may believe from any client, or name the servers not to run.

A recipe is a section with the configuration of a proxy that forwards requests. The suite of servers
runs the recipes; this finds one that has no line for an attack, and one that nobody has run yet.
"""

import re
from typing import NamedTuple

import pytest

from tests.pages import PAGES, blocks

FORWARDS = re.compile(
    r"^\s*(proxy_pass |ProxyPass /|reverse_proxy |backend \w|proxy\.server|- match: .* cluster: "
    r"|loadBalancer:|ingressClassName:|route: \{ cluster:)",
    re.MULTILINE,
)
OTHERS = {"python", "sh", "console", "text"}
# What is added to the recipes of other pages.
PIECES = {"docs/websockets.md"}


class Recipe(NamedTuple):
    """A section of a page, with all of its configuration in one text."""

    page: str
    section: str
    languages: frozenset[str]
    text: str

    def says(self, sentence):
        """Tell whether the page has a sentence, however its lines are broken."""
        return sentence in " ".join(PAGES[self.page].read_text().split())


def recipes():
    found = {}
    for page in PAGES.keys() - PIECES:
        for block in blocks(page):
            if block.language not in OTHERS:
                found.setdefault((page, block.section), []).append(block)
    made = [
        Recipe(*key, frozenset(b.language for b in parts), "\n".join(b.text for b in parts))
        for key, parts in sorted(found.items())
    ]
    return [recipe for recipe in made if FORWARDS.search(recipe.text)]


RECIPES = recipes()
BY_RECIPE = pytest.mark.parametrize(
    "recipe", RECIPES, ids=[f"{recipe.page}, {recipe.section}" for recipe in RECIPES]
)


def test_every_page_about_a_proxy_has_a_recipe():
    pages = {page for page in PAGES if page.startswith("docs/proxies/")}
    assert pages <= {recipe.page for recipe in RECIPES}


@BY_RECIPE
def test_a_recipe_drops_the_header_of_daphne(recipe):
    assert "daphne-root-path" in recipe.text.lower() or recipe.says("Do not run daphne here")


UNDERSCORES = (
    *("http-restrict-req-hdr-names delete", "request_header -*_*", "underscores.lua"),
    *("headers_with_underscores_action: DROP_HEADER", "aliasHeadersStrategy: delete"),
    *("header.regsub(req", 'enable-underscores-in-headers: "false"'),
)


@BY_RECIPE
def test_a_recipe_drops_names_with_an_underscore(recipe):
    # nginx does so by default.
    assert (
        "nginx" in recipe.languages
        or any(line in recipe.text for line in UNDERSCORES)
        or recipe.says("do not run a server that takes [header names with an underscore]")
    )


# What passes on every upgrade by itself, and the line that ends it where there is one.
UPGRADES = {
    "\nfrontend ": "http-request del-header Upgrade unless { req.fhdr_cnt(upgrade) 1 } "
    "{ req.fhdr(upgrade) -i websocket }\n",
    "reverse_proxy ": "request_header @other -Upgrade\n",
    "loadBalancer:": None,
    "ingressClassName: nginx": None,
    "Upgrade $http_upgrade": None,
}
# The page has the lines of nginx that all of its products share, and some have more.
PRODUCTS = "docs/proxies/products-nginx.md"


@BY_RECIPE
def test_a_recipe_passes_on_no_upgrade_but_a_websocket(recipe):
    needed = [line for word, line in UPGRADES.items() if word in recipe.text]
    is_ended = recipe.page != PRODUCTS and all(line and line in recipe.text for line in needed)
    assert is_ended or recipe.says(
        "Do not run hypercorn here, or gunicorn with `--http2-cleartext`."
    )


def lines_of(text):
    return [line.strip() for line in text.splitlines() if not line.startswith("#")]


def caddyfile(page):
    return next(block.text for block in blocks(page) if block.language == "caddyfile")


def test_the_caddyfile_in_compose_is_that_of_caddys_recipe():
    (compose,) = (b.text for b in blocks("docs/proxies/docker-compose.md") if b.language == "yaml")
    inside = compose.partition("content: |\n")[2].replace("$$", "$")
    recipe = caddyfile("docs/proxies/caddy.md").replace("127.0.0.1:8000", "web:8000")
    assert lines_of(inside) == lines_of(recipe)


def test_caddy_behind_a_cdn_has_the_lines_of_caddys_recipe():
    recipe = "\n".join(lines_of(caddyfile("docs/proxies/caddy.md")))
    assert recipe in "\n".join(lines_of(caddyfile("docs/proxies/caddy-behind-cdn.md")))
