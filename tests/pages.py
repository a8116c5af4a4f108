"""The pages of README.md and docs/, as text that tests take apart."""

import re

from tests.stack import ROOT

README = (ROOT / "README.md").read_text()
REFERENCE = ROOT / "docs" / "reference"


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
