"""For the tests of a project: requests as a given client, through a given chain of proxies."""

from __future__ import annotations

from .conf import get_policy


def through(client: str, *proxies: str) -> dict[str, str]:
    """Return what makes a request of Django's test client come from `client` through `proxies`.

    `client.get("/", **through("203.0.113.9", "10.0.0.1"))` arrives from the peer 10.0.0.1, the last
    of `proxies`, with the header that `TRUSTED_PROXY_HEADER` names; "unix:" is a Unix socket.
    Without proxies, the client connects itself.
    """
    if not proxies:
        return {"REMOTE_ADDR": client}
    *inner, peer = proxies
    policy = get_policy()
    return {
        "REMOTE_ADDR": peer,
        policy.header: policy.form.write([client, *inner]),
    }
