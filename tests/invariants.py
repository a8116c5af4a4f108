"""What holds for every request, whatever a client writes.

The property tests and the fuzzers bring requests; here is what both ask of each one. An
`AssertionError` shows the request.
"""

import ipaddress
import re
from io import BytesIO
from types import SimpleNamespace
from typing import NamedTuple

from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.test import override_settings
from django.urls import get_script_prefix, set_script_prefix

from django_trustedproxy import asgi, wsgi
from django_trustedproxy.conf import DEFAULTS, parse
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, meta_name
from django_trustedproxy.environ import KEY, rewrite
from django_trustedproxy.middleware import TrustedProxyMiddleware
from tests import naive_decision
from tests.answers import facts_of
from tests.mounts import ends
from tests.requests import environ_of, joined, lowered, scope_of
from tests.rows import MISSING

# Copies: a fault that is put into the package does not change what is expected of it.
EVERY_KEY = frozenset(
    [meta_name(name) for names in FORWARDING_HEADERS.values() for name in names]
    # What RemoteUserMiddleware of Django 5.2 and 6.0 reads under ASGI
    + [meta_name(f"HTTP-{name}") for name in FORWARDING_HEADERS["identity"]]
)
IDENTITY_KEYS = frozenset(map(meta_name, FORWARDING_HEADERS["identity"]))
CLIENT_KEYS = frozenset(map(meta_name, FORWARDING_HEADERS["client"]))

ORACLES = ("peer", "client", "proxies", "outcome", "client_port")
STATED = tuple(p for p in FORWARDING_HEADERS if p not in ("client", "identity"))
OURS = {f"TRUSTED_PROXY_{p.upper()}_HEADER": FORWARDING_HEADERS[p][0] for p in STATED}
TEN = ["10.0.0.0/8", "fd00::/8"]
SITES = {
    "list": {"TRUSTED_PROXIES": TEN},
    "unix": {"TRUSTED_PROXIES": [*TEN, "unix:"]},
    "single": {"TRUSTED_PROXIES": TEN, "TRUSTED_PROXY_HEADER": "X-Real-IP", **OURS},
    "forwarded": {
        "TRUSTED_PROXIES": [*TEN, "unix:"],
        "TRUSTED_PROXY_HEADER": "Forwarded",
        "TRUSTED_PROXY_SCHEME_HEADER": "Forwarded",
        "TRUSTED_PROXY_HOST_HEADER": "Forwarded",
    },
    "viewer": {"TRUSTED_PROXIES": TEN, "TRUSTED_PROXY_HEADER": "CloudFront-Viewer-Address"},
    "flags": {
        "TRUSTED_PROXIES": TEN,
        "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-SSL",
        "TRUSTED_PROXY_KEEP_HEADER": False,
    },
    "django": {
        "TRUSTED_PROXIES": TEN,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "USE_X_FORWARDED_HOST": True,
        "USE_X_FORWARDED_PORT": True,
    },
    "nobody": {},
}
_DJANGO = {
    "SECURE_PROXY_SSL_HEADER": None,
    "USE_X_FORWARDED_HOST": False,
    "USE_X_FORWARDED_PORT": False,
}


class Site:
    """A project's settings, the policy that the package makes of them, and the plain facts."""

    def __init__(self, name):
        self.overridden = {"TRUSTED_PROXIES": [], **SITES[name]}
        self.settings = {**DEFAULTS, **_DJANGO, **self.overridden}
        self.policy, problems = parse(SimpleNamespace(**self.settings))
        assert not problems
        self.trust = naive_decision.Trust(self.settings["TRUSTED_PROXIES"])
        self.header = self.settings["TRUSTED_PROXY_HEADER"]
        self.designated = {
            purpose: self.settings[f"TRUSTED_PROXY_{purpose.upper()}_HEADER"] for purpose in STATED
        }


class Case(NamedTuple):
    """One request: the name of a site, REMOTE_ADDR, and header lines in wire form."""

    site: str
    peer: object
    lines: tuple

    @property
    def meta(self):
        peer = {} if self.peer is MISSING else {"REMOTE_ADDR": self.peer}
        return {**joined(self.lines), **peer}

    def without_forwarding_headers(self):
        lines = tuple(line for line in self.lines if meta_name(line[0]) not in EVERY_KEY)
        return self._replace(lines=lines)


