"""What the site tells a prober about the prober's own request, and about no other."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.utils.crypto import salted_hmac

from django_trustedproxy.engine.purposes import (
    PROBE_KEY,
    PURPOSES,
    is_prefix,
    meta_names,
    raw_name,
    wire_name,
)

from .forms import USER
from .token import Verifier, seal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_trustedproxy.engine.answer import Answer
    from django_trustedproxy.engine.policy import Policy
    from django_trustedproxy.engine.stamps import Stamps

    from .token import Verified

LONGEST = 80
"""Of each text that came with the request, no more than so many characters are told."""

_OF_PURPOSES = frozenset().union(*map(meta_names, PURPOSES))
_verifier = Verifier()


class Asked:
    """What is kept of a request with a valid token until it is decided.

    Its key is Django's own, so its repr shows nothing.
    """

    __slots__ = ("_arrived", "_verified")

    def __init__(self, verified: Verified, arrived: dict[str, Any]) -> None:
        self._verified, self._arrived = verified, arrived

    def tell(
        self, policy: Policy, meta: Mapping[str, Any], answer: Answer, path: str, scheme: str = ""
    ) -> bytes:
        """Return the signed answer, where `meta` and `answer` are what the mount has decided.

        `path` is the one that may be exempt from rejection.
        """
        scheme = meta.get("wsgi.url_scheme") or answer.stated("scheme") or scheme
        facts = self._arrived | _concluded(policy, answer, path) | _of_url(meta, scheme)
        return _sealed(policy, self._verified.nonce, self._verified.key, facts)


def take_token(policy: Policy, meta: dict[str, Any]) -> Asked | None:
    """Take the token out of META or an environ that is not decided yet; None if it is not valid."""
    token = str(meta.pop(PROBE_KEY, ""))
    verified = _verifier.verify(token) if policy.is_probed else None
    return Asked(verified, _arrived(policy, meta)) if verified is not None else None


def take_token_of_scope(policy: Policy, scope: dict[str, Any]) -> Asked | None:
    """Do the same for an ASGI scope, which keeps the token."""
    tokens = [value for name, value in scope["headers"] if name.lower() == raw_name(PROBE_KEY)]
    if not policy.is_probed or len(tokens) != 1 or scope["type"] != "http":
        return None
    verified = _verifier.verify(tokens[0].decode("latin-1"))
    return Asked(verified, _arrived(policy, meta_of(scope))) if verified is not None else None


def meta_of(scope: dict[str, Any]) -> dict[str, Any]:
    """Return the META that Django makes of an ASGI scope."""
    meta: dict[str, Any] = ASGIRequest(scope, BytesIO()).META
    return meta


def headers_of(told: bytes) -> dict[str, str]:
    """Return the headers that an answer has."""
    return {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(told)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def _sealed(policy: Policy, nonce: str, key: str, facts: dict[str, Any]) -> bytes:
    facts = {"nonce": nonce, **facts, "policy": digest(policy, key)}
    return seal(json.dumps(facts, ensure_ascii=False), key).encode("utf-8", "replace")


def _arrived(policy: Policy, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers of a request that the package knows, by name: the policy has no more.

    What a proxy says of the user, or in a header of the site's own, may be a secret: only what the
    probe itself has written there is reported.
    """
    arrived: dict[str, str | None] = {}
    for key in sorted(policy.dropped_if_direct.intersection(meta)):
        text = str(meta[key])
        if key not in _OF_PURPOSES:
            text = USER if USER in text else "…"
        arrived[wire_name(key)] = cut(text)
    return {"arrived": arrived}


def _concluded(policy: Policy, answer: Answer, path: str) -> dict[str, Any]:
    return {
        "peer": answer.peer,
        "outcome": answer.outcome,
        "client": answer.client,
        "proxies": list(answer.proxies),
        "header": answer.header,
        "statements": [
            [statement.purpose, wire_name(statement.header), cut(statement.value)]
            for statement in answer.statements
        ],
        "dropped": list(map(wire_name, answer.dropped)),
        "stamp": answer.stamp,
        "rejected": policy.rejects(answer, path) or None,
    }


def _of_url(meta: Mapping[str, Any], scheme: str) -> dict[str, Any]:
    """Return what Django makes of META after the answer: the parts of the site's own URL."""
    prefix = str(meta.get("SCRIPT_NAME") or "")
    return {
        "scheme": cut(_scheme(meta, scheme)),
        "host": cut(_of_django(meta, "HOST", "HTTP_HOST") or str(meta.get("SERVER_NAME", ""))),
        "port": cut(_of_django(meta, "PORT", "SERVER_PORT")),
        "server": cut(str(meta.get("SERVER_NAME", ""))),
        "prefix": cut(prefix if is_prefix(prefix) else ""),
    }


def cut(text: str | None) -> str | None:
    """Return a text with nothing unprintable in it, and without its middle if it is long."""
    if text is None:
        return None
    if len(text) > LONGEST:
        half = LONGEST // 2 - 1
        text = f"{text[:half]}…{text[-half:]}"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _scheme(meta: Mapping[str, Any], scheme: str) -> str:
    """Return the scheme that Django makes of a request (HttpRequest.scheme)."""
    header = settings.SECURE_PROXY_SSL_HEADER
    value = meta.get(header[0]) if header else None
    if value is None or not header:
        return scheme
    return "https" if value.partition(",")[0].strip() == header[1] else "http"


def _of_django(meta: Mapping[str, Any], purpose: str, key: str) -> str:
    """Return the host or the port that Django makes of a request."""
    forwarded = f"HTTP_X_FORWARDED_{purpose}"
    is_used = getattr(settings, f"USE_X_FORWARDED_{purpose}") and forwarded in meta
    return str(meta.get(forwarded if is_used else key, ""))


def digest(policy: Policy, key: str) -> str:
    """Return what two processes with the same policy and key have in common, and tells nothing."""
    facts = [
        *sorted(map(str, policy.networks.merged)),
        policy.networks.unix,
        policy.header,
        sorted(policy.designations),
        policy.keep_header,
        sorted(policy.reject),
        sorted(policy.reject_exempt),
        sorted(policy.dropped_if_direct),
        _of_stamps(policy.stamps),
    ]
    text = json.dumps(facts)
    mac = salted_hmac("django_trustedproxy.probe.policy", text, secret=key, algorithm="sha256")
    return mac.hexdigest()[:32]


def _of_stamps(stamps: Stamps | None) -> list[Any]:
    if stamps is None:
        return []
    networks = stamps.networks
    return [
        *(sorted(map(str, networks.merged)), networks.unix, stamps.any_peer),
        *(sorted(stamps.headers), sorted(stamps.fingerprints)),
    ]
