"""What gunicorn is told: the options are those of its own parser, its file is read and never run."""

import sys

import pytest
from django.core.checks import Warning  # noqa: A004 - Django's own name
from gunicorn.config import Config

from django_trustedproxy.checks.gunicorn import findings
from tests.checks.findings import ids, ours

FORWARDED = "lets the server process proxy headers before Django"
PROXY = "lets the proxy state the peer in the PROXY protocol, before Django"
ANYBODY = "lets anyone state the peer in the PROXY protocol, before Django"
MERGES = "merges a client's X_Forwarded_For with the proxy's X-Forwarded-For"
TAKES = "takes headers with an underscore, which a proxy passes from a client"
TUNNEL = "lets `Upgrade: h2c` make the proxy a tunnel for headers of the client's own"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "effect", "written", "remedy", "name"),
    [
        ("--bind :1 --forwarded-allow-ips=*", FORWARDED, "--forwarded-allow-ips '*'", "''", "W010"),
        ("--forwarded-allow-ips 'a,b' x:y", FORWARDED, "--forwarded-allow-ips 'a,b'", "''", "W010"),
        ("--proxy-protocol", PROXY, "--proxy-protocol 'auto'", "off", "W010"),
        ("--bind :1 --proxy-protocol", PROXY, "--proxy-protocol 'auto'", "off", "W010"),
        ("--proxy-protocol --workers 2", PROXY, "--proxy-protocol 'auto'", "off", "W010"),
        ("--proxy-protocol v2", PROXY, "--proxy-protocol 'v2'", "off", "W010"),
        ("--proxy-prot=auto", PROXY, "--proxy-protocol 'auto'", "off", "W010"),
        (
            "--proxy-allow-from=* --proxy-protocol",
            ANYBODY,
            "--proxy-protocol 'auto'",
            "off",
            "W010",
        ),
        ("--header-map dangerous", MERGES, "--header-map 'dangerous'", "drop", "W039"),
        ("--header-map=DANGEROUS", MERGES, "--header-map 'DANGEROUS'", "drop", "W039"),
        ("--forwarder-headers=*", TAKES, "--forwarder-headers '*'", "''", "W039"),
        (
            "--forwarder-headers SCRIPT_NAME,REMOTE_USER",
            TAKES,
            "--forwarder-headers 'SCRIPT_NAME,REMOTE_USER'",
            "''",
            "W039",
        ),
        ("--http2-cleartext upgrade", TUNNEL, "--http2-cleartext 'upgrade'", "off", "W039"),
        ("--http2-cleartext=both", TUNNEL, "--http2-cleartext 'both'", "off", "W039"),
    ],
)
def test_an_option_in_the_environment_is_a_warning(
    monkeypatch, *, arguments, effect, written, remedy, name
):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", arguments)
    option = written.partition(" ")[0]
    assert ours() == [
        Warning(
            f"GUNICORN_CMD_ARGS {effect}: {written}.",
            hint=f"Write {option} {remedy}.",
            id=f"trustedproxy.{name}",
        )
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "--bind :8000 --forwarded-allow-ips=",
        "--forwarded-allow-ips ''",
        "--proxy-protocol=off",
        "--proxy-protocol off",
        "--proxy-protocol none",
        "--proxy-allow-from '*'",
        "--header-map drop",
        "--header-map refuse",
        "--forwarder-headers ''",
        "--forwarder-headers SCRIPT_NAME,PATH_INFO",
        "--http2-cleartext off",
        "--http2-cleartext prior-knowledge",
        "--header-map",
        "--name dangerous --workers 3 mysite.wsgi",
        "an open ' quote",
    ],
)
def test_an_option_that_does_no_harm_is_no_finding(monkeypatch, arguments):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", arguments)
    assert ids() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--proxy-protocol"],
        ["--proxy-protocol", "--workers", "2"],
        ["--proxy-protocol=off"],
        ["--bind", ":1", "--proxy-protocol", "v2", "a:b"],
        ["--forwarded-allow-ips", "", "--header-map", "dangerous"],
        ["--http2-cleartext=both", "--forwarder-headers=*"],
    ],
    ids=" ".join,
)
def test_the_options_are_read_as_gunicorn_reads_them(monkeypatch, arguments):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", " ".join(a or "''" for a in arguments))
    theirs = vars(Config().parser().parse_args(arguments))
    found = {finding.written for finding in findings()}
    for name, option in [
        ("forwarded_allow_ips", "--forwarded-allow-ips"),
        ("proxy_protocol", "--proxy-protocol"),
        ("header_map", "--header-map"),
        ("forwarder_headers", "--forwarder-headers"),
        ("http2_cleartext", "--http2-cleartext"),
    ]:
        is_set = theirs[name] not in {None, "", "off"}
        assert (f"{option} {theirs[name]!r}" in found) == is_set