_sites = {}


def site_of(case):
    if case.site not in _sites:
        _sites[case.site] = Site(case.site)
    return _sites[case.site]


def forget_sites():
    """Forget the policies, so that the next ones are made by what the package is then."""
    unapply()
    _sites.clear()


def check_decision(case):
    """Ask the engine, on a dictionary; return the answer."""
    site = site_of(case)
    before, after = case.meta, case.meta
    answer = rewrite(after, site.policy)
    assert after.pop(KEY) is answer, case
    given = before.get("REMOTE_ADDR")
    found = naive_decision.Answer(*(getattr(answer, name) for name in ORACLES))
    value = before.get(meta_name(site.header))
    expected = naive_decision.decide(site.trust, site.header, given, value)
    assert found == expected, (case, found, expected)
    _check_addresses(case, answer, value or "")
    if not answer:
        _check_untrusted(case, before, after, answer)
    else:
        _check_headers(case, site, before, after, answer)
    _check_twice(case, site, after, answer)
    return answer


def _check_addresses(case, answer, value):
    """Canonical, and the peer or what a trusted hop wrote: each hop is trusted but the client."""
    site = site_of(case)
    way = [a for a in (answer.client, *answer.proxies) if a not in (None, "unix:")]
    assert all(str(ipaddress.ip_address(address)) == address for address in way), case
    if not answer.proxies:
        assert answer.client == (None if answer.peer == "unix:" else answer.peer), case
    if answer.proxies:
        assert answer.proxies[-1] == answer.peer, case
        assert len(answer.proxies) <= value.count(",") + 2, case
    for proxy in answer.proxies:
        is_unix = proxy == "unix:" and site.trust.unix
        assert is_unix or site.trust.has(ipaddress.ip_address(proxy)), case


def _check_untrusted(case, before, after, answer):
    """Nothing that an untrusted peer sends in a forwarding header is left or has an effect."""
    rest = {key: value for key, value in before.items() if key not in EVERY_KEY}
    rest["REMOTE_ADDR"] = answer.client or ""
    assert after == rest, case
    assert set(answer.dropped) == before.keys() & EVERY_KEY, case


