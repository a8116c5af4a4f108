"""Takes what the suite runs out of the pages that recommend it, so that no page goes stale."""

import re
import textwrap

from tests import stack

DOCS = stack.ROOT / "docs"


def blocks(page, language, heading=None):
    """Return the fenced blocks of a language in a page of docs/, or of one of its sections."""
    text = (DOCS / page).read_text()
    if heading is not None:
        _, _, rest = text.partition(f"\n## {heading}\n")
        text = rest.partition("\n## ")[0]
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


def commands(page, heading):
    """Return the commands of a section's first sh block by the comment above each."""
    titled = re.findall(r"^# (.*)\n((?:.*\\\n)*.*)$", blocks(page, "sh", heading)[0], re.MULTILINE)
    return {title: command.replace("\\\n", " ") for title, command in titled}


def replaced(text, places):
    """Return a text with each of `places` replaced; each must be there, or the page has changed."""
    for old, new in places.items():
        if old not in text:
            raise ValueError(f"{old!r} is not in the recipe {text!r}.")
        text = text.replace(old, str(new))
    return text
