"""What an answer means: whether the attack worked, compared with an honest request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from django_trustedproxy.engine.purposes import meta_name

from .forms import HOST, PORT, PREFIX, USER, VICTIM
from .token import unseal

if TYPE_CHECKING:
    from collections.abc import Collection

    from .forms import Attack
    from .send import Response

Kind = Literal["forged", "lost its own header", "not told", "refused", "passed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The verdicts, the worst first."""

CLOSED = (
    *("ConnectionRefusedError", "ConnectionResetError", "ConnectionAbortedError"),
    *("BrokenPipeError", "RemoteDisconnected", "SSLEOFError", "SSLZeroReturnError"),
)
"""The errors of a connection that the other end closed, or did not open."""
LATE = "no answer in time"
UNREAD = (400, 405, 411, 413, 414, 417, 431, 501, 505)
"""What servers answer to a request that they do not read, and limits of requests do not."""

Facts = dict[str, Any]
# What a row of `attacks` writes about a purpose, as the answer has it.
_WRITTEN = {
    "host": (HOST,),
    "port": (PORT,),
    "server": (HOST,),
    "prefix": (PREFIX, "/x", ".evil.example"),
}


class Verdict(NamedTuple):
    """What became of an attack, and the fact that shows it."""

    attack: Attack
    kind: Kind
    why: str


def facts_of(response: Response, key: str) -> Facts | None:
    """Return what the site said about this very request, or None if it did not say it."""
    facts = signed(response, key)
    return facts if facts is not None and facts.get("nonce") == response.nonce else None


def signed(response: Response, key: str) -> Facts | None:
    """Return what the site said about some request, or None if this is not the site's answer."""
    text = unseal(response.body.strip(), key) if response.status == 200 else None
    facts = json.loads(text) if text is not None else None
    return facts if isinstance(facts, dict) else None


def judge(
    attack: Attack,
    honest: Facts,
    responses: list[Response],
    key: str,
    logins: Collection[str] = (),
) -> Verdict:
    """Return what became of an attack, where `honest` is the answer to a request without one.

    `logins` are the META keys of the headers that log people in, or that the site guards.
    """
    verdicts = [_judge_one(attack, honest, each, key, logins) for each in responses]
    found = [each for each in verdicts if each is not None]
    # An upgrade that leads nowhere is not an attack without an answer.
    if attack.upgrades and len(found) > 1 and found[0][0] == "not told":
        found = found[1:]
    kind, why = min(found, key=lambda each: KINDS.index(each[0]), default=("refused", "no tunnel"))
    return Verdict(attack, kind, why)


def _judge_one(
    attack: Attack, honest: Facts, response: Response, key: str, logins: Collection[str]
) -> tuple[Kind, str] | None:
    if attack.upgrades and (response.status == 101 or response.failure in ("no HTTP/2", *CLOSED)):
        return None  # the answer that counts is the one to what was sent behind it
    facts = facts_of(response, key)
    if facts is None:
        return _unsigned(response, key)
    if found := forged(attack, honest, facts, logins):
        return "forged", found
    if facts["rejected"]:
        return "refused", f'TRUSTED_PROXY_REJECT = ["{facts["rejected"]}"] answers with 400'
    is_unstamped = honest["stamp"] == "valid" != facts["stamp"]
    if facts["client"] == honest["client"] and not is_unstamped:
        return "passed", ""
    is_lost = is_unstamped or facts["outcome"] in ("missing", "malformed", "unknown")
    said = f"the client is {facts['client']}, outcome {facts['outcome']}"
    if is_unstamped:
        said = f"the secret of the edge does not count: {facts['stamp']}"
    return "lost its own header" if is_lost else "not told", said


def _unsigned(response: Response, key: str) -> tuple[Kind, str]:
    """Return what it means that the site did not tell what it concluded."""
    status = response.status
    if signed(response, key) is not None:
        return "not told", "a cache answered, with the answer to another request"
    if status is None:
        if response.failure == "TimeoutError":
            return "not told", LATE
        # Anything else, such as an answer that cannot be read, is no refusal.
        is_closed = response.failure in CLOSED
        return ("refused", "closed") if is_closed else ("not told", response.error)
    # Some proxies say so of what they cannot pass on, and of a server that closed the connection.
    is_refusal = (400 <= status < 500 and status != 429) or status in (501, 502, 503, 505)
    return "refused" if is_refusal else "not told", f"status {status}"


def forged(attack: Attack, honest: Facts, facts: Facts, logins: Collection[str]) -> str:
    """Return which fact of an answer the attack wrote, as a sentence, or ""."""
    written = b"\n".join((*attack.form.lines, *attack.form.trailers)).decode("latin-1").lower()
    client = facts["client"]
    is_written = client == VICTIM or (client and client in written)
    if client != honest["client"] and is_written:
        return f"the client is {client}"
    if facts["stamp"] == "valid" != honest["stamp"]:
        return "the secret counts as valid"
    if facts["scheme"] != honest["scheme"]:
        return f"the scheme is {facts['scheme']}"
    for purpose, texts in _WRITTEN.items():
        value = str(facts.get(purpose))  # a site with an older version says less
        if value != honest.get(purpose) and any(text in value for text in texts):
            return f"the {purpose} is {value}"
    for name, value in facts["arrived"].items():
        if USER in value and name not in facts["dropped"] and meta_name(name) in logins:
            return f"{name}, which logs people in, arrived from the client"
    return ""
