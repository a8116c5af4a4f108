"""The answer: who the client is, and why. Data only."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

from .purposes import wire_name

Outcome = Literal["direct", "missing", "forwarded", "malformed", "unknown"]
"""Why REMOTE_ADDR is what it is.

`direct`: the peer is not trusted, so it is the client. `missing`: the peer is trusted and sent no
designated header. `forwarded`: the header gave the client. `malformed`: the walk ended at something
that is not an address, and the last verified hop is the client. `unknown`: the server reported
neither an address nor a Unix socket, so nobody is the client.
"""

Stamp = Literal["valid", "wrong", "absent"]
"""What a request has where a secret is expected: the secret, something else, or nothing."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
REJECTABLE: tuple[Outcome, ...] = ("direct", "missing", "malformed", "unknown")


class Statement(NamedTuple):
    """What the designated header of a purpose says.

    `header` is the META key, `value` the value in force, or None if the header is empty or
    malformed: its values differ, or one has the wrong form. `text` is what stays of the header.
    `is_written` tells whether the middleware writes the value, rather than Django reading it.
    """

    purpose: str
    header: str
    value: str | None
    text: str | None
    is_written: bool
    is_malformed: bool


class Answer:
    """Who the client is, and why. True exactly if a trusted proxy sent the request.

    Addresses are canonical text, as in REMOTE_ADDR. An answer cannot be changed, and may get more
    attributes in a later release.

    `peer` is who connected: "unix:" for a Unix socket, None if the server reported neither that nor
    an address. `client` is who the request came from, None if there is no address at all. `proxies`
    are the trusted proxies that the request passed, the peer last, so that `client, *proxies` is
    the way of the request; it is empty if the peer is the client. `outcome` is why REMOTE_ADDR is
    what it is. `header` is the wire name of the designated client header if it was consulted, and
    `client_port` the port that it gave. `statements` are what the designated headers of the other
    purposes said, a `Statement` for each one that came. `dropped` are the META keys of the
    forwarding headers that were taken away, sorted. `header_text` is the designated client header
    as it came, and `reported` what the server reported as the peer if it is no address: any text
    that a client wrote. `stamp` tells what the request had where `TRUSTED_PROXY_SECRETS` expects a
    secret, and is None where there are none.
    """

    # In the order of the parameters.
    __slots__ = (  # noqa: RUF023
        "peer",
        "client",
        "proxies",
        "outcome",
        "header",
        "client_port",
        "statements",
        "dropped",
        "header_text",
        "reported",
        "stamp",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - a fact each; keywords take longer
        self,
        peer: str | None,
        client: str | None,
        proxies: tuple[str, ...] = (),
        outcome: Outcome = "direct",
        header: str | None = None,
        client_port: int | None = None,
        statements: tuple[Statement, ...] = (),
        dropped: tuple[str, ...] = (),
        header_text: str | None = None,
        reported: str | None = None,
        stamp: Stamp | None = None,
    ) -> None:
        self.peer: Final = peer
        self.client: Final = client
        self.proxies: Final = proxies
        self.outcome: Final[Outcome] = outcome
        self.header: Final = header
        self.client_port: Final = client_port
        self.statements: Final = statements
        self.dropped: Final = dropped
        self.header_text: Final = header_text
        self.reported: Final = reported
        self.stamp: Final[Stamp | None] = stamp
        self.__class__ = _ReadOnlyAnswer  # noqa: PLE0237 - every object has a class

    @property
    def chain(self) -> tuple[str, ...]:
        """The verified hops of the header, the client first; empty if there are none."""
        # The peer, last of the proxies, is no hop of the header: this server saw it itself.
        client, proxies = self.client, self.proxies
        return (client, *proxies[:-1]) if client and proxies else ()

    @property
    def malformed_headers(self) -> tuple[str, ...]:
        """The wire names of the headers of other purposes that could not be believed."""
        return tuple(wire_name(s.header) for s in self.statements if s.is_malformed)

    def stated(self, purpose: str) -> str | None:
        """Return the value that the middleware wrote for a purpose, such as "scheme", or None."""
        for statement in self.statements:
            if statement.purpose == purpose and statement.is_written:
                return statement.value
        return None

    def __bool__(self) -> bool:
        return self.header is not None

    def __reduce__(self) -> tuple[type[Answer], tuple[object, ...]]:
        return Answer, self._facts()

    def __repr__(self) -> str:
        named = zip(Answer.__slots__, self._facts(), strict=True)
        return f"Answer({', '.join(f'{name}={fact!r}' for name, fact in named)})"

    def __eq__(self, other: object) -> bool:
        return self._facts() == other._facts() if isinstance(other, Answer) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in Answer.__slots__)


# A frozen dataclass takes four times as long to make, which would be a third of the decision.
class _ReadOnlyAnswer(Answer):
    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"An Answer cannot be changed: {name!r} is read-only.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"An Answer cannot be changed: {name!r} is read-only.")
