"""The pages of README.md and docs/, as text that tests take apart."""

import ast
import re
import textwrap
from typing import NamedTuple

from tests.edge import OF_DOCS, SECRET
from tests.stack import ROOT

README = (ROOT / "README.md").read_text()
REFERENCE = ROOT / "docs" / "reference"
PAGES = {str(path.relative_to(ROOT)): path for path in sorted((ROOT / "docs").rglob("*.md"))}
# Where a settings block lies that says so; the files that it names are there.
SETTINGS_FILE = ROOT / "tests" / "guide" / "site" / "settings.py"
NOT_RUN = "Not run by our tests"

FENCE = re.compile(r"^( *)```([\w{}-]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
# Of a settings block, what the parser and the checks look at; the rest needs other packages.
READ_BY_CHECKS = ("TRUSTED_", "SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_", "INTERNAL_IPS")


class Block(NamedTuple):
    """A fenced block: the heading it stands under, its language and its text."""

    section: str
    language: str
    text: str


def table(text, first_heading):
    """Return the rows of the table whose first column has a heading, as tuples of cells."""
    start = text.index(f"| {first_heading} |")
    lines = text[start:].split("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


def unquoted(cell):
    """Return the text of a cell without the marks of code, a string or a link."""
    return re.sub(r"^\[(.*)\]\(.*\)$", r"\1", cell.strip()).strip("`").strip('"')


def code_blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def sections(text):
    """Return the text below each heading of the second level, by heading."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


def blocks(name):
    """Return the fenced blocks of a page, in order."""
    text = PAGES[name].read_text()
    found = []
    for match in FENCE.finditer(text):
        # A comment in an earlier block is no heading.
        above = FENCE.sub("", text[: match.start()])
        headings = HEADING.findall(above)
        section = headings[-1][1] if headings else ""
        found.append(Block(section, match[2], textwrap.dedent(match[3])))
    return found


def is_settings(block):
    """Tell whether a block is Python that assigns a setting."""
    if block.language != "python":
        return False
    targets = [
        target
        for node in ast.parse(block.text).body
        if isinstance(node, ast.Assign)
        for target in node.targets
    ]
    return any(isinstance(target, ast.Name) and target.id.isupper() for target in targets)


def run_settings(block):
    """Run a settings block; return the settings that the package reads."""
    names = {"__file__": str(SETTINGS_FILE)}
    exec(compile(block.text.replace(OF_DOCS, SECRET), "settings", "exec"), names)
    return {name: value for name, value in names.items() if name.startswith(READ_BY_CHECKS)}
