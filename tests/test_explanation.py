"""Explanations, and the command that prints them."""

import json
import os
import re
import subprocess
import sys
from unittest.mock import Mock, patch

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_trustedproxy.conf import entries as entries_of
from django_trustedproxy.conf import get_policy
from django_trustedproxy.explanation import Hop, explain
from tests.command import ask
from tests.requests import CLIENT, joined
from tests.rows import MISSING, ROWS, each_row
from tests.seven import SEVEN
from tests.stack import ROOT

DEFAULT = ["10.0.0.0/8"]


def explained(row):
    meta = joined(row.headers)
    if row.peer is not MISSING:
        meta["REMOTE_ADDR"] = row.peer
    with override_settings(**row.settings):
        entries = row.settings.get("TRUSTED_PROXIES", DEFAULT)
        return explain(get_policy(), entries, meta, entries_of("TRUSTED_PROXIES_WITH_SECRET"))


@each_row
def test_an_explanation_has_the_answer_and_tells_each_hop(row):
    found = explained(row)
    answer = found.answer
    assert (answer.client, answer.outcome, answer.proxies) == (row.client, row.outcome, row.proxies)
    verdicts = [hop.verdict for hop in found.hops]
    assert verdicts.count("client") <= 1
    stops = [verdict for verdict in verdicts if verdict in ("client", "not an address")]
    # Whatever ends the walk was read last.
    assert stops == [verdict for verdict in verdicts[-1:] if verdict in stops]
    ends = ["not an address", "too many hops"]
    assert bool(verdicts and verdicts[-1] in ends) == (row.outcome == "malformed")
    assert all(
        (hop.trusted_by is not None) == (hop.verdict == "trusted proxy") for hop in found.hops
    )
    assert row.client is None or row.client in found.sentence()
    assert len(found.sentence()) < 500
    assert found.sentence().isprintable()


def row_named(name):
    return next(row for row in ROWS if row.id == name)


def test_hops_are_told_from_the_right_with_the_entry_that_trusts_them():
    found = explained(row_named("issue-example"))
    assert found.peer_trusted_by == "10.0.0.0/8"
    assert found.hops == (
        Hop("10.0.0.2", "trusted proxy", "10.0.0.0/8"),
        Hop(CLIENT, "client", None),
    )
    assert not found.is_read_to_end
    assert explained(row_named("two-hops")).is_read_to_end


@pytest.mark.parametrize("case", SEVEN)
def test_explain_says_in_its_last_line_why(case):
    settings, arguments, line = SEVEN[case]
    assert ask("explain", *arguments, **settings).splitlines()[-1] == line


def test_explain_names_every_header_that_was_dropped():
    headers = ["--header", "X-Forwarded-For: 1.1.1.1", "--header", "X-Real-IP: 1.1.1.1"]
    line = ask("explain", "--peer", "192.0.2.1", *headers).splitlines()[-1]
    assert "and X-Forwarded-For, X-Real-IP were dropped. If it is your own proxy" in line


def test_explain_prints_the_way_and_the_change():
    arguments = ["--peer", "10.0.0.1", "--header", "X-Forwarded-For: 6.6.6.6,x\x1b[31m,,10.0.0.2"]
    assert ask("explain", *arguments).splitlines() == [
        "Peer",
        "  10.0.0.1  trusted by '10.0.0.0/8'",
        "X-Forwarded-For, from the right",
        "  '10.0.0.2'  trusted proxy by '10.0.0.0/8'",
        "  ''  empty",
        "  'x\\x1b[31m'  not an address",
        "  what is further left is not read",
        "Request",
        "- HTTP_X_FORWARDED_FOR = '6.6.6.6,x\\x1b[31m,,10.0.0.2'",
        "+ HTTP_X_FORWARDED_FOR = '10.0.0.2'",
        "- REMOTE_ADDR = '10.0.0.1'",
        "+ REMOTE_ADDR = '10.0.0.2'",
        "  wsgi.url_scheme = 'http'",
        "malformed: The walk through X-Forwarded-For ended before 'x\\x1b[31m', so 10.0.0.2, the last "
        "verified hop, stands for the client.",
    ]


