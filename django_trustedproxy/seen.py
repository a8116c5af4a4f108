"""What can be seen of a request, and the remarks that follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OF_BROWSERS = ("HTTP_COOKIE", "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_ACCEPT_LANGUAGE")
"""What browsers send and health checks do not."""


class Remark(NamedTuple):
    """Something that a request suggests: a short word for it, a level of `logging`, and the text.

    `about` is the address that it is about.
    """

    kind: str
    level: int
    text: str
    about: str | None


class Seen(NamedTuple):
    """What can be seen of a request besides its answer.

    `after` is META after the decision, `before` what is known of it before: at least the designated
    headers. `scheme` is that of the connection, where `after` does not have it.
    """

    after: Mapping[str, Any]
    before: Mapping[str, Any]
    scheme: str = ""
