"""What each adapter makes of each kind of event the peer, and what clients send."""

from typing import NamedTuple

from tests.adapters import events
from tests.requests import CLIENT

PAGE = "docs/platforms/serverless.md"
JUNK = "<script>alert(1)</script>"
SENT = {
    "nothing": {},
    "an address": {"x-forwarded-for": "6.6.6.6"},
    "two addresses": {"x-forwarded-for": "6.6.6.6, 6.6.6.7"},
    "an address and a port": {"x-forwarded-for": "6.6.6.6:80"},
    "markup": {"x-forwarded-for": JUNK},
    "another header": {"x-real-ip": "6.6.6.6", "forwarded": "for=6.6.6.6"},
    "an underscore": {"x_forwarded_for": "6.6.6.6"},
}
FORGED = ("6.6.6.6", "6.6.6.7", JUNK)

# How the peer follows from the X-Forwarded-For of an event, and the words for it on the page.
PEERS = {
    "the client": lambda chain: CLIENT,
    "the first entry": lambda chain: chain[0],
    "the entry before the last": lambda chain: chain[-2] if len(chain) > 1 else chain[0],
    "the whole header": ", ".join,
    "nothing": lambda chain: "",
}
EVENTS = {
    "REST API": events.rest,
    "REST API, edge-optimized": events.rest_edge,
    "HTTP API": events.http,
    "function URL": events.function_url,
    "load balancer": events.alb,
    "load balancer, multi-value headers": events.alb_multi,
}
GATEWAYS = dict.fromkeys(("REST API", "REST API, edge-optimized", "HTTP API", "function URL"))
BALANCERS = dict.fromkeys(("load balancer", "load balancer, multi-value headers"))
HANDED = {
    "Mangum": dict.fromkeys(GATEWAYS, "the client") | dict.fromkeys(BALANCERS, "the whole header"),
    "apig-wsgi": {
        "REST API": "the first entry",
        "REST API, edge-optimized": "the first entry",
        "HTTP API": "the client",
        "function URL": "the client",
        **dict.fromkeys(BALANCERS, "the first entry"),
    },
    "serverless-wsgi": dict.fromkeys(GATEWAYS, "the client") | dict.fromkeys(BALANCERS, "nothing"),
    "Zappa": dict.fromkeys(EVENTS, "the entry before the last"),
}
# Zappa counts on CloudFront, which stands before an edge-optimized endpoint only.
RIGHT = [("Zappa", "REST API, edge-optimized")]


class Case(NamedTuple):
    """One event, as one adapter hands it over."""

    adapter: str
    kind: str
    sent: str

    @property
    def event(self):
        return EVENTS[self.kind](SENT[self.sent])

    @property
    def peer(self):
        """The peer that the adapter hands over."""
        return PEERS[HANDED[self.adapter][self.kind]](self.chain)

    @property
    def chain(self):
        """The entries of X-Forwarded-For, as the adapter takes the header from the event."""
        sent = SENT[self.sent]
        # apig-wsgi takes both spellings for the header, and the last one wins.
        if self.adapter == "apig-wsgi" and "x_forwarded_for" in sent:
            return [sent["x_forwarded_for"]]
        headers = self.event.get("headers")
        if headers is None:
            headers = {k: v for k, (v,) in self.event["multiValueHeaders"].items()}
        (header,) = [v for k, v in headers.items() if k.lower() == "x-forwarded-for"]
        return header.split(", ")

    def __str__(self):
        return "-".join(self)


CASES = [Case(*each) for each in ((a, k, s) for a in HANDED for k in EVENTS for s in SENT)]


def is_safe(case):
    return HANDED[case.adapter][case.kind] == "the client" or (case.adapter, case.kind) in RIGHT
