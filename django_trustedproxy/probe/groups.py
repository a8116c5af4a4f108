"""The groups of the attacks: what it means if one of them works, and the lines that end it."""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """A group of attacks.

    `remedies` are a place and the line to write there; which of them counts depends on the stack.
    """

    title: str
    means: str
    remedies: tuple[tuple[str, str], ...]


def set_line(header: str, purpose: str) -> str:
    """Return the line with which nginx replaces what a client wrote into a header."""
    if purpose == "client" and not header.endswith("Forwarded-For"):
        value = '"for=$remote_addr"' if header == "Forwarded" else "$remote_addr"
    else:
        value = _VARIABLES.get(purpose, '""')
    return f"proxy_set_header {header} {value};"


_VARIABLES = {
    "client": "$proxy_add_x_forwarded_for",
    "scheme": "$scheme",
    "host": "$host",
    "port": "$server_port",
}
_APPENDS = set_line("X-Forwarded-For", "client")
_PROTO = set_line("X-Forwarded-Proto", "scheme")
_NAMED = "name only headers that your proxy sets on every request, in Django's own settings too"
SERVER = (
    ("uvicorn", "--no-proxy-headers"),
    ("gunicorn", '--forwarded-allow-ips ""'),
    ("daphne", "no --proxy-headers"),
)
GROUPS = {
    "client": Group(
        "every client header",
        "The proxy passes on what the client wrote without adding to it, or the server reads it "
        "first.",
        (
            ("nginx", _APPENDS),
            ("HAProxy", "http-request set-header X-Forwarded-For %[src]"),
            *SERVER,
        ),
    ),
    "list": Group(
        "the entries of a list",
        "The text of an entry changes what the proxy or the server makes of the header.",
        (
            ("settings.py", 'TRUSTED_PROXY_REJECT = ["missing", "malformed"]'),
            ("nginx", "proxy_set_header X-Forwarded-For $remote_addr;"),
            ("HAProxy", "http-request set-header X-Forwarded-For %[src]"),
        ),
    ),
    "header": Group(
        "each header alone",
        "A header that no proxy of yours sets reaches the site, and is believed there.",
        (
            ("settings.py", _NAMED),
            ("nginx", _APPENDS),
            ("nginx", _PROTO),
            *SERVER,
        ),
    ),
    "purposes": Group(
        "scheme, host, port and prefix",
        "The client chooses the scheme, the host, the port or the path prefix of the site's links.",
        (
            ("settings.py", _NAMED),
            ("nginx", _PROTO),
            ("HAProxy", "http-request set-header X-Forwarded-Proto https if { ssl_fc }"),
            ("gunicorn", '--forwarded-allow-ips ""'),
        ),
    ),
    "spelling": Group(
        "other spellings of a name",
        "The server takes X_Forwarded_For for X-Forwarded-For, and the proxy passes it on.",
        (
            ("nginx", "no underscores_in_headers on;"),
            ("HAProxy", "http-request del-header _ -m sub"),
            ("Caddy", "request_header -*_*"),
            ("Apache", "LuaHookFixups /etc/apache2/underscores.lua drop"),
            ("Envoy", "headers_with_underscores_action: DROP_HEADER"),
        ),
    ),
    "connection": Group(
        "headers named by Connection",
        "The proxy removes its own header because the client named it in Connection.",
        (
            ("Apache", "RequestHeader unset Connection early"),
            ("Apache", 'TRUSTED_PROXY_HEADER = "X-Forwarded-For", which mod_proxy writes itself'),
            ("settings.py", 'TRUSTED_PROXY_REJECT = ["missing"]'),
        ),
    ),
    "trailers": Group(
        "trailers of a chunked body",
        "The server appends the trailers of a request to its headers, behind the proxy's own.",
        (
            ("uvicorn", "--http h11"),
            ("gunicorn", "--worker-class uvicorn_worker.UvicornH11Worker"),
            ("HAProxy 3.2", "option http-drop-request-trailers"),
        ),
    ),
    "identity": Group(
        "headers that say who the user is",
        "The client logs in as anybody: the proxy passes on the header that the login reads.",
        (
            ("nginx", 'proxy_set_header X-Forwarded-User "";'),
            ("HAProxy", "http-request del-header X-Forwarded-User"),
            ("Caddy", "request_header -X-Forwarded-User"),
            ("Apache", "RequestHeader unset X-Forwarded-User"),
        ),
    ),
    "stamp": Group(
        "wrong secrets",
        "A request without the secret counts as one that has it, or the client makes the edge's "
        "own secret count for nothing.",
        (
            ("nginx", 'proxy_set_header X-Edge-Secret "the secret";'),
            ("Caddy", "header_up X-Edge-Secret, without a +"),
            ("Caddy", "request_header -*_*"),
            ("HAProxy", "http-request set-header X-Edge-Secret, and not add-header"),
            ("settings.py", 'TRUSTED_PROXY_REJECT = ["unstamped"]'),
        ),
    ),
    "prefix": Group(
        "the server's own path prefix",
        "The client chooses the path prefix: links lead elsewhere, and the proxy's rules for "
        "paths can be evaded.",
        (
            ("nginx", 'proxy_set_header Daphne-Root-Path "";'),
            ("HAProxy", "http-request del-header Daphne-Root-Path"),
            ("Caddy", "request_header -Daphne-Root-Path"),
            ("Apache", "RequestHeader unset Daphne-Root-Path"),
            ("gunicorn", '--forwarder-headers ""'),
        ),
    ),
    "upgrade": Group(
        "other protocols",
        "The client gets the proxy's own connection to the server, and says there what it likes.",
        (
            (
                "HAProxy",
                (
                    "http-request del-header Upgrade "
                    "unless { req.fhdr_cnt(upgrade) 1 } { req.fhdr(upgrade) -i websocket }"
                ),
            ),
            ("Caddy", "request_header @other -Upgrade"),
            ("nginx", 'no proxy_set_header Upgrade $http_upgrade; without a map to "websocket"'),
            ("Apache", "ProxyPass / http://127.0.0.1:8000/ upgrade=websocket"),
            ("lighttpd", '"server.h2c" => "disable"'),
            ("gunicorn", "no --http2-cleartext"),
            ("Varnish", "no return (pipe)"),
        ),
    ),
}
