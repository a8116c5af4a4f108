"""Middlewares that are wrong on purpose, each in a way that has been seen: a comparison must tell.

Runs in the Python of Apache's mod_wsgi.
"""

from ipaddress import ip_address

from django_trustedproxy.middleware import TrustedProxyMiddleware

FOR, REAL_IP = "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP"


def broken(change):
    """Make a middleware that decides rightly, and then spoils it: `change(sent, meta, outcome)`."""

    def factory(get_response):
        def spoil(request):
            change(request.sent, request.META, request.trusted_proxy.outcome)
            return get_response(request)

        decide = TrustedProxyMiddleware(spoil)

        def middleware(request):
            request.sent = dict(request.META)
            return decide(request)

        return middleware

    return factory


def entries(meta):
    return [entry.strip() for entry in meta.get(FOR, "").split(",") if entry.strip()]


@broken
def takes_the_leftmost_entry(sent, meta, outcome):
    if outcome == "forwarded" and FOR in meta:
        meta["REMOTE_ADDR"] = entries(sent)[0]


@broken
def counts_one_hop(sent, meta, outcome):
    if outcome == "forwarded" and FOR in meta:
        meta["REMOTE_ADDR"] = entries(sent)[-1]


@broken
def trusts_everybody(sent, meta, outcome):
    if outcome == "direct" and entries(sent):
        meta["REMOTE_ADDR"] = entries(sent)[-1]


@broken
def leaves_the_real_ip(sent, meta, _outcome):
    if REAL_IP in sent:
        meta[REAL_IP] = sent[REAL_IP]


@broken
def leaves_the_header_of_an_untrusted_peer(sent, meta, outcome):
    if outcome == "direct" and FOR in sent:
        meta[FOR] = sent[FOR]


@broken
def leaves_the_whole_header(sent, meta, _outcome):
    if FOR in meta:
        meta[FOR] = sent[FOR]


@broken
def falls_back_to_another_header(sent, meta, outcome):
    if outcome == "missing" and REAL_IP in sent:
        meta["REMOTE_ADDR"] = sent[REAL_IP]


@broken
def passes_over_what_is_malformed(sent, meta, outcome):
    for entry in reversed(entries(sent)) if outcome == "malformed" else ():
        try:
            ip_address(entry)
        except ValueError:
            continue
        if not entry.startswith("10."):
            meta["REMOTE_ADDR"] = entry
            break


@broken
def writes_what_is_malformed(sent, meta, outcome):
    if outcome == "malformed" and entries(sent):
        meta["REMOTE_ADDR"] = entries(sent)[-1]


BROKEN = tuple(
    name
    for name, value in list(vars().items())
    if callable(value) and getattr(value, "__qualname__", "") == "broken.<locals>.factory"
)
