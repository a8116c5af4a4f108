"""Writing an answer into a WSGI environ or a Django META, which have the same keys."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .engine.answer import Answer
from .engine.decision import decide
from .engine.purposes import FORWARDED, PURPOSES, raw_name
from .script_name import take_back

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .engine.answer import Statement
    from .engine.policy import Policy
    from .engine.stamps import Stamps

_SCHEMES = ("http", "https")
_PORTS = {"http": "80", "https": "443"}
# Where a2wsgi keeps what it makes an environ or a scope of. Error reports show all of META.
_SCOPE, _ENVIRON = "asgi.scope", "wsgi_environ"
_DASHES = bytes.maketrans(b"_", b"-")
KEY = "trusted_proxy"
"""Where META, environ and ASGI scope keep the `Answer`. No header of a client can have it."""


def rewrite(
    meta: dict[str, Any],
    policy: Policy,
    scheme: str = "",
    is_unix: bool | None = None,  # noqa: FBT001 - as `decide` has it
) -> Answer:
    """Decide who the client is, change `meta` to say so, and return the answer.

    REMOTE_ADDR becomes the client, and the designated header its verified part. Every other header
    of a designated purpose goes, and from a peer that is not trusted all forwarding headers. An
    address that the server reported is written in canonical spelling.
    `scheme` and `is_unix` tell of the connection what `meta` does not. The answer stays under
    `KEY`. Where there is one already, `keep` keeps it.
    """
    decided = find_answer(meta)
    if decided is not None:
        return keep(meta, policy, decided)
    return rewrite_anew(meta, policy, scheme, is_unix)


def keep(meta: dict[str, Any], policy: Policy, answer: Answer) -> Answer:
    """Leave a decided request as it is, without the headers that have come since.

    A second decision would take the client for an untrusted peer.
    """
    keys = policy.dropped_by(answer)
    if not keys.isdisjoint(meta):
        for key in keys.intersection(meta):
            del meta[key]
    is_list = policy.form.separator is not None
    is_right = is_list and len(answer.proxies) == 1 and meta.get(policy.header) == answer.client
    if policy.designations or not (is_right and policy.keep_header):
        _write_headers(meta, policy, answer)
    return answer


def rewrite_anew(
    meta: dict[str, Any],
    policy: Policy,
    scheme: str = "",
    is_unix: bool | None = None,  # noqa: FBT001 - as `decide` has it
    *,
    is_django: bool = False,
) -> Answer:
    """Do what `rewrite` does for a request that is not decided yet.

    `is_django` tells whether `meta` is META, whose path Django has decoded, or an environ.
    """
    is_uwsgi = "uwsgi.version" in meta
    if is_uwsgi and "scheme" in policy.purposes:
        scheme = _own_scheme(meta)
    stamp = None
    if policy.stamps is not None:
        stamp = policy.stamps.take(meta)
        if _SCOPE in meta:
            meta[_SCOPE] = without_stamps(meta[_SCOPE], policy.stamps)
        policy = policy.in_force(stamp)
    reported = meta.get("REMOTE_ADDR")
    answer = decide(policy, reported, meta, scheme, is_unix, stamp)
    if "HTTP_SCRIPT_NAME" in meta:
        take_back(meta, answer, is_django=is_django)
    for key in answer.dropped:
        del meta[key]
    text = answer.header_text
    # A header that is the client's canonical address stays as it is.
    is_right = text is None or (policy.keep_header and text == answer.client and answer.proxies)
    if answer.header is not None and (policy.designations or not is_right):
        _write_headers(meta, policy, answer)
    write_client(meta, answer, reported)
    if is_uwsgi:
        _take_back_scheme(meta, policy, answer)
    for statement in answer.statements:
        _write_value(meta, statement)
    meta[KEY] = answer
    return answer


def without_stamps(scope: Mapping[str, Any], stamps: Stamps) -> dict[str, Any]:
    """Return a copy of an ASGI scope that has no header with a stamp, in whatever spelling.

    The environ that it was made of has none either.
    """
    # Django makes one key of both spellings, and a server may pass either.
    names = {raw_name(key).translate(_DASHES) for key in stamps.headers}
    headers = [pair for pair in scope["headers"] if pair[0].lower().translate(_DASHES) not in names]
    return {**scope, **environ_around(scope, stamps), "headers": headers}


def environ_around(scope: Mapping[str, Any], stamps: Stamps | None) -> dict[str, Any]:
    """Return the environ that a scope was made of, by its key and without stamps, if it has one."""
    environ = scope.get(_ENVIRON)
    if not environ or stamps is None:
        return {}
    return {_ENVIRON: {key: environ[key] for key in environ if key not in stamps.headers}}


# The address that was written last as REMOTE_ADDR, and the answer that it came from.
_written: ContextVar[tuple[str, Answer] | None] = ContextVar("written", default=None)


class _NoAddress(str):
    """An empty text that is an object of its own, which "" never is."""

    __slots__ = ()


def hand_on(answer: Answer) -> str:
    """Return the client's address, "" for none, as a text by which `find_answer` knows the answer.

    What is made of a request in this process has its address, and no key of ours: behind adapters
    from ASGI to WSGI, and where a framework copies META into another request.
    """
    if answer.client and answer.header is None:
        # Deciding again tells the same, and the answer of a thread's last request tells another.
        if _written.get() is not None:
            _written.set(None)
        return answer.client
    # The same text, and always a new object.
    address = answer.client.lower() if answer.client else _NoAddress()
    _written.set((address, answer))
    return address


def last_answer() -> Answer | None:
    """Return the answer that was handed on last in this context, or None."""
    written = _written.get()
    return written and written[1]


def answer_of(scope: Mapping[str, Any]) -> Answer | None:
    """Return the answer of a wrapper around an ASGI scope, or around the environ it was made of."""
    answer = scope.get(KEY)
    if not isinstance(answer, Answer) and _ENVIRON in scope:
        answer = (scope[_ENVIRON] or {}).get(KEY)
    return answer if isinstance(answer, Answer) else None


def find_answer(meta: dict[str, Any]) -> Answer | None:
    """Return the answer of a request that is decided already, and keep it in `meta`.

    It is under `KEY`, or REMOTE_ADDR is the very object that was written. A server makes a new
    one of what came over a connection, so that no client can have it, whatever context the request
    is handled in.
    """
    if KEY in meta and isinstance(meta[KEY], Answer):
        answer: Answer = meta[KEY]
        return answer
    written = _written.get()
    if written is None or meta.get("REMOTE_ADDR") is not written[0]:
        return None
    return adopt(meta, written[1])


def adopt(meta: dict[str, Any], answer: Answer) -> Answer:
    """Let a request that is made of a decided one have its answer, and the scheme that it states.

    The code that makes it copies what Django reads of the scheme, which is not a header here. The
    host and the path are its own.
    """
    meta[KEY] = answer
    before = meta.get("wsgi.url_scheme")
    for statement in answer.statements:
        if statement.purpose == "scheme":
            _write_value(meta, statement)
    scheme = meta.get("wsgi.url_scheme")
    # Without a Host, Django puts a port that is not the scheme's default into links.
    if scheme != before and str(meta.get("SERVER_PORT")) == _PORTS.get(str(before)):
        meta["SERVER_PORT"] = _PORTS[str(scheme)]
    return answer


def _write_headers(meta: dict[str, Any], policy: Policy, answer: Answer) -> None:
    """Leave of the designated headers only what the answer is about."""
    # Only what was verified, so that code that reads the leftmost hop agrees.
    if policy.keep_header and (chain := answer.chain):
        meta[policy.header] = policy.form.write(chain)
    else:
        meta.pop(policy.header, None)
    if policy.designations:
        for designation in policy.designations:
            # What `Forwarded` says here, it is the client's to write or drop.
            if designation.header != FORWARDED:
                meta.pop(designation.header, None)
        for statement in answer.statements:
            if statement.header != FORWARDED and statement.text:
                meta[statement.header] = statement.text


def write_client(meta: dict[str, Any], answer: Answer, reported: object) -> None:
    """Write the client's address, host and port, where `reported` was the peer's address."""
    address = meta["REMOTE_ADDR"] = hand_on(answer)  # a text that is not an address does not stay
    if "REMOTE_HOST" in meta and (answer.proxies or meta["REMOTE_HOST"] == reported):
        meta["REMOTE_HOST"] = address
    if answer.proxies:
        # The port that the server reported is the proxy's.
        meta.pop("REMOTE_PORT", None)
        if answer.client_port is not None:
            meta["REMOTE_PORT"] = str(answer.client_port)


def _take_back_scheme(meta: dict[str, Any], policy: Policy, answer: Answer) -> None:
    """Write the scheme of the connection where uWSGI wrote what a forwarding header said.

    uWSGI 2.0.31 makes the text of any X-Forwarded-Proto, from anybody, wsgi.url_scheme. What it
    knows itself, or a server that speaks its protocol told it, is in HTTPS and UWSGI_SCHEME.
    """
    if answer and "scheme" not in policy.purposes and meta.get("wsgi.url_scheme") in _SCHEMES:
        return
    meta["wsgi.url_scheme"] = _own_scheme(meta)


def _own_scheme(meta: dict[str, Any]) -> str:
    own = meta.get("UWSGI_SCHEME")
    if own not in _SCHEMES:
        own = "https" if str(meta.get("HTTPS")).lower() in ("on", "1") else "http"
    return str(own)


def _write_value(meta: dict[str, Any], statement: Statement) -> None:
    purpose, value = statement.purpose, statement.value
    if not statement.is_written or value is None:
        return
    key = PURPOSES[purpose].key
    if purpose != "scheme":
        meta[key] = value
    elif key in meta:  # under ASGI the scheme is in the scope
        meta[key] = value
        if value == "http":
            meta.pop("HTTPS", None)  # Apache and uWSGI: the proxy's own connection used TLS
