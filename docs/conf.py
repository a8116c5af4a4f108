"""The site that `make docs` builds of these pages: the same Markdown, in the order of index.md."""

import importlib.metadata
import re
from pathlib import Path

from django.conf import settings
from pygments.lexers.special import TextLexer

settings.configure()

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = importlib.metadata.metadata("django-trustedproxy")
REPOSITORY = dict(url.split(", ") for url in PACKAGE.get_all("Project-URL"))["Repository"]
# Files outside this folder that are pages of the site, each in place of the page that leads to it.
TAKEN_IN = {
    "README.md": "index",
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "SECURITY.md": "security",
}

project = "django-trustedproxy"
author = PACKAGE["Author"]
project_copyright = author
version = release = PACKAGE["Version"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
# Links to a heading are written as a code host resolves them.
myst_heading_anchors = 4
# In docstrings, single backticks are code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
highlight_language = "text"
smartquotes = False

html_theme = "furo"
html_title = f"django-trustedproxy {release}"
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
}


def _on_site(path: Path, link: str) -> str:
    """Return where a link of a file leads on the site: to a page, or else to the code host."""
    target, mark, anchor = link.partition("#")
    if not target or re.match(r"[a-z]+:", link):
        return link
    place = (path.parent / target).resolve().relative_to(ROOT).as_posix()
    if place in TAKEN_IN:
        return f"/{TAKEN_IN[place]}.md{mark}{anchor}"
    if place.startswith("docs/"):
        return f"/{place.removeprefix('docs/')}{mark}{anchor}"
    return f"{REPOSITORY}/blob/v{release}/{place}"


def _read(_app: object, docname: str, source: list[str]) -> None:
    path, text = ROOT / "docs" / f"{docname}.md", source[0]
    outside = {page: name for name, page in TAKEN_IN.items()}.get(docname)
    if outside:
        trees = "".join(re.findall(r"^```\{toctree\}.*?^```$\n+", text, re.DOTALL | re.MULTILINE))
        path = ROOT / outside
        text = f"{path.read_text()}\n{trees}"
    source[0] = re.sub(r"\]\(([^()\s]+)\)", lambda m: f"]({_on_site(path, m[1])})", text)


def setup(app: object) -> None:
    app.connect("source-read", _read)
    app.add_lexer("haproxy", TextLexer)  # Pygments has none