def test_explain_tells_of_a_malformed_header_of_another_purpose():
    arguments = ["--peer", "10.0.0.1", "--header", f"X-Forwarded-For: {CLIENT}"]
    arguments += ["--header", "X-Forwarded-Proto: https", "--header", "X-Forwarded-Proto: http"]
    lines = ask("explain", *arguments, TRUSTED_PROXY_SCHEME_HEADER="X-Forwarded-Proto").splitlines()
    assert lines[-2] == (
        "X-Forwarded-Proto from the trusted proxy 10.0.0.1 is malformed: its values differ, and a client "
        "may have written one of them. It came as 'https,http'. Have the proxy set it."
    )


RAW = f"GET / HTTP/1.1\r\nHost: site\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: {CLIENT}\r\n\r\nX: y"
CURL = f"""\
*   Trying 127.0.0.1:8000...
* Connected to site (127.0.0.1) port 8000 (#0)
* [HTTP/2] [1] [:authority: site]
> GET / HTTP/1.1
> Host: site
> X-Forwarded-For: 6.6.6.6
> X-Forwarded-For: {CLIENT}
>
< HTTP/1.1 302 Found
< X-Forwarded-For: 9.9.9.9
* Issue another request to this URL
> GET /second HTTP/1.1
> X-Real-IP: 9.9.9.9
"""


@pytest.mark.parametrize(
    "text",
    [
        RAW,
        RAW.partition("\r\n")[2],
        RAW.partition("\r\n\r\n")[0],
        f"\n\n{RAW}",
        RAW.replace("GET", ":method: GET\r\n:path: /\r\nX: y\r\nGET", 1).partition("HTTP/1.1\r\n")[
            2
        ],
        CURL,
        CURL.replace("\n", "\r\n"),
    ],
    ids=["raw", "no request line", "no body", "blank lines before", "bare", "curl", "curl, CRLF"],
)
def test_explain_reads_a_pasted_request(text):
    facts = json.loads(ask("explain", "--peer", "10.0.0.1", "--json", pasted=text))
    assert (facts["client"], facts["outcome"]) == (CLIENT, "forwarded")
    assert facts["before"]["HTTP_HOST"] == "site"
    assert facts["before"]["HTTP_X_FORWARDED_FOR"] == f"6.6.6.6,{CLIENT}"
    assert "HTTP_X_REAL_IP" not in facts["before"]
    assert facts["after"]["HTTP_X_FORWARDED_FOR"] == CLIENT
    assert facts["peer"] == {"address": "10.0.0.1", "trusted_by": "10.0.0.0/8"}
    assert facts["hops"] == [{"text": CLIENT, "verdict": "client", "trusted_by": None}]
    assert facts["read_to_end"] is False
    assert facts["notes"] == []
    assert "trusted_proxy" not in facts["after"]


@pytest.mark.parametrize(
    ("text", "is_rejected"),
    [
        ("GET /healthz HTTP/1.1\n", False),
        ("> GET /%68ealthz?x=1 HTTP/1.1\n", False),
        ("GET /healthz/ HTTP/1.1\n", True),
        ("Host: site\n", True),
        ("", True),
    ],
)
def test_explain_knows_the_path_that_is_exempt(text, is_rejected):
    settings = {"TRUSTED_PROXY_REJECT": ["missing"], "TRUSTED_PROXY_REJECT_EXEMPT": ["/healthz"]}
    line = ask("explain", "--peer", "10.0.0.1", pasted=text, **settings).splitlines()[-1]
    assert ("400" in line) == is_rejected


@pytest.mark.parametrize(
    "text", ["hello\n", "what is this\n", "/healthz\n", "GET /\n", "GET / HTTP/1.1\nwhat is this\n"]
)
def test_explain_refuses_what_is_no_request(text):
    got = re.escape(repr(text.splitlines()[-1]))
    with pytest.raises(CommandError, match=f"standard input: {got}: expected 'Name: value'"):
        ask("explain", "--peer", "10.0.0.1", pasted=text)


@pytest.mark.parametrize("text", ["by=1", 'for="10.0.0.1'])
def test_explain_names_no_empty_text(text):
    line = ask(
        *("explain", "--peer", "10.0.0.1", "--header", f"Forwarded: {text}"),
        TRUSTED_PROXY_HEADER="Forwarded",
    ).splitlines()[-1]
    assert "through Forwarded ended before something that is not an address" in line


