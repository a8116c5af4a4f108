"""What is wrong with an entry of TRUSTED_PROXIES, and what its author can have meant by it.

A guess never trusts more than what was written.
"""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from ipaddress import ip_address, ip_interface, summarize_address_range
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from .everybody import is_everybody
from .networks import NAMES, EntryError, as_text, parse_entry, shortest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LONGEST = 1000  # of a text that is looked at in detail
_ANY = f"an address, a network or a name ({', '.join(NAMES)})"
OWN = "the addresses of your own proxies"
_NAMES_ELSEWHERE = {
    # Caddy's internal/ranges.go. What Symfony calls so is wider.
    "private_ranges": ("loopback", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"),
    # Symfony's IpUtils, without its networks that no proxy connects from.
    "private_subnets": ("loopback", "private", "link-local"),
    # proxy-addr, which Express reads `trust proxy` with
    "uniquelocal": ("private",),
    "linklocal": ("link-local",),
    "localhost": ("loopback",),
}
_EVERYBODY = ("*", "any", "all", "everybody", "everyone", "remote_addr")
_VENDORS = (
    *("cloudflare", "cloudfront", "fastly", "akamai", "aws", "azure", "gcp", "google"),
    *("bunny", "bunnycdn", "imperva", "incapsula", "sucuri"),
)
_PORT = "Write the address without the port: a proxy connects from another one each time."
_WILDCARD = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})((?:\.\*){1,3})")
_FILE = r"(?:(?!.*://).*\.(?:txt|list|json|csv)|/[^/]+(?:/[^/]+)+)"
_SOCKET = re.compile(r"/.+\.sock(?:et)?", re.IGNORECASE)
_RANGE = re.compile(r"([0-9A-Fa-f:.]+) *[-\u2013] *([0-9A-Fa-f:.]+)")
# What is put right within the text: where it stands, what it is, what to do, and what is put there.
_REWRITTEN = (
    (r"^/+(?=[\dA-Fa-f.:]+(?:/\d+)?$)", "begins with a slash", "Remove the slash.", ""),
    (rf"^{_FILE}$", "names a file", 'Text never means a file: write Path("…") for one.', ""),
    (r"^[\"'`]+|[\"'`]+$", "has quotes in it", "Remove the quotes within the text.", ""),
    (r"\s*#.*", "has a comment in it", "Remove the comment.", ""),
    (r"\\", "has a backslash", "Write a slash.", "/"),
    (r"\s*/\s*(?=\d+$)", "has blanks in it", "Remove the blanks.", "/"),
    (r"/+$", "ends in a slash", "Remove the slash.", ""),
    (r"^\[([^\[\]]*)\](/\d+)?:\d{1,5}$", "has a port", _PORT, r"\1\2"),
    (r"^([^:\[\]]+):\d{1,5}$", "has a port", _PORT, r"\1"),
    (r"^\[([^\[\]]*)\](/\d+)?$", "has brackets", "Write the address without them.", r"\1\2"),
    (
        r"^([\dA-Fa-f.]*:[\dA-Fa-f:.]*)%[^/]*",
        "has a zone id",
        "It names an interface of this host; write the address without it.",
        r"\1",
    ),
)


class Mistake(NamedTuple):
    """What is wrong with an entry.

    `kind` is one word for it, `fact` says it ("is a host name"), `expected` what could stand there,
    `remedy` is a sentence, or "", and `meant` are the entries that can be kept of it.
    """

    kind: str
    fact: str
    remedy: str = ""
    meant: tuple[str, ...] = ()
    expected: str = _ANY


def diagnose(entry: object) -> Mistake:
    """Say what is wrong with an entry that `parse_entry` refuses. Never raises."""
    try:
        text = as_text(entry)
    except EntryError:
        return _of_object(entry)
    text = text.strip()
    if not text:
        return Mistake(
            "address",
            "is empty",
            "An environment variable that is not set, or empty, gives an empty text: leave it out, "
            'as in `[text for text in os.environ.get("…", "").split(",") if text]`.',
        )
    if len(text) <= _LONGEST:
        for look in _LOOKS:
            with suppress(ValueError):
                if mistake := look(text):
                    return mistake
    remedy = "Write one address, or a network with its prefix length behind a slash."
    return Mistake("address", "is not an address", remedy)


