"""What the command and the site prove to each other, with the key that both of them have."""

from __future__ import annotations

import re
import time
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core.checks.security.base import (
    SECRET_KEY_INSECURE_PREFIX,
    SECRET_KEY_MIN_LENGTH,
    SECRET_KEY_MIN_UNIQUE_CHARACTERS,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.signing import BadSignature, Signer, TimestampSigner, b62_decode
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import get_random_string

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 120
MOST_A_SECOND = 30
_SALT = "django_trustedproxy.probe"
_TOKEN = re.compile(r"([A-Za-z0-9]{22})/([^\s,/]{1,255}):([A-Za-z0-9]{1,8}):[A-Za-z0-9_-]{43}")
# As Django has them for DEBUG alone, on which nothing here depends.
_LOCAL = (".localhost", "127.0.0.1", "[::1]")


class Verified(NamedTuple):
    """A valid token: what its sender will look for in the answer, and the key that signed it."""

    nonce: str
    key: str


def is_strong(key: object) -> bool:
    """Tell whether a key passes Django's own check of it (security.W009 and W025)."""
    return (
        isinstance(key, str)
        and len(key) >= SECRET_KEY_MIN_LENGTH
        and len(set(key)) >= SECRET_KEY_MIN_UNIQUE_CHARACTERS
        and not key.startswith(SECRET_KEY_INSECURE_PREFIX)
    )


def strong_keys() -> list[str]:
    """Return SECRET_KEY and its strong fallbacks; nothing if SECRET_KEY itself is weak.

    Anyone who guesses the key can ask the site about itself.
    """
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # it is empty
        return []
    return (
        [key, *map(str, filter(is_strong, settings.SECRET_KEY_FALLBACKS))] if is_strong(key) else []
    )


def new_nonce() -> str:
    """Return a text that no other request has."""
    return get_random_string(22)


def issue(nonce: str, host: str, key: str) -> str:
    """Return a token for one request to a host, as its Host header has it."""
    return _signer(key).sign(f"{nonce}/{host.lower()}")


def seal(text: str, key: str) -> str:
    """Return a text with what proves who wrote it."""
    return Signer(key=key, salt=f"{_SALT}.answer", fallback_keys=[]).sign(text)


def unseal(sealed: str, key: str) -> str | None:
    """Return a text that was sealed with a key, or None."""
    try:
        return Signer(key=key, salt=f"{_SALT}.answer", fallback_keys=[]).unsign(sealed)
    except BadSignature:
        return None


class Verifier:
    """Verifies tokens, but no more per second than a prober needs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last: deque[float] = deque(maxlen=MOST_A_SECOND)

    def verify(self, token: str) -> Verified | None:
        """Return what a token says, or None if it is not valid for this site now.

        Never raises, and gives no reason.
        """
        match = _TOKEN.fullmatch(token) if token.isascii() else None
        if match is None or not self._has_room():
            return None
        nonce, host, stamp = match.groups()
        for key in strong_keys():
            try:
                _signer(key).unsign(token, max_age=SECONDS)
            except BadSignature:
                continue
            # A token from a clock that is ahead would be valid for longer.
            is_early = b62_decode(stamp) - time.time() > SECONDS
            return Verified(nonce, key) if not is_early and _is_here(host) else None
        return None

    def _has_room(self) -> bool:
        """Count a verification, unless there were too many in the last second."""
        with self._lock:
            now = self._clock()
            if len(self._last) == MOST_A_SECOND and now - self._last[0] < 1:
                return False
            self._last.append(now)
            return True


def _signer(key: str) -> TimestampSigner:
    return TimestampSigner(key=key, salt=_SALT, fallback_keys=[])


def _is_here(host: str) -> bool:
    """Tell whether a token is for this site, and not for another one with the same key.

    Not by the Host header: anyone who forwards the token chooses it, and a proxy may replace it.
    """
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS or _LOCAL)