_SAFE = {
    "scheme": re.compile("https?"),
    "host": re.compile(
        r"(?:[\w.-]{1,255}|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE
    ),
    "port": re.compile(r"[1-9][0-9]{0,4}"),
    "server": re.compile(r"[\w.-]{1,255}|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE),
    "prefix": re.compile(r"(?:/(?!\.{1,2}(?:/|$))[\w.~!$&'()*+;=:@-]+)*", re.ASCII),
}
_KEYS = {"host": "HTTP_HOST", "port": "SERVER_PORT", "server": "SERVER_NAME"}
_KEYS["prefix"] = "SCRIPT_NAME"
_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_FLAGS = {"on": "https", "true": "https", "1": "https", "off": "http", "false": "http", "0": "http"}
_FLAGS |= {'{"scheme":"https"}': "https", '{"scheme":"http"}': "http"}


def _check_headers(case, site, before, after, answer):
    """From a trusted peer: the verified part, what the designated headers say, and no synonym."""
    designated = meta_name(site.header)
    gone = CLIENT_KEYS - {designated}
    if answer.proxies[:-1] or (answer.proxies and answer.client):
        is_kept = site.settings["TRUSTED_PROXY_KEEP_HEADER"]
    else:
        is_kept = False
    assert (designated in after) == is_kept, case
    for purpose, name in site.designated.items():
        if name is None:
            continue
        said = answer.stated(purpose)
        expected = _expected(site, purpose, name, before)
        if purpose == "host" and expected is not None:
            expected = _with_port(site, expected, before)
        assert said == expected, (case, purpose, said)
        assert said is None or _SAFE[purpose].fullmatch(said), (case, said)
        if purpose in _KEYS:
            key = _KEYS[purpose]
            assert after.get(key) == (before.get(key) if said is None else said), case
        gone |= {meta_name(n) for n in FORWARDING_HEADERS[purpose] if n != name}
    assert gone.isdisjoint(after), (case, gone & after.keys())
    written = {"REMOTE_ADDR", "REMOTE_PORT", *_KEYS.values()} | EVERY_KEY
    assert {k: v for k, v in after.items() if k not in written} == {
        k: v for k, v in before.items() if k not in written
    }, case
    # Who the user is, the proxy says to the login.
    for key in IDENTITY_KEYS & (before.keys() | after.keys()):
        assert after.get(key) == before.get(key), (case, key)
    # What this site says nothing of passes unchanged, for whoever else reads it.
    if not any(site.designated.values()) and case.site != "django":
        for key in EVERY_KEY - CLIENT_KEYS:
            assert after.get(key) == before.get(key), (case, key)


def _with_port(site, host, before):
    """Return a host without the scheme's default port, and then with the stated port."""
    said = {
        purpose: name and _expected(site, purpose, name, before)
        for purpose, name in site.designated.items()
    }
    default = {"http": "80", "https": "443"}[said["scheme"] or "http"]
    name, port = re.fullmatch(r"(\[.*\]|[^:]*)(?::(.*))?", host).groups()
    if not port or int(port) == int(default):
        port = said["port"] or default
    return name if int(port) == int(default) else f"{name}:{port}"


def _expected(site, purpose, name, before):
    """Return the one value that all parts of a header agree on, if it has the right form."""
    text = before.get(meta_name(name))
    if text is None:
        return None
    if name == "Forwarded":
        text = naive_decision.stated(site.trust, purpose, text)
        parts = [] if text is None else [text]
    elif len(text) > naive_decision.LONGEST_ENTRY:
        return None
    else:
        parts = [part for part in (part.strip(" \t") for part in text.split(",")) if part]
    values = {_one(purpose, name, part) for part in parts}
    return values.pop() if len(values) == 1 else None


def _one(purpose, name, text):
    """Return what one part of a header says, or None if it has the wrong form."""
    if purpose == "scheme":
        return (_FLAGS | _SCHEMES).get(text.lower())
    if purpose == "prefix":
        path = text.removesuffix("/")
        return path if text.startswith("/") and _SAFE["prefix"].fullmatch(path) else None
    if purpose == "port":
        return str(int(text)) if _is_port(text) else None
    host, colon, port = (text, "", "") if text.endswith("]") else text.rpartition(":")
    is_host = _SAFE[purpose].fullmatch(text) and (not colon or _is_port(port))
    name = host if colon else text
    if is_host and name.startswith("["):
        is_host = isinstance(naive_decision.read_hop(name), naive_decision.Hop)
    return text if is_host else None


def _is_port(text):
    return re.fullmatch("[0-9]{1,5}", text) is not None and 1 <= int(text) <= 65535


def _check_twice(case, site, after, answer):
    """Deciding again changes nothing: neither by the same mark, nor by the peer and what is left."""
    marked = {**after, KEY: answer}
    again = dict(marked)
    assert rewrite(again, site.policy) is answer, case
    assert again == marked, case
    if answer.peer is None or not site.settings["TRUSTED_PROXY_KEEP_HEADER"]:
        return
    fed = {k: v for k, v in after.items() if k.startswith("HTTP_")} | {"REMOTE_ADDR": answer.peer}
    once_more = rewrite(fed, site.policy)
    assert (once_more.client, once_more.proxies) == (answer.client, answer.proxies), case
    assert once_more.dropped == (), case
    if site.designated["scheme"] != "Forwarded":  # what it said is not in the chain that is left
        assert _said(fed) == _said(after), case


def _said(meta):
    return {key: value for key, value in meta.items() if key.startswith("HTTP_")}


def without_dropped(answer):
    """Return what an answer says, but for the headers that went."""
    return {**facts_of(answer), "dropped": ()}


_applied = {}


def apply(site):
    """Make a site's settings those of the running Django, until the next one's or `unapply`."""
    if _applied.get("site") is not site:
        unapply()
        override = override_settings(**site.overridden)
        override.enable()
        _applied.update(site=site, override=override)


def unapply():
    if _applied:
        _applied["override"].disable()
        _applied.clear()


def view(request):
    """Return what a view can see of who sent a request and how it came."""
    try:
        host = request.get_host(), request.build_absolute_uri()
    except DisallowedHost:
        host = None
    return {
        "meta": {
            key: value
            for key, value in request.META.items()
            if key.startswith("HTTP_") or key == "REMOTE_ADDR"
        },
        "headers": {k: v for k, v in request.headers.items() if k.lower() != "host"},
        "scheme": request.scheme,
        "is_secure": request.is_secure(),
        "host": host,
        "port": request.get_port(),
        "server": request.META["SERVER_NAME"],
        "path": request.path,
        "path_info": request.path_info,
        "script": (request.META["SCRIPT_NAME"], get_script_prefix()),
        "answer": request.trusted_proxy,
    }


HOST = ("Host", "testserver")


def _finish(coroutine):
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("the middleware waited for something")


def _wsgi_view(case, *, is_wrapped):
    _, (name, port) = ends(case.peer)
    environ = environ_of(SCRIPT_NAME="", SERVER_NAME=name, SERVER_PORT=str(port))
    del environ["REMOTE_ADDR"]
    environ |= case._replace(lines=(HOST, *case.lines)).meta

    def application(environ, _start):
        return [TrustedProxyMiddleware(view)(WSGIRequest(environ))]

    (seen,) = (wsgi.TrustedProxy(application) if is_wrapped else application)(environ, None)
    return seen


def _asgi_view(case, *, is_wrapped):
    client, server = ends(case.peer)
    lines = lowered((HOST, *case.lines))
    scope = scope_of(*lines, root_path="", client=client, server=server)
    seen = []

    async def async_view(request):
        return view(request)

    async def application(scope, _receive, _send):
        seen.append(await TrustedProxyMiddleware(async_view)(ASGIRequest(scope, BytesIO())))

    application = asgi.TrustedProxy(application) if is_wrapped else application
    _finish(application(scope, None, None))
    return seen[0]


STACKS = {
    "middleware under WSGI": lambda case: _wsgi_view(case, is_wrapped=False),
    "wrapper under WSGI": lambda case: _wsgi_view(case, is_wrapped=True),
    "middleware under ASGI": lambda case: _asgi_view(case, is_wrapped=False),
    "wrapper under ASGI": lambda case: _asgi_view(case, is_wrapped=True),
}


def check_mounts(case):
    """Ask the middleware and the wrappers, sync and async, which must agree with the engine."""
    site = site_of(case)
    apply(site)
    answer = rewrite(case.meta, site.policy)
    seen = {name: mount(case) for name, mount in STACKS.items()}
    set_script_prefix("/")
    first, *others = seen.values()
    assert all(other == first for other in others), (case, seen)
    assert first["answer"] == answer, (case, first["answer"], answer)
    if not answer:
        plain = STACKS["middleware under WSGI"](case.without_forwarding_headers())
        set_script_prefix("/")
        assert without_dropped(first["answer"]) == without_dropped(plain["answer"]), case
        assert {**first, "answer": None} == {**plain, "answer": None}, case


def check_raw_names(site_name, peer, headers):
    """Ask the ASGI wrapper about names as bytes: none that collapses onto a forwarding header stays."""
    site = site_of(Case(site_name, peer, ()))
    scope = scope_of(path="/", headers=list(headers), client=(peer, 1), server=None)
    changed = asgi.rewrite_scope(scope, site.policy)
    allowed = set(site.policy.dropped_if_direct) - set(site.policy.dropped)
    allowed = set() if not changed[KEY] else allowed
    for name, _ in changed["headers"]:
        text = name.decode("latin-1").upper()
        key = "HTTP_" + text.replace("-", "_").replace(".", "_")
        is_plain = name == name.lower() and not set(name) & set(b"_.")
        assert key not in EVERY_KEY or (key in allowed and is_plain), (peer, headers, name)
    assert scope["headers"] == list(headers)
