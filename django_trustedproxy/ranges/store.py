"""Write a range file so that a complete one is always there."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django_trustedproxy.engine.networks import shortest

from .file import TIME_FORMAT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django_trustedproxy.engine.networks import Network

_MODE = 0o644


def compose(
    name: str, address: str, fetched: datetime, days: int, networks: Sequence[Network]
) -> str:
    """Return the text of a range file."""
    return "\n".join(
        [
            f"# {name}  {address}",
            f"# fetched {fetched.strftime(TIME_FORMAT)}, refresh within {days} days",
            *map(shortest, networks),
            f"# end {len(networks)}",
            "",
        ]
    )


def replace(path: Path, text: str) -> None:
    """Replace a file atomically and keep its mode; raises `OSError`.

    A process that is killed leaves the old file as it was. If two run at once, one wins. Missing
    folders are made.
    """
    target = Path(os.path.realpath(path))  # a link stays, and its target is replaced
    target.parent.mkdir(parents=True, exist_ok=True)
    old = target.stat() if target.exists() else None
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            with suppress(OSError, AttributeError):  # not root, or no Unix
                os.chown(temporary, old.st_uid, old.st_gid)
        os.chmod(temporary, _MODE if old is None else old.st_mode & 0o7777)  # noqa: PTH101 - text
        os.replace(temporary, target)  # noqa: PTH105 - text
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - text
        raise
    # The name is on disk when its folder is.
    with suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
