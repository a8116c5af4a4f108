"""What is shipped: the wheel holds the tree, and the tree keeps the house's shape."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from django_trustedproxy.pages import SITE
from tests.pages import README

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "django_trustedproxy"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel; return the names of its files, and its metadata."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(next(n for n in archive.namelist() if n.endswith("/METADATA")))
    return names, metadata.decode()


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(wheel):
    names, metadata = wheel
    files = {
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files
    requires = re.findall(r"^Requires-Dist: (\S+?)[<>=!]", metadata, re.MULTILINE)
    assert requires == ["django"]


@pytest.mark.slow
def test_every_link_of_the_readme_works_on_the_package_index(wheel):
    metadata = wheel[1]
    urls = dict(re.findall(r"^Project-URL: (\w+), (\S+)$", metadata, re.MULTILINE))
    assert urls["Documentation"] == SITE
    tagged = f"{urls['Repository']}/blob/v{importlib.metadata.version('django-trustedproxy')}/"
    expected = [
        f"{SITE}{link.removeprefix('docs/').removesuffix('.md')}.html"
        if link.startswith("docs/")
        else f"{tagged}{link}"
        for link in re.findall(r"\]\(([^)]+)\)", README)
    ]
    assert len(expected) > 20
    assert re.findall(r"\]\(([^)]+)\)", metadata) == expected


def test_the_changelog_begins_with_what_is_unreleased_or_with_the_version_of_the_package():
    version = importlib.metadata.version("django-trustedproxy")
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    released = [found for found in versions if found != "Unreleased"]
    assert versions[0] in {"Unreleased", version}
    assert released[:1] in ([], [version])


@pytest.mark.parametrize(
    ("version", "is_admitted"),
    [
        ("4.2.30", False),
        ("5.2.12", False),
        ("5.2.13", True),
        ("6.0", False),
        ("6.0.3", False),
        ("6.0.4", True),
        ("6.1", True),
    ],
)
def test_a_django_below_the_fix_for_underscores_is_not_admitted(version, is_admitted):
    (text,) = importlib.metadata.requires("django-trustedproxy")
    assert (version in Requirement(text).specifier) == is_admitted


def test_no_module_but_the_table_of_neighbours_has_more_than_300_lines():
    table = PACKAGE / "checks" / "neighbours.py"
    lengths = {
        path.name: len(path.read_text().splitlines())
        for path in PACKAGE.rglob("*.py")
        if path != table
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


ROOMS = {
    "engine": ("engine",),
    "ranges": ("engine", "display", "ranges"),
    "entries": ("engine", "display", "ranges"),
    "stamping": ("engine", "display", "entries", "names"),
    "conf": ("engine", "display", "entries", "exempt", "names", "pages", "ranges", "stamping"),
    "exempt": ("entries", "names"),
    "overview": ("engine", "display", "entries", "ranges"),
    "pasted": ("engine",),
    "names": ("engine", "entries"),
    "environ": ("engine", "script_name"),
    "script_name": ("engine",),
    "servers": (),
    "limiter": ("engine",),
    "pages": (),
    "lines": ("engine", "limiter", "pages"),
    "seen": (),
    "clients": ("engine", "seen"),
    "remarks": ("engine", "display", "conf", "clients", "seen"),
    "explanation": (
        *("engine", "entries", "environ", "display", "clients", "remarks", "seen", "servers"),
    ),
    "traces": ("engine", "display", "explanation", "pages", "servers"),
    "staleness": ("conf", "lines", "pages"),
    "checks": (
        *("conf", "display", "engine", "checks", "entries", "names", "pages", "probe", "ranges"),
        "stamping",
    ),
    "exceptions": ("engine",),
    "log": (
        *("engine", "clients", "explanation", "limiter", "lines", "pages"),
        *("remarks", "seen", "servers", "traces"),
    ),
    "making": ("engine", "environ"),
    "middleware": (
        "conf",
        "engine",
        "environ",
        "log",
        "exceptions",
        "making",
        "probe",
        "staleness",
    ),
    "wsgi": ("conf", "engine", "environ", "log", "exceptions", "probe", "staleness"),
    "asgi": ("conf", "engine", "environ", "log", "exceptions", "probe", "staleness"),
    "testing": ("conf", "engine"),
    "panels": (*("conf", "engine", "environ", "explanation", "display", "remarks", "seen"),),
    "management": (
        "checks",
        *("conf", "engine", "clients", "explanation", "display", "overview"),
        *("pasted", "probe", "ranges"),
    ),
    "probe": (
        "conf",
        "display",
        "engine",
        "environ",
        "names",
        "pages",
        "probe",
    ),
    "display": (),
    "apps": ("checks", "explanation"),
    "__init__": ("engine", "exceptions", "log", "middleware"),
}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_module_imports_only_the_rooms_below_it(path):
    """The engine is pure, the checks know no mount, and only the app and the command know the checks."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    inside = ("django_trustedproxy", *parts[:-1])
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            start = [*base, *(node.module.split(".") if node.module else [])]
            imported |= {".".join([*start, alias.name]) for alias in node.names}
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    ours = {name.split(".")[1] for name in imported if name.startswith("django_trustedproxy.")}
    assert ours <= set(ROOMS[parts[0]])
    if parts[0] == "engine":
        assert {name.split(".")[0] for name in imported} <= {
            *sys.stdlib_module_names,
            "django_trustedproxy",
        }


def test_only_conf_reads_our_settings():
    mine = re.compile(r"getattr\(settings, .TRUSTED_PROX|settings\.TRUSTED_PROX")
    readers = {path.name for path in PACKAGE.rglob("*.py") if mine.search(path.read_text())}
    assert readers <= {"conf.py"}
