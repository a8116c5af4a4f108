"""What the bare stacks let through, each with the remedies that end it."""

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tests.servers.nginx import APPENDS, nginx, uwsgi_pass
from tests.servers.raw_requests import DIRECT, FORM, HONEST_FORM, PROXY, VICTIM, Form
from tests.servers.servers import NOBODY, SERVERS, UWSGI_PROTOCOL, running
from tests.servers.unsafe_proxies import unsafe_proxy

SERVER = {server.name: server for server in (*SERVERS, UWSGI_PROTOCOL)}
UNSET = "\n".join(
    f"RequestHeader unset {name}"
    for header in ("For", "Proto")
    for name in (f"X_Forwarded_{header}", f"X-Forwarded_{header}", f"X_Forwarded-{header}")
)
SETS = APPENDS.replace("$proxy_add_x_forwarded_for", "$remote_addr")


class Stack(NamedTuple):
    """A server behind a proxy, or without one; `options` are lines of the proxy's configuration.

    `without` is left out of the page's command, `extra` put at its end; `application` is served in
    the place of the example's.
    """

    server: str
    proxy: str | None = None
    options: str = ""
    without: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    application: str = ""
    env: Mapping[str, str] = MappingProxyType({})
    trusted: str = PROXY

    def change(self, command):
        """Return the page's command as this stack has it."""
        for token in self.without:
            command.remove(token)
        if self.application:
            command = [
                self.application if token.startswith("example_project.") else token
                for token in command
            ]
        return [*command, *self.extra]

    @property
    def outcome(self):
        """How a request that is what it seems to be ends."""
        return "forwarded" if self.proxy and self.trusted != NOBODY else "direct"

    @contextlib.contextmanager
    def started(self):
        """Run it; give where a visitor reaches it."""
        server = SERVER[self.server]
        with contextlib.ExitStack() as parts:
            run = running(server, "IPv4", self.trusted, self.change, **self.env)
            address = parts.enter_context(run).address
            if self.proxy == "nginx":
                listener = "IPv4" if self.trusted == PROXY else ""
                upstream = self.options or APPENDS
                address = parts.enter_context(nginx(address, listener, upstream=upstream))
            elif self.proxy:
                address = parts.enter_context(unsafe_proxy(self.proxy, address, self.options))
            yield address


class Attack(NamedTuple):
    """An attack that works on a bare stack, and the stacks on which it does not, by the remedy.

    `concluded` is the client, the outcome and the scheme that Django then takes for granted; `path`
    is how the page calls the stack. `source` is where the attacker sends from.
    """

    path: str
    attack: str
    bare: Stack
    form: Form
    concluded: tuple[str | None, str, str]
    remedies: dict[str, Stack]
    source: str = "127.0.0.3"


def underscored(server, proxy, options, form, remedies):
    """Return the attack by an underscore, which `remedies` (options by sentence) of the proxy end."""
    bare = Stack(server, proxy, options, env={"SERVERS_REJECT": ""})
    return Attack(
        f"{proxy}, {server}",
        f"`X_Forwarded_For` ({form})",
        bare,
        FORM[form],
        (VICTIM, "forwarded", "http"),
        {sentence: Stack(server, *changed) for sentence, changed in remedies.items()},
    )


def _underscores():
    drop = {
        "Caddy: `request_header -*_*`": ("Caddy 2.11.3", "request_header -*_*"),
        "Caddy from 2.11.4, which drops such names": ("Caddy", ""),
    }
    unset = {"Apache: `RequestHeader unset` for each spelling": ("Apache", UNSET)}
    for server in ("uWSGI", "granian, WSGI", "hypercorn, WSGI"):
        yield underscored(server, "Caddy 2.11.3", "", "underscores behind dashes", drop)
        yield underscored(server, "Apache", "", "underscores behind dashes", unset)
    delete = "http-request del-header _ -m sub"
    yield underscored(
        "granian, WSGI",
        "HAProxy",
        "option forwardfor",
        "underscores behind dashes",
        {f"HAProxy: `{delete}`": ("HAProxy", f"option forwardfor\n    {delete}")},
    )


