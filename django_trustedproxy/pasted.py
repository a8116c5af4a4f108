"""Requests as people have them at hand: raw, as `curl -v` prints them, and as access logs do."""

from __future__ import annotations

from .engine.addresses import parse_hop


def header_lines(text: str) -> list[str]:
    """Return the header lines of a pasted request, whose request line may be missing.

    Of what `curl -v` prints, the lines of the first request count (`> Name: value`). Pseudo-headers
    of HTTP/2 (`:authority`) are left out.
    """
    lines = [line.rstrip() for line in text.splitlines()]
    if any(line.startswith("> ") for line in lines):
        # What curl says itself begins with "*", what it received with "<".
        lines = [line[1:].removeprefix(" ") for line in lines if line.startswith(">")]
    while lines and not lines[0]:
        del lines[0]
    if lines and _is_request_line(lines[0]):
        del lines[0]
    end = lines.index("") if "" in lines else len(lines)
    return [line for line in lines[:end] if not line.startswith(":")]


def _is_request_line(line: str) -> bool:
    return ":" not in line.partition(" ")[0]


def peer_of(text: str) -> tuple[str, str]:
    """Return the address of a peer as a log may spell it, and a note about what was left out.

    Servers log the peer as `10.0.0.1:8000` or `[fd00::1]:8000`, and report it without the port.
    """
    hop = parse_hop(text)
    if hop is None or (hop[2] is None and "[" not in text):
        return text, ""
    address = hop[1]
    what = "brackets" if hop[2] is None else "a port"
    note = f"{text} has {what}, as in a log; a server reports the address alone: {address}."
    return address, note
