"""The traces in a request of other code that changed REMOTE_ADDR before the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .display import short_repr
from .engine.addresses import parse_peer
from .explanation import names, taken_from_header
from .pages import SITE
from .servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .engine.policy import Policy

# The marks of other wrappers: what they keep of REMOTE_ADDR, as it is or in a dictionary.
_MARKS = (
    "werkzeug.proxy_fix.orig",
    "werkzeug.proxy_fix.orig_remote_addr",
    "wsgi_cloudflare_proxy_fix.orig",
)
# Where adapters for AWS Lambda keep the event.
_EVENTS = ("apig_wsgi.full_event", "serverless.event", "lambda.event")


def has_no_port(meta: Mapping[str, Any]) -> bool:
    """Tell whether the peer has no port, as the address of a header has none."""
    return meta.get("REMOTE_PORT") in (0, "0")


def connected_by_event(meta: Mapping[str, Any], event: object = None) -> str | None:
    """Return who connected to a function, as its event says, or None.

    `event` is that in the ASGI scope, where there is one.
    """
    for key in _EVENTS:
        event = event or meta.get(key)
    context = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(context, dict):
        return None
    for key in ("http", "identity"):  # API Gateway: HTTP and REST
        part = context.get(key)
        if isinstance(part, dict) and isinstance(part.get("sourceIp"), str):
            return str(part["sourceIp"])
    if "elb" not in context:
        return None
    # The balancer appends.
    headers = event.get("multiValueHeaders") or event.get("headers") or {}
    value = headers.get("x-forwarded-for")
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return text.rpartition(",")[2].strip() or None


def findings(
    meta: Mapping[str, Any], reported: object, policy: Policy, connected: str | None = None
) -> Iterator[tuple[str, str]]:
    """Yield what other code did, as a kind and a sentence.

    `reported` is what the server gave as the peer, where that is known, or None; `connected` is who
    connected by the event of a function.
    """
    address = meta.get("REMOTE_ADDR")
    marks = [m for m in _MARKS if m in meta and _original(meta[m], address) != address]
    if marks:
        original = _original(meta[marks[0]], address)
        yield (
            "wrapper",
            (
                f"A wrapper changed REMOTE_ADDR from {short_repr(original)} to "
                f"{short_repr(address)} before Django saw the request (it left {marks[0]!r}). "
                "Remove it: TRUSTED_PROXIES decides."
            ),
        )
    elif connected is not None:
        if connected != address:
            yield (
                "event",
                (
                    f"The event says that {short_repr(connected)} connected, but the adapter "
                    f"reported {short_repr(address)} as the peer. A client may have written what "
                    "the adapter takes from X-Forwarded-For. Take the peer from the event: see "
                    f"{SITE}platforms/serverless.html"
                ),
            )
    elif reported is not None and reported != address:
        yield (
            "middleware",
            (
                f"A middleware changed REMOTE_ADDR from {short_repr(reported)} to "
                f"{short_repr(address)} before TrustedProxyMiddleware. Put TrustedProxyMiddleware "
                "first in MIDDLEWARE, and remove the other."
            ),
        )
    elif _is_from_header(meta, address, policy):
        text = taken_from_header(short_repr(address), policy.header_name, running_server())
        yield "server", text


def _original(mark: object, address: object) -> object:
    if isinstance(mark, dict):
        return mark.get("REMOTE_ADDR", address)
    return address if mark is None else mark


def _is_from_header(meta: Mapping[str, Any], address: object, policy: Policy) -> bool:
    """Tell whether an ASGI client without a port is an address of the header."""
    # Django's AsyncClient has the port 0 as well, so the port alone says nothing. On a Unix socket,
    # some servers report it with an address that is none.
    if not has_no_port(meta) or not isinstance(address, str):
        return False
    if address == "0.0.0.0" or parse_peer(address) is None:  # noqa: S104 - compared
        return False
    return names(meta.get(policy.header), address)


def hands_nothing_on(application: object) -> str:
    """Say that an application keeps a wrapper's answer from the code inside of it, or return ""."""
    # It runs the application in a thread, without the context of the request (uvicorn 0.54).
    if type(application).__module__ != "uvicorn.middleware.wsgi":
        return ""
    return (
        "uvicorn.middleware.wsgi does not pass on the answer: TrustedProxyMiddleware behind it "
        "takes the client for the peer, and drops the headers that Django reads. Install a2wsgi, "
        "which uvicorn then uses, or wrap the WSGI application in "
        "django_trustedproxy.wsgi.TrustedProxy instead."
    )
