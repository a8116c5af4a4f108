"""What a client may write to pass for somebody else: one table, for the probe, the tests, the docs.

Each row is an `Attack`; `GROUPS` tells what it means if one of a group works, and what ends it.
"""

from __future__ import annotations

from typing import NamedTuple

from django_trustedproxy.engine.purposes import FORWARDING_HEADERS

from .groups import GROUPS

VICTIM = "6.6.6.6"
HOST, PORT, PREFIX, USER = "evil.example", "666", "/evil", "probe-forged"
_ON = {"http": "off", "https": "on"}
_BOOLEAN = {"X-Forwarded-SSL", "X-Forwarded-HTTPS", "X-HTTPS", "Front-End-Https"}


class Form(NamedTuple):
    """One way to forge: header lines as they stand on the wire, and trailers behind a body.

    With a `pause`, in seconds, the trailers come in a packet of their own, after the headers.
    """

    name: str
    lines: tuple[bytes, ...] = ()
    trailers: tuple[bytes, ...] = ()
    pause: float = 0


class Attack(NamedTuple):
    """A form, and what else of the request the attack needs.

    `path` stands before the path of the URL. An attack that `upgrades` asks for another protocol,
    and then forges over whatever the connection is; one that `speaks` HTTP/2 does from the first
    byte on, or asks for a protocol by extended CONNECT.
    """

    group: str
    form: Form
    path: str = ""
    method: str = "GET"
    upgrades: bool = False
    speaks: str = "HTTP/1.1"

    @property
    def id(self) -> str:
        """The name of the attack, without blanks, behind that of its group."""
        return f"{self.group}.{self.form.name.replace(' ', '-')}"


class Claims(NamedTuple):
    """What the attacks claim: to be this proxy, which is trusted, and a scheme that is wrong.

    `headers` are those that the site's logins read, beside the known ones.
    """

    proxy: str = "127.0.0.5"
    scheme: str = "https"
    headers: tuple[str, ...] = ()


def forged(header: str, purpose: str, claims: Claims = Claims()) -> str:  # noqa: B008 - frozen
    """Return the value with which an attacker fills a header."""
    if header == "Forwarded":
        return f"for={VICTIM};proto={claims.scheme};host={HOST}"
    if header == "CloudFront-Viewer-Address":
        return f"{VICTIM}:666"
    values = {"client": VICTIM, "port": PORT, "prefix": PREFIX, "identity": USER}
    if purpose == "scheme":
        return _ON[claims.scheme] if header in _BOOLEAN else claims.scheme
    return values.get(purpose, HOST)


def forms(claims: Claims = Claims()) -> tuple[Form, ...]:  # noqa: B008 - frozen
    """Return the forms that a request may have on any server and behind any proxy."""
    return tuple(attack.form for attack in attacks(claims) if attack.group in _OF_LINES)


def attacks(claims: Claims = Claims()) -> tuple[Attack, ...]:  # noqa: B008 - frozen
    """Return all that is known, each group together, in the order of `GROUPS`."""
    rows = (
        *_of_lines(claims),
        *(Attack("header", form) for form in _single(claims)),
        *_single_claims(claims),
        *(Attack("identity", form) for form in _identity(claims)),
        *PREFIX_CLAIMS,
        *UPGRADES,
    )
    order = list(GROUPS)
    return tuple(sorted(rows, key=lambda attack: order.index(attack.group)))


def _lines(claims: Claims, *purposes: str) -> tuple[bytes, ...]:
    return tuple(
        f"{header}: {forged(header, purpose, claims)}".encode()
        for purpose in purposes
        for header in FORWARDING_HEADERS[purpose]
    )


def _renamed(line: bytes, old: bytes, new: bytes, most: int = -1) -> bytes:
    name, colon, value = line.partition(b":")
    return name.replace(old, new, most) + colon + value


