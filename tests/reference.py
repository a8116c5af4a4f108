"""The page of headers, written from the code's own table: `python -m tests.reference`."""

from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from tests.pages import REFERENCE

HEADERS = REFERENCE / "headers.md"
BEGIN = """\
# Headers

The package knows these headers. It drops any other only if a setting names it. [The request and the
answer](answer.md#what-changes-on-the-request) says what happens to each.
"""
ABOUT = {
    "client": "They name the client. `TRUSTED_PROXY_HEADER` names the one that is read, and its name "
    "decides [how](settings.md#trusted_proxy_header).",
    "scheme": "They say `http` or `https`. `TRUSTED_PROXY_SCHEME_HEADER` names the one that is read.",
    "host": "They carry the host the client asked for. `TRUSTED_PROXY_HOST_HEADER` names the one that "
    "is read.",
    "port": "They carry the port the client connected to. `TRUSTED_PROXY_PORT_HEADER` names the one "
    "that is read.",
    "server": "They carry the name of the server. `TRUSTED_PROXY_SERVER_HEADER` names the one that is "
    "read.",
    "prefix": "They carry the part of the path that the proxy removed. `TRUSTED_PROXY_PREFIX_HEADER` "
    "names the one that is read.",
    "identity": "They say who the user is, or which certificate the client showed. From a trusted "
    "proxy they pass unchanged: see [logins by header](../logins.md). From anybody else they are "
    "dropped, also under their name with `HTTP-` in front, because Django 5.2 and 6.0 read that one "
    "under ASGI.",
}


def headers_page():
    """Return the page: a heading for each purpose, and a line with an anchor for each header."""
    parts = [BEGIN]
    for purpose, names in FORWARDING_HEADERS.items():
        lines = [f'* <a id="{name.lower()}"></a>`{name}`' for name in names]
        parts.append("\n".join([f"## {purpose.capitalize()}", "", ABOUT[purpose], "", *lines, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    HEADERS.write_text(headers_page())
