"""Mistakes in a set-up, and what has to be said of each: by `check`, the log, `explain` or `show`.

A row gives the settings, the requests and what the answer has to contain, so that somebody who reads
only that can mend it. `GONE` takes a setting away.
"""

from typing import NamedTuple

from tests.edge import EDGE, HEADER, OLDER, SECRET, STAMPS

GONE = object()
CLIENT, PROXY, STRANGER, UNLISTED = "203.0.113.9", "10.0.0.9", "192.0.2.66", "172.18.0.2"
OURS = "django_trustedproxy.middleware.TrustedProxyMiddleware"


class Request(NamedTuple):
    """One request: its peer, its header lines, and what else the environ or the scope has."""

    peer: str = PROXY
    headers: tuple = ()
    environ: tuple = ()
    port: int | None = None  # of the peer in the scope, where it comes by ASGI
    pasted: str = ""  # what somebody pastes into `explain` instead of the headers


class Mistake(NamedTuple):
    """A mistake, where it has to be told, and how.

    Of each group in `says` one text has to be in what is told, in any case; none of `never` may.
    """

    id: str
    where: tuple
    settings: dict
    requests: tuple = ()
    says: tuple = ()
    never: tuple = ()
    environment: tuple = ()


def sent(*headers, peer=PROXY, **more):
    """Return a request with headers given as "Name: value"."""
    return Request(peer, tuple(tuple(line.split(": ", 1)) for line in headers), **more)


