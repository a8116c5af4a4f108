"""Attacks beside the forwarding headers: the server's own path prefix, and other protocols."""

from __future__ import annotations

from .forms import Attack, Form


def _prefix_claim(name: str, *lines: str, path: str = "/x") -> Attack:
    return Attack("prefix", Form(name, tuple(line.encode() for line in lines)), path)


_PREFIX_NAMES = (
    *("Daphne-Root-Path", "daphne-root-path", "Daphne_Root_Path"),
    *("SCRIPT_NAME", "script_name", "Script-Name", "Script_Name", "SCRIPT-NAME"),
    *("Root-Path", "root_path", "X-Root-Path", "X-Script-Name", "X_Script_Name"),
    *("X-Forwarded-Prefix", "X-Forwarded-Script-Name", "X-Forwarded-Path", "X-Ingress-Path"),
    *("UWSGI_APPID", "UWSGI-APPID", "UWSGI_SCRIPT", "UWSGI_FILE", "Uwsgi-Script-Name"),
    *("HTTP_SCRIPT_NAME", "Http-Script-Name", "wsgi.script_name", "Context-Prefix"),
)
_PATH_NAMES = ("PATH_INFO", "Path-Info", "X-Original-Url", "X-Rewrite-Url", "RAW_URI")
# Django cuts the path off the end of what mod_rewrite puts into the environment.
_URL_NAMES = ("SCRIPT_URL", "Script-Url", "REDIRECT_URL", "Redirect-Url")
PREFIX_CLAIMS = (
    *(_prefix_claim(name, f"{name}: /x") for name in _PREFIX_NAMES),
    *(_prefix_claim(name, f"{name}: /admin/") for name in _PATH_NAMES),
    *(_prefix_claim(name, f"{name}: /evil/x/admin/") for name in _URL_NAMES),
    _prefix_claim("Daphne-Root-Path: a host", "Daphne-Root-Path: .evil.example"),
    _prefix_claim("Daphne-Root-Path: a URL", "Daphne-Root-Path: https://evil.example"),
    _prefix_claim("Daphne-Root-Path: escapes", "Daphne-Root-Path: %2Fx"),
    _prefix_claim("Daphne-Root-Path: twice", "Daphne-Root-Path: /", "Daphne-Root-Path: /x"),
    _prefix_claim("SCRIPT_NAME: a host", "SCRIPT_NAME: //evil.example", path="//evil.example/x"),
    _prefix_claim("SCRIPT_NAME: no segment", "SCRIPT_NAME: /x/ad"),
    _prefix_claim("SCRIPT_NAME: twice", "SCRIPT_NAME: /x", "SCRIPT_NAME: /x"),
)

_SOCKET = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
# The settings are those of the HTTP/2 client, as its base64 (RFC 7540, 3.2.1).
_SETTINGS = "HTTP2-Settings: {settings}"
_BOTH = "Connection: Upgrade, HTTP2-Settings"


def _upgrade(name: str, *lines: str, method: str = "GET", speaks: str = "HTTP/1.1") -> Attack:
    form = Form(name, tuple(line.encode() for line in lines))
    return Attack("upgrade", form, method=method, upgrades=True, speaks=speaks)


def _h2c(
    name: str, *values: str, connection: tuple[str, ...] = (_BOTH,), method: str = "GET"
) -> Attack:
    lines = (*connection, *(f"Upgrade: {value}" for value in values), _SETTINGS)
    return _upgrade(name, *lines, method=method)


def _websocket(name: str, *values: str, lines: tuple[str, ...] = _SOCKET) -> Attack:
    upgrades = tuple(f"Upgrade: {value}" for value in values)
    return _upgrade(name, "Connection: Upgrade", *upgrades, *lines)


UPGRADES = (
    _h2c("h2c", "h2c"),
    _h2c("h2c in capitals", "H2C"),
    _h2c("h2c between tabs", "\th2c\t"),
    _h2c("h2c, without Connection", "h2c", connection=()),
    _h2c("h2c, Connection: upgrade alone", "h2c", connection=("Connection: upgrade",)),
    _h2c("h2c, Connection: close too", "h2c", connection=(f"{_BOTH}, close",)),
    _h2c("h2c, Connection: keep-alive before", "h2c", connection=("Connection: keep-alive", _BOTH)),
    _h2c(
        "h2c, two lines of Connection",
        "h2c",
        connection=("Connection: Upgrade", "Connection: HTTP2-Settings"),
    ),
    _h2c("h2c, named by Connection", "h2c", connection=(f"{_BOTH}, X-Forwarded-For",)),
    _h2c("h2c twice", "h2c", "h2c"),
    _h2c("a list: h2c, websocket", "h2c, websocket"),
    _h2c("a list: websocket, h2c", "websocket, h2c"),
    _h2c("a list: websocket,h2c in capitals", "WEBSOCKET,H2C"),
    _h2c("two lines: h2c, websocket", "h2c", "websocket"),
    _h2c("two lines: websocket, h2c", "websocket", "h2c"),
    _h2c("three lines: websocket, h2c, websocket", "websocket", "h2c", "websocket"),
    _h2c("an empty line, then h2c", "", "h2c"),
    _h2c("h2c, OPTIONS", "h2c", method="OPTIONS"),
    _h2c("h2c, an unknown method", "h2c", method="FOO"),
    _h2c("HTTP/2.0", "HTTP/2.0"),
    _h2c("TLS", "TLS/1.2, HTTP/1.1"),
    _upgrade("CONNECT", method="CONNECT"),
    _websocket("websocket", "websocket"),
    _websocket("WebSocket", "WebSocket"),
    _websocket("websocket twice", "websocket", "websocket"),
    _websocket("websocket of an unknown version", "websocket", lines=("Sec-WebSocket-Version: 1",)),
    _websocket("websocket without a key", "websocket", lines=_SOCKET[:1]),
    _websocket("websocket and h2c's settings", "websocket", "h2c", lines=(*_SOCKET, _SETTINGS)),
    _upgrade("HTTP/2 at once", speaks="HTTP/2"),
    _upgrade("extended CONNECT: h2c", speaks="h2c"),
    _upgrade("extended CONNECT: websocket", speaks="websocket"),
)