def test_explain_leaves_out_the_pseudo_headers_of_http_2():
    text = f":method: GET\n:authority: site\nx-forwarded-for: {CLIENT}\n"
    facts = json.loads(ask("explain", "--peer", "10.0.0.1", "--json", pasted=text))
    assert facts["client"] == CLIENT


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("10.0.0.1:8000", "10.0.0.1"),
        ("[2001:db8::1]:8000", "2001:db8::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ],
)
def test_explain_says_which_peer_is_meant_by_an_access_logs_spelling(peer, address):
    note = (
        f"If {peer} is from an access log, write --peer {address}: that is what the server reports."
    )
    first, *_, last = ask("explain", "--peer", peer).splitlines()
    assert first == note
    assert last.startswith(f"unknown: The server reported '{peer}' as the peer")
    assert json.loads(ask("explain", "--peer", peer, "--json"))["notes"] == [note]


def test_explain_says_where_a_line_that_is_no_header_came_from():
    with pytest.raises(CommandError) as caught:
        ask("explain", "--peer", "10.0.0.1", pasted="GET / HTTP/1.1\nHost site\n")
    expected = "The request on standard input: 'Host site': expected 'Name: value'."
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (["explain"], {}, '--peer is missing: write --peer 10.0.0.9, or --peer "unix:".'),
        (
            ["explain", "--peer", "10.0.0.1", "--header", "X-Forwarded-For"],
            {},
            "--header 'X-Forwarded-For': expected 'Name: value'.",
        ),
        (
            ["explain", "--peer", "10.0.0.1", "--header", "X Y: z"],
            {},
            "--header 'X Y: z': expected 'Name: value'.",
        ),
        (
            ["explain", "--peer", "10.0.0.1"],
            {"TRUSTED_PROXIES": ["*"]},
            "trustedproxy.E007: TRUSTED_PROXIES[0] trusts everybody: expected the addresses of your own "
            "proxies, got '*'. Anyone who is trusted can claim any address. Write TRUSTED_PROXIES = [].",
        ),
        (["sing"], {}, "Error: argument action: invalid choice: 'sing' (choose from "),
    ],
)
def test_a_bad_argument_is_one_clear_line(arguments, settings, message):
    with pytest.raises(CommandError) as caught:
        ask(*arguments, **settings)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_explain_takes_bytes_for_what_meta_would_have():
    lines = ask("explain", "--peer", "192.0.2.1", pasted="X-Name: \u00fc\n").splitlines()
    assert "  HTTP_X_NAME = '\u00c3\u00bc'" in lines


def test_explain_says_that_standard_input_is_closed():
    with patch("sys.stdin", None), pytest.raises(CommandError) as caught:
        call_command("trustedproxy", "explain", "--peer", "10.0.0.1")
    assert str(caught.value) == "Standard input is closed: give the headers by --header."


def test_output_that_nobody_reads_is_no_traceback(tmp_path):
    """Of `probe URL | head`, the exit code 1 would say that something is forged."""
    unread = Mock(write=Mock(side_effect=BrokenPipeError))
    with (tmp_path / "out").open("w") as out, patch("sys.stdout", out):
        with pytest.raises(SystemExit) as caught:
            call_command("trustedproxy", "show", stdout=unread)
        out.write("is written nowhere")
    assert (caught.value.code, (tmp_path / "out").read_text()) == (2, "")


@pytest.mark.slow
def test_a_pipe_that_is_closed_is_no_traceback():
    readable, writable = os.pipe()
    os.close(readable)
    with os.fdopen(writable, "w") as pipe:
        command = [sys.executable, "-m", "django", "trustedproxy"]
        ended = subprocess.run(
            [*command, "--settings=tests.settings", "show"],
            cwd=ROOT,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (2, b"")


def test_an_interrupt_is_no_traceback():
    interrupted = Mock(buffer=Mock(read=Mock(side_effect=KeyboardInterrupt)))
    with patch("sys.stdin", interrupted), pytest.raises(SystemExit) as caught:
        call_command("trustedproxy", "explain", "--peer", "10.0.0.1")
    assert caught.value.code == 130
