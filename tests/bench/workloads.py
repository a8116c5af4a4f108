"""The requests that the benchmark sends: what the peer wrote, and how many networks are trusted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from itertools import count

from tests.requests import CLIENT

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


def new_address():
    return str(ip_address(next(_addresses)))


def new_client():
    return chain(new_address())


def new_ipv6_client():
    return chain(str(IPv6Address(0x20010DB8 << 96 | next(_addresses))))


def new_client_behind_three():
    return chain(new_address(), "10.0.0.3", "10.0.0.2")


# What the usual lines of an nginx configuration set.
NGINX = {
    "HTTP_X_REAL_IP": CLIENT,
    **chain(CLIENT),
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "example.com",
}
# With those of ENVIRON and an X-Forwarded-For, these are twelve.
FETCH = {
    "HTTP_SEC_FETCH_DEST": "document",
    "HTTP_SEC_FETCH_MODE": "navigate",
    "HTTP_SEC_FETCH_SITE": "none",
}
FURTHER_LINES = 24
FURTHER = {f"HTTP_SEC_CH_UA_FULL_{number}": "?0" for number in range(FURTHER_LINES)}
SCHEME_IS_DESIGNATED = {"TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto"}
UNDER_ASGI = ("our ASGI wrapper", "uvicorn")
FLAT = ("our middleware", "our WSGI wrapper", *UNDER_ASGI)


@dataclass(frozen=True)
class Workload:
    """One kind of request; `headers` are META keys, or return those of one more request.

    `settings` are in force beside the networks. `only` names the contenders that are asked, if not
    all of them are.
    """

    name: str
    headers: dict | Callable
    networks: int = 2
    peer: str = PROXY
    settings: dict = field(default_factory=dict)
    only: tuple = ()

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
    Workload("nginx's four headers", NGINX),
    Workload("nginx's four headers, scheme designated", NGINX, settings=SCHEME_IS_DESIGNATED),
    Workload("one hop, 27 KB forged", chain(*["6.6.6.6"] * 3000, CLIENT)),
    Workload("one hop, 64 KB forged", chain(*["6.6.6.6"] * 7280, CLIENT)),
    Workload("one hop, 1 MB forged", chain(*["6.6.6.6"] * 116_500, CLIENT), only=FLAT),
    Workload("100 trusted hops", chain(CLIENT, *["10.0.0.2"] * 99)),
    Workload("untrusted peer, ten forged headers", TEN_FORGED, peer=STRANGER),
    Workload("every request from a new client", new_client),
    Workload("new client, IPv6", new_ipv6_client),
    Workload("new client, three hops", new_client_behind_three),
    Workload("twelve headers", {**FETCH, **chain(CLIENT)}, only=UNDER_ASGI),
    Workload("twelve headers, new client", lambda: {**FETCH, **new_client()}, only=UNDER_ASGI),
    Workload("36 headers", {**FETCH, **FURTHER, **chain(CLIENT)}, only=UNDER_ASGI),
    Workload("one hop, 100 networks", chain(CLIENT), networks=100),
    Workload("new client, 100 networks", new_client, networks=100),
    Workload("one hop, 10,000 networks", chain(CLIENT), networks=10_000),
    Workload("new client, 10,000 networks", new_client, networks=10_000),
    Workload("one hop, 100,000 networks", chain(CLIENT), networks=100_000, only=FLAT),
    Workload("new client, 100,000 networks", new_client, networks=100_000, only=FLAT),
]


def networks(count):
    """Return `count` networks that do not touch each other, among them that of the proxies."""
    first = int(ip_address("11.0.0.0"))
    return ["10.0.0.0/8", *(f"{ip_address(first + i * 4096)}/21" for i in range(count - 1))]
