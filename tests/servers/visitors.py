"""Requests written byte by byte: an honest one, each form of forgery, and what the view answers."""

import contextlib
import http.client
import json
import socket
from typing import NamedTuple

from django_trustedproxy.headers import FORWARDING_HEADERS, meta_names

# All of 127.0.0.0/8 is this host, so that each visitor has an address of its own.
HONEST, ATTACKER, DIRECT, PROXY = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
VICTIM = "6.6.6.6"
SECONDS = 10

_FORGED = {"client": VICTIM, "scheme": "https", "port": "666", "prefix": "/evil"}
_BOOLEAN = {"X-Forwarded-SSL", "X-Forwarded-HTTPS", "X-HTTPS", "Front-End-Https"}
_ELEMENT = f"for={VICTIM};proto=https;host=evil.example"


def forged(header, purpose):
    """Return the value with which an attacker fills a header."""
    if header == "Forwarded":
        return _ELEMENT
    if header == "CloudFront-Viewer-Address":
        return f"{VICTIM}:666"
    return "on" if header in _BOOLEAN else _FORGED.get(purpose, "evil.example")


class Form(NamedTuple):
    """One way to forge: header lines as they stand on the wire, and trailers behind a body.

    `is_later` sends the trailers in a packet of their own, after the server has the headers.
    """

    name: str
    lines: tuple[bytes, ...] = ()
    trailers: tuple[bytes, ...] = ()
    is_later: bool = False


def _lines(*purposes):
    return tuple(
        f"{header}: {forged(header, purpose)}".encode()
        for purpose in purposes
        for header in FORWARDING_HEADERS[purpose]
    )


_CLIENT = _lines("client")
_OTHERS = _lines("scheme", "host", "port", "server", "prefix")


def _underscored(lines):
    return tuple(
        name.replace(b"-", b"_") + colon + value
        for name, colon, value in (line.partition(b":") for line in lines)
    )


def _each(*values):
    """Return one line per value and header in which a proxy may say who the client is."""
    return tuple(
        b"%s: %s" % (name, value)
        for name in (b"X-Forwarded-For", b"X-Real-IP", b"Forwarded")
        for value in values
    )


_NAMES = b", ".join(line.partition(b":")[0] for line in _CLIENT + _OTHERS)
_UNDERSCORED = _underscored(_CLIENT)

FORMS = (
    Form("every client header", _CLIENT),
    Form("every header about scheme, host, port, server and prefix", _OTHERS),
    Form("every header at once", _CLIENT + _OTHERS),
    Form("underscores alone", _underscored(_CLIENT + _OTHERS)),
    Form("dashes, then underscores", _CLIENT + _UNDERSCORED),
    Form("underscores, then dashes", _UNDERSCORED + _CLIENT),
    Form("dots", tuple(line.replace(b"-", b".") for line in _CLIENT)),
    Form("repeated lines", _CLIENT + _CLIENT),
    Form("empty values", _each(b"")),
    Form("empty, then forged", _each(b"", VICTIM.encode())),
    Form("commas alone", _each(b",")),
    Form("a trusted proxy, claimed", _each(f"{VICTIM}, {PROXY}".encode())),
    Form("loopback, claimed", _each(b"127.0.0.1")),
    Form("quoted values", _each(b'"6.6.6.6"', b'for="6.6.6.6"')),
    Form("an open quote", _each(b'for=6.6.6.6;by="')),
    Form("an open quote around an address", _each(b'"6.6.6.6')),
    Form("60 KB", (b"X-Forwarded-For: " + b"6.6.6.6, " * 6827 + b"6.6.6.6",)),
    Form("a byte over 0x7f", _each(b"6.6.6.6\xff")),
    Form("bytes of UTF-8", _each("6.6.6.6\N{NO-BREAK SPACE}".encode())),
    Form("a tab and blanks", _each(b"\t 6.6.6.6 \t")),
    Form("named by Connection", (b"Connection: close, " + _NAMES, *_CLIENT, *_OTHERS)),
    Form("named by Connection alone", (b"Connection: close, " + _NAMES,)),
    Form("trailers in the packet of the headers", (), _CLIENT + _OTHERS),
    Form("trailers that come later", (), _CLIENT + _OTHERS, is_later=True),
)
HONEST_FORM = Form("honest")


class Answer(NamedTuple):
    """What came back: the status, None for a connection that was closed, and the view's facts."""

    status: int | None
    facts: dict
    text: str


