"""What happens to a request that `TRUSTED_PROXY_REJECT` names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.core.exceptions import SuspiciousOperation

if TYPE_CHECKING:
    from .engine.answer import Answer
    from .engine.policy import Policy


class RejectedByTrustedProxy(SuspiciousOperation):
    """A request that `TRUSTED_PROXY_REJECT` rejects; Django answers it with 400."""


def rejection(policy: Policy, answer: Answer, path: str) -> str | None:
    """Return why the policy rejects a request for a path, as a sentence, or None if it does not."""
    name = policy.rejects(answer, path)
    if not name:
        return None
    reason = f"outcome {name!r}"
    if name == "unstamped":
        reason = f"no valid secret ({name!r})"
    elif name != answer.outcome:
        reason = f"malformed {', '.join(answer.malformed_headers)}"
    return f"Request from peer {answer.peer!r} with {reason}, which TRUSTED_PROXY_REJECT names."


def routed_path(path: str, path_info: str) -> str:
    """Return a path (`request.path`) that may be exempt, or "" where it names another view.

    Django routes by `path_info`. Nothing of the path's last part may come from the script name,
    which some servers take from a header, and without its slash a path is routed to nothing.
    """
    is_whole = path_info[:1] == "/" and path.endswith(path_info)
    return path if is_whole and (path_info != "/" or path == "/") else ""


def log_rejection(reason: str) -> None:
    """Log a rejection outside Django's handlers where they log a `RejectedByTrustedProxy`."""
    logging.getLogger(f"django.security.{RejectedByTrustedProxy.__name__}").error(reason)
