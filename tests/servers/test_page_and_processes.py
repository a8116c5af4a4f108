"""What holds after all other tests: nothing runs any more, and the page has what they found."""

import os
from pathlib import Path

from tests.servers.report import PAGE, without_versions


def running_children():
    """Return the commands of all processes that this run started and that still live.

    The servers' own children come here when their parent has ended (see conftest.py).
    """
    found = []
    for thread in Path("/proc/self/task").iterdir():
        for child in map(int, (thread / "children").read_text().split()):
            ended, _ = os.waitpid(child, os.WNOHANG)
            if not ended:
                found.append(Path(f"/proc/{child}/cmdline").read_text())
    return found


def test_nothing_is_left_running():
    assert running_children() == []


def test_the_page_has_the_answers_of_this_run(request, report):
    assert request.session.testsfailed == 0
    written = PAGE.read_text()
    found = report.written_into(written)
    PAGE.write_text(found)
    assert without_versions(found) == without_versions(written)
