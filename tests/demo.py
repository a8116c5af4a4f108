"""The demo: the example behind a real reverse proxy, and what Django concludes of three requests.

Run by `make demo`. With --once it ends after the transcript, with 1 if any answer is wrong.
"""

import argparse
import contextlib
import json
import signal
import socket
import sys

from tests import stack

FORGED = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Real-IP", "6.6.6.6"),
    ("X-Client-IP", "6.6.6.6"),
    ("Forwarded", "for=6.6.6.6"),
]


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


def run(port, direct_port, *, once):
    """Start the stack, print the transcript, and stay up unless `once`."""
    for wanted in (port, direct_port):
        if stack.can_connect(("127.0.0.1", wanted)):
            raise stack.StackError(
                f"Port {wanted} is busy. Try: make demo ARGS='--port 8080 --direct-port 8081'"
            )
    with stack.workplace() as place, contextlib.ExitStack() as running:
        origins = {
            "EXAMPLE_PROXY_ORIGIN": f"http://127.0.0.1:{port}",
            "EXAMPLE_DIRECT_ORIGIN": f"http://127.0.0.1:{direct_port}",
        }
        running.enter_context(stack.gunicorn(place, direct_port, **origins))
        running.enter_context(stack.caddy(place, port, f"unix/{place}/gunicorn"))
        print(f"client -> Caddy 127.0.0.1:{port} -> Unix socket -> gunicorn, which also listens on")
        print(f"127.0.0.1:{direct_port} for everybody. TRUSTED_PROXIES = ['unix:']\n")
        answers = [
            show("1. honest, through the proxy", port, source("127.0.0.2"), []),
            show("2. forged, through the proxy", port, source("127.0.0.3"), FORGED),
            show("3. forged, straight to gunicorn", direct_port, source("127.0.0.4"), FORGED),
        ]
        if not once:
            print(
                f"Open {origins['EXAMPLE_PROXY_ORIGIN']}/ (through the proxy), and attack it from"
            )
            print(f"the page, or {origins['EXAMPLE_DIRECT_ORIGIN']}/ (around it).")
            print("Ctrl-C ends the demo.", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
        return all(answers)


def main():
    """Read the arguments and run the demo; errors are one line."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the transcript")
    parser.add_argument("--port", type=int, default=8000, help="of the proxy (default 8000)")
    parser.add_argument("--direct-port", type=int, default=8001, help="of gunicorn (default 8001)")
    arguments = parser.parse_args()
    # make passes Ctrl-C and its own end on; both must stop the servers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ok = run(arguments.port, arguments.direct_port, once=arguments.once)
    except stack.StackError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