XFF = f"X-Forwarded-For: {CLIENT}"
LOOP = {"SECURE_SSL_REDIRECT": True}
PROTO, SSL = "X-Forwarded-Proto", "X-Forwarded-SSL"
SCHEME = "TRUSTED_PROXY_SCHEME_HEADER"
SECURE = {"SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True}
CHECK, LOG, EXPLAIN, SHOW = ("check",), ("log",), ("explain",), ("show",)
BOTH = ("log", "explain")

# What the log tells, and what it does not.
THE_LOG = [
    Mistake(
        "an unlisted proxy, after a stranger's forged request",
        LOG,
        {"TRUSTED_PROXIES": ["10.0.0.7"]},
        (sent("X-Forwarded-For: 6.6.6.6", peer=STRANGER), *[sent(XFF, peer=UNLISTED)] * 20),
        ((UNLISTED,), ("TRUSTED_PROXIES",)),
    ),
    Mistake(
        "nobody listed, and a stranger came first",
        LOG,
        {"TRUSTED_PROXIES": []},
        (sent("X-Forwarded-For: 6.6.6.6", peer=STRANGER), *[sent(XFF, peer=UNLISTED)] * 20),
        ((UNLISTED,), ("TRUSTED_PROXIES",)),
    ),
    Mistake(
        "a peer that is not listed",
        BOTH,
        {},
        (sent(XFF, peer=UNLISTED),),
        ((f'"{UNLISTED}"',), ("TRUSTED_PROXIES",), ("X-Forwarded-For",)),
    ),
    Mistake(
        "the log says who speaks",
        LOG,
        {},
        (sent(XFF, peer=UNLISTED),),
        (("django-trustedproxy", "django_trustedproxy"),),
    ),
    Mistake(
        "an intranet's client is no proxy",
        LOG,
        {"TRUSTED_PROXIES": ["127.0.0.1"]},
        (sent("X-Forwarded-For: 192.168.1.50", peer="127.0.0.1"),),
        never=("192.168.1.50", "add it to"),
    ),
    Mistake(
        "two proxies, one listed",
        EXPLAIN,
        {"TRUSTED_PROXIES": [PROXY]},
        (sent(f"X-Forwarded-For: {CLIENT}, 10.0.0.2"),),
        (("10.0.0.2",), ("TRUSTED_PROXIES",)),
    ),
    Mistake(
        "missing is rejected",
        BOTH,
        {"TRUSTED_PROXY_REJECT": ["missing"]},
        (sent(),),
        (("400",), ("TRUSTED_PROXY_REJECT",)),
        never=("stays",),
    ),
    Mistake(
        "direct is rejected",
        BOTH,
        {"TRUSTED_PROXY_REJECT": ["direct"]},
        (sent(XFF, peer=UNLISTED),),
        (("400",), ("TRUSTED_PROXY_REJECT",)),
        never=("is the client",),
    ),
    Mistake(
        "malformed is rejected",
        BOTH,
        {"TRUSTED_PROXY_REJECT": ["malformed"]},
        (sent("X-Forwarded-For: unknown"),),
        (("400",), ("TRUSTED_PROXY_REJECT",), ("unknown",)),
        never=("stands for the client",),
    ),
    Mistake(
        "the app is not installed",
        LOG,
        {"INSTALLED_APPS": []},
        (sent(XFF),),
        (("INSTALLED_APPS",), ('"django_trustedproxy"', "'django_trustedproxy'"), ("check",)),
    ),
]

# What a proxy says about other things than the client.
PURPOSES = [
    Mistake(
        "another client header comes",
        BOTH,
        {"TRUSTED_PROXY_HEADER": "X-Real-IP"},
        (sent(XFF),),
        (("X-Forwarded-For",), ("TRUSTED_PROXY_HEADER",)),
    ),
    Mistake(
        "a loop: the proxy sends no scheme",
        BOTH,
        {**LOOP, SCHEME: PROTO},
        (sent(XFF),),
        ((f"no {PROTO}",), ("SECURE_SSL_REDIRECT",)),
    ),
    Mistake(
        "a loop: the proxy sends X-Forwarded-Ssl",
        BOTH,
        {**LOOP, SCHEME: PROTO},
        (sent(XFF, "X-Forwarded-Ssl: on"),),
        ((f"no {PROTO}",), (SSL,), (SCHEME,)),
    ),
    Mistake(
        "a loop: the proxy sends X-Forwarded-Proto, not X-Forwarded-Ssl",
        BOTH,
        {**LOOP, SCHEME: "X-Forwarded-Ssl"},
        (sent(XFF, f"{PROTO}: https"),),
        ((f"no {SSL}",), (PROTO,), (SCHEME,)),
    ),
    Mistake(
        "a loop: nobody reads the scheme",
        BOTH,
        {**LOOP, SCHEME: None},
        (sent(XFF, f"{PROTO}: https"),),
        ((f'{SCHEME} = "{PROTO}"', f"{SCHEME} = '{PROTO}'"), ("SECURE_SSL_REDIRECT",)),
    ),
    Mistake(
        "a loop: nobody reads the scheme, and the check knows",
        CHECK,
        {**LOOP, SCHEME: None},
        (),
        ((SCHEME,), ("SECURE_SSL_REDIRECT",)),
    ),
    Mistake(
        "a loop: the peer that says https is not listed",
        BOTH,
        {**LOOP, SCHEME: PROTO},
        (sent(XFF, f"{PROTO}: https", peer=UNLISTED),),
        ((f'"{UNLISTED}"',), (PROTO,)),
    ),
    Mistake(
        "secure cookies, and nobody reads the scheme",
        BOTH,
        {**SECURE, SCHEME: None},
        (sent(XFF, f"{PROTO}: https"),),
        ((SCHEME,), (PROTO,), ("COOKIE_SECURE",)),
    ),
    Mistake(
        "two proxies disagree about the scheme",
        BOTH,
        {SCHEME: PROTO},
        (sent(XFF, f"{PROTO}: https,http"),),
        ((PROTO,), ("differ",)),
    ),
    Mistake(
        "the scheme has the wrong form",
        BOTH,
        {SCHEME: PROTO},
        (sent(XFF, f"{PROTO}: maybe"),),
        ((PROTO,), ("maybe",)),
    ),
    Mistake(
        "the proxy sends no host",
        BOTH,
        {"TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host"},
        (sent(XFF),),
        (("no X-Forwarded-Host",),),
    ),
    Mistake(
        "the proxy sends the host under another name",
        BOTH,
        {"TRUSTED_PROXY_HOST_HEADER": "X-Forwarded-Host"},
        (sent(XFF, "X-Original-Host: example.com"),),
        (("X-Original-Host",), ("TRUSTED_PROXY_HOST_HEADER",)),
    ),
    Mistake(
        "the proxy sends no port",
        BOTH,
        {"TRUSTED_PROXY_PORT_HEADER": "X-Forwarded-Port"},
        (sent(XFF),),
        (("no X-Forwarded-Port",),),
    ),
    Mistake(
        "the proxy sends the prefix under another name",
        BOTH,
        {"TRUSTED_PROXY_PREFIX_HEADER": "X-Forwarded-Prefix"},
        (sent(XFF, "X-Script-Name: /app"),),
        (("X-Script-Name",), ("TRUSTED_PROXY_PREFIX_HEADER",)),
    ),
    Mistake(
        "ours and Django's setting for the scheme",
        CHECK,
        {SCHEME: PROTO, "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        (),
        (("SECURE_PROXY_SSL_HEADER",), (SCHEME,)),
    ),
]

# Values of settings beside TRUSTED_PROXIES, whose wrong values are in wrong_values.py.
VALUES = [
    Mistake(
        "False as text",
        CHECK,
        {"TRUSTED_PROXY_KEEP_HEADER": "False"},
        (),
        (("TRUSTED_PROXY_KEEP_HEADER = False",),),
        never=("TRUSTED_PROXY_KEEP_HEADER = True",),
    ),
    Mistake(
        "0 as text",
        CHECK,
        {"TRUSTED_PROXY_KEEP_HEADER": "0"},
        (),
        (("TRUSTED_PROXY_KEEP_HEADER = False",),),
        never=("TRUSTED_PROXY_KEEP_HEADER = True",),
    ),
    Mistake(
        "true as text",
        CHECK,
        {"TRUSTED_PROXY_KEEP_HEADER": "true"},
        (),
        (("TRUSTED_PROXY_KEEP_HEADER = True",),),
    ),
    Mistake(
        "an outcome that is none",
        CHECK,
        {"TRUSTED_PROXY_REJECT": ["untrusted"]},
        (),
        (("'direct'",), ("'missing'",), ("'malformed'",), ("untrusted",)),
    ),
    Mistake(
        "one outcome as text",
        CHECK,
        {"TRUSTED_PROXY_REJECT": "direct"},
        (),
        (("TRUSTED_PROXY_REJECT = ['direct']",),),
    ),
    Mistake(
        "several headers",
        CHECK,
        {"TRUSTED_PROXY_HEADER": ["X-Real-IP", "X-Client-IP"]},
        (),
        (('"X-Real-IP"', "'X-Real-IP'"), ("X-Client-IP",)),
    ),
    Mistake(
        "a header of another purpose",
        CHECK,
        {"TRUSTED_PROXY_HEADER": PROTO},
        (),
        (("scheme",), ("client",)),
    ),
    Mistake(
        "a usable entry is shown beside a wrong one",
        SHOW,
        {"TRUSTED_PROXIES": ["10.0.0.7", "nginx"]},
        (),
        (("10.0.0.7",), ("'nginx'",), ("X-Forwarded-For",)),
    ),
]

# Typos, and what was forgotten.
TYPOS = [
    *(
        Mistake(
            name,
            CHECK,
            {"TRUSTED_PROXIES": GONE, name: ["10.0.0.0/8"]},
            (),
            ((f"{name} ",), ("TRUSTED_PROXIES",)),
            never=("TRUSTED_PROXY_KEEP_HEADER",),
        )
        for name in (
            *("TRUSTED_PROXY", "TRUSTED_PROXYS", "TRUST_PROXIES", "TRUST_PROXY", "TRUSTEDPROXIES"),
            *("TRUSTED_PROXIS", "TRUSTED_PROXIES_LIST"),
        )
    ),
    *(
        Mistake(
            name,
            CHECK,
            {name: value},
            (),
            ((f"{name} ",), (f"{meant},", f"{meant}.", f"{meant}?", f"{meant} ")),
            never=("TRUSTED_PROXY_SERVER_HEADER", "TRUSTED_PROXY_PORT_HEADER"),
        )
        for name, value, meant in (
            ("TRUSTED_PROXY_HEADERS", "X-Real-IP", "TRUSTED_PROXY_HEADER"),
            ("TRUSTED_PROXIES_HEADER", "X-Real-IP", "TRUSTED_PROXY_HEADER"),
            ("TRUSTED_PROXY_PROTO_HEADER", PROTO, SCHEME),
            ("TRUSTED_PROXY_SCHEMA_HEADER", PROTO, SCHEME),
            ("TRUSTED_PROXY_REJECTS", ["direct"], "TRUSTED_PROXY_REJECT"),
        )
    ),
    Mistake(
        "no TRUSTED_PROXIES at all", CHECK, {"TRUSTED_PROXIES": GONE}, (), (("TRUSTED_PROXIES",),)
    ),
    Mistake(
        "a header in no table",
        CHECK,
        {"TRUSTED_PROXY_HEADER": "X-Forwarded-Four"},
        (),
        (("X-Forwarded-Four",), ('"X-Forwarded-For"', "'X-Forwarded-For'")),
    ),
    Mistake(
        "a scheme header in no table",
        CHECK,
        {SCHEME: "X-Forward-Proto"},
        (),
        (("X-Forward-Proto",), (f'"{PROTO}"', f"'{PROTO}'")),
    ),
    Mistake("no middleware", CHECK, {"MIDDLEWARE": []}, (), ((OURS,), ("first",))),
    Mistake(
        "the middleware's path misspelled",
        CHECK,
        {"MIDDLEWARE": ["django_trustedproxy.middlewares.TrustedProxyMiddleware"]},
        (),
        (("django_trustedproxy.middlewares.TrustedProxyMiddleware",), (OURS,)),
        never=("REMOTE_ADDR is the proxy's address",),
    ),
    Mistake(
        "the middleware's name misspelled",
        CHECK,
        {"MIDDLEWARE": ["django_trustedproxy.middleware.TrustedProxy"]},
        (),
        ((f"{OURS[:-10]}'", f'{OURS[:-10]}"'), (f"{OURS}'", f'{OURS}"')),
        never=("REMOTE_ADDR is the proxy's address",),
    ),
    Mistake(
        "the middleware last",
        CHECK,
        {"MIDDLEWARE": ["django.middleware.security.SecurityMiddleware", OURS]},
        (),
        (("SecurityMiddleware",), ("before",)),
    ),
    Mistake("the middleware twice", CHECK, {"MIDDLEWARE": [OURS, OURS]}, (), (("once",),)),
    Mistake(
        "another fixer",
        CHECK,
        {"MIDDLEWARE": [OURS, "tests.custom_middleware.WritesDirectly"]},
        (),
        (("tests.custom_middleware.WritesDirectly",), ("custom_middleware.py:",), ("Remove",)),
    ),
    Mistake(
        "a scheme header, and nobody listed",
        CHECK,
        {"TRUSTED_PROXIES": [], SCHEME: PROTO},
        (),
        (("TRUSTED_PROXIES",), (SCHEME,)),
    ),
]

# What a server did before, and what its user can do.
ADVICE = [
    Mistake(
        "uvicorn's default",
        LOG,
        {},
        (sent(XFF, peer=CLIENT, port=0),),
        (("--no-proxy-headers",), ('FORWARDED_ALLOW_IPS=""', "FORWARDED_ALLOW_IPS=''")),
        never=(f'add "{CLIENT}"',),
    ),
    Mistake(
        "uvicorn's default, in the terminal",
        EXPLAIN,
        {},
        (sent(XFF, peer=CLIENT),),
        (("--no-proxy-headers",),),
        never=(f'add "{CLIENT}"',),
    ),
    Mistake(
        "FORWARDED_ALLOW_IPS believes everybody",
        CHECK,
        {},
        (),
        (('FORWARDED_ALLOW_IPS=""', "FORWARDED_ALLOW_IPS=''"),),
        never=("Remove it",),
        environment=(("FORWARDED_ALLOW_IPS", "*"),),
    ),
    Mistake(
        "waitress",
        LOG,
        {},
        (sent(environ=(("SERVER_SOFTWARE", "waitress"),)),),
        (("--no-clear-untrusted-proxy-headers",),),
    ),
    Mistake(
        "ProxyFix",
        LOG,
        {},
        (sent(peer=CLIENT, environ=(("werkzeug.proxy_fix.orig", {"REMOTE_ADDR": "10.0.0.1"}),)),),
        (("wrapper",), ("Remove",)),
    ),
    Mistake(
        "a peer with a port",
        BOTH,
        {},
        (sent(XFF, peer="10.0.0.1:8000"),),
        (("a port",),),
        never=("unix:", "has no address"),
    ),
    Mistake(
        "a peer of IPv6 with a port",
        BOTH,
        {},
        (sent(XFF, peer="[fd00::1]:8000"),),
        (("a port",),),
        never=("unix:", "has no address"),
    ),
    Mistake(
        "a peer that is a whole header",
        BOTH,
        {},
        (sent(XFF, peer="6.6.6.6, 10.0.0.1"),),
        (("6.6.6.6, 10.0.0.1",),),
        never=("unix:", "has no address"),
    ),
    Mistake(
        "a Unix socket that is not listed",
        BOTH,
        {},
        (sent(XFF, peer="unix:"),),
        (('"unix:"',), ("TRUSTED_PROXIES",)),
    ),
]

# What everybody tries first: curl on the proxy's own host.
SAME_MACHINE = [
    Mistake(
        "a forged header from the proxy's own host",
        EXPLAIN,  # the log tells it at INFO, as two proxies on one host look the same
        {"TRUSTED_PROXIES": ["loopback"]},
        (sent("X-Forwarded-For: 6.6.6.6, 127.0.0.1", peer="127.0.0.1"),),
        (
            ("127.0.0.1",),
            ("same host", "same machine", "own host", "this host", "another host", "elsewhere"),
        ),
    )
]

# Chains of proxies of which one is set up wrong.
CHAINS = [
    Mistake(
        "a proxy in the middle replaces the header",
        BOTH,
        {"TRUSTED_PROXIES": ["172.18.0.4", "172.18.0.1"]},
        (sent("X-Forwarded-For: 172.18.0.1", peer="172.18.0.4"),),
        (("172.18.0.1 is in TRUSTED_PROXIES",), ("replaced X-Forwarded-For",)),
        never=("add ",),
    ),
    Mistake(
        "a proxy in the middle replaces one header, and another that is dropped has the client",
        BOTH,
        {"TRUSTED_PROXIES": ["10.0.0.0/8"]},
        (sent("X-Forwarded-For: 10.1.2.3", f"X-Real-IP: {CLIENT}"),),
        (("replaced X-Forwarded-For",), ("X-Real-IP",), (CLIENT,), ("dropped",)),
        never=("add ",),
    ),
    Mistake(
        "a proxy in the middle overwrites the scheme",
        BOTH,
        {SCHEME: PROTO},
        (
            sent(
                f"X-Forwarded-For: {CLIENT}, 10.0.0.5",
                f"{PROTO}: http",
                "Host: chat.example.com:8084",
                "Origin: https://chat.example.com",
            ),
        ),
        ((PROTO,), ("overwrites",), (PROXY,), ("10.0.0.5",), ("https://chat.example.com",)),
    ),
    Mistake(
        "a stranger sends the header of the login",
        BOTH,
        {
            "MIDDLEWARE": [OURS, "tests.custom_logins.ByAuthenticate"],
            "TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User"],
        },
        (sent("X-Company-User: admin", peer=STRANGER),),
        ((f"X-Company-User from {STRANGER}",), ("would have logged the client in",)),
    ),
]

# What is pasted into `explain`.
PASTED = [
    Mistake(
        "what curl -v prints",
        EXPLAIN,
        {},
        (
            sent(
                pasted=f"*   Trying 10.0.0.9:80...\n> GET / HTTP/1.1\n> Host: example.com\n> {XFF}\n>\n"
            ),
        ),
        ((f"{CLIENT} is the client",),),
    ),
]

# The secret of an edge.
SECRETS = [
    Mistake(
        "the edge sends no secret yet",
        BOTH,
        STAMPS,
        (sent(XFF, peer=EDGE),),
        ((EDGE,), ("no secret", f"no {HEADER}"), ("have it send",)),
        never=(SECRET,),
    ),
    Mistake(
        "the edge sends an old secret",
        BOTH,
        STAMPS,
        (sent(XFF, f"{HEADER}: {OLDER}", peer=EDGE),),
        ((EDGE,), ("wrong secret", f"wrong {HEADER}"), ("send",)),
        never=(SECRET, OLDER),
    ),
    Mistake(
        "an address of the edge is not in the list",
        BOTH,
        STAMPS,
        (sent(XFF, f"{HEADER}: {SECRET}", peer=STRANGER),),
        ((f'"{STRANGER}"',), ("TRUSTED_PROXIES_WITH_SECRET",)),
        never=(SECRET,),
    ),
    Mistake(
        "no valid secret is rejected",
        BOTH,
        {**STAMPS, "TRUSTED_PROXY_REJECT": ["unstamped"]},
        (sent(XFF),),
        (("400",), ("unstamped",)),
    ),
    Mistake(
        "the variable of the secret is not set",
        CHECK,
        {**STAMPS, "TRUSTED_PROXY_SECRETS": [""]},
        (),
        (("TRUSTED_PROXY_SECRETS[0]",), ("is empty",), ("variable",)),
    ),
    Mistake(
        "the secret is no list",
        CHECK,
        {**STAMPS, "TRUSTED_PROXY_SECRETS": SECRET},
        (),
        (("TRUSTED_PROXY_SECRETS",), ("list",), ("os.environ",)),
        never=(SECRET,),
    ),
    Mistake(
        "a header that Fastly passes on from the client",
        CHECK,
        {"TRUSTED_PROXY_HEADER": "Fastly-Client-IP"},
        (),
        (("Fastly-Client-IP",), ("client.ip",)),
    ),
]

MISTAKES = [
    *SECRETS,
    *THE_LOG,
    *PURPOSES,
    *VALUES,
    *TYPOS,
    *ADVICE,
    *SAME_MACHINE,
    *CHAINS,
    *PASTED,
]
