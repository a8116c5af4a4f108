"""Proxies that send the secret of an edge, as the lines of docs/secret-header.md have them do."""

from tests.edge import OF_DOCS, SECRET
from tests.servers import proxies
from tests.servers.recipes import blocks, replaced

PAGE = "secret-header.md"
LINES = {"nginx": "nginx", "Caddy": "caddyfile", "HAProxy": "haproxy"}
SETTINGS = """
TRUSTED_PROXIES = []
TRUSTED_PROXIES_WITH_SECRET = ["127.0.0.0/31"]
TRUSTED_PROXY_SECRET_HEADER = {names!r}
TRUSTED_PROXY_SECRETS = {secrets!r}
TRUSTED_PROXY_HEADER = "X-Forwarded-For"
TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto"
"""


def stamping(proxy):
    """Return the change of a recipe that makes its proxy send the secret, as the page says."""
    (line,) = blocks(PAGE, LINES[proxy.name])
    line = line.strip().replace(OF_DOCS, SECRET)
    assert SECRET in line
    return lambda text: with_lines(proxy, text, line)


def with_lines(proxy, text, *lines):
    """Return a recipe whose proxy has further lines, where it sets the headers."""
    if proxy is proxies.CADDY:
        inside = "".join(f"\t\t{line}\n" for line in lines)
        upstream = "reverse_proxy 127.0.0.1:8000"
        return replaced(text, {upstream: f"{upstream} {{\n{inside}\t}}"})
    before = {
        proxies.NGINX: "proxy_set_header Host",
        proxies.HAPROXY: "http-request set-header X-Forwarded-For",
    }[proxy]
    return replaced(text, {before: "\n".join([*lines, before])})