FILE = """
import os
raise SystemExit("it is run")
bind = ":8000"
if os.environ.get("BEHIND"):
    forwarded_allow_ips = "*"
proxy_protocol: bool = True
header_map, workers = "dangerous", 2
def post_fork(server, worker):
    header_map = "dangerous"
class Own:
    http2_cleartext = "both"
"""


def test_the_file_beside_manage_py_is_read_and_not_run(folder, monkeypatch):
    site = folder / "site"
    site.mkdir()
    path = site / "gunicorn.conf.py"
    path.write_text(FILE)
    assert ids() == []
    monkeypatch.setattr(sys, "argv", [str(site / "manage.py"), "check"])
    expected = [
        Warning(
            f"{path}:6 {FORWARDED}: forwarded_allow_ips '*'.",
            hint="Write forwarded_allow_ips = ''.",
            id="trustedproxy.W010",
        ),
        Warning(
            f"{path}:7 {PROXY}: proxy_protocol True.",
            hint="Write proxy_protocol = 'off'.",
            id="trustedproxy.W010",
        ),
    ]
    assert ours() == expected
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert ours(BASE_DIR=site) == expected
    assert ours(BASE_DIR=str(site)) == expected
    monkeypatch.chdir(site)
    assert ours(BASE_DIR=None) == expected


def test_a_file_may_say_what_the_environment_takes_back(folder, monkeypatch):
    (folder / "gunicorn.conf.py").write_text(
        'forwarded_allow_ips = ["*"]\nheader_map = "dangerous"\nforwarder_headers = "*"\n'
        'proxy_protocol = "v1"\nproxy_allow_ips = ["*"]\nhttp2_cleartext = "upgrade"\n'
    )
    assert [finding.effect for finding in findings()] == [FORWARDED, ANYBODY, MERGES, TAKES, TUNNEL]
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--header-map drop --forwarded-allow-ips ''")
    assert [finding.effect for finding in findings()] == [ANYBODY, TAKES, TUNNEL]


def test_another_file_that_the_environment_names_is_read_instead(folder, monkeypatch):
    (folder / "gunicorn.conf.py").write_text('header_map = "dangerous"\n')
    (folder / "other.py").write_text('forwarder_headers = "REMOTE_USER"\n')
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "-c file:other.py")
    (found,) = findings()
    assert found.place == "other.py:1"
    for nowhere in ("python:mysite.gunicorn", 300 * "a"):
        monkeypatch.setenv("GUNICORN_CMD_ARGS", f"--config {nowhere}")
        assert list(findings()) == []


@pytest.mark.parametrize(
    "source",
    [
        'forwarded_allow_ips = ""',
        "forwarded_allow_ips = []",
        'forwarded_allow_ips = "*"\nforwarded_allow_ips = ""',
        'forwarded_allow_ips = "*"\nforwarded_allow_ips = os.environ["PROXIES"]',
        "proxy_protocol = False",
        "proxy_protocol = None",
        "header_map: str",
        "settings.header_map = 'dangerous'",
        "http2_cleartext = True",
        "this is not Python",
    ],
)
def test_a_file_that_does_no_harm_is_no_finding(folder, source):
    (folder / "gunicorn.conf.py").write_text(source)
    assert ids() == []
