"""What the Makefile promises of the two ways to run the tests."""

import os
import re
import select
import shlex
import shutil
import socket
import subprocess
import sys

import pytest

from tests import stack

# At the start of a line, of a shell's word, or of a step: "make sure" is none.
COMMAND = re.compile(r"^(?: *- run: |step )?make ([a-z-]+)|`make ([a-z-]+)", re.MULTILINE)


def make(*arguments):
    """Return what make prints and would run."""
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=stack.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def pytest_arguments(*arguments):
    """Return the arguments that a target of make gives to pytest."""
    program, *found = shlex.split(make("--dry-run", *arguments)[-1])
    assert program == ".venv/bin/pytest"
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    ["tests/test_headers.py", "-k test_no_header_has_two_purposes"],
    ids=["file", "keyword"],  # which -k does not find
)
def test_a_part_of_the_tests_runs_alone_and_passes(part, tmp_path):
    arguments = pytest_arguments("test", f"ARGS={part}")
    assert arguments == ["--cov=django_trustedproxy", "--cov-fail-under=0", *part.split()]
    env = {**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")}
    command = [sys.executable, "-m", "pytest", "--verbose", *arguments]
    done = subprocess.run(
        command, cwd=stack.ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    ran = {line.partition("::")[0] for line in done.stdout.splitlines() if " PASSED" in line}
    assert ran == {"tests/test_headers.py"}


@pytest.mark.slow
def test_the_whole_suite_asks_for_full_coverage():
    assert pytest_arguments("test") == ["--cov=django_trustedproxy"]


@pytest.mark.slow
def test_the_fast_suite_is_what_help_names_first():
    first = make("help")[0]
    assert first.startswith("make test-fast ")
    assert pytest_arguments("test-fast", "ARGS=-x") == ["-m", "not slow", "-x"]


def bind():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.run([sys.executable, "--version"], check=True),
        bind,
        lambda: stack.can_connect(("127.0.0.1", 9)),
        lambda: stack.process([sys.executable, "--version"], ready=[], log=os.devnull),
    ],
    ids=["run", "server", "client", "stack"],
)
def test_a_test_that_starts_something_cannot_be_a_fast_one(start):
    with pytest.raises(pytest.fail.Exception, match="mark it so"):
        start()


def test_each_command_that_a_page_or_a_workflow_names_exists():
    pages = ["CONTRIBUTING.md", "README.md", "tests/README.md", ".ci/run"]
    texts = [stack.ROOT.joinpath(page) for page in pages]
    texts += stack.ROOT.glob(".github/workflows/*.yml")
    named = {
        first or second for text in texts for first, second in COMMAND.findall(text.read_text())
    }
    (phony,) = re.findall(
        r"^\.PHONY: (.+)", stack.ROOT.joinpath("Makefile").read_text(), re.MULTILINE
    )
    assert named > {"test", "lint", "fuzz"}
    assert named - set(phony.split()) == set()


# What runs in CI needs bash; the tests of the package do not.
with_bash = pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
MAKE = """\
#!/bin/sh
case $1 in
  test-versions) {versions} ;;
  test-servers) until [ -e started ]; do sleep 0.05; done; {servers} ;;
esac
"""


def run_ci(place, *, versions, servers):
    """Run .ci/run with a stand-in of make, which does one thing for each of the two long suites."""
    (place / "bin").mkdir()
    made = {"make": MAKE.format(versions=versions, servers=servers), "git": "#!/bin/sh\n"}
    for name, text in made.items():
        program = place / "bin" / name
        program.write_text(text)
        program.chmod(0o755)
    (place / ".ci").mkdir()
    shutil.copy(stack.ROOT / ".ci" / "run", place / ".ci")
    env = {**os.environ, "PATH": f"{place / 'bin'}:{os.environ['PATH']}"}
    command = ["bash", ".ci/run"]
    return subprocess.run(
        command, cwd=place, env=env, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.slow
@with_bash
def test_a_failed_step_of_ci_ends_what_runs_beside_it(tmp_path):
    # The pipe ends once nobody has it open for writing.
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    started = "(exec 3> pipe; touch started; sleep 600) | cat"
    done = run_ci(tmp_path, versions=started, servers="exit 3")
    assert done.returncode == 3
    assert "make demo" not in done.stdout
    ended, _, _ = select.select([reader], [], [], 60)
    os.close(reader)
    assert ended


@pytest.mark.slow
@with_bash
@pytest.mark.parametrize("code", [0, 5])
def test_ci_waits_for_what_runs_beside_a_step_and_fails_with_it(code, tmp_path):
    versions = f"touch started; until [ -e served ]; do sleep 0.05; done; echo told; exit {code}"
    done = run_ci(tmp_path, versions=versions, servers="touch served")
    assert "told\n" in done.stdout
    assert ("make demo" in done.stdout, done.returncode) == ((True, 0) if code == 0 else (False, 1))
