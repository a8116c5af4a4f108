"""What one attack is: the lines of a request, and what they claim."""

from __future__ import annotations

from typing import NamedTuple

from django_trustedproxy.engine.purposes import FORWARDING_HEADERS

VICTIM = "6.6.6.6"
HOST, PORT, PREFIX, USER = "evil.example", "666", "/evil", "probe-forged"
_ON = {"http": "off", "https": "on"}
_BOOLEAN = {"X-Forwarded-SSL", "X-Forwarded-HTTPS", "X-HTTPS", "Front-End-Https"}


# The settings refuse it for its row of digits, so no site has it as a secret.
SECRET = f"{USER}-0123456789-of-an-attacker"


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
        """The name of the attack, without blanks, after that of its group."""
        return f"{self.group}.{self.form.name.replace(' ', '-')}"


class Claims(NamedTuple):
    """What the attacks claim: to be this proxy, which is trusted, and a scheme that is wrong.

    `headers` are those that the site's logins read, beside the known ones, and `stamps` those that
    carry a secret of the edge. `own` are those that the site's settings designate and nobody else
    knows, each with its purpose.
    """

    proxy: str = "127.0.0.5"
    scheme: str = "https"
    headers: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()
    own: tuple[tuple[str, str], ...] = ()

    def names(self, purpose: str) -> tuple[str, ...]:
        """Return the headers of a purpose that may be believed."""
        own = tuple(header for of, header in self.own if of == purpose)
        return FORWARDING_HEADERS[purpose] + own


def forged(header: str, purpose: str, claims: Claims) -> str:
    """Return the value that an attacker writes into a header."""
    if header == "Forwarded":
        return f"for={VICTIM};proto={claims.scheme};host={HOST}"
    if header == "CloudFront-Viewer-Address":
        return f"{VICTIM}:666"
    values = {"client": VICTIM, "port": PORT, "prefix": PREFIX, "identity": USER}
    if purpose == "scheme":
        return _ON[claims.scheme] if header in _BOOLEAN else claims.scheme
    return values.get(purpose, HOST)