def corrected(entry: object) -> tuple[str, ...]:
    """Return the entries that one stands for: itself, or what can be kept of a wrong one."""
    try:
        networks = parse_entry(entry)
    except EntryError:
        return diagnose(entry).meant
    if any(map(is_everybody, networks)):
        return ()
    return (as_text(entry).strip(),)


def split(text: str) -> list[object]:
    """Return the entries in one text, as it comes from an environment variable."""
    text = text.strip()
    if text[:1] == "[" and len(text) <= _LONGEST:
        with suppress(ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return list(ast.literal_eval(text))
    parts = (part.strip() for part in re.split(r"[,;\n]", text))
    return [part for part in parts if part]


def _of_object(entry: object) -> Mistake:
    expected = "text or an object of the ipaddress module"
    if isinstance(entry, (bytes, bytearray)):
        meant = corrected(bytes(entry).decode("latin-1"))
        return Mistake("address", "is bytes and not text", "", meant, expected)
    if isinstance(entry, int) and not isinstance(entry, bool):
        remedy = "A count of proxies does not say who they are; list their addresses."
        return Mistake("address", "is a number", remedy, (), expected)
    if isinstance(entry, (list, tuple, set, frozenset)):
        meant = tuple(text for each in entry if isinstance(each, str) for text in corrected(each))
        return Mistake("address", "is a list within the list", "", meant, expected)
    return Mistake("address", "is not an address", "", (), expected)


def _everybody(text: str) -> Mistake | None:
    if text.lower() not in _EVERYBODY and set(text) != set("*."):
        return None
    remedy = "Anyone who is trusted can claim any address."
    return Mistake("everybody", "trusts everybody", remedy, (), OWN)


def _name(text: str) -> Mistake | None:
    lowered = text.lower()
    spelled = lowered.replace("_", "-")
    meant = _NAMES_ELSEWHERE.get(lowered, ())
    if spelled in NAMES:
        meant = (spelled,)
    elif lowered == "unix" or lowered.startswith("unix:") or _SOCKET.fullmatch(text):
        meant = ("unix:",)
    if meant:
        return Mistake("name", "is not a known name", f"Write {quoted(meant)} instead.", meant)
    if lowered in _VENDORS:
        remedy = (
            "No name stands for a vendor's networks. Keep those that it publishes in a range file: "
            'the page "Address lists that change" shows how.'
        )
        return Mistake("name", "is not a known name", remedy)
    return None


def _url(text: str) -> Mistake | None:
    if "://" not in text:
        return None
    host = None
    with suppress(ValueError):  # brackets out of place
        host = urlsplit(text).hostname
    remedy = "Write the address alone, without scheme, port and path."
    return Mistake("address", "is a URL", remedy, corrected(host or ""))


def _rewritten(text: str) -> Mistake | None:
    for pattern, fact, remedy, replacement in _REWRITTEN:
        rewritten = re.sub(pattern, replacement, text)
        if rewritten != text:
            meant = tuple(each for part in split(rewritten) for each in corrected(part))
            return Mistake("address", fact, remedy, meant)
    return None


def _wildcard(text: str) -> Mistake | None:
    match = _WILDCARD.fullmatch(text)
    if not match or text.count(".") > 3:
        return None
    given = match[1].split(".")
    address = ".".join([*given, "0", "0", "0"][:4])
    return Mistake(
        "address",
        "has a wildcard",
        "Write the network with its prefix length.",
        corrected(f"{address}/{8 * len(given)}"),
    )


def _range(text: str) -> Mistake | None:
    match = _RANGE.fullmatch(text)
    if not match or not {".", ":"} & set(match[1]):
        return None
    begin, end = match.groups()
    if end.isdigit() and "." in begin:
        end = f"{begin.rpartition('.')[0]}.{end}"
    meant: tuple[str, ...] = ()
    # No order, two families, or no addresses at all.
    with suppress(ValueError, TypeError):
        found = summarize_address_range(ip_address(begin), ip_address(end))
        meant = tuple(part for each in found for part in corrected(shortest(each)))
    return Mistake("address", "is a range", "Write the networks that it consists of.", meant)


def _mask(text: str) -> Mistake | None:
    address, slash, mask = re.sub(r"\s+", "/", text).partition("/")
    if not slash or not re.fullmatch(r"\d+\.\d+\.\d+\.\d+", mask):
        return None
    # Two addresses, unless the second has the form of a mask.
    if "/" not in text and not re.fullmatch(r"255\.[\d.]+", mask):
        return None
    network = ip_interface(f"{address}/{mask}").network
    remedy = "Write the network with its prefix length instead of the netmask."
    meant = corrected(f"{address}/{network.prefixlen}")
    return Mistake("address", "has a netmask", remedy, meant)


def _several(text: str) -> Mistake | None:
    parts = split(text)
    if parts == [text]:
        parts = [*text.split()]
    if parts == [text]:
        return None
    meant = tuple(each for part in parts for each in corrected(part))
    if len(parts) < 2:
        return Mistake("address", "has a separator in it", "Remove it.", meant)
    return Mistake(
        "address", "has several entries in one text", "Write each as an entry of its own.", meant
    )


def _zeros(text: str) -> Mistake | None:
    if not re.fullmatch(r"\d+(?:\.\d+){3}(?:/\d+)?", text) or not re.search(r"\b0\d", text):
        return None
    meant = corrected(re.sub(r"\b0+(?=\d)", "", text))
    remedy = "Write the numbers without leading zeros, which other programs read as octal."
    return Mistake("address", "has leading zeros", remedy, meant)


def _length(text: str) -> Mistake | None:
    """Tell of an address with a prefix length that does not fit it."""
    address, _, length = text.partition("/")
    first = ip_address(address)
    if not re.fullmatch(r"\d{1,3}", length) or int(length) > first.max_prefixlen:
        expected = f"a prefix length of 0 to {first.max_prefixlen} after the slash"
        return Mistake("address", "is not in CIDR notation", expected=expected)
    mapped = getattr(first, "ipv4_mapped", None)
    if mapped is not None and int(length) < 96:
        # Read loosely, "::ffff:10.0.0.0/8" is "::/8" and trusts every IPv4 address:
        # CVE-2026-90711.
        fact = "is an IPv4-mapped network wider than all of IPv4"
        meant = corrected(f"{mapped}/{min(int(length), 32)}")
        remedy = "Write the IPv4 network itself."
        return Mistake("mapped", fact, remedy, meant, "a prefix length of 96 to 128")
    network = ip_interface(f"{first}/{int(length)}").network
    remedy = f"For the whole network, write {quoted([str(network)])}." if network.prefixlen else ""
    expected = "a network's first address"
    return Mistake("host-bits", "has host bits set", remedy, corrected(address), expected)


def _host_name(text: str) -> Mistake | None:
    labels = text.rstrip(".").split(".")
    if labels[-1].isdigit() or not all(
        label.isascii() and label.replace("-", "a").replace("_", "a").isalnum() for label in labels
    ):
        return None
    remedy = (
        "Write the proxy's address or network. Names are not resolved: anyone who controls them "
        "in DNS would decide who is trusted."
    )
    return Mistake("host-name", "is a host name", remedy)


# In the order in which they are asked: a mark that only one mistake has comes first.
_LOOKS: tuple[Callable[[str], Mistake | None], ...] = (
    *(_everybody, _name, _url, _rewritten, _wildcard, _range, _mask, _several),
    *(_zeros, _length, _host_name),
)


def quoted(entries: Iterable[str]) -> str:
    """Return entries as they are written in settings."""
    return ", ".join(f'"{entry}"' for entry in entries)
