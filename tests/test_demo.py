"""The demo as a newcomer runs it: it shows three answers, and leaves nothing behind."""

import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests import stack
from tests.demo import probe_command, refuse_busy

pytestmark = pytest.mark.slow

# Makes its terminal the controlling one, as a terminal window does for its shell, and goes on.
# Restores the signals that end a program there: under nohup, or in the background of a shell, the tests
# were started with them ignored.
AT_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "from signal import SIG_DFL, SIGHUP, SIGINT, signal; "
    "signal(SIGHUP, SIG_DFL); signal(SIGINT, SIG_DFL); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tests.demo", "--once", *arguments],
        cwd=stack.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_demo_shows_the_clients_address_three_times_and_ends():
    port, direct = str(stack.free_port()), str(stack.free_port())
    done = demo("--port", port, "--direct-port", direct)
    assert done.returncode == 0, done.stderr
    answers = [line.strip() for line in done.stdout.splitlines() if "REMOTE_ADDR = 127" in line]
    assert [answer for answer in answers if answer.startswith("right: HTTP 200")] == [
        "right: HTTP 200, REMOTE_ADDR = 127.0.0.2, outcome forwarded",
        "right: HTTP 200, REMOTE_ADDR = 127.0.0.3, outcome forwarded",
        "right: HTTP 200, REMOTE_ADDR = 127.0.0.4, outcome direct",
    ]
    assert "sent    X-Forwarded-For: 6.6.6.6" in done.stdout
    assert not stack.can_connect(("127.0.0.1", int(port)))
    assert not stack.can_connect(("127.0.0.1", int(direct)))


def test_a_busy_port_is_one_line_that_names_the_process_that_has_it():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = demo("--port", str(port))
    assert done.returncode == 1
    found = re.fullmatch(
        rf"demo: Port {port} is busy: process {os.getpid()} has it \((.+)\)\. "
        r"Try: make demo ARGS='--port 8080 --direct-port 8081'\n",
        done.stderr,
    )
    assert "pytest" in found[1]


def test_a_busy_port_of_somebody_unknown_is_named_alone(monkeypatch):
    monkeypatch.setattr(stack, "holder", lambda port: None)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(stack.StackError) as caught:
            refuse_busy(port)
    assert str(caught.value).startswith(f"Port {port} is busy. Try: ")
    assert stack.holder(port) is None


class Window:
    """A terminal window in which the demo runs, until the window is closed."""

    def __init__(self, place):
        self.ports = [stack.free_port(), stack.free_port()]
        self.master, terminal = os.openpty()
        command = [sys.executable, "-m", "tests.demo"]
        command += ["--port", str(self.ports[0]), "--direct-port", str(self.ports[1])]
        self.running = subprocess.Popen(
            [sys.executable, "-c", AT_A_TERMINAL, *command],
            cwd=stack.ROOT,
            env={**os.environ, "TMPDIR": str(place)},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)

    def read_until(self, text):
        """Read what the demo prints until a text is in it."""
        seen = ""
        deadline = time.monotonic() + 60
        while text not in seen:
            assert select.select([self.master], [], [], deadline - time.monotonic())[0], seen
            seen += os.read(self.master, 4096).decode()

    def close(self):
        os.close(self.master)

    def hang_up(self):
        """Send what the shell of a window that was closed sends to its jobs."""
        os.killpg(self.running.pid, signal.SIGHUP)

    def interrupt(self):
        os.write(self.master, b"\x03")

    def is_empty(self):
        """Tell whether no process of the session is left."""
        try:
            os.killpg(self.running.pid, 0)
        except ProcessLookupError:
            return True
        return False


@pytest.mark.parametrize("moment", ["127.0.0.1", "1. honest", "Ctrl-C ends the demo."])
@pytest.mark.parametrize(
    ("end", "number"),
    [
        (Window.close, signal.SIGHUP),
        (Window.hang_up, signal.SIGHUP),
        (Window.interrupt, signal.SIGINT),
    ],
)
def test_a_demo_whose_terminal_is_closed_leaves_nothing_behind(end, number, moment):
    with stack.workplace() as place:
        window = Window(place)
        try:
            window.read_until(moment)
            end(window)
            assert window.running.wait(60) == 128 + number
        finally:
            window.running.terminate()
            window.running.wait(60)
        deadline = time.monotonic() + 60
        while not window.is_empty() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert window.is_empty()
        assert not any(stack.can_connect(("127.0.0.1", port)) for port in window.ports)
        assert list(place.iterdir()) == []


def test_the_demo_prints_the_line_that_probes_it():
    with stack.workplace() as place:
        window = Window(place)
        try:
            window.read_until("Ctrl-C ends the demo.")
            command = probe_command(*window.ports)
            done = subprocess.run(
                shlex.split(command),
                cwd=stack.ROOT,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        finally:
            window.running.terminate()
            window.running.wait(60)
            window.close()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "GOOD: nothing is forged, and nothing else is wrong." in done.stdout
    assert "GOOD: reachable around the proxy, with the outcome 'direct'." in done.stdout
    assert done.stdout.endswith("No attack worked.\n")
