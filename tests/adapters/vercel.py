"""Vercel's bridge, started as Vercel's runtime starts it."""

import http.client
import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60  # seconds


@contextmanager
def bridge(variable, folder):
    """Yield the port of a bridge to one of the applications of `served.py`."""
    path = str(folder / "ipc.sock")
    environment = {
        "VERCEL_IPC_PATH": path,
        "__VC_HANDLER_ENTRYPOINT": "tests/adapters/served.py",
        "__VC_HANDLER_ENTRYPOINT_ABS": str(ROOT / "tests/adapters/served.py"),
        "__VC_HANDLER_MODULE_NAME": "tests.adapters.served",
        "__VC_HANDLER_VARIABLE_NAME": variable,
    }
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        listener.settimeout(PATIENCE)
        process = subprocess.Popen(
            [sys.executable, "-c", "import vercel_runtime.vc_init"],
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE)
                yield _started(connection)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _started(connection):
    """Wait for the message that tells the port."""
    received = b""
    while True:
        *messages, received = received.split(b"\0")
        for message in map(json.loads, messages):
            if message["type"] == "server-started":
                return message["payload"]["httpPort"]
        part = connection.recv(65536)
        assert part, "the bridge ended"
        received += part


def ask(port, headers):
    """Send a request as Vercel's proxy does; return what the view tells."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/", headers={"host": "shop.example", **headers})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return json.loads(body)
    finally:
        connection.close()
