"""The purposes: which headers speak about what, how each is read, and the spellings of names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .addresses import pack, parse_port
from .identity import IDENTITY_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable

# RFC 9110, 5.6.2
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
# Scheme names, and the flags of the headers that say whether the client used TLS. Proxies write
# either form into either kind of header.
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"} | {
    "on": "https",
    "true": "https",
    "1": "https",
    "off": "http",
    "false": "http",
    "0": "http",
    # CF-Visitor.
    '{"scheme":"https"}': "https",
    '{"scheme":"http"}': "http",
}
_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
# RFC 3986, 3.3: what a path segment may hold without an escape. No escapes: "%2e%2e" is "..".
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+;=:@-]+)*/?")
_HARMLESS = re.compile(r"[^\x00-\x1f\x7f/.\\?#]")


def parse_scheme(text: str) -> str | None:
    """Return "http" or "https" for a scheme or a flag in any case, else None.

    Schemes are http, https, ws and wss; flags are on, true, 1, off, false and 0. CF-Visitor's JSON
    is a scheme too.
    """
    return _SCHEMES.get(text.lower())


def parse_host(text: str) -> str | None:
    """Return a host, with or without a port, unchanged, or None if it is not a host.

    Whether the host is one of `ALLOWED_HOSTS` is Django's to ask.
    """
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    name, port = match.groups()
    if name[0] == "[" and (":" not in name or pack(name[1:-1]) is None):
        return None
    return text if port is None or parse_port(port) is not None else None


def split_host(host: str) -> tuple[str, str]:
    """Return the name and the port, "" if it has none, of a host that `parse_host` returned."""
    if host.endswith("]"):
        return host, ""
    name, _, port = host.rpartition(":")
    return (name, port) if name else (host, "")


def parse_server(text: str) -> str | None:
    """Return a host without a port as it is, or None."""
    return parse_host(text) if text[-1:] == "]" or ":" not in text else None


def parse_port_text(text: str) -> str | None:
    """Return a port from 1 to 65535 as text, or None."""
    port = parse_port(text)
    return None if port is None else str(port)


def parse_prefix(text: str) -> str | None:
    """Return a path prefix without its trailing slash ("" for "/" alone), or None.

    "//host" would make every link of the site lead to that host, and ".." another path.
    """
    if text[:1] != "/" or _PREFIX.fullmatch(text) is None:
        return None
    return None if {".", ".."} & set(text.split("/")) else text.removesuffix("/")


def is_prefix(script_name: str) -> bool:
    """Tell whether a server's own SCRIPT_NAME or root_path can be a path prefix.

    Some servers take it from a header that anybody can send. Unlike `parse_prefix`, this allows
    every character that does not change where a link leads.
    """
    return parse_prefix(_HARMLESS.sub("x", script_name)) is not None


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a group of headers speaks about.

    `headers` are wire names, the usual one first. `parse` returns the value that a text stands for,
    or None. `key` is the META key that a stated value is written to. `twin` is Django's own setting
    of the purpose, or the one that fixes its value.
    """

    name: str
    headers: tuple[str, ...]
    parse: Callable[[str], str | None] = str
    key: str = ""
    twin: str = ""


