"""The checks as a whole."""

import os
import subprocess
import sys

import pytest

from tests.checks.findings import ids
from tests.stack import ROOT


@pytest.mark.slow
def test_the_checks_cost_little_on_the_example_and_import_no_package():
    program = """
import sys
import django
django.setup()
from django.conf import settings
from django.utils.module_loading import import_string
from django_trustedproxy import checks
from tests.steps import steps
for path in settings.MIDDLEWARE:
    import_string(path)
before = {name.partition(".")[0] for name in sys.modules}
found = []
cost = steps(lambda: found.extend(m for c in (*checks.ALL, *checks.DEPLOY) for m in c()))
print(found, sorted({name.partition(".")[0] for name in sys.modules} - before), cost)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "example_project.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *nothing, lines = done.stdout.split()
    assert nothing == ["[]", "[]"]
    assert 0 < int(lines) < 500_000  # of Python: some 50 ms


def test_a_project_without_urls_is_checked_too(settings, package):
    package("ninja")  # whose use is looked for beside the URLs
    del settings.ROOT_URLCONF
    assert ids(MIDDLEWARE=[]) == ["W003"]
