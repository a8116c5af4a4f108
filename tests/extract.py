"""Write what the README and other pages show into the consumer's project, for its type checkers."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "tests" / "typing" / "consumer" / "pages"
# A name for the module, the page, and what only one of its blocks has.
TAKEN = (
    ("settings", "README.md", "INSTALLED_APPS"),
    ("tests", "README.md", "through("),
    ("view", "docs/reference/answer.md", "get_trusted_proxy(request)"),
    ("wsgi", "docs/wrappers.md", "get_wsgi_application()"),
    ("asgi", "docs/wrappers.md", "# asgi.py"),
)


def block(page: str, mark: str) -> str:
    """Return the only block of Python on a page that has a mark."""
    blocks = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    (found,) = [text for text in blocks if mark in text]
    return str(found)


def annotated(text: str) -> str:
    """Return a test as strict type checkers ask for it: pages leave out what pytest knows."""
    typed = text.replace("(client):", "(client: Client) -> None:")
    return typed if typed == text else f"from django.test import Client\n{typed}"


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    TARGET.joinpath("__init__.py").touch()
    for name, page, mark in TAKEN:
        TARGET.joinpath(f"{name}.py").write_text(annotated(block(page, mark)))
