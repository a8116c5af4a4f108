"""Which server runs this process, and how it leaves REMOTE_ADDR alone."""

from __future__ import annotations

import sys
from pathlib import Path

# Run with uvicorn 0.54.0, gunicorn 27.0.1 with uvicorn-worker and with -k asgi, daphne 4.2.3,
# hypercorn 0.18.0 and granian 2.8.7. The variable counts for uvicorn and for gunicorn.
_VARIABLE = 'set FORWARDED_ALLOW_IPS="" in its environment'
_WRAPPER = "remove the wrapper around the ASGI application that does it"
_ADVICE = {
    "uvicorn": f"Run uvicorn with --no-proxy-headers, or {_VARIABLE}.",
    "gunicorn": f'Run gunicorn with --forwarded-allow-ips "", or {_VARIABLE}.',
    "daphne": f"Run daphne without --proxy-headers, or {_WRAPPER}.",
    "hypercorn": "Remove hypercorn's ProxyFixMiddleware around the ASGI application.",
    "granian": "Remove granian's wrapper around the ASGI application.",
}
_ANY = (
    'Run uvicorn with --no-proxy-headers, gunicorn with --forwarded-allow-ips "" '
    '(FORWARDED_ALLOW_IPS="" in the environment does the same for both), and daphne without '
    "--proxy-headers."
)


def running_server() -> str:
    """Return the name of the server whose command started this process, or ""."""
    command = Path(sys.argv[0] if sys.argv else "")
    # `python -m uvicorn` runs uvicorn/__main__.py.
    name = command.parent.name if command.name == "__main__.py" else command.stem
    if name == "gunicorn" and sys.modules.keys().isdisjoint(("uvicorn_worker", "uvicorn.workers")):
        return ""  # gunicorn's own workers leave the address alone, so it is something else
    return name if name in _ADVICE else ""


def advice(server: str = "") -> str:
    """Return what to change so that the server reports the address that connected."""
    return _ADVICE.get(server, _ANY)
