"""Which server runs a process, and the advice for it."""

import json
import sys
import types

import pytest

from django_trustedproxy.servers import advice
from tests import stack
from tests.logged import text_of
from tests.requests import CLIENT

VARIABLE = 'or set FORWARDED_ALLOW_IPS="" in its environment.'

# The command, what its process has imported, and the advice.
COMMANDS = [
    ("/venv/bin/uvicorn", (), f"Run uvicorn with --no-proxy-headers, {VARIABLE}"),
    ("/venv/lib/uvicorn/__main__.py", (), f"Run uvicorn with --no-proxy-headers, {VARIABLE}"),
    (
        "/venv/bin/gunicorn",
        ("uvicorn_worker",),
        f'Run gunicorn with --forwarded-allow-ips "", {VARIABLE}',
    ),
    (
        "/venv/bin/gunicorn",
        ("uvicorn.workers",),
        f'Run gunicorn with --forwarded-allow-ips "", {VARIABLE}',
    ),
    ("/venv/bin/gunicorn", (), advice()),
    (
        "/venv/bin/daphne",
        (),
        "Run daphne without --proxy-headers, or remove the wrapper around the ASGI application that does it.",
    ),
    (
        "/venv/bin/hypercorn",
        (),
        "Remove hypercorn's ProxyFixMiddleware around the ASGI application.",
    ),
    ("/venv/bin/granian", (), "Remove granian's wrapper around the ASGI application."),
    ("manage.py", (), advice()),
    ("", (), advice()),
]


@pytest.mark.parametrize(("command", "imported", "text"), COMMANDS)
def test_the_advice_is_for_the_server_that_runs(monkeypatch, hear, command, imported, text):
    monkeypatch.setattr(sys, "argv", [command] if command else [])
    for name in ("uvicorn_worker", "uvicorn.workers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in imported:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    records = hear(CLIENT, {"REMOTE_PORT": 0}, **{"X-Forwarded-For": CLIENT})
    # One line: no second one contradicts it.
    assert [record.kind for record in records] == ["server"]
    assert text_of(records[0]).endswith(f"cannot be seen any more. {text}")


def test_no_client_of_a_server_that_rewrites_is_to_be_listed(hear):
    found = [
        record.kind
        for number in range(20)
        for record in hear(
            f"203.0.{number}.9", {"REMOTE_PORT": 0}, **{"X-Forwarded-For": "6.6.6.6"}
        )
    ]
    assert set(found) == {"direct"}
    hear(CLIENT, {"REMOTE_PORT": 0}, **{"X-Forwarded-For": CLIENT})
    for number in range(100):
        assert hear(f"203.{number}.1.9", {"REMOTE_PORT": 0}, **{"X-Forwarded-For": "6.6.6.6"}) == []


def test_a_server_that_rewrites_is_told_once_for_all_clients(hear):
    told = [
        record.kind
        for number in range(50)
        for record in hear(
            f"203.0.{number}.9", {"REMOTE_PORT": 0}, **{"X-Forwarded-For": f"203.0.{number}.9"}
        )
    ]
    assert told == ["server"]


def test_an_unlisted_proxy_beside_a_server_that_rewrites_is_told(hear):
    hear(CLIENT, {"REMOTE_PORT": 0}, **{"X-Forwarded-For": CLIENT})
    (record,) = hear("172.18.0.2", {"REMOTE_PORT": 4711}, **{"X-Forwarded-For": CLIENT})
    assert record.kind == "direct"


@pytest.mark.slow
@pytest.mark.parametrize("allowed", [None, ""])
def test_uvicorns_default_is_told_and_the_advice_mends_it(tmp_path, allowed):
    port, log = stack.free_port(), tmp_path / "log"
    command = [stack.executable("uvicorn"), "example_project.asgi:application"]
    command += ["--lifespan", "off", "--port", str(port)]
    env = {"EXAMPLE_TRUSTED_PROXIES": "127.0.0.1"}
    env |= {} if allowed is None else {"FORWARDED_ALLOW_IPS": allowed}
    with stack.process(command, ready=[("127.0.0.1", port)], log=log, env=env):
        headers = {"For": CLIENT, "Proto": "https", "Host": "localhost"}
        status, body = stack.get(
            port, headers=[(f"X-Forwarded-{name}", text) for name, text in headers.items()]
        )
    assert status == 200
    outcome = json.loads(body)["outcome"]
    lines = [line for line in log.read_text().splitlines() if "django-trustedproxy: " in line]
    if allowed is None:
        assert outcome == "direct"
        (line,) = lines
        assert f"Run uvicorn with --no-proxy-headers, {VARIABLE}" in line
    else:
        assert (outcome, lines) == ("forwarded", [])
