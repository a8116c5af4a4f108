"""The demo: the example behind a real reverse proxy, and what Django concludes of three requests.

Run by `make demo`. With --once it ends after the transcript, with 1 if any answer is wrong.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import time
from http.client import HTTPException

from tests import stack

FORGED = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Real-IP", "6.6.6.6"),
    ("X-Client-IP", "6.6.6.6"),
    ("Forwarded", "for=6.6.6.6"),
]


class EndedError(Exception):
    """Somebody asked the demo to end."""


class Ending:
    """Remembers the first signal that asks the demo to end.

    A handler that raised could lose a server between its start and the block that stops it, and a
    second signal could break off the stopping.
    """

    def __init__(self):
        self.number = None
        # A closed terminal sends SIGHUP, to make as well.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            if signal.getsignal(each) is not signal.SIG_IGN:  # as under nohup
                signal.signal(each, self.remember)

    def remember(self, number, _frame):
        """Keep the number of a signal."""
        self.number = self.number or number

    def check(self):
        """Raise `EndedError` if such a signal came."""
        if self.number:
            raise EndedError

    def wait(self):
        """Return when such a signal came."""
        while not self.number:
            time.sleep(0.1)


def refuse_busy(port):
    """Raise `StackError` if somebody listens on a port, with the process where that is known."""
    if not stack.can_connect(("127.0.0.1", port)):
        return
    found = stack.holder(port)
    who = f": process {found.pid} has it ({found.command})" if found else ""
    raise stack.StackError(
        f"Port {port} is busy{who}. Try: make demo ARGS='--port 8080 --direct-port 8081'"
    )


def source(wanted):
    """Return a loopback address to send from; not every system has more than 127.0.0.1."""
    try:
        socket.create_server((wanted, 0)).close()
    except OSError:
        return "127.0.0.1"
    return wanted


def show(title, port, client, headers):
    """Send one request, print what Django concluded, and tell whether it is right."""
    status, body = stack.get(port, headers=headers, source=client)
    facts = json.loads(body) if status == 200 else {}
    is_right = facts.get("client") == client
    print(f"{title}, sent from {client}")
    for name, value in headers:
        print(f"    sent    {name}: {value}")
    for key, value in facts.get("received", {}).items():
        print(f"    arrived {key} = {value!r}")
    mark = "right" if is_right else "WRONG"
    concluded = f"REMOTE_ADDR = {facts.get('client')}, outcome {facts.get('outcome')}"
    print(f"  {mark}: HTTP {status}, {concluded}\n", flush=True)
    return is_right


def probe_command(port, direct_port):
    """Return the line for a shell in this directory that probes the demo."""
    return (
        f"{os.path.relpath(sys.executable, stack.ROOT)} -m django trustedproxy "
        f"--settings example_project.settings probe http://127.0.0.1:{port} "
        f"--origin http://127.0.0.1:{direct_port}"
    )


def run(port, direct_port, ending, *, once):
    """Start the stack, print the transcript, and stay up unless `once`."""
    refuse_busy(port)
    refuse_busy(direct_port)
    with stack.workplace() as place, contextlib.ExitStack() as running:
        origins = {
            "EXAMPLE_PROXY_ORIGIN": f"http://127.0.0.1:{port}",
            "EXAMPLE_DIRECT_ORIGIN": f"http://127.0.0.1:{direct_port}",
            "EXAMPLE_PROBE": "yes",
        }
        running.enter_context(stack.gunicorn(place, direct_port, **origins))
        ending.check()
        running.enter_context(stack.caddy(place, port, f"unix/{place}/gunicorn"))
        print(f"client -> Caddy 127.0.0.1:{port} -> Unix socket -> gunicorn, which also listens on")
        print(f"127.0.0.1:{direct_port} for everybody. TRUSTED_PROXIES = ['unix:']\n")
        answers = []
        for title, to, client, headers in (
            ("1. honest, through the proxy", port, "127.0.0.2", []),
            ("2. forged, through the proxy", port, "127.0.0.3", FORGED),
            ("3. forged, straight to gunicorn", direct_port, "127.0.0.4", FORGED),
        ):
            ending.check()
            answers.append(show(title, to, source(client), headers))
        if not once:
            print(
                f"Open {origins['EXAMPLE_PROXY_ORIGIN']}/ (through the proxy), and attack it from"
            )
            print(f"the page, or {origins['EXAMPLE_DIRECT_ORIGIN']}/ (around it).")
            print("Or let the package attack it, from another terminal:")
            print(probe_command(port, direct_port))
            print("Ctrl-C ends the demo.", flush=True)
            ending.wait()
        return all(answers)


def main():
    """Read the arguments and run the demo; errors are one line."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the transcript")
    parser.add_argument("--port", type=int, default=8000, help="of the proxy (default 8000)")
    parser.add_argument("--direct-port", type=int, default=8001, help="of gunicorn (default 8001)")
    arguments = parser.parse_args()
    ending = Ending()
    ok = True
    try:
        ok = run(arguments.port, arguments.direct_port, ending, once=arguments.once)
    except EndedError:
        pass
    except (stack.StackError, HTTPException, OSError) as error:
        # A terminal signals the servers too, so they may be gone first; and once closed it takes no
        # more text.
        if not ending.number:
            if isinstance(error, stack.StackError):
                sys.exit(f"demo: {error}")
            raise
    if ending.number:
        # Text that a closed terminal did not take would make Python end with 120.
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + ending.number)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
