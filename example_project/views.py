"""One page and one JSON view: the peer, the headers as received, the answer and its outcome."""

from ipaddress import ip_address, ip_network

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import render

from django_trustedproxy import get_trusted_proxy

# What the buttons of the page forge.
ATTACKS = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
}
# These, and what else proxies and clients often write.
HEADERS = [*ATTACKS, "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Ssl", "X-Client-IP"]
WATCHED = {"REMOTE_ADDR": "REMOTE_ADDR"} | {
    f"HTTP_{name.upper().replace('-', '_')}": name for name in HEADERS
}


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
    answer = get_trusted_proxy(request)
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
    """Answer with the facts as JSON, also to the script of a page from the proxy."""
    response = JsonResponse(facts(request))
    response["Vary"] = "Origin"
    if request.headers.get("Origin", "") == settings.EXAMPLE_PROXY_ORIGIN != "":
        response["Access-Control-Allow-Origin"] = settings.EXAMPLE_PROXY_ORIGIN
        response["Access-Control-Allow-Headers"] = ", ".join(ATTACKS)
    return response


def is_listed(client):
    """Tell whether TRUSTED_PROXIES has the client; None stands for a Unix socket."""
    entries = settings.TRUSTED_PROXIES
    if client is None:
        return "unix:" in entries
    networks = (ip_network(entry) for entry in entries if entry[0].isdigit() or "::" in entry)
    return any(ip_address(client) in network for network in networks)


def page(request):
    """Answer with the facts as a page that attacks them."""
    context = facts(request)
    before, after = context["received"], context["seen_by_views"]
    context["headers"] = [(WATCHED[key], value, after.get(key)) for key, value in before.items()]
    answer = get_trusted_proxy(request)
    context["client_is_trusted"] = bool(answer) and is_listed(answer.client)
    context["attacks"] = ATTACKS
    # A page that was reached around the proxy can only attack that way.
    context["direct_origin"] = settings.EXAMPLE_DIRECT_ORIGIN if answer else ""
    return render(request, "page.html", context)
