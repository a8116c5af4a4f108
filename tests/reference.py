"""What pages have of the code's own tables, written by `python -m tests.reference`."""

import re
import textwrap

from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from django_trustedproxy.probe.attacks import attacks
from django_trustedproxy.probe.forms import Claims
from django_trustedproxy.probe.groups import GROUPS
from django_trustedproxy.probe.run import SPOKEN
from tests.pages import REFERENCE

HEADERS = REFERENCE / "headers.md"
PROBE = REFERENCE.parent / "probe.md"
BEGIN = """\
# Headers

The package knows these headers. It drops any other only if a setting names it. [The request and the
answer](answer.md#what-changes-on-the-request) says what happens to each.

A name is in the table if both are true:

* A proxy, a CDN, a platform or an adapter writes it, by itself or by a documented option, or a widely used package reads it.
* An application can take it for one of these purposes.

Three kinds of names are not in the table:

* A name that you chose for your proxy. Designate it, or put it into `TRUSTED_PROXY_GUARDED_HEADERS`.
* A header that names another URL, such as `X-Original-URL`, `X-Original-URI` or `X-Forwarded-URL`. Django reads none of them, so they are
  passed on.
* A header that describes the way, such as `Via`, or one that carries a signature.

`X-ARR-SSL` holds a certificate. It is dropped, but it cannot state a scheme.
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


def probe_page():
    """Return the page of the probe with the names of what is sent in each group."""
    page, table = PROBE.read_text(), attacks(Claims("10.0.0.1", stamps=("X-Edge-Secret",)))
    for name, group in GROUPS.items():
        # The probe does not speak the protocols of the others.
        forms = [each.form.name for each in table if each.group == name and each.speaks in SPOKEN]
        told = f"Sent: {'; '.join(f'`{form}`' for form in forms)}."
        filled = textwrap.fill(told, 140, break_long_words=False, break_on_hyphens=False)
        heading = re.escape(group.title[0].upper() + group.title[1:])
        section = re.compile(rf"(\n## {heading}\n(?:(?!\n## ).)*?\n)Sent: .*?(\n\n|\Z)", re.DOTALL)
        begin, end = section.search(page).groups()
        page = section.sub(lambda _, text=begin + filled + end: text, page)
    return f"{page.rstrip()}\n"


if __name__ == "__main__":
    HEADERS.write_text(headers_page())
    PROBE.write_text(probe_page())
