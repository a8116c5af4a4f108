"""What happens to a request that `TRUSTED_PROXY_REJECT` names."""

import logging

from django.core.exceptions import SuspiciousOperation


class RejectedByTrustedProxy(SuspiciousOperation):
    """A request whose outcome is named in `TRUSTED_PROXY_REJECT`; Django answers it with 400."""


def log_rejection(reason: str) -> None:
    """Log a rejection outside Django's handlers where they log a `RejectedByTrustedProxy`."""
    logging.getLogger(f"django.security.{RejectedByTrustedProxy.__name__}").error(reason)
