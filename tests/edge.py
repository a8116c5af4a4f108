"""The secret that the edge of the tests sends, its requests, and the settings that expect it."""

from tests.requests import CLIENT, scope_of

SECRET = "Tq4-8vN_52xkHsDm1wBcYz6JpFgLrE3a"
OF_DOCS = "Zx9-2kQ_81mnPqLr7tUvWy3BtKnRfGw0"  # on its pages, in the place of a secret
OLDER = "hB4_vM7-tY1zKd8sQw2nXj5pRc6gLf3u"
HEADER = "X-Edge-Secret"
KEY = "HTTP_X_EDGE_SECRET"
EDGE = "198.51.100.20"
CHAIN = f"6.6.6.6, {CLIENT}"
# 10.0.0.0/8 is trusted by tests/settings.py.
STAMPS = {
    "TRUSTED_PROXIES_WITH_SECRET": ["198.51.100.0/24"],
    "TRUSTED_PROXY_SECRET_HEADER": HEADER,
    "TRUSTED_PROXY_SECRETS": [SECRET],
}
ANY = {
    "TRUSTED_PROXIES": [],
    "TRUSTED_PROXIES_WITH_SECRET": ["any"],
    "TRUSTED_PROXY_HEADER": "CF-Connecting-IP",
    "TRUSTED_PROXY_SECRET_HEADER": HEADER,
    "TRUSTED_PROXY_SECRETS": [SECRET],
}
# What is no secret, and what may have come from somebody who looks for one.
WRONG = [
    "",
    " ",
    "wrong",
    SECRET[:-1],
    f"{SECRET}0",
    SECRET.lower(),
    f"{SECRET},{SECRET}",
    f",{SECRET}",
    f"{SECRET},",
    f"wrong,{SECRET}",
    "\xff" * 32,
    f"\xff{SECRET}",
    f"{SECRET}\x00",
    SECRET * 2_000,
    "x" * 65_536,
]


def scope_of_edge(*headers, peer=EDGE):
    """Return the ASGI scope of a request that came through the edge; names stay as they are."""
    lines = [("Host", "testserver"), ("X-Forwarded-For", CHAIN), *headers]
    return scope_of(*lines, client=(peer, 1))
