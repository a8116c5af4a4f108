"""What a client may write to pass for somebody else: one table, for the probe, the tests, the docs.

Each row is an `Attack`; `GROUPS` tells what it means if one of a group works, and what ends it.
"""

from __future__ import annotations

from .channels import PREFIX_CLAIMS, UPGRADES
from .forms import SECRET, USER, VICTIM, Attack, Claims, Form, forged
from .groups import GROUPS


def forms(claims: Claims) -> tuple[Form, ...]:
    """Return the forms that a request may have on any server and behind any proxy."""
    return tuple(attack.form for attack in _of_lines(claims))


def attacks(claims: Claims) -> tuple[Attack, ...]:
    """Return all that is known, each group together, in the order of `GROUPS`."""
    rows = (
        *_of_lines(claims),
        *_single(claims),
        *_single_claims(claims),
        *(Attack("identity", form) for form in _identity(claims)),
        *(Attack("stamp", form) for name in claims.stamps for form in wrong_stamps(name, claims)),
        *PREFIX_CLAIMS,
        *UPGRADES,
    )
    order = list(GROUPS)
    return tuple(sorted(rows, key=lambda attack: order.index(attack.group)))


def _lines(claims: Claims, *purposes: str) -> tuple[bytes, ...]:
    return tuple(
        f"{header}: {forged(header, purpose, claims)}".encode()
        for purpose in purposes
        for header in claims.names(purpose)
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


def _lists(claims: Claims) -> tuple[str, ...]:
    """Return the header that is a list everywhere, and the site's own that names the client."""
    return ("X-Forwarded-For", *(header for purpose, header in claims.own if purpose == "client"))


def _each(claims: Claims, *values: bytes) -> tuple[bytes, ...]:
    """Return one line per value and header in which a proxy may say who the client is."""
    return tuple(
        b"%s: %s" % (name.encode(), value)
        for name in (*_lists(claims), "X-Real-IP", "Forwarded")
        for value in values
    )


def _of_lines(claims: Claims) -> tuple[Attack, ...]:
    client = _lines(claims, "client")
    others = _lines(claims, "scheme", "host", "port", "server", "prefix")
    names = b", ".join(line.partition(b":")[0] for line in client + others)
    spelled = underscored(client)
    victim, behind = VICTIM.encode(), f"{VICTIM}, {claims.proxy}".encode()
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
        ("list", "empty values", _each(claims, b"")),
        ("list", "empty values before forged ones", _each(claims, b"", victim)),
        ("list", "commas alone", _each(claims, b",")),
        ("list", "a claim to be the trusted proxy", _each(claims, behind)),
        ("list", "a claim to be loopback", _each(claims, b"127.0.0.1")),
        ("list", "quoted values", _each(claims, b'"6.6.6.6"', b'for="6.6.6.6"')),
        ("list", "an open quote", _each(claims, b'for=6.6.6.6;by="')),
        ("list", "an open quote around an address", _each(claims, b'"6.6.6.6')),
        ("list", "60 KB", (long,)),
        ("list", "a byte over 0x7f", _each(claims, b"6.6.6.6\xff")),
        ("list", "bytes of UTF-8", _each(claims, "6.6.6.6\N{NO-BREAK SPACE}".encode())),
        ("list", "a tab and blanks", _each(claims, b"\t 6.6.6.6 \t")),
        ("connection", "named by Connection", (b"Connection: close, " + names, *client)),
        ("connection", "named by Connection alone", (b"Connection: close, " + names,)),
    )
    return (
        *(Attack(group, Form(name, lines)) for group, name, lines in rows),
        Attack("trailers", Form("trailers in the packet of the headers", (), client)),
        Attack("trailers", Form("trailers that come later", (), client, pause=0.2)),
        Attack("trailers", Form("trailers about the scheme", (), others, pause=0.2)),
    )


def _single(claims: Claims) -> list[Attack]:
    """Return each header alone."""
    alone = [
        Attack(
            "prefix" if purpose == "prefix" else "header",
            Form(f"{header} alone", (f"{header}: {forged(header, purpose, claims)}".encode(),)),
        )
        for purpose in ("client", "scheme", "host", "port", "server", "prefix")
        for header in claims.names(purpose)
    ]
    proxy = tuple(f"{name}: {claims.proxy}, {VICTIM}".encode() for name in _lists(claims))
    return [
        *alone,
        Attack("header", Form("a claim of the proxy, behind it the forged one", proxy)),
    ]


def _single_claims(claims: Claims) -> list[Attack]:
    dashed = f"X-Forwarded-For: {VICTIM}".encode()
    named = (b"X_Forwarded_For", b"X-Forwarded_For", b"X_Forwarded-For", b"x_forwarded_for")
    lines = {name: b"%b: %b" % (name, VICTIM.encode()) for name in named}
    blank = f"X-Forwarded-For : {VICTIM}".encode()
    spelled = [
        Form("X_Forwarded_For alone", (lines[b"X_Forwarded_For"],)),
        *(Form(f"{name.decode()} behind dashes", (dashed, lines[name])) for name in named),
        Form("X_Forwarded_For before dashes", (lines[b"X_Forwarded_For"], dashed)),
        *(
            Form(name, (f"{name}: {claims.scheme}".encode(),))
            for name in ("X_Forwarded_Proto", "X-Forwarded_Proto", "X_Forwarded-Proto")
        ),
        Form("a blank before the colon", (dashed, blank)),
    ]
    scheme = b"X-Forwarded-Proto: javascript"
    return [
        *(Attack("spelling", form) for form in spelled),
        Attack("header", Form("X-Forwarded-Proto: javascript", (scheme,))),
        Attack("connection", Form("X-Real-IP named", (b"Connection: close, X-Real-IP",))),
        Attack(
            "connection", Form("X-Forwarded-For named", (b"Connection: close, X-Forwarded-For",))
        ),
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


def wrong_stamps(name: str, claims: Claims) -> list[Form]:
    """Return what somebody without the secret may write into the header that carries it."""
    client = _lines(claims, "client")
    wrong = f"{name}: {SECRET}".encode()
    spelled = _renamed(wrong, b"-", b"_")
    return [
        Form(f"a wrong secret in {name}", (wrong, *client)),
        Form(f"an empty secret in {name}", (f"{name}:".encode(), *client)),
        Form(f"two secrets in {name}", (wrong, wrong, *client)),
        Form(f"a secret in {name} with underscores", (spelled, *client)),
        Form(f"a secret of 8000 bytes in {name}", (wrong + b"x" * 8000, *client)),
        Form(f"{name} named by Connection", (f"Connection: close, {name}".encode(),)),
    ]
