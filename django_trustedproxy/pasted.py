"""Requests as people have them at hand: raw, as `curl -v` prints them, and as access logs do."""

from __future__ import annotations

import re
from urllib.parse import unquote

from .engine.addresses import parse_hop

_REQUEST_LINE = re.compile(r"[^\s:]+ (\S+) HTTP/\d(?:\.\d)?")


def header_lines(text: str) -> list[str]:
    """Return the header lines of a pasted request, whose request line may be missing.

    Of what `curl -v` prints, the lines of the first request count (`> Name: value`). Pseudo-headers
    of HTTP/2 (`:authority`) are left out.
    """
    lines = _lines(text)
    if lines and _REQUEST_LINE.fullmatch(lines[0]):
        del lines[0]
    end = lines.index("") if "" in lines else len(lines)
    return [line for line in lines[:end] if not line.startswith(":")]


def path_of(text: str) -> str:
    """Return the path that the request line of a pasted request names, or "" if it has none."""
    line = _REQUEST_LINE.fullmatch(next(iter(_lines(text)), ""))
    return unquote(line[1].partition("?")[0]) if line else ""


def _lines(text: str) -> list[str]:
    """Return the lines of the request, from the first that is not empty."""
    lines = [line.rstrip() for line in text.splitlines()]
    if any(line.startswith("> ") for line in lines):
        # What curl says itself begins with "*", what it received with "<".
        lines = [line[1:].removeprefix(" ") for line in lines if line.startswith(">")]
    while lines and not lines[0]:
        del lines[0]
    return lines


def about_peer(text: str) -> str:
    """Return the peer that a log's spelling such as `10.0.0.1:8000` means, or ""."""
    hop = parse_hop(text)
    if hop is None or (hop[2] is None and "[" not in text):
        return ""
    return (
        f"If {text} is from an access log, write --peer {hop[1]}: that is what the server reports."
    )
