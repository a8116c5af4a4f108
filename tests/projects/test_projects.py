"""Real projects with the app added as the README has it: no finding of the checks is false.

Each project has an environment of its own, as they need different releases of Django.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS = ROOT / ".venv-projects"
# What the README tells a project to write.
RECOMMENDED = """
from {base} import *
INSTALLED_APPS = [*INSTALLED_APPS, "django_trustedproxy"]
MIDDLEWARE = ["django_trustedproxy.middleware.TrustedProxyMiddleware", *MIDDLEWARE]
TRUSTED_PROXIES = ["10.0.0.0/8"]
TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
{more}
"""
SECRET = 'SECRET_KEY = "0123456789 of a test that nobody else reads, with many characters"'


class Project(NamedTuple):
    """A project: its environment, its settings, what a user writes beside, and what is found."""

    name: str
    base: str
    more: str = ""
    findings: tuple = ()


PROJECTS = [
    Project("wagtail", "site_of_test.settings.production", SECRET),
    Project("weblate", "weblate.settings_example"),
    Project("weblate", "weblate.settings_example", "IP_BEHIND_REVERSE_PROXY = True", ("W002",)),
    Project("pretix", "pretix.settings"),
    Project("bugsink", "bugsink.settings.default", SECRET),
    Project("bugsink", "bugsink.settings.default", f"{SECRET}\nUSE_X_REAL_IP = True", ("W002",)),
    Project("cookiecutter", "tests.projects.cookiecutter_settings", "", ("W008",)),
    Project(
        "cookiecutter", "tests.projects.cookiecutter_settings", "SECURE_PROXY_SSL_HEADER = None"
    ),
]


def run(name, *arguments, cwd, **environment):
    """Run Python in a project's environment and return what it prints."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO_")}
    path = os.pathsep.join([str(cwd), str(ROOT)])
    done = subprocess.run(
        [ENVIRONMENTS / name / "bin" / "python", *arguments],
        cwd=cwd,
        env={**inherited, "PYTHONPATH": path, "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path):
    """Return a folder with what some projects keep there."""
    (tmp_path / "data").mkdir()
    return tmp_path


def place(project, folder):
    """Write the settings of a project and return their environment."""
    if project.name == "wagtail":
        made = run("wagtail", "-m", "wagtail.bin.wagtail", "start", "site_of_test", ".", cwd=folder)
        assert "Success" in made[0]
    settings = RECOMMENDED.format(base=project.base, more=project.more)
    (folder / "behind_a_proxy.py").write_text(settings)
    data = str(folder / "data")
    return {
        "DJANGO_SETTINGS_MODULE": "behind_a_proxy",
        "ALLOWED_HOSTS": "example.com",
        "DATA_DIR": data,
        "PRETIX_PRETIX_DATADIR": data,
    }


@pytest.mark.parametrize("project", PROJECTS, ids=lambda each: f"{each.name}-{each.findings}")
def test_a_real_project_has_no_false_finding(project, folder):
    environment = place(project, folder)
    for options in ([], ["--deploy"]):
        # Of `check --deploy`, other tags would need the services of a project.
        command = ["-m", "django", "check", "--tag", "security", *options]
        out, err = run(project.name, *command, cwd=folder, **environment)
        assert "System check identified" in out + err, err
        assert tuple(re.findall(r"\(trustedproxy\.(\w+)\)", out + err)) == project.findings


def test_the_finding_about_weblate_keeps_its_middleware(folder):
    project = PROJECTS[2]
    environment = place(project, folder)
    command = ["-m", "django", "check", "--tag", "security"]
    _, err = run("weblate", *command, cwd=folder, **environment)
    assert "HINT: Write IP_BEHIND_REVERSE_PROXY = False; " in err
    assert "Remove" not in err


HONEST = "10.0.0.1 203.0.113.9"
FORGED = "10.0.0.1 6.6.6.6, 203.0.113.9"
TWO_PROXIES = "10.0.0.1 6.6.6.6, 203.0.113.9, 10.0.0.2"
STRANGER = "192.0.2.1 6.6.6.6"


def addresses(decided_by, folder):
    """Return what Weblate's view sees of each request, through its own middlewares."""
    requests = [HONEST, FORGED, TWO_PROXIES, STRANGER]
    out, err = run(
        "weblate",
        "-m",
        "tests.projects.weblate_requests",
        *requests,
        cwd=folder,
        DJANGO_SETTINGS_MODULE="tests.projects.weblate_settings",
        DECIDED_BY=decided_by,
    )
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == len(requests), err
    assert {line["url"] for line in lines} == {"https://weblate.example.com/x"}
    return [line["address"] for line in lines]


def test_weblate_answers_with_the_package_as_without_it_and_no_stranger_forges(folder):
    theirs = addresses("theirs", folder)
    assert theirs == ["203.0.113.9", "203.0.113.9", "10.0.0.2", "6.6.6.6"]
    ours = addresses("ours", folder)
    assert ours == ["203.0.113.9", "203.0.113.9", "203.0.113.9", "192.0.2.1"]
    assert ours[:2] == theirs[:2]


def test_weblate_with_both_takes_a_proxy_for_the_client_as_the_finding_says(folder):
    assert addresses("theirs and ours", folder)[2] == "10.0.0.2"
