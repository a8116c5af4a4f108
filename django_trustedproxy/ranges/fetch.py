"""Get a list from its vendor: over verified TLS, from the same host, within bounds."""

from __future__ import annotations

import http.client
import ssl
from threading import Thread
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from django_trustedproxy.display import short_repr

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from typing import IO

SECONDS = 10.0
MOST_BYTES = 8 * 2**20


class FetchError(Exception):
    """A list that could not be fetched."""


def fetch(address: str, body: bytes | None = None, seconds: float = SECONDS) -> str:
    """Return what is at an https address; raises `FetchError`.

    `seconds` is for all of it: the name, the connection and the last byte.
    """
    if not address.startswith("https://"):
        is_file = "://" not in address and "." in address
        remedy = f'; read a file with "--from - < {address}"' if is_file else ""
        raise FetchError(f"{address}: expected an https address{remedy}")
    results: list[str | FetchError] = []

    def run() -> None:
        try:
            results.append(_get(address, body, seconds))
        except FetchError as error:
            results.append(error)

    # A socket's timeout bounds each packet, and a packet may carry a single byte.
    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    result = results[0] if results else FetchError(f"{address}: no answer within {seconds:g} s")
    if isinstance(result, FetchError):
        raise result
    return result


class _SameHost(HTTPRedirectHandler):
    """Follows redirects to https on the same host and port only."""

    max_redirections = 3

    def redirect_request(  # noqa: PLR0913, PLR0917 - the signature is urllib's
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            fp.close()
            raise FetchError(f"{req.full_url}: redirects to another host or out of https: {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _get(address: str, body: bytes | None, seconds: float) -> str:
    # Verifies the certificate and the host name.
    opener = build_opener(HTTPSHandler(context=ssl.create_default_context()), _SameHost())
    headers = {"Accept": "application/json", "User-Agent": "django-trustedproxy"}
    try:
        request = Request(address, data=body, headers=headers)  # noqa: S310 - `fetch` saw to https
        with opener.open(request, timeout=seconds) as response:
            if response.status != 200:
                raise FetchError(f"{address}: expected status 200, got {response.status}")
            return decoded(address, response)
    except HTTPError as error:
        error.close()
        raise FetchError(f"{address}: expected status 200, got {error.code}") from None
    except http.client.HTTPException as error:
        # Contains what the server wrote, which a terminal would obey.
        got = f"{type(error).__name__} {short_repr(str(error))}"
        raise FetchError(f"{address}: expected HTTP, got {got}") from None
    except (OSError, ValueError) as error:
        raise FetchError(f"{address}: {getattr(error, 'reason', error)}") from None


def decoded(origin: str, stream: IO[bytes]) -> str:
    """Return what a stream has; raises `FetchError`."""
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FetchError(f"{origin}: expected at most {MOST_BYTES} bytes, got more")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise FetchError(f"{origin}: expected UTF-8, got {content[:20]!r}") from None
