"""AWS's Web Adapter, which connects to a server in the function: what comes with an event, by HTTP.

The adapter itself needs AWS. It sends the headers of the event as they are, from 127.0.0.1
(its src/lib.rs, 1.0.0-rc1).
"""

import http.client
import json
from contextlib import closing

import pytest

from tests import stack
from tests.adapters.events import EDGE
from tests.adapters.rows import EVENTS, FORGED, SENT
from tests.pages import blocks, is_settings, run_settings
from tests.requests import CLIENT

PAGE = "docs/platforms/serverless.md"
PATIENCE = 60  # seconds


def settings_of_page():
    """Return what the page says of the adapter."""
    (block,) = (b for b in blocks(PAGE) if is_settings(b) and "127.0.0.1" in b.text)
    return run_settings(block)


@pytest.fixture(scope="module", params=["wsgi", "wsgi_in_wrapper"])
def port(request, tmp_path_factory):
    """Run gunicorn as the page has it; return its port."""
    number, place = stack.free_port(), tmp_path_factory.mktemp("function")
    place.joinpath("settings_of_function.py").write_text(
        f"from tests.adapters.settings import *\nglobals().update({settings_of_page()!r})\n"
    )
    command = [
        *(stack.executable("gunicorn"), f"tests.logins.applications:{request.param}"),
        *("--no-control-socket", "--forwarded-allow-ips", "", "--bind", f"127.0.0.1:{number}"),
        *("--pythonpath", str(place)),
    ]
    env = {"DJANGO_SETTINGS_MODULE": "settings_of_function"}
    ready = [("127.0.0.1", number)]
    with stack.process(command, ready=ready, log=place / "gunicorn.log", env=env):
        yield number


def ask(port, event):
    """Send an event as the adapter does; return what the view tells."""
    lines = event.get("multiValueHeaders") or {k: [v] for k, v in event["headers"].items()}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.putrequest("GET", "/", skip_host=True)
        for name, values in lines.items():
            for value in values:
                connection.putheader(name, value)
        connection.endheaders()
        return json.loads(connection.getresponse().read())


@pytest.mark.parametrize("sent", SENT)
@pytest.mark.parametrize("kind", EVENTS)
def test_behind_the_web_adapter_the_client_is_whom_the_gateway_appended(port, kind, sent):
    told = ask(port, EVENTS[kind](SENT[sent]))
    # CloudFront before an edge-optimized endpoint is a proxy that is not listed.
    client = EDGE if "edge" in kind else CLIENT
    assert (told["address"], told["outcome"], told["scheme"]) == (client, "forwarded", "https")
    assert not any(forged in str(told) for forged in FORGED)
