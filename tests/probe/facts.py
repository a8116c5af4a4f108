"""What a site says about an honest request."""

HONEST = {
    "nonce": "n",
    "arrived": {},
    "peer": "10.0.0.1",
    "outcome": "forwarded",
    "client": "192.0.2.43",
    "proxies": ["10.0.0.1"],
    "dropped": [],
    "stamp": None,
    "rejected": None,
    "scheme": "https",
    "host": "example.com",
    "port": "443",
    "server": "example.com",
    "prefix": "",
}
