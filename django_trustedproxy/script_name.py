"""The prefix that gunicorn takes off a path because a header SCRIPT_NAME says so.

gunicorn 27.0.1 believes that header from anybody on a Unix socket and from each address of its
`forwarded_allow_ips`, the last one of several.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from django.conf import settings
from django.utils.encoding import repercent_broken_unicode

from .engine.purposes import is_prefix

if TYPE_CHECKING:
    from collections.abc import Callable

    from .engine.answer import Answer


def take_back(meta: dict[str, Any], answer: Answer, *, is_django: bool) -> None:
    """Write SCRIPT_NAME and PATH_INFO as gunicorn makes them of a request without the header.

    They stay if a trusted proxy sent the header, no other one is named for the prefix, and it is a
    prefix. `is_django` tells whether `meta` is Django's META, which is decoded, or an environ.
    """
    is_dropped = "HTTP_SCRIPT_NAME" in answer.dropped
    if "RAW_URI" not in meta or not (is_dropped or not is_prefix(meta.get("SCRIPT_NAME") or "/")):
        return
    path, own = _path_of(str(meta["RAW_URI"])), os.environ.get("SCRIPT_NAME", "")
    read = _as_django if is_django else _as_environ
    # Otherwise Django's setting is there instead of what gunicorn wrote.
    if not is_django or settings.FORCE_SCRIPT_NAME is None:
        if not _is_of_header(meta, path, read, is_django=is_django):
            return
        meta["SCRIPT_NAME"] = own
    # gunicorn answers no path outside of its own prefix, and Django routes none without a slash.
    is_below = path.startswith(own)
    meta["PATH_INFO"] = read(path[len(own) :] if is_below else path.lstrip("/"))


def _is_of_header(
    meta: dict[str, Any], path: str, read: Callable[[str], str], *, is_django: bool
) -> bool:
    """Tell whether gunicorn took SCRIPT_NAME from the header, and nobody changed it since."""
    name = str(meta.get("SCRIPT_NAME", ""))
    taken = name.encode("utf-8", "replace").decode("latin-1") if is_django else name
    # Several lines, of either spelling, are joined.
    is_sent = f",{taken}," in f",{meta['HTTP_SCRIPT_NAME']},"
    return is_sent and path.startswith(taken) and meta.get("PATH_INFO") == read(path[len(taken) :])


def _path_of(uri: str) -> str:
    """Return the path of a request line, as gunicorn finds it."""
    try:
        # What begins with two slashes is a path here, and no host.
        return urlsplit(f".{uri}").path[1:] if uri.startswith("//") else urlsplit(uri).path
    except ValueError:  # brackets in a host: gunicorn takes all of it from HTTP/2 alone
        return uri


def _as_environ(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")


def _as_django(path: str) -> str:
    return repercent_broken_unicode(unquote_to_bytes(path)).decode() or "/"
