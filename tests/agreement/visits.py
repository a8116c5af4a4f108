"""The requests that every package is asked about, and the site that they are sent to."""

from io import BytesIO
from typing import NamedTuple
from urllib.parse import urlencode

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from django_trustedproxy import asgi, wsgi
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from tests.mounts import exchange_in_transaction
from tests.requests import joined, lowered, scope_of

# The addresses are public ones: packages rank those that are reserved for documentation lower.
CLIENT, VICTIM, FORGED = "93.184.216.34", "93.184.216.99", "6.6.6.6"
PROXY, HOP = "10.0.0.1", "10.0.0.2"
TOKEN = "a" * 32


class Visit(NamedTuple):
    """From which address a request arrives, and what it says of its client."""

    peer: str
    headers: list


def synonyms(address):
    """Return every other header that some package reads the client from, with one address."""
    return [
        (name, f"for={address}" if name == "Forwarded" else address)
        for name in FORWARDING_HEADERS["client"]
        if name != "X-Forwarded-For"
    ]


def through_proxy(client, prefix=None):
    """Return the visit of a client behind two proxies, forging every header if `prefix` is given."""
    chain = [client, HOP] if prefix is None else [prefix, client, HOP]
    forged = [] if prefix is None else synonyms(prefix)
    return Visit(PROXY, [("X-Forwarded-For", ", ".join(chain)), *forged])


SCENARIOS = {
    "honest, one hop": Visit(PROXY, [("X-Forwarded-For", CLIENT)]),
    "honest, two hops": through_proxy(CLIENT),
    "forged prefix": Visit(PROXY, [("X-Forwarded-For", f"{FORGED}, {CLIENT}")]),
    "forged synonyms": Visit(PROXY, [("X-Forwarded-For", CLIENT), *synonyms(FORGED)]),
    "direct, forged": Visit(CLIENT, [("X-Forwarded-For", FORGED), *synonyms(FORGED)]),
    "attack": through_proxy(CLIENT, FORGED),
}


class Answer(NamedTuple):
    """What the site answered."""

    status: int
    text: str


class Site(NamedTuple):
    """The project under test: how it is served, and whether django-trustedproxy is in it."""

    mount: str
    is_protected: bool

    def send(self, visit, path, form=None, headers=()):
        """Send a GET, or a POST if there is a form, and return the answer."""
        lines = [("Host", "testserver"), *visit.headers, *headers]
        if self.mount == "ASGI wrapper":
            return self._send_asgi(visit.peer, path, lines)
        body = urlencode(form or {}).encode()
        environ = {
            "REQUEST_METHOD": "GET" if form is None else "POST",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": visit.peer,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            **joined(lines),
        }
        application = WSGIHandler()
        if self.is_protected and self.mount == "WSGI wrapper":
            application = wsgi.TrustedProxy(application)
        statuses = []
        response = application(environ, lambda status, headers: statuses.append(status))
        text = b"".join(response).decode()
        response.close()
        return Answer(int(statuses[0].split()[0]), text)

    def log_in(self, visit, path, password, **name):
        """Send a login form, with the cross-site token that a browser would have got before."""
        form = {**name, "password": password, "csrfmiddlewaretoken": TOKEN}
        return self.send(visit, path, form, [("Cookie", f"csrftoken={TOKEN}")])

    def _send_asgi(self, peer, path, lines):
        scope = scope_of(*lowered(lines), path=path, client=(peer, 4711))
        application = ASGIHandler()
        if self.is_protected:
            application = asgi.TrustedProxy(application)
        status, body = exchange_in_transaction(application, scope)
        return Answer(status, body.decode())