def _trailers():
    sets = "http-request set-header X-Forwarded-For %[src]"
    wrapper = {
        "application": "tests.servers.wrapped_asgi:application",
        "env": {"SERVERS_REJECT": "malformed"},
    }
    h11 = {
        "uvicorn, httptools": ("--http", "h11"),
        "gunicorn, uvicorn's worker": ("--worker-class", "uvicorn_worker.UvicornH11Worker"),
    }
    for server, option in h11.items():
        bare = Stack(server, "HAProxy", sets)
        for form in ("trailers in the packet of the headers", "trailers that come later"):
            yield Attack(
                f"HAProxy, {server}",
                form,
                bare,
                # On a busy machine, too, the headers are with Django before the trailers come.
                FORM[form]._replace(pause=1 if FORM[form].pause else 0),
                (VICTIM, "forwarded", "http"),
                {
                    f"`{' '.join(option)}`": bare._replace(extra=option),
                    'the ASGI wrapper, with `TRUSTED_PROXY_REJECT = ["malformed"]`': bare._replace(
                        **wrapper
                    ),
                },
            )


def _two_lines():
    wrapped = {"application": "tests.servers.wrapped_asgi:application"}
    reject = {"SERVERS_REJECT": "malformed"}
    bare = Stack("uvicorn, httptools", "HAProxy", "option forwardfor", **wrapped)
    sets = bare._replace(options="http-request set-header X-Forwarded-For %[src]", env=reject)
    yield Attack(
        "HAProxy `option forwardfor`, uvicorn, httptools, the ASGI wrapper",
        "a line of the client's own, and a chunked body",
        bare,
        Form("its own line", (b"X-Forwarded-For: 6.6.6.6",), (b"X-Nothing: 1",)),
        (PROXY, "malformed", "http"),
        {
            "HAProxy: `http-request set-header` in its place": sets,
            "`--http h11`": bare._replace(extra=("--http", "h11")),
            '`TRUSTED_PROXY_REJECT = ["malformed"]`': bare._replace(env=reject),
        },
    )


def _connection():
    bare = Stack(
        "gunicorn sync",
        "Apache",
        "RequestHeader set X-Real-IP expr=%{REMOTE_ADDR}",
        env={"SERVERS_HEADER": "X-Real-IP"},
    )
    yield Attack(
        'Apache, gunicorn, `TRUSTED_PROXY_HEADER = "X-Real-IP"`',
        "`Connection: close, X-Real-IP` deletes what `RequestHeader` set",
        bare,
        Form("Connection", (b"Connection: close, X-Real-IP",)),
        (PROXY, "missing", "http"),
        {
            '`TRUSTED_PROXY_HEADER = "X-Forwarded-For"`': bare._replace(env={}),
            '`TRUSTED_PROXY_REJECT = ["missing"]`': bare._replace(
                env={**bare.env, "SERVERS_REJECT": "missing"}
            ),
            "Apache: `RequestHeader unset Connection early`": bare._replace(
                options=f"{bare.options}\nRequestHeader unset Connection early"
            ),
        },
    )


