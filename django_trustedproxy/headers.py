"""The forwarding headers by purpose, and the two spellings of a header's name."""

from __future__ import annotations

from functools import cache

FORWARDING_HEADERS: dict[str, tuple[str, ...]] = {
    "client": (
        "X-Forwarded-For",
        "X-Forwarded",
        "Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "X-Client-IP",
        "Client-IP",
        "X-Cluster-Client-IP",
        "X-Clustered-Client-IP",
        "X-ProxyUser-Ip",
        "True-Client-IP",
        "CF-Connecting-IP",
        "CF-Connecting-IPv6",
        "CF-Pseudo-IPv4",
        "Fastly-Client-IP",
        "Fly-Client-IP",
        "DO-Connecting-IP",
        "X-Azure-ClientIP",
        "X-Azure-SocketIP",
        "X-Appengine-User-IP",
        "X-Appengine-Remote-Addr",
        "CloudFront-Viewer-Address",
        "X-Envoy-External-Address",
        "X-Original-Forwarded-For",
        "X-Vercel-Forwarded-For",
        "X-Vercel-Proxied-For",
        "X-NF-Client-Connection-IP",
        "WL-Proxy-Client-IP",
        "Proxy-Client-IP",
        "X-Remote-IP",
        "X-Remote-Addr",
        "X-Originating-IP",
    ),
    "scheme": (
        "X-Forwarded-Proto",
        "X-Forwarded-Protocol",
        "X-Forwarded-Scheme",
        "X-Forwarded-SSL",
        "X-Forwarded-HTTPS",
        "X-HTTPS",
        "X-Scheme",
        "X-Url-Scheme",
        "Front-End-Https",
        "CloudFront-Forwarded-Proto",
    ),
    "host": ("X-Forwarded-Host", "X-Host", "X-Original-Host"),
    "port": ("X-Forwarded-Port",),
    "server": ("X-Forwarded-Server",),
    "prefix": (
        "X-Forwarded-Prefix",
        "X-Script-Name",
        "X-Forwarded-Script-Name",
        "X-Forwarded-Context",
        "X-Forwarded-Path",
    ),
}

FORWARDED = "HTTP_FORWARDED"
VIEWER_ADDRESS = "HTTP_CLOUDFRONT_VIEWER_ADDRESS"

_WIRE_NAMES = {
    "HTTP_" + name.upper().replace("-", "_"): name
    for names in FORWARDING_HEADERS.values()
    for name in names
}

# RFC 9110, 5.6.2
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def meta_name(header: str) -> str:
    """Return the META key of a header in wire form: "X-Real-IP" is "HTTP_X_REAL_IP"."""
    return "HTTP_" + header.upper().replace("-", "_")


def wire_name(key: str) -> str:
    """Return the wire form of a META key, spelled as in the table where the table has it."""
    return _WIRE_NAMES.get(key) or key.removeprefix("HTTP_").replace("_", "-").title()


@cache
def raw_name(key: str) -> bytes:
    """Return the name of a header as ASGI has it: "HTTP_X_REAL_IP" is b"x-real-ip"."""
    return key.removeprefix("HTTP_").replace("_", "-").lower().encode()


def meta_names(purpose: str) -> frozenset[str]:
    """Return the META keys of the headers of one purpose."""
    return frozenset(map(meta_name, FORWARDING_HEADERS[purpose]))


def is_token(text: str) -> bool:
    """Tell whether `text` is a token (RFC 9110, 5.6.2), as a field name must be."""
    return text != "" and _TOKEN.issuperset(text)