PURPOSES = {
    purpose.name: purpose
    for purpose in (
        Purpose(
            name="client",
            headers=(
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
                "Remote-Addr",
                "X-True-Client-IP",  # CDN modules with Akamai's option `enable_true_client_ip`
                "Incap-Client-IP",  # Imperva, its application delivery settings
                "X-Sucuri-ClientIP",  # Sucuri's firewall
                "EO-Connecting-IP",  # Tencent EdgeOne, tencentcloud.com/document/product/1145
                "EO-Client-IP",
                "Ali-Cdn-Real-Ip",  # Alibaba Cloud CDN, its default headers
                "Ar-Real-IP",  # ArvanCloud
                "X-SP-Forwarded-IP",  # StackPath
            ),
        ),
        Purpose(
            name="scheme",
            headers=(
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
                "X-Client-Scheme",  # Alibaba Cloud CDN, its default headers
                "X-AppService-Proto",  # Azure App Service, its server variables
                "X-ARR-SSL",  # the same: a certificate, where the client used TLS
                "X-AppEngine-Https",  # Google App Engine
                "Fastly-SSL",  # Fastly: a client's own is not overwritten
                "CF-Visitor",  # Cloudflare, as JSON
                "WL-Proxy-SSL",  # the WebLogic plug-in, beside WL-Proxy-Client-IP
            ),
            parse=parse_scheme,
            key="wsgi.url_scheme",
            twin="SECURE_PROXY_SSL_HEADER",
        ),
        Purpose(
            name="host",
            headers=(
                "X-Forwarded-Host",
                "X-Host",
                "X-Original-Host",
                "X-Envoy-Original-Host",  # Envoy, where a route rewrites the host
                "Disguised-Host",  # Azure App Service, its server variables
                "WAS-Default-Hostname",  # the same
            ),
            parse=parse_host,
            key="HTTP_HOST",
            twin="USE_X_FORWARDED_HOST",
        ),
        Purpose(
            name="port",
            headers=("X-Forwarded-Port",),
            parse=parse_port_text,
            key="SERVER_PORT",
            twin="USE_X_FORWARDED_PORT",
        ),
        Purpose(
            name="server",
            headers=("X-Forwarded-Server",),
            parse=parse_server,
            key="SERVER_NAME",
        ),
        Purpose(
            name="prefix",
            headers=(
                "X-Forwarded-Prefix",
                "X-Script-Name",
                "X-Forwarded-Script-Name",
                "X-Forwarded-Context",
                "X-Forwarded-Path",
                "Script-Name",
                "Daphne-Root-Path",
                "X-Ingress-Path",  # Home Assistant, components/hassio/ingress.py
                "X-ProxyContextPath",  # jupyter-server-proxy 4.6.0, handlers.py
            ),
            parse=parse_prefix,
            key="SCRIPT_NAME",
            twin="FORCE_SCRIPT_NAME",
        ),
    )
}
FORWARDING_HEADERS = {purpose.name: purpose.headers for purpose in PURPOSES.values()} | {
    "identity": IDENTITY_HEADERS
}
"""All that is known, by purpose. No header is designated for the identity, and none is written."""

FORWARDED = "HTTP_FORWARDED"
PROBE_KEY = "HTTP_X_TRUSTED_PROXY_PROBE"
"""The token of `manage.py trustedproxy probe`, which no view sees."""

VIEWER_ADDRESS = "HTTP_CLOUDFRONT_VIEWER_ADDRESS"


def meta_name(header: str) -> str:
    """Return the META key of a header in wire form: "X-Real-IP" is "HTTP_X_REAL_IP"."""
    return "HTTP_" + header.upper().replace("-", "_")


_WIRE_NAMES = {meta_name(name): name for names in FORWARDING_HEADERS.values() for name in names}
# What stays of a header that says in another form whether the client used TLS.
_ON_OR_OFF = {"https": "on", "http": "off"}
_TEXTS = {
    "HTTP_X_FORWARDED_SSL": _ON_OR_OFF,
    "HTTP_X_FORWARDED_HTTPS": _ON_OR_OFF,
    "HTTP_X_HTTPS": _ON_OR_OFF,
    "HTTP_FRONT_END_HTTPS": _ON_OR_OFF,
    "HTTP_X_APPENGINE_HTTPS": _ON_OR_OFF,
    "HTTP_FASTLY_SSL": {"https": "1", "http": "0"},
    "HTTP_WL_PROXY_SSL": {"https": "true", "http": "false"},
    "HTTP_CF_VISITOR": {"https": '{"scheme":"https"}', "http": '{"scheme":"http"}'},
}


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


def twin_of(key: str) -> str:
    """Return the META key that a login which names `key` reads under ASGI.

    Django 5.2 and 6.0 put HTTP_ before the name that RemoteUserMiddleware has (ticket 36300), so
    that a client's HTTP-X-Forwarded-User is the login.
    """
    return f"HTTP_{key}"


def is_token(text: str) -> bool:
    """Tell whether `text` is a token (RFC 9110, 5.6.2), as a field name must be."""
    return text != "" and _TOKEN.issuperset(text)


def write_scheme(header: str, scheme: str) -> str:
    """Return the text of a scheme header (META key) that says `scheme`."""
    return _TEXTS[header][scheme] if header in _TEXTS else scheme
