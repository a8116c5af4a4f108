"""Who publishes which list, in which form.

The forms are read exactly: a page with status 200, a list in place of another one, or a missing
field is an error.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from django_trustedproxy.display import short_repr
from django_trustedproxy.engine.networks import NAMES, EntryError, parse_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from django_trustedproxy.engine.networks import Network

_BLANKS = re.compile(r"\s*")


class AnswerError(Exception):
    """An answer that is not the list of its source."""


class Source(NamedTuple):
    """A vendor's list.

    `page` is where the vendor describes it. Each of `addresses` gives one document; where there are
    none, the list is read from standard input. `body` is posted. `read` takes the documents and
    yields lists. `families` are the versions of IP that the list must have.
    """

    page: str
    addresses: tuple[str, ...]
    read: Callable[[Sequence[Any]], Iterable[tuple[int | None, object]]]
    days: int = 30
    families: tuple[int, ...] = (4, 6)
    body: bytes | None = None

    def networks(self, text: str) -> list[Network]:
        """Return the networks of an answer, sorted; raises `AnswerError`.

        `text` has as many JSON documents as there are addresses, one after the other.
        """
        documents = list(_documents(text))
        wanted = len(self.addresses) or 1
        if len(documents) != wanted:
            raise AnswerError(f"has {len(documents)} JSON documents: expected {wanted}")
        try:
            lists = list(self.read(documents))
        except (LookupError, TypeError) as error:
            raise AnswerError(f"does not have the form of this list ({_told(error)})") from None
        found = {network for version, items in lists for network in _parsed(version, items)}
        for family in self.families:
            if not any(network.version == family for network in found):
                raise AnswerError(f"has no IPv{family} network")
        return sorted(found, key=lambda network: (network.version, network))


def _told(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _documents(text: str) -> Iterator[object]:
    """Yield the JSON documents of a text."""
    decoder = json.JSONDecoder()
    position = _start(text, 0)
    # Without a copy of the rest for each document, of which millions can come.
    while position < len(text):
        try:
            document, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            got = short_repr(text[position:].rstrip())
            raise AnswerError(f"is not JSON: expected a list, got {got}") from None
        yield document
        position = _start(text, end)


def _start(text: str, position: int) -> int:
    """Return where the next document begins."""
    return _BLANKS.match(text, position).end()  # type: ignore[union-attr] # it always matches


def _parsed(version: int | None, items: object) -> Iterator[Network]:
    if not isinstance(items, list):
        raise AnswerError(f"has no list where it has {short_repr(items)}")
    for item in items:
        if not isinstance(item, str) or item != item.strip() or item in NAMES:
            raise AnswerError(f"has {short_repr(item)} in it: expected a network")
        try:
            (network,) = parse_entry(item)
        except EntryError:
            raise AnswerError(f"has {short_repr(item)} in it: expected a network") from None
        if version not in (None, network.version):
            raise AnswerError(f"has {item} among the networks of IPv{version}")
        yield network


def _cloudflare(documents: Sequence[Any]) -> Iterator[tuple[int | None, object]]:
    (answer,) = documents
    if answer["success"] is not True:
        raise AnswerError("says that it failed")
    yield 4, answer["result"]["ipv4_cidrs"]
    yield 6, answer["result"]["ipv6_cidrs"]


def _cloudfront(documents: Sequence[Any]) -> Iterator[tuple[int | None, object]]:
    # "CLOUDFRONT" is every edge, 13 times as many addresses as those that connect to origins.
    service = "CLOUDFRONT_ORIGIN_FACING"
    (answer,) = documents
    for version, name in ((4, "ip_prefix"), (6, "ipv6_prefix")):
        rows = answer["prefixes" if version == 4 else "ipv6_prefixes"]
        yield version, [row[name] for row in rows if row["service"] == service]


def _named(ipv4: str, ipv6: str) -> Callable[[Sequence[Any]], Iterator[tuple[int, object]]]:
    """Return a reader of one object that has a list of each family by name."""

    def read(documents: Sequence[Any]) -> Iterator[tuple[int, object]]:
        (answer,) = documents
        yield 4, answer[ipv4]
        yield 6, answer[ipv6]

    return read


def _two_lists(documents: Sequence[Any]) -> Iterator[tuple[int | None, object]]:
    yield from zip((4, 6), documents, strict=True)


def _keycdn(documents: Sequence[Any]) -> Iterator[tuple[int | None, object]]:
    (answer,) = documents
    yield None, answer["prefixes"]


def _azure(documents: Sequence[Any]) -> Iterator[tuple[int | None, object]]:
    (answer,) = documents
    tags = [tag for tag in answer["values"] if tag["name"] == "AzureFrontDoor.Backend"]
    if len(tags) != 1:
        raise AnswerError(f"has {len(tags)} service tags AzureFrontDoor.Backend: expected one")
    yield None, tags[0]["properties"]["addressPrefixes"]


# Read in November 2026. None of the lists is signed: TLS is the only proof of where one comes from.
SOURCES: Mapping[str, Source] = {
    "cloudflare": Source(
        "https://developers.cloudflare.com/fundamentals/concepts/cloudflare-ip-addresses/",
        # www.cloudflare.com/ips-v4 has answered with pages and with challenges for bots.
        ("https://api.cloudflare.com/client/v4/ips",),
        _cloudflare,
    ),
    "cloudfront": Source(
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html",
        ("https://ip-ranges.amazonaws.com/ip-ranges.json",),
        _cloudfront,
    ),
    "fastly": Source(
        "https://www.fastly.com/documentation/reference/api/utils/public-ip-list/",
        ("https://api.fastly.com/public-ip-list",),
        _named("addresses", "ipv6_addresses"),
    ),
    "bunny": Source(
        "https://bunny.net/docs/api-reference",
        (
            "https://api.bunny.net/system/edgeserverlist",
            "https://api.bunny.net/system/edgeserverlist/ipv6",
        ),
        _two_lists,
        # "The list … is dynamic, make sure to request it periodically."
        days=7,
    ),
    "gcore": Source(
        "https://gcore.com/docs/cdn/getting-started/configure-an-origin/add-cdn-servers-to-the-origin-acl-whitelist",
        ("https://api.gcore.com/cdn/public-ip-list",),
        _named("addresses", "addresses_v6"),
        # New servers are listed 30 to 60 minutes before they are used.
        days=7,
    ),
    "imperva": Source(
        "https://docs.imperva.com/",
        ("https://my.imperva.com/api/integration/v1/ips",),
        _named("ipRanges", "ipv6Ranges"),
        body=b"resp_format=json",
    ),
    "keycdn": Source(
        "https://www.keycdn.com/support/origin-shield",
        ("https://www.keycdn.com/shield-prefixes.json",),
        _keycdn,
        families=(4,),
    ),
    "azure-front-door": Source(
        # The weekly file has a new address each time.
        "https://www.microsoft.com/en-us/download/details.aspx?id=56519",
        (),
        _azure,
        # New networks are not used for a week.
        days=7,
    ),
}
