"""Whole projects and their `manage.py check --deploy`."""

import os
import re
import subprocess
import sys

from tests import stack
from tests.checks.findings import ids_in_the_code

# What cannot be there beside the others. E001, E010 and E016: a setting that is no list has no wrong
# entry (E002 to E007, E011, E017), and one that is not there (W036) has none either. W003: without our middleware there are neither two (W004) nor one before it (W005).
# W007: where nobody is trusted, there is no proxy in INTERNAL_IPS (W031) and no network that is too wide
# (W032). W038: no header that speaks about the scheme is set twice (W008).
ELSEWHERE = {"E001", "E010", "E016", "W003", "W007", "W036", "W038"}
# Of logins by header, tests/checks/test_identity.py and test_logins.py ask.
ELSEWHERE |= {"E050", "E051", "E052", "W050", "W051", "W052", "W053"}
# Of range files, secrets and the probe, tests/checks/test_ranges.py, test_stamps.py and test_settings.py ask.
ELSEWHERE |= {name for name in ids_in_the_code() if re.match("[EW]0[789]", name)}
CHECK = ("-m", "django", "check", "--deploy")
SERVERS = ("FORWARDED_ALLOW_IPS", "UVICORN_", "GUNICORN_CMD_ARGS")


def run(settings, *arguments, **environment):
    """Run Python in a project, and return how it ends and our ids in what it prints."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(SERVERS)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=stack.ROOT,
        env={**inherited, **environment, "DJANGO_SETTINGS_MODULE": settings},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, re.findall(r"\(trustedproxy\.(\w+)\)", done.stdout + done.stderr)


def test_a_project_with_every_mistake_gets_every_finding_from_one_command():
    servers = {"FORWARDED_ALLOW_IPS": "*", "GUNICORN_CMD_ARGS": "--header-map=dangerous"}
    code, found = run("tests.agreement.all_mistakes", *CHECK, **servers)
    assert code == 1
    assert set(found) == ids_in_the_code() - ELSEWHERE


def test_a_project_configured_by_the_readme_gets_none():
    assert run("tests.agreement.no_mistakes", *CHECK) == (0, [])


def test_that_project_has_every_middleware_that_it_lists():
    # A check is silent about one that cannot be imported.
    program = """
import django
django.setup()
from django.conf import settings
from django.utils.module_loading import import_string
for path in settings.MIDDLEWARE:
    import_string(path)
"""
    assert run("tests.agreement.no_mistakes", "-c", program) == (0, [])