def _own_processing():
    claim = Form("a claim", (b"X-Forwarded-For: 6.6.6.6",))
    everybody = ("--forwarded-allow-ips", "*")
    keep = ("--no-proxy-headers",)
    bare = Stack("uvicorn, h11", "nginx", without=keep, extra=everybody)
    remedy = {"`--no-proxy-headers`": Stack("uvicorn, h11", "nginx")}
    taken = (VICTIM, "direct", "http")
    first = "the first entry of `X-Forwarded-For`"
    yield Attack("nginx, uvicorn `--forwarded-allow-ips '*'`", first, bare, claim, taken, remedy)
    yield Attack(
        "uvicorn `--forwarded-allow-ips '*'`",
        "around the proxy, a claim to be the trusted proxy, which speaks for another",
        bare._replace(proxy=None),
        Form("a proxy", (f"X-Forwarded-For: {PROXY}, {VICTIM}".encode(),)),
        (VICTIM, "forwarded", "http"),
        {"`--no-proxy-headers`": Stack("uvicorn, h11")},
        DIRECT,
    )
    yield Attack(
        "uvicorn, by default",
        "around the proxy from 127.0.0.1, which is not listed: the last entry",
        Stack("uvicorn, h11", without=keep),
        claim,
        taken,
        {"`--no-proxy-headers`": Stack("uvicorn, h11")},
        "127.0.0.1",
    )
    worker = "gunicorn, uvicorn's worker"
    own = ("--worker-class", "tests.servers.workers.Worker", *everybody)
    yield Attack(
        f"nginx, {worker}, `--forwarded-allow-ips '*'`",
        first,
        Stack(worker, "nginx", extra=everybody),
        claim,
        taken,
        {
            '`--forwarded-allow-ips ""`': Stack(worker, "nginx"),
            'a worker class with `CONFIG_KWARGS = {"proxy_headers": False}`': Stack(
                worker, "nginx", extra=own
            ),
        },
    )
    yield Attack(
        "nginx, daphne `--proxy-headers`",
        first,
        Stack("daphne", "nginx", extra=("--proxy-headers",)),
        claim,
        taken,
        {"no `--proxy-headers`": Stack("daphne", "nginx")},
    )
    clear = ("--no-clear-untrusted-proxy-headers",)
    yield Attack(
        "nginx, waitress, by default",
        "none needed: the header is removed, so that every client is the proxy",
        Stack("waitress", "nginx", without=clear),
        HONEST_FORM,
        (PROXY, "missing", "http"),
        {f"`{clear[0]}`": Stack("waitress", "nginx")},
    )


def _scheme():
    claim = Form("a scheme", (b"X-Forwarded-Proto: https",))
    yield Attack(
        "gunicorn, by default",
        "around the proxy from 127.0.0.1, `X-Forwarded-Proto: https`",
        Stack("gunicorn sync", without=("--forwarded-allow-ips", "")),
        claim,
        ("127.0.0.1", "direct", "https"),
        {'`--forwarded-allow-ips ""`': Stack("gunicorn sync")},
        "127.0.0.1",
    )


def _bytes():
    bare = Stack("granian, WSGI", "nginx", env={"SERVERS_REJECT": ""})
    yield Attack(
        "nginx that appends, granian, WSGI",
        "a byte over 0x7f, which empties the header",
        bare,
        FORM["a byte over 0x7f"],
        (PROXY, "missing", "http"),
        {
            '`TRUSTED_PROXY_REJECT = ["missing"]`': Stack("granian, WSGI", "nginx"),
            "nginx: `proxy_set_header X-Forwarded-For $remote_addr`": bare._replace(options=SETS),
        },
    )


ATTACKS = (
    *_underscores(),
    *_trailers(),
    *_two_lines(),
    *_connection(),
    *_own_processing(),
    *_scheme(),
    *_bytes(),
)


class Claim(NamedTuple):
    """A scheme that uWSGI itself takes from a client; the middleware takes it back."""

    path: str
    attack: str
    stack: Stack
    form: Form
    scheme: str
    source: str = "127.0.0.3"


def _claims():
    for scheme in ("https", "javascript"):
        text = f"X-Forwarded-Proto: {scheme}"
        form = Form("a scheme", (text.encode(),))
        yield Claim("uWSGI", f"around the proxy, `{text}`", Stack("uWSGI"), form, scheme, DIRECT)
    yield Claim(
        "HAProxy, uWSGI",
        "`X_Forwarded_Proto: https`",
        Stack("uWSGI", "HAProxy", "option forwardfor"),
        Form("underscored scheme", (b"X_Forwarded_Proto: https",)),
        "https, http",
    )
    yield Claim(
        "nginx `uwsgi_pass`, uWSGI",
        "`X-Forwarded-Proto: https`",
        Stack(UWSGI_PROTOCOL.name, "nginx", uwsgi_pass(), trusted=NOBODY),
        Form("a scheme", (b"X-Forwarded-Proto: https",)),
        "https",
    )


CLAIMS = tuple(_claims())
