"""The probe against real stacks: it finds every hole that docs/servers.md tells of, and no other."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from django_trustedproxy.pages import page_of_guide
from django_trustedproxy.probe.groups import GROUPS
from tests.servers.attacks import ATTACKS
from tests.servers.probing import BARE, HOLES, RECOMMENDED
from tests.servers.raw_requests import PROXY
from tests.stack import ROOT

HEADING = "The probe"
STACKS = [*HOLES, *RECOMMENDED]
AT_ONCE = 6


def name(stack):
    return f"{stack.name}, {stack.set_up}"


@pytest.fixture(scope="module")
def doors(request):
    """Give what became of each stack that a test of this run asks, as a future: a few run at once."""
    asked = [
        item.callspec.params["stack"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    environment = pytest.MonkeyPatch()
    environment.setenv("EXAMPLE_PROBE", "yes")
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield {name(stack): threads.submit(stack.probe) for stack in asked}
    environment.undo()


def groups_of(door, kind):
    return tuple(dict.fromkeys(verdict.attack.group for verdict in door.of(kind)))


@pytest.mark.parametrize("stack", STACKS, ids=name)
def test_the_probe_finds_what_is_open_and_nothing_else(stack, doors, report):
    door = doors[name(stack)].result()
    found, lost = groups_of(door, "forged"), groups_of(door, "lost its own header")
    assert (found, lost) == (stack.finds, stack.loses), [
        verdict for verdict in door.verdicts if verdict.kind != "passed"
    ]
    row = report.row(HEADING, STACKS.index(stack), stack.name, stack.set_up)
    told = [f"forged: {GROUPS[group].title}" for group in found]
    told += [f"lost its own header: {GROUPS[group].title}" for group in lost]
    if door.honest["outcome"] == "missing":
        told.append("the honest request has the outcome `missing`")
    row.answer = "; ".join(told) or "nothing forged"


def test_there_is_a_bare_stack_for_every_group_that_a_server_lets_through():
    found = {group for stack in HOLES if stack.set_up == BARE for group in stack.finds}
    assert found >= {"spelling", "trailers", "header", "prefix", "identity", "upgrade"}


def test_the_command_tells_the_owner_of_an_open_stack_which_line_closes_it():
    stack = next(found for found in ATTACKS if found.path == "Caddy 2.11.3, uWSGI").bare
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("EXAMPLE_PROBE", "yes")
        environment.setenv("DJANGO_SETTINGS_MODULE", "tests.servers.settings")
        environment.setenv("EXAMPLE_TRUSTED_PROXIES", PROXY)
        with stack.started() as (host, port):
            command = [
                sys.executable,
                "-m",
                "django",
                "trustedproxy",
                "probe",
                f"http://{host}:{port}/",
            ]
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
            )
    assert done.returncode == 1, done.stderr
    _, _, found = done.stdout.partition(f"Front door http://{host}:{port}\n  FORGED: ")
    assert found.startswith(
        f"{GROUPS['spelling'].title}: underscores alone (the client is 6.6.6.6)"
    )
    assert "    Caddy: request_header -*_*\n" in found
    assert f"    see {page_of_guide('probe', 'other-spellings-of-a-name')}\n" in found
    assert found.endswith("An attack worked.\n")
