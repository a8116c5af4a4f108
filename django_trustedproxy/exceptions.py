"""What the package raises while a request is served."""

from django.core.exceptions import SuspiciousOperation


class RejectedByTrustedProxy(SuspiciousOperation):
    """A request whose outcome is named in `TRUSTED_PROXY_REJECT`; Django answers it with 400."""
