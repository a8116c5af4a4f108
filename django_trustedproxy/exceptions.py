"""What happens to a request that `TRUSTED_PROXY_REJECT` names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.core.exceptions import SuspiciousOperation

if TYPE_CHECKING:
    from .engine.answer import Answer
    from .engine.policy import Policy


class RejectedByTrustedProxy(SuspiciousOperation):
    """A request whose outcome is named in `TRUSTED_PROXY_REJECT`; Django answers it with 400."""


def rejection(policy: Policy, answer: Answer) -> str | None:
    """Return why the policy rejects a request, as a sentence, or None if it does not.

    "malformed" also stands for a header of another purpose that could not be believed.
    """
    if answer.outcome in policy.reject:
        reason = f"outcome {answer.outcome!r}"
    elif "malformed" in policy.reject and answer.malformed_headers:
        reason = f"malformed {', '.join(answer.malformed_headers)}"
    else:
        return None
    return f"Request from peer {answer.peer!r} with {reason}, which TRUSTED_PROXY_REJECT names."


def log_rejection(reason: str) -> None:
    """Log a rejection outside Django's handlers where they log a `RejectedByTrustedProxy`."""
    logging.getLogger(f"django.security.{RejectedByTrustedProxy.__name__}").error(reason)