def ask(address, form=HONEST_FORM, *, source=None):
    """Send one request to a (host, port) or to a Unix socket's path, and return its answer.

    `source` is the address to send from.
    """
    with contextlib.closing(_connect(address, source)) as connection:
        try:
            # A server may answer and close before it has read all of 60 KB.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                _send(connection, form)
            response = http.client.HTTPResponse(connection)
            response.begin()
            status, body = response.status, response.read().decode(errors="replace")
        except (ConnectionResetError, http.client.BadStatusLine, http.client.IncompleteRead) as end:
            return Answer(None, {}, repr(end))
    is_json = response.getheader("Content-Type") == "application/json"
    return Answer(status, json.loads(body) if status == 200 and is_json else {}, body)


def _connect(address, source):
    if not isinstance(address, tuple):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS)
        connection.connect(str(address))
        return connection
    return socket.create_connection(address, SECONDS, (source, 0) if source else None)


def _send(connection, form):
    lines = [b"POST /client.json HTTP/1.1", b"Host: site.example", *form.lines]
    if not any(line.startswith(b"Connection:") for line in form.lines):
        lines.append(b"Connection: close")
    trailers = b"".join(line + b"\r\n" for line in form.trailers)
    if form.trailers:
        names = b", ".join(line.partition(b":")[0] for line in form.trailers)
        lines += [b"Transfer-Encoding: chunked", b"Trailer: " + names, b"", b"1", b"x", b"0", b""]
    else:
        lines += [b"Content-Length: 1", b"", b"x"]
    request = b"\r\n".join(lines)
    if form.is_later:
        connection.sendall(request)
        # Long enough for a server to hand the request to Django.
        with contextlib.suppress(TimeoutError):
            connection.settimeout(0.2)
            connection.recv(1, socket.MSG_PEEK)
        connection.settimeout(SECONDS)
        request = b""
    connection.sendall(request + (trailers + b"\r\n" if form.trailers else b""))


def through_a_proxy(form, client, *, on_a_line_of_its_own):
    """Return a form as it leaves a proxy that appends the client and sets the scheme.

    For a test that plays the proxy itself, since a real one tidies up some of the forms.
    """
    is_chain = _is_named(b"x-forwarded-for")
    chain = [line.partition(b":")[2].strip(b" ") for line in form.lines if is_chain(line)]
    others = [
        line
        for line in form.lines
        if not _is_named(b"x-forwarded-proto")(line)
        and (on_a_line_of_its_own or not is_chain(line))
    ]
    own = [client.encode()] if on_a_line_of_its_own else [*chain, client.encode()]
    added = (b"X-Forwarded-For: " + b", ".join(own), b"X-Forwarded-Proto: http")
    return form._replace(lines=(*others, *added))


def _is_named(name):
    return lambda line: line.partition(b":")[0].lower() == name


BELIEVED = {"REMOTE_ADDR", *meta_names("client"), *meta_names("scheme")}


def verdict(answer, client, outcome):
    """Return None if an answer names the client and shows no forged text, else what is wrong.

    What passes from a trusted peer without being designated (host, port, server, prefix) is not
    believed by anybody, and so not looked at; from an untrusted peer nothing may pass.
    """
    if answer.status is not None and 400 <= answer.status < 500:
        return None
    if answer.status != 200 or not answer.facts:
        return f"{answer.status} {answer.text[:200]}"
    facts = answer.facts
    seen = facts["seen_by_views"]
    looked_at = seen if outcome == "direct" else {key: seen[key] for key in BELIEVED & set(seen)}
    expected = {"REMOTE_ADDR": client}
    if outcome != "direct":
        expected |= {"HTTP_X_FORWARDED_FOR": client, "HTTP_X_FORWARDED_PROTO": "http"}
    wrong = {
        "client": (facts["client"], client),
        "outcome": (facts["outcome"], outcome),
        "scheme": (facts["uri"].partition(":")[0], "http"),
    }
    found = {name: pair for name, pair in wrong.items() if pair[0] != pair[1]}
    if any(expected.get(key) != value for key, value in looked_at.items()):
        found["seen by views"] = looked_at
    return f"{found} of {facts['received']}" if found else None


def attack(send, client, outcome, forms=FORMS):
    """Send each form, and return what was wrong and who refused it: both by the form's name.

    `send` takes a form and returns an answer. A refusal is a status 4xx, or None for a connection
    closed without an answer.
    """
    wrong, refused = {}, {}
    for form in forms:
        answer = send(form)
        if answer.status is None or 400 <= answer.status < 500:
            refused[form.name] = answer.status
        if problem := verdict(answer, client, outcome):
            wrong[form.name] = problem
    return wrong, refused
