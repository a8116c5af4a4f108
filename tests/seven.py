"""The seven cases that people ask about: why it does not work, and what they are told of each."""

from tests.requests import CLIENT, joined

SEVEN = {
    "peer not listed": (
        {},
        ["--peer", "172.18.0.2", "--header", f"X-Forwarded-For: {CLIENT}"],
        "direct: The peer 172.18.0.2 is not in TRUSTED_PROXIES, so it is the client, and "
        'X-Forwarded-For was dropped. If it is your own proxy, add "172.18.0.2" to TRUSTED_PROXIES; if '
        "it is not, leave it out, or it could claim any address.",
    ),
    "wrong header name": (
        {},
        ["--peer", "10.0.0.9", "--header", f"X-Real-IP: {CLIENT}"],
        "missing: The peer 10.0.0.9 is a trusted proxy but sent no X-Forwarded-For, so REMOTE_ADDR "
        "stays. It sent X-Real-IP: name the header that your proxy sets in TRUSTED_PROXY_HEADER.",
    ),
    "uvicorn rewrote already": (
        {},
        ["--peer", CLIENT, "--header", f"X-Forwarded-For: {CLIENT}"],
        f"direct: The peer {CLIENT} is not in TRUSTED_PROXIES, so it is the client, and "
        "X-Forwarded-For was dropped. The header names the peer itself, so a server that processes headers "
        "has probably taken it from there. Do not list it. Run uvicorn with --no-proxy-headers, gunicorn "
        'with --forwarded-allow-ips "" (FORWARDED_ALLOW_IPS="" in the environment does the same for both), '
        "and daphne without --proxy-headers.",
    ),
    "nginx does not set the header": (
        {},
        ["--peer", "10.0.0.9"],
        "missing: The peer 10.0.0.9 is a trusted proxy but sent no X-Forwarded-For, so REMOTE_ADDR "
        "stays. Have the proxy set it; its own health checks carry none.",
    ),
    "Unix socket not listed": (
        {},
        ["--peer", "unix:", "--header", f"X-Forwarded-For: {CLIENT}"],
        "direct: The peer, on a Unix socket, is not in TRUSTED_PROXIES, so it is the client, and "
        'X-Forwarded-For was dropped. If it is your own proxy, add "unix:" to TRUSTED_PROXIES; if it is '
        "not, leave it out, or it could claim any address.",
    ),
    "port from Azure": (
        {},
        ["--peer", "10.0.0.9", "--header", f"X-Forwarded-For: {CLIENT}:51234"],
        f"forwarded: {CLIENT} is the client: X-Forwarded-For names it, behind the trusted 10.0.0.9.",
    ),
    "two proxies but one listed": (
        {"TRUSTED_PROXIES": ["10.0.0.9"]},
        ["--peer", "10.0.0.9", "--header", f"X-Forwarded-For: {CLIENT}, 10.0.0.2"],
        "forwarded: 10.0.0.2 is the client: X-Forwarded-For names it, behind the trusted 10.0.0.9. If "
        "10.0.0.2 is a proxy of your own, add it to TRUSTED_PROXIES.",
    ),
}


def meta_of(arguments):
    """Return the META of a request that is given to `explain` by its arguments."""
    _, peer, *headers = arguments
    lines = [tuple(line.split(": ")) for line in headers[1::2]]
    # The mark of uvicorn: a client without a port.
    port = {"REMOTE_PORT": 0} if peer == CLIENT else {}
    return {"REMOTE_ADDR": peer, **joined(lines), **port}