def underscored(lines: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return lines with underscores in the place of the dashes in their names."""
    return tuple(_renamed(line, b"-", b"_") for line in lines)


def _half_underscored(lines: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return lines with one dash of each name made an underscore: the first, and the last."""
    first = tuple(_renamed(line, b"-", b"_", 1) for line in lines)
    last = tuple(
        b"_".join(line.partition(b":")[0].rsplit(b"-", 1)) + line[line.index(b":") :]
        for line in lines
    )
    return first + last


def _each(*values: bytes) -> tuple[bytes, ...]:
    """Return one line per value and header in which a proxy may say who the client is."""
    return tuple(
        b"%s: %s" % (name, value)
        for name in (b"X-Forwarded-For", b"X-Real-IP", b"Forwarded")
        for value in values
    )


_OF_LINES = ("client", "list", "spelling", "purposes", "connection", "trailers")


def _of_lines(claims: Claims) -> tuple[Attack, ...]:
    client = _lines(claims, "client")
    others = _lines(claims, "scheme", "host", "port", "server", "prefix")
    names = b", ".join(line.partition(b":")[0] for line in client + others)
    spelled = underscored(client)
    victim = VICTIM.encode()
    long = b"X-Forwarded-For: " + b"6.6.6.6, " * 6827 + b"6.6.6.6"
    rows = (
        ("client", "every client header", client),
        ("purposes", "every other forwarding header", others),
        ("purposes", "every header at once", client + others),
        ("spelling", "underscores alone", underscored(client + others)),
        ("spelling", "a dash and an underscore in a name", _half_underscored(client)),
        ("spelling", "underscores behind dashes", client + spelled),
        ("spelling", "underscores before dashes", spelled + client),
        ("spelling", "dots", tuple(line.replace(b"-", b".") for line in client)),
        ("client", "repeated lines", client + client),
        ("list", "empty values", _each(b"")),
        ("list", "empty values before forged ones", _each(b"", victim)),
        ("list", "commas alone", _each(b",")),
        ("list", "a claim to be the trusted proxy", _each(f"{VICTIM}, {claims.proxy}".encode())),
        ("list", "a claim to be loopback", _each(b"127.0.0.1")),
        ("list", "quoted values", _each(b'"6.6.6.6"', b'for="6.6.6.6"')),
        ("list", "an open quote", _each(b'for=6.6.6.6;by="')),
        ("list", "an open quote around an address", _each(b'"6.6.6.6')),
        ("list", "60 KB", (long,)),
        ("list", "a byte over 0x7f", _each(b"6.6.6.6\xff")),
        ("list", "bytes of UTF-8", _each("6.6.6.6\N{NO-BREAK SPACE}".encode())),
        ("list", "a tab and blanks", _each(b"\t 6.6.6.6 \t")),
        ("connection", "named by Connection", (b"Connection: close, " + names, *client)),
        ("connection", "named by Connection alone", (b"Connection: close, " + names,)),
    )
    return (
        *(Attack(group, Form(name, lines)) for group, name, lines in rows),
        Attack("trailers", Form("trailers in the packet of the headers", (), client)),
        Attack("trailers", Form("trailers that come later", (), client, pause=0.2)),
        Attack("trailers", Form("trailers about the scheme", (), others, pause=0.2)),
    )


def _single(claims: Claims) -> list[Form]:
    """Return each header alone, and the line that most proxies write in each odd spelling."""
    alone = [
        Form(f"{header} alone", (f"{header}: {forged(header, purpose, claims)}".encode(),))
        for purpose in ("client", "scheme", "host", "port", "server", "prefix")
        for header in FORWARDING_HEADERS[purpose]
    ]
    proxy = f"X-Forwarded-For: {claims.proxy}, {VICTIM}".encode()
    return [*alone, Form("a claim of the proxy, behind it the forged one", (proxy,))]


def _single_claims(claims: Claims) -> list[Attack]:
    dashed = f"X-Forwarded-For: {VICTIM}".encode()
    forged_scheme = f"X_Forwarded_Proto: {claims.scheme}".encode()
    named = (b"X_Forwarded_For", b"X-Forwarded_For", b"X_Forwarded-For", b"x_forwarded_for")
    lines = {name: b"%b: %b" % (name, VICTIM.encode()) for name in named}
    blank = f"X-Forwarded-For : {VICTIM}".encode()
    spelled = [
        Form("X_Forwarded_For alone", (lines[b"X_Forwarded_For"],)),
        *(Form(f"{name.decode()} behind dashes", (dashed, lines[name])) for name in named),
        Form("X_Forwarded_For before dashes", (lines[b"X_Forwarded_For"], dashed)),
        Form("X_Forwarded_Proto", (forged_scheme,)),
        Form("a blank before the colon", (dashed, blank)),
    ]
    scheme = b"X-Forwarded-Proto: javascript"
    return [
        *(Attack("spelling", form) for form in spelled),
        Attack("header", Form("X-Forwarded-Proto: javascript", (scheme,))),
        Attack("connection", Form("X-Real-IP named", (b"Connection: close, X-Real-IP",))),
        Attack("connection", Form("X-Forwarded-For named", (b"Connection: close, X-Forwarded-For",))),
        Attack("trailers", Form("a line, and a chunked body", (dashed,), (b"X-Nothing: 1",))),
    ]


def _identity(claims: Claims) -> list[Form]:
    own = tuple(f"{header}: {USER}".encode() for header in claims.headers)
    lines = _lines(claims, "identity") + own
    return [
        Form("every identity header", lines),
        Form("every identity header with underscores", underscored(lines)),
        Form("every identity header behind HTTP-", tuple(b"HTTP-" + line for line in lines)),
        Form("every identity header in trailers", (), lines, pause=0.2),
    ]


def _prefix_claim(name: str, *lines: str, path: str = "/x") -> Attack:
    return Attack("prefix", Form(name, tuple(line.encode() for line in lines)), path)


_PREFIX_NAMES = (
    *("Daphne-Root-Path", "daphne-root-path", "Daphne_Root_Path"),
    *("SCRIPT_NAME", "script_name", "Script-Name", "Script_Name", "SCRIPT-NAME"),
    *("Root-Path", "root_path", "X-Root-Path", "X-Script-Name", "X_Script_Name"),
    *("X-Forwarded-Prefix", "X-Forwarded-Script-Name", "X-Forwarded-Path", "X-Ingress-Path"),
    *("UWSGI_APPID", "UWSGI-APPID", "UWSGI_SCRIPT", "UWSGI_FILE", "Uwsgi-Script-Name"),
    *("HTTP_SCRIPT_NAME", "Http-Script-Name", "wsgi.script_name", "Context-Prefix"),
)
_PATH_NAMES = ("PATH_INFO", "Path-Info", "X-Original-Url", "X-Rewrite-Url", "RAW_URI")
# Django cuts the path off the end of what mod_rewrite puts into the environment.
_URL_NAMES = ("SCRIPT_URL", "Script-Url", "REDIRECT_URL", "Redirect-Url")
PREFIX_CLAIMS = (
    *(_prefix_claim(name, f"{name}: /x") for name in _PREFIX_NAMES),
    *(_prefix_claim(name, f"{name}: /admin/") for name in _PATH_NAMES),
    *(_prefix_claim(name, f"{name}: /evil/x/admin/") for name in _URL_NAMES),
    _prefix_claim("Daphne-Root-Path: a host", "Daphne-Root-Path: .evil.example"),
    _prefix_claim("Daphne-Root-Path: a URL", "Daphne-Root-Path: https://evil.example"),
    _prefix_claim("Daphne-Root-Path: escapes", "Daphne-Root-Path: %2Fx"),
    _prefix_claim("Daphne-Root-Path: twice", "Daphne-Root-Path: /", "Daphne-Root-Path: /x"),
    _prefix_claim("SCRIPT_NAME: a host", "SCRIPT_NAME: //evil.example", path="//evil.example/x"),
    _prefix_claim("SCRIPT_NAME: no segment", "SCRIPT_NAME: /x/ad"),
    _prefix_claim("SCRIPT_NAME: twice", "SCRIPT_NAME: /x", "SCRIPT_NAME: /x"),
)

_SOCKET = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
# The settings are those of the HTTP/2 client, as its base64 (RFC 7540, 3.2.1).
_SETTINGS = "HTTP2-Settings: {settings}"
_BOTH = "Connection: Upgrade, HTTP2-Settings"


def _upgrade(name: str, *lines: str, method: str = "GET", speaks: str = "HTTP/1.1") -> Attack:
    form = Form(name, tuple(line.encode() for line in lines))
    return Attack("upgrade", form, method=method, upgrades=True, speaks=speaks)


def _h2c(name: str, *values: str, connection: tuple[str, ...] = (_BOTH,), method: str = "GET") -> Attack:
    lines = (*connection, *(f"Upgrade: {value}" for value in values), _SETTINGS)
    return _upgrade(name, *lines, method=method)


def _websocket(name: str, *values: str, lines: tuple[str, ...] = _SOCKET) -> Attack:
    upgrades = tuple(f"Upgrade: {value}" for value in values)
    return _upgrade(name, "Connection: Upgrade", *upgrades, *lines)


UPGRADES = (
    _h2c("h2c", "h2c"),
    _h2c("h2c in capitals", "H2C"),
    _h2c("h2c between tabs", "\th2c\t"),
    _h2c("h2c, without Connection", "h2c", connection=()),
    _h2c("h2c, Connection: upgrade alone", "h2c", connection=("Connection: upgrade",)),
    _h2c("h2c, Connection: close too", "h2c", connection=(f"{_BOTH}, close",)),
    _h2c("h2c, Connection: keep-alive before", "h2c", connection=("Connection: keep-alive", _BOTH)),
    _h2c(
        "h2c, two lines of Connection",
        "h2c",
        connection=("Connection: Upgrade", "Connection: HTTP2-Settings"),
    ),
    _h2c("h2c, named by Connection", "h2c", connection=(f"{_BOTH}, X-Forwarded-For",)),
    _h2c("h2c twice", "h2c", "h2c"),
    _h2c("a list: h2c, websocket", "h2c, websocket"),
    _h2c("a list: websocket, h2c", "websocket, h2c"),
    _h2c("a list: websocket,h2c in capitals", "WEBSOCKET,H2C"),
    _h2c("two lines: h2c, websocket", "h2c", "websocket"),
    _h2c("two lines: websocket, h2c", "websocket", "h2c"),
    _h2c("three lines: websocket, h2c, websocket", "websocket", "h2c", "websocket"),
    _h2c("an empty line, then h2c", "", "h2c"),
    _h2c("h2c, OPTIONS", "h2c", method="OPTIONS"),
    _h2c("h2c, an unknown method", "h2c", method="FOO"),
    _h2c("HTTP/2.0", "HTTP/2.0"),
    _h2c("TLS", "TLS/1.2, HTTP/1.1"),
    _upgrade("CONNECT", method="CONNECT"),
    _websocket("websocket", "websocket"),
    _websocket("WebSocket", "WebSocket"),
    _websocket("websocket twice", "websocket", "websocket"),
    _websocket("websocket of an unknown version", "websocket", lines=("Sec-WebSocket-Version: 1",)),
    _websocket("websocket without a key", "websocket", lines=_SOCKET[:1]),
    _websocket("websocket and h2c's settings", "websocket", "h2c", lines=(*_SOCKET, _SETTINGS)),
    _upgrade("HTTP/2 at once", speaks="HTTP/2"),
    _upgrade("extended CONNECT: h2c", speaks="h2c"),
    _upgrade("extended CONNECT: websocket", speaks="websocket"),
)
