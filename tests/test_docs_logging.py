"""The page about logging: its settings are run in a process of their own, as a project runs them."""

import json
import re
import subprocess
import sys

import pytest
from django.test import Client

from tests.pages import PAGES, blocks
from tests.stack import ROOT

PAGE = "docs/logging.md"
PROXY, UNLISTED = "10.0.0.1", "172.18.0.2"
PYTHON = [block.text for block in blocks(PAGE) if block.language == "python"]
# What a server does with a project that has these settings, for one request.
PROGRAM = f"""
import sys
import django
from django.conf import settings
exec(sys.argv[1])
settings.configure(
    LOGGING=LOGGING, TRUSTED_PROXIES=["{PROXY}"], TRUSTED_PROXY_REJECT=["malformed"],
    INSTALLED_APPS=["django_trustedproxy"], ROOT_URLCONF="tests.urls", ALLOWED_HOSTS=["*"],
    MIDDLEWARE=["django_trustedproxy.middleware.TrustedProxyMiddleware"],
)
django.setup()
from django.test import Client
response = Client().get("/echo", REMOTE_ADDR=sys.argv[2], HTTP_X_FORWARDED_FOR=sys.argv[3])
print(response.status_code)
"""


def serve(*scripts, peer, header):
    """Return the status of one request, and the lines that were logged."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "\n".join(scripts), peer, header],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout), done.stderr.splitlines()


@pytest.mark.slow
def test_a_warning_has_a_time_a_level_and_a_name():
    status, lines = serve(PYTHON[0], peer=UNLISTED, header="203.0.113.9")
    assert status == 200
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\d [\d:,]+ WARNING django_trustedproxy: .*{UNLISTED}.*", lines[0]
    )


@pytest.mark.slow
def test_a_rejection_is_seen_without_debug_and_without_a_mail():
    status, lines = serve(PYTHON[0], peer=PROXY, header="unknown")
    assert status == 400
    assert [line for line in lines if " ERROR django.security.RejectedByTrustedProxy: " in line]


@pytest.mark.slow
def test_a_record_has_the_fields_of_the_page():
    _, lines = serve(*PYTHON[:2], peer=UNLISTED, header="203.0.113.9")
    assert lines[0].endswith(f" kind=direct peer={UNLISTED} client={UNLISTED} outcome=direct")


def test_the_metrics_page_counts_the_requests_by_outcome():
    names = {}
    exec(PYTHON[2], names)

    def count():
        return json.loads(names["metrics"](None).content)

    before = count()
    (pictured,) = re.findall(r"# (\{.*\})", PAGES[PAGE].read_text())
    assert set(before) == set(json.loads(pictured))
    Client().get("/echo", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert count() == before | {"forwarded": before["forwarded"] + 1}
