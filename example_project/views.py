"""One page and one JSON view: the peer, the headers as received, the answer and its outcome."""

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import JsonResponse
from django.shortcuts import render

from django_trustedproxy.headers import FORWARDING_HEADERS, meta_name

WATCHED = ["REMOTE_ADDR", *(meta_name(h) for names in FORWARDING_HEADERS.values() for h in names)]


def remember_received(get_response):
    """Keep what the server handed over, before TrustedProxyMiddleware changes it."""

    def middleware(request):
        request.received = watched(request)
        return get_response(request)

    if iscoroutinefunction(get_response):
        markcoroutinefunction(middleware)
    return middleware


remember_received.async_capable = True


def watched(request):
    """Return what META tells of the client, by META key."""
    return {key: request.META[key] for key in WATCHED if key in request.META}


def facts(request):
    """Return all that the example shows of a request."""
    answer = request.trusted_proxy
    return {
        "client": request.META.get("REMOTE_ADDR"),
        "uri": request.build_absolute_uri(),
        "outcome": answer.outcome,
        "peer": answer.peer,
        "proxies": list(answer.proxies),
        "header": answer.header,
        "received": request.received,
        "seen_by_views": watched(request),
    }


def client_json(request):
    """Answer with the facts as JSON."""
    return JsonResponse(facts(request))


def page(request):
    """Answer with the facts as a page."""
    return render(request, "page.html", facts(request))
