"""Writes down whom Django took each request for, for requests whose client takes no answer."""

import json
import os

from asgiref.sync import iscoroutinefunction, markcoroutinefunction


def record(get_response):
    """Append a line for a request before its view, which a lost connection may cancel."""

    def middleware(request):
        facts = {
            "client": request.META.get("REMOTE_ADDR"),
            "outcome": request.trusted_proxy.outcome,
            "header": request.META.get("HTTP_X_FORWARDED_FOR"),
            "path": request.path,
        }
        with open(os.environ["SERVERS_RECORD"], "a", encoding="utf-8") as lines:  # noqa: PTH123 - one write, so that no two lines are mixed
            lines.write(json.dumps(facts) + "\n")
        return get_response(request)

    if iscoroutinefunction(get_response):
        markcoroutinefunction(middleware)
    return middleware


record.async_capable = True
