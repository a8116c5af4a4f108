"""One report for the whole run, and its end: the page is written, and nothing is left running."""

import ctypes

import pytest

from tests.servers.report import Report

PR_SET_CHILD_SUBREAPER = 36


def pytest_configure():
    """Become the parent of what the servers leave behind, so that the last test can see it."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Move the module that looks back on the run behind all others, in its own order."""
    last = [item for item in items if item.path.name == "test_page_and_processes.py"]
    last.sort(key=lambda item: item.location[1])
    items[:] = [item for item in items if item not in last] + last


@pytest.fixture(scope="session")
def report():
    return Report()
