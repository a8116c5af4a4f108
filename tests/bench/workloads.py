"""The requests that the benchmark sends: what the peer wrote, and how many networks are trusted."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count

CLIENT = "203.0.113.9"
PROXY = "10.0.0.1"
STRANGER = "192.0.2.1"
# What a browser sends and a server adds.
ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_NAME": "example.com",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
    "REMOTE_PORT": "40000",
    "HTTP_HOST": "example.com",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
    "HTTP_CONNECTION": "keep-alive",
    "HTTP_COOKIE": "sessionid=0123456789abcdef0123456789abcdef",
    "HTTP_UPGRADE_INSECURE_REQUESTS": "1",
}
TEN_FORGED = dict.fromkeys(
    (
        *("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP"),
        *("HTTP_TRUE_CLIENT_IP", "HTTP_CF_CONNECTING_IP", "HTTP_X_FORWARDED_PROTO"),
        *("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX"),
    ),
    "6.6.6.6",
)


def chain(*addresses):
    return {"HTTP_X_FORWARDED_FOR": ", ".join(addresses)}


_addresses = count(int(ip_address("128.0.0.0")))


def new_client():
    return chain(str(ip_address(next(_addresses))))


@dataclass(frozen=True)
class Workload:
    """One kind of request; `headers` are META keys, or return those of one more request."""

    name: str
    headers: dict | Callable
    networks: int = 2
    peer: str = PROXY

    def request(self):
        """Return a fresh environ."""
        headers = self.headers() if callable(self.headers) else self.headers
        return {**ENVIRON, "REMOTE_ADDR": self.peer, **headers}

    def is_right(self, environ, address):
        """Tell whether an address is the client of a request that `request` made."""
        last = environ.get("HTTP_X_FORWARDED_FOR", self.peer).rpartition(", 6.6.6.6, ")[2]
        return address == (self.peer if self.peer == STRANGER else last.partition(", ")[0])


WORKLOADS = [
    Workload("no header", {}),
    Workload("one hop", chain(CLIENT)),
    Workload("three hops", chain(CLIENT, "10.0.0.3", "10.0.0.2")),
    Workload("one hop, IPv6", chain("2001:db8::9")),
    Workload("one hop, 27 KB forged", chain(*["6.6.6.6"] * 3000, CLIENT)),
    Workload("one hop, 64 KB forged", chain(*["6.6.6.6"] * 7280, CLIENT)),
    Workload("100 trusted hops", chain(CLIENT, *["10.0.0.2"] * 99)),
    Workload("untrusted peer, ten forged headers", TEN_FORGED, peer=STRANGER),
    Workload("every request from a new client", new_client),
    Workload("one hop, 100 networks", chain(CLIENT), networks=100),
    Workload("new client, 100 networks", new_client, networks=100),
    Workload("one hop, 10,000 networks", chain(CLIENT), networks=10_000),
    Workload("new client, 10,000 networks", new_client, networks=10_000),
]


def networks(count):
    """Return `count` networks that do not touch each other, among them that of the proxies."""
    first = int(ip_address("11.0.0.0"))
    return ["10.0.0.0/8", *(f"{ip_address(first + i * 4096)}/21" for i in range(count - 1))]
