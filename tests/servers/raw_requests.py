"""Requests written byte by byte: an honest one, each form of forgery, and what the view answers."""

import contextlib
import http.client
import json
import socket
from typing import NamedTuple
from urllib.parse import unquote

from django_trustedproxy.engine.purposes import meta_names
from django_trustedproxy.probe import forms as table
from django_trustedproxy.probe.attacks import forms
from django_trustedproxy.probe.forms import Claims, Form
from django_trustedproxy.probe.wire import Bounded, write

# All of 127.0.0.0/8 is this host, so that each visitor has an address of its own.
HONEST, ATTACKER, DIRECT, PROXY = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
VICTIM = table.VICTIM
SECONDS = 60
LONGEST = 1 << 20  # bytes of a response

FORMS = forms(Claims(PROXY))
HONEST_FORM = Form("honest")


FORM = {form.name: form for form in FORMS}


class Answer(NamedTuple):
    """What came back: the status, None for a connection that was closed, and the view's facts."""

    status: int | None
    facts: dict
    text: str


def ask(address, form=HONEST_FORM, *, source=None):
    """Send one request to a (host, port) or to a Unix socket's path, and return its answer.

    `source` is the address to send from.
    """
    with contextlib.closing(connected(address, source)) as connection:
        # A server may answer and close before it has read all of 60 KB.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            send(connection, form)
        return received(connection)[0]


def received(connection):
    """Read an answer off a socket or a `Wire`; give it and the response, which a 101 leaves unread.

    The text of a 101 is the protocol that comes next.
    """
    response = http.client.HTTPResponse(Bounded(connection, LONGEST))
    try:
        response.begin()
        if response.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            return Answer(response.status, {}, response.getheader("Upgrade", "")), response
        status, body = response.status, response.read().decode(errors="replace")
    except (ConnectionResetError, http.client.BadStatusLine, http.client.IncompleteRead) as end:
        return Answer(None, {}, repr(end)), response
    is_json = response.getheader("Content-Type") == "application/json"
    return Answer(status, json.loads(body) if status == 200 and is_json else {}, body), response


def connected(address, source):
    """Connect to a (host, port), from an address if one is given, or to a Unix socket's path."""
    if not isinstance(address, tuple):
        with contextlib.ExitStack() as unless_connected:
            connection = unless_connected.enter_context(socket.socket(socket.AF_UNIX))
            connection.settimeout(SECONDS)
            connection.connect(str(address))
            unless_connected.pop_all()
        return connection
    return socket.create_connection(address, SECONDS, (source, 0) if source else None)


def send(connection, form):
    lines = [b"POST /client.json HTTP/1.1", b"Host: site.example", *form.lines]
    if not any(line.startswith(b"Connection:") for line in form.lines):
        lines.append(b"Connection: close")
    if not form.trailers:
        lines.append(b"Content-Length: 0")
    write(connection, lines, form, SECONDS)


def through_a_proxy(form, client, *, on_a_line_of_its_own):
    """Return a form as it leaves a proxy that appends the client and sets the scheme.

    For a test that plays the proxy itself, since a real one tidies up some of the forms. Headers
    that it does not know come last, as behind nginx and Caddy.
    """
    chain = [line for line in form.lines if _is_named(line, b"x-forwarded-for")]
    others = [
        line
        for line in form.lines
        if line not in chain and not _is_named(line, b"x-forwarded-proto")
    ]
    if on_a_line_of_its_own:
        lines = [*chain, b"X-Forwarded-For: " + client.encode()]
    else:
        values = [line.partition(b":")[2].strip(b" ") for line in chain]
        lines = [b"X-Forwarded-For: " + b", ".join([*values, client.encode()])]
    return form._replace(lines=(*lines, b"X-Forwarded-Proto: http", *others))


def _is_named(line, name):
    return line.partition(b":")[0].lower() == name


def concluded(answer):
    """Return the client, the outcome and the scheme that Django took a request for."""
    facts = answer.facts
    return facts["client"], facts["outcome"], unquote(facts["uri"].partition(":")[0])


BELIEVED = {"REMOTE_ADDR", *meta_names("client"), *meta_names("scheme")}


def verdict(answer, client, outcome):
    """Return what is wrong with an answer, by the name of a fact; nothing for a refusal.

    Right is an answer that names the client and shows the view no forged text. What passes from a
    trusted peer without being designated (host, port, server, prefix) is believed by nobody, and so
    not looked at; from an untrusted peer nothing may pass.
    """
    if is_refusal(answer):
        return {}
    if not answer.facts:
        return {"status": f"{answer.status} {answer.text[:200]}"}
    facts = answer.facts
    seen = facts["seen_by_views"]
    if outcome == "direct":
        expected, looked_at = {"REMOTE_ADDR": client}, seen
    else:
        expected = {
            "REMOTE_ADDR": client,
            "HTTP_X_FORWARDED_FOR": client,
            "HTTP_X_REAL_IP": client,
            "HTTP_X_FORWARDED_PROTO": "http",
        }
        looked_at = {key: seen[key] for key in BELIEVED & set(seen)}
    pairs = {
        "client": (facts["client"], client),
        "outcome": (facts["outcome"], outcome),
        "scheme": (facts["uri"].partition(":")[0], "http"),
    }
    wrong = {name: found for name, (found, right) in pairs.items() if found != right}
    if any(expected.get(key) != value for key, value in looked_at.items()):
        wrong["seen by views"] = looked_at
    return wrong


def is_refusal(answer):
    """Tell whether the stack refused a request: with a 4xx, or with a closed connection.

    A proxy answers 502 for a server that closed its connection.
    """
    return answer.status in (None, 502) or 400 <= answer.status < 500


def attack(send, client, outcome, forms=FORMS):
    """Send each form, and return what was wrong and what was refused: both by the form's name.

    `send` takes a form and returns an answer. A refusal is a status, or None for a connection that
    was closed without an answer.
    """
    wrong, refused = {}, {}
    for form in forms:
        answer = send(form)
        if is_refusal(answer):
            refused[form.name] = answer.status
        elif problem := verdict(answer, client, outcome):
            wrong[form.name] = problem
    return wrong, refused


def closed(refused):
    """Return the forms for which the server closed the connection instead of answering."""
    return {name for name, status in refused.items() if status in (None, 502)}
