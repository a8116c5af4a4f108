"""The attack rows: one request each, and who the client is. Every mount runs all of them.

The settings are those of tests/settings.py, which trust 10.0.0.0/8, unless a row says otherwise.
"""

from dataclasses import dataclass, field

import pytest

from tests.edge import ANY, EDGE, HEADER, OLDER, SECRET, STAMPS
from tests.requests import CLIENT

MISSING = object()
FORGED = "6.6.6.6"


@dataclass(frozen=True)
class Row:
    """A request (peer and header lines) and the answer; `kept` is the designated header's text.

    `stamp` is what the request has where a secret is expected.
    """

    id: str
    headers: list
    client: str | None
    outcome: str
    proxies: tuple = ()
    kept: str | None = None
    port: int | None = None
    peer: object = "10.0.0.1"
    settings: dict = field(default_factory=dict)
    scheme: str = "http"  # of the connection from the peer
    stamp: str | None = None

    @property
    def trusted(self):
        """The networks that this request is judged by."""
        proxies = self.settings.get("TRUSTED_PROXIES", ["10.0.0.0/8"])
        with_secret = self.settings.get("TRUSTED_PROXIES_WITH_SECRET", [])
        if with_secret == ["any"]:  # as if the peer were listed, if it is one
            with_secret = [self.peer] * (self.outcome != "unknown")
        return [*proxies, *with_secret * (self.stamp == "valid")]


def forwarded(id, value, client, *proxies, kept=None, **more):  # noqa: A002 - what the column is
    """Make a row of one X-Forwarded-For line that gives the client."""
    kept = kept or ", ".join((client, *proxies))
    headers = [("X-Forwarded-For", value)]
    return Row(id, headers, client, "forwarded", (*proxies, "10.0.0.1"), kept, **more)


def malformed(id, value, *way, **more):  # noqa: A002
    """Make a row of one X-Forwarded-For line whose walk ends at `way`, the client first."""
    headers = [("X-Forwarded-For", value)]
    if not way:
        return Row(id, headers, "10.0.0.1", "malformed", **more)
    proxies = (*way[1:], "10.0.0.1")
    return Row(id, headers, way[0], "malformed", proxies, ", ".join(way), **more)


def rfc7239(id, value, client, *proxies, outcome="forwarded", **more):  # noqa: A002
    """Make a row of one Forwarded line."""
    nodes = [f'"[{node}]"' if ":" in node else node for node in (client, *proxies)]
    kept = ", ".join(f"for={node}" for node in nodes)
    settings = {"TRUSTED_PROXY_HEADER": "Forwarded"}
    headers = [("Forwarded", value)]
    if client == "10.0.0.1":
        return Row(id, headers, client, outcome, settings=settings, **more)
    way = (*proxies, "10.0.0.1")
    return Row(id, headers, client, outcome, way, kept, settings=settings, **more)


def single(id, headers, client, outcome="forwarded", **more):  # noqa: A002
    """Make a row of X-Real-IP lines."""
    settings = {"TRUSTED_PROXY_HEADER": "X-Real-IP"}
    proxies, kept = ((), None) if client == "10.0.0.1" else (("10.0.0.1",), client)
    headers = [("X-Real-IP", value) for value in headers]
    return Row(id, headers, client, outcome, proxies, kept, settings=settings, **more)


def viewer(id, text, client, kept, **more):  # noqa: A002
    """Make a row of a CloudFront-Viewer-Address."""
    settings = {"TRUSTED_PROXY_HEADER": "CloudFront-Viewer-Address"}
    headers = [("CloudFront-Viewer-Address", text)]
    return Row(id, headers, client, "forwarded", ("10.0.0.1",), kept, settings=settings, **more)


def unknown(id, peer):  # noqa: A002
    """Make a row of a peer of which the server reported no address."""
    return Row(id, [("X-Forwarded-For", FORGED)], None, "unknown", peer=peer, settings=UNIX)


def direct(id, peer, client, headers=(("X-Forwarded-For", FORGED),), **more):  # noqa: A002
    """Make a row of a peer that is not trusted."""
    return Row(id, list(headers), client, "direct", peer=peer, **more)


UNIX = {"TRUSTED_PROXIES": ["unix:"]}
UNIX_AND_TEN = {"TRUSTED_PROXIES": ["unix:", "10.0.0.0/8"]}


def unix(id, peer, **more):  # noqa: A002
    """Make a row of a trusted Unix socket."""
    headers = [("X-Forwarded-For", f"{FORGED}, {CLIENT}")]
    return Row(id, headers, CLIENT, "forwarded", ("unix:",), CLIENT, peer=peer, **more)


def stamped(id, lines, value, client, *proxies, stamp="valid", peer=EDGE, names=HEADER):  # noqa: A002
    """Make a row of an edge that writes secrets, `lines`, and appends to X-Forwarded-For."""
    headers = [("X-Forwarded-For", value), *((HEADER, line) for line in lines)]
    outcome, kept = "forwarded", ", ".join((client, *proxies))
    if client == peer:
        outcome, kept, proxies = "direct", None, ()
    way = (*proxies, peer) if outcome == "forwarded" else ()
    settings = {**STAMPS, "TRUSTED_PROXY_SECRET_HEADER": names}
    return Row(id, headers, client, outcome, way, kept, peer=peer, settings=settings, stamp=stamp)


LONG = "6.6.6.6, " * 7000
ESCAPES = '\\"' * 8000

ROWS = [
    # The walk
    forwarded("issue-example", f"{FORGED}, {CLIENT}, 10.0.0.2", CLIENT, "10.0.0.2"),
    forwarded("one-hop", CLIENT, CLIENT),
    forwarded("forged-prefix", f"{FORGED}, {CLIENT}", CLIENT),
    forwarded("two-hops", f"{CLIENT}, 10.0.0.3, 10.0.0.2", CLIENT, "10.0.0.3", "10.0.0.2"),
    forwarded("all-trusted-is-leftmost", "10.0.0.3,10.0.0.2", "10.0.0.3", "10.0.0.2"),
    forwarded("peer-itself", "10.0.0.1", "10.0.0.1"),
    forwarded(
        "untrusted-hop-between", f"{FORGED}, 10.0.0.9, {CLIENT}, 10.0.0.2", CLIENT, "10.0.0.2"
    ),
    forwarded("forged-trusted-address", f"10.0.0.7, {CLIENT}", CLIENT),
    forwarded("long-forged-prefix", f"{LONG}{CLIENT}", CLIENT),
    forwarded("junk-left-of-the-answer", f'<script>", \xff\x00, {CLIENT}', CLIENT),
    forwarded("open-quote-left-of-the-answer", f'"{FORGED}, {CLIENT}', CLIENT),
    Row("no-header", [], "10.0.0.1", "missing"),
    Row("empty-header", [("X-Forwarded-For", "")], "10.0.0.1", "missing"),
    Row("only-commas", [("X-Forwarded-For", " , ,\t")], "10.0.0.1", "missing"),
    # Repeated lines are joined with a comma by every server
    Row(
        "two-lines",
        [("X-Forwarded-For", FORGED), ("X-Forwarded-For", CLIENT)],
        CLIENT,
        "forwarded",
        ("10.0.0.1",),
        CLIENT,
    ),
    Row(
        "empty-line-first",
        [("X-Forwarded-For", ""), ("X-Forwarded-For", CLIENT)],
        CLIENT,
        "forwarded",
        ("10.0.0.1",),
        CLIENT,
    ),
    # Empty entries (mod_wsgi before 6.0.0 wrote an empty REMOTE_ADDR)
    forwarded("empty-entry-first", f", {CLIENT}", CLIENT),
    forwarded("empty-entry-between", f"{CLIENT},,10.0.0.2", CLIENT, "10.0.0.2"),
    forwarded("empty-entry-last", f"{CLIENT}, ", CLIENT),
    # Spellings of an address
    forwarded("blanks", f"\t {CLIENT} \t", CLIENT),
    forwarded("ipv4-port", f"{CLIENT}:4711", CLIENT, port=4711),
    forwarded("ipv6", "2001:db8::1", "2001:db8::1"),
    forwarded("ipv6-brackets", "[2001:db8::1]", "2001:db8::1"),
    forwarded("ipv6-port", "[2001:db8::1]:65535", "2001:db8::1", port=65535),
    forwarded(
        "ipv6-longest",
        "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        port=65535,
    ),
    forwarded("ipv6-not-canonical", "2001:DB8:0:0::0:1", "2001:db8::1"),
    forwarded("ipv4-mapped", f"::ffff:{CLIENT}", CLIENT),
    forwarded("ipv4-mapped-hex", "::ffff:cb00:7109", CLIENT),
    forwarded("ipv4-compatible", "::1.2.3.4", "::102:304"),
    forwarded("trusted-hop-mapped", f"{CLIENT}, ::ffff:10.0.0.2", CLIENT, "10.0.0.2"),
    forwarded("trusted-hop-with-port", f"{CLIENT}, 10.0.0.2:80", CLIENT, "10.0.0.2"),
    forwarded("nat64-is-not-looked-into", "1.1.1.1, 64:ff9b::a00:1", "64:ff9b::a00:1"),
    forwarded("6to4-is-not-looked-into", "1.1.1.1, 2002:a00:1::1", "2002:a00:1::1"),
    forwarded("teredo-is-not-looked-into", "1.1.1.1, 2001::f5ff:fffe", "2001::f5ff:fffe"),
    # What is not an address ends the walk
    malformed("unknown", f"{CLIENT}, unknown"),
    malformed("obfuscated", f"{CLIENT}, _hidden"),
    malformed("octet-too-large", f"{CLIENT}, 10.0.0.256"),
    malformed("leading-zero", f"{CLIENT}, 10.0.0.02"),
    malformed("short-form", f"{CLIENT}, 10.2"),
    malformed("name", f"{CLIENT}, localhost"),
    malformed("zone-id", f"{CLIENT}, fe80::1%eth0"),
    malformed("zone-id-with-escape", f"{CLIENT}, fe80::1%\x1b[31m"),
    malformed("script", "<script>alert(1)</script>"),
    malformed("quoted", f'"{CLIENT}"'),
    malformed("nul", f"{CLIENT}\x00"),
    malformed("byte-over-7f", f"{CLIENT}\xff"),
    malformed("no-break-space", f"\xa0{CLIENT}"),
    malformed("form-feed", f"{CLIENT}\x0c"),
    malformed("non-ascii-digits", "\xb2.1.1.1"),
    malformed("ipv4-in-brackets", f"[{CLIENT}]"),
    malformed("open-bracket", "[2001:db8::1"),
    malformed("text-behind-bracket", "[2001:db8::1]x80"),
    malformed("port-zero", f"{CLIENT}:0"),
    malformed("port-too-large", f"{CLIENT}:65536"),
    malformed("port-empty", f"{CLIENT}:"),
    malformed("port-negative", f"{CLIENT}:-1"),
    malformed("port-six-digits", f"{CLIENT}:000080"),
    malformed("port-after-bracket-empty", "[2001:db8::1]:"),
    malformed("slash", f"{CLIENT}/32"),
    malformed("semicolon", f"{CLIENT}; {FORGED}"),
    malformed("junk-behind-a-trusted-hop", f"{FORGED}, evil, 10.0.0.2", "10.0.0.2"),
    malformed("unix-not-listed", f"{CLIENT}, unix:"),
    malformed("101-hops", ",".join(["10.0.0.2"] * 101), *["10.0.0.2"] * 100),
    malformed("commas-behind-a-trusted-hop", "," * 60_000 + "10.0.0.2", "10.0.0.2"),
    malformed("entry-too-long", f"{CLIENT}{' ' * 60_000}x, 10.0.0.2", "10.0.0.2"),
    forwarded("entry-of-1024", f"{CLIENT},{'10.0.0.2':>1024}", CLIENT, "10.0.0.2"),
    forwarded("comma-before-an-entry-of-1024", f",{CLIENT:>1024}", CLIENT),
    malformed("entry-of-1025", f"{CLIENT},{'10.0.0.2':>1025}"),
    forwarded("100-hops", ",".join(["10.0.0.2"] * 100), "10.0.0.2", *["10.0.0.2"] * 99),
    # Peers that are not trusted
    direct("untrusted", "192.0.2.1", "192.0.2.1"),
    direct("untrusted-claims-trusted", "192.0.2.1", "192.0.2.1", [("X-Forwarded-For", "10.0.0.1")]),
    direct("untrusted-mapped", "::ffff:192.0.2.1", "192.0.2.1"),
    direct("untrusted-6to4-of-trusted", "2002:a00:1::1", "2002:a00:1::1"),
    direct("untrusted-nat64-of-trusted", "64:ff9b::a00:1", "64:ff9b::a00:1"),
    direct("untrusted-teredo-of-trusted", "2001::f5ff:fffe", "2001::f5ff:fffe"),
    direct(
        "untrusted-claims-loopback", "192.0.2.1", "192.0.2.1", [("X-Forwarded-For", "127.0.0.1")]
    ),
    direct("link-local-zone", "fe80::1%eth0", "fe80::1"),
    direct("peer-of-64", f"fe80::1%{'e' * 56}", "fe80::1"),
    direct("peer-unix", "unix:", None),
    direct("peer-any-address", "0.0.0.0", None),
    # No address is not yet a Unix socket
    unknown("peer-of-65", f"fe80::1%{'e' * 57}"),
    unknown("peer-missing", MISSING),
    unknown("peer-empty", ""),
    unknown("peer-none", None),
    unknown("peer-localhost", "localhost"),
    unknown("peer-int", 0),
    unknown("peer-bytes-text", "b''"),
    unknown("peer-junk", "evil"),
    unknown("peer-markup", "<script>alert(1)</script>"),
    unknown("peer-whole-header", f"{FORGED}, {CLIENT}"),
    unknown("peer-path", "/tmp/client.sock"),
    unknown("peer-ipv4-zone", "10.0.0.1%eth0"),
    unknown("peer-with-port", "10.0.0.1:80"),
    direct(
        "identity-of-a-stranger",
        "198.51.100.66",
        "198.51.100.66",
        [
            ("X-Forwarded-User", "admin"),
            ("Remote-User", "admin"),
            ("HTTP-X-Forwarded-User", "admin"),
            ("X-SSL-Client-Verify", "SUCCESS"),
            ("X-SSL-Client-S-DN", "CN=admin"),
        ],
    ),
    direct("nobody-trusted", "10.0.0.1", "10.0.0.1", settings={"TRUSTED_PROXIES": []}),
    direct("unix-trusted-tcp-is-not", "127.0.0.1", "127.0.0.1", settings=UNIX),
    unknown("unix-trusted-int-is-not", 0),
    unknown("unix-trusted-bound-name-is-not", "/tmp/client.sock"),
    # Trusted peers in other spellings
    forwarded("peer-mapped", CLIENT, CLIENT, peer="::ffff:10.0.0.1"),
    Row(
        "peer-zone",
        [("X-Forwarded-For", CLIENT)],
        CLIENT,
        "forwarded",
        ("fe80::1",),
        CLIENT,
        peer="fe80::1%eth0",
        settings={"TRUSTED_PROXIES": ["link-local"]},
    ),
    # Unix sockets
    unix("unix-nginx", "unix:", settings=UNIX),
    unix("unix-uwsgi", "0.0.0.0", settings=UNIX),
    Row("unix-no-header", [], None, "missing", peer="unix:", settings=UNIX),
    Row("unix-junk", [("X-Forwarded-For", "x")], None, "malformed", peer="unix:", settings=UNIX),
    Row(
        "unix-unix-hop",
        [("X-Forwarded-For", "unix:")],
        None,
        "forwarded",
        peer="unix:",
        settings=UNIX,
    ),
    forwarded("unix-hop", f"{CLIENT}, unix:", CLIENT, "unix:", settings=UNIX_AND_TEN),
    Row(
        "unix-hop-is-the-client",
        [("X-Forwarded-For", "unix:, 10.0.0.2")],
        "10.0.0.2",
        "forwarded",
        ("10.0.0.1",),
        "10.0.0.2",
        settings=UNIX_AND_TEN,
    ),
    Row(
        "unix-hop-leaves-no-port",
        [("X-Forwarded-For", "unix:, 10.0.0.2:80")],
        "10.0.0.2",
        "forwarded",
        ("10.0.0.1",),
        "10.0.0.2",
        settings=UNIX_AND_TEN,
    ),
    # RFC 7239
    rfc7239("rfc-one", f"for={CLIENT}", CLIENT),
    rfc7239("rfc-forged-prefix", f"for={FORGED}, for={CLIENT};proto=https;by=10.0.0.1", CLIENT),
    rfc7239("rfc-case", f"For={CLIENT};PROTO=https", CLIENT),
    rfc7239("rfc-ipv6-quoted-port", 'for="[2001:db8::1]:47011"', "2001:db8::1", port=47011),
    rfc7239("rfc-ipv6-unquoted", "for=[2001:db8::1]:80", "2001:db8::1", port=80),
    rfc7239("rfc-ipv6-bare", "for=2001:db8::1", "2001:db8::1"),
    rfc7239("rfc-ipv4-port", f'for="{CLIENT}:80"', CLIENT, port=80),
    rfc7239("rfc-two-hops", f"for={CLIENT}, for=10.0.0.2", CLIENT, "10.0.0.2"),
    rfc7239("rfc-quoted-pair", f'for="{CLIENT[:-1]}\\{CLIENT[-1]}"', CLIENT),
    rfc7239("rfc-comma-in-quotes", f'for={CLIENT};host="a,for=6.6.6.6"', CLIENT),
    rfc7239("rfc-semicolon-in-quotes", f'host="a;for=6.6.6.6";for={CLIENT}', CLIENT),
    rfc7239("rfc-escaped-quote", f'for={CLIENT};host="a\\",for=6.6.6.6"', CLIENT),
    rfc7239("rfc-escaped-backslash", f'for={CLIENT};host="a\\\\"', CLIENT),
    rfc7239("rfc-open-quote-swallows-nothing", f'for={FORGED};by=", for={CLIENT}', CLIENT),
    rfc7239("rfc-open-quote-before-quoted", f'for={FORGED};by=", for="{CLIENT}"', CLIENT),
    rfc7239("rfc-escaped-open-quote", f'for={FORGED};by="\\, for="{CLIENT}"', CLIENT),
    rfc7239(
        "rfc-quote-kept-open-by-an-escape",
        f'for={CLIENT};by="\\"',
        "10.0.0.1",
        outcome="malformed",
    ),
    rfc7239("rfc-blanks-between-parameters", f"proto=https ; for={CLIENT}", CLIENT),
    rfc7239("rfc-empty-elements", f", for={CLIENT} , ,", CLIENT),
    rfc7239("rfc-empty-parameters", f";;for={CLIENT};", CLIENT),
    rfc7239("rfc-extension", f"secret=_x;for={CLIENT};ext", CLIENT),
    rfc7239("rfc-bad-host-good-for", f"for={CLIENT};host=<>;host=x", CLIENT),
    rfc7239(
        "rfc-smuggled-parameters",
        'for="1.1.1.1;host=e;proto=https"',
        "10.0.0.1",
        outcome="malformed",
    ),
    rfc7239(
        "rfc-smuggled-element", f'for="1.1.1.1, for={CLIENT}"', "10.0.0.1", outcome="malformed"
    ),
    rfc7239("rfc-unknown", f"for={FORGED}, for=unknown", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-obfuscated", f"for={FORGED}, for=_gazonk", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-obfuscated-port", f'for="{CLIENT}:_gazonk"', CLIENT),
    rfc7239("rfc-obfuscated-port-ipv6", 'for="[2001:db8::1]:_a.B-9"', "2001:db8::1"),
    rfc7239(
        "rfc-obfuscated-port-of-nobody", f'for={FORGED}, for=":_x"', "10.0.0.1", outcome="malformed"
    ),
    rfc7239(
        "rfc-obfuscated-name-and-port", f"for={FORGED}, for=_x:_y", "10.0.0.1", outcome="malformed"
    ),
    rfc7239(
        "rfc-blank-before-an-obfuscated-port",
        f'for={FORGED}, for="{CLIENT} :_x"',
        "10.0.0.1",
        outcome="malformed",
    ),
    rfc7239("rfc-port-of-underscores", f'for="{CLIENT}:_"', "10.0.0.1", outcome="malformed"),
    malformed("obfuscated-port-elsewhere", f"{CLIENT}:_gazonk"),
    rfc7239("rfc-for-twice", f"for={FORGED};for={CLIENT}", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-for-absent", f"for={FORGED}, proto=https", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-for-empty", f"for={FORGED}, for=", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-for-empty-quoted", f'for={FORGED}, for=""', "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-for-without-equals", f"for={FORGED}, for", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-blank-before-equals", f"for ={CLIENT}", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-blank-behind-equals", f"for= {CLIENT}", "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-blank-in-quotes", f'for=" {CLIENT}"', "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-unterminated", f'for={CLIENT};by="x', "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-text-behind-quote", f'for={CLIENT};by="x"y', "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-quote-in-token", f'for={CLIENT};by=x"y"', "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-quote-in-name", f'for={CLIENT};b"y"=z', "10.0.0.1", outcome="malformed"),
    rfc7239(
        "rfc-proxy-copies-a-quote",
        f'for={FORGED};x=", for="{CLIENT}";host="a"b"',
        "10.0.0.1",
        outcome="malformed",
    ),
    rfc7239("rfc-junk-behind-a-hop", "x, for=10.0.0.2", "10.0.0.2", outcome="malformed"),
    rfc7239("rfc-quotes-only", '"' * 60_001, "10.0.0.1", outcome="malformed"),
    rfc7239(
        "rfc-long-quotes-behind-a-hop",
        '"' * 60_001 + ", for=10.0.0.2",
        "10.0.0.2",
        outcome="malformed",
    ),
    rfc7239("rfc-backslashes", 'for="' + "\\" * 60_000 + '"', "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-long-host-hides-nothing", f'for={CLIENT};host="{"x" * 16_000}"', CLIENT),
    rfc7239("rfc-many-escapes-hide-nothing", f'host="{ESCAPES}";for={CLIENT}', CLIENT),
    rfc7239("rfc-31-parameters", f"for={CLIENT}" + ";a=b" * 30, CLIENT),
    rfc7239("rfc-32-parameters", f"for={CLIENT}" + ";a=b" * 31, "10.0.0.1", outcome="malformed"),
    rfc7239("rfc-31-quoted-parameters", f'for="{CLIENT}"' + ';a="b"' * 30, CLIENT),
    rfc7239(
        "rfc-32-quoted-parameters",
        f'for="{CLIENT}"' + ';a="b"' * 31,
        "10.0.0.1",
        outcome="malformed",
    ),
    rfc7239("rfc-too-long", f"for={CLIENT};x={'x' * 60_000}", "10.0.0.1", outcome="malformed"),
    rfc7239(
        "rfc-element-of-16384", f"for={CLIENT},for=10.0.0.2;{'a=':b<16371}", CLIENT, "10.0.0.2"
    ),
    rfc7239("rfc-header-of-16384", f"for={CLIENT};{'a=':b<16368}", CLIENT),
    rfc7239("rfc-comma-before-an-element-of-16384", f",for={CLIENT};{'a=':b<16368}", CLIENT),
    rfc7239(
        "rfc-element-of-16385",
        f"for={CLIENT},for=10.0.0.2;{'a=':b<16372}",
        "10.0.0.1",
        outcome="malformed",
    ),
    # An edge whose networks others share, and which therefore sends a secret
    stamped("secret", [SECRET], f"{FORGED}, {CLIENT}", CLIENT),
    stamped("secret-absent", [], f"{FORGED}, {CLIENT}", EDGE, stamp="absent"),
    stamped("secret-empty", [""], f"{FORGED}, {CLIENT}", EDGE, stamp="wrong"),
    stamped("secret-wrong", [OLDER], f"{FORGED}, {CLIENT}", EDGE, stamp="wrong"),
    stamped("secret-twice", [SECRET, SECRET], f"{FORGED}, {CLIENT}", EDGE, stamp="wrong"),
    stamped("secret-behind-another", ["x", SECRET], f"{FORGED}, {CLIENT}", EDGE, stamp="wrong"),
    stamped("secret-before-an-empty", [SECRET, ""], f"{FORGED}, {CLIENT}", EDGE, stamp="wrong"),
    stamped("secret-of-bytes", ["\xff" * 32], f"{FORGED}, {CLIENT}", EDGE, stamp="wrong"),
    stamped("secret-of-64-kb", ["x" * 65_536], f"{FORGED}, {CLIENT}", EDGE, stamp="wrong"),
    stamped("secret-of-a-stranger", [SECRET], FORGED, "192.0.2.1", peer="192.0.2.1"),
    # Never a hop count: the edge is known by its address, so nothing is left for its secret to name.
    stamped(
        "secret-counts-no-hop",
        [SECRET],
        f"{FORGED}, {CLIENT}, {EDGE}",
        CLIENT,
        EDGE,
        peer="10.0.0.1",
    ),
    stamped(
        "secret-through-an-own-proxy",
        [SECRET],
        f"{FORGED}, {CLIENT}, 198.51.100.7, 10.0.0.2",
        CLIENT,
        *("198.51.100.7", "10.0.0.2"),
        peer="10.0.0.1",
    ),
    stamped(
        "secret-absent-behind-an-own-proxy",
        [],
        f"{FORGED}, {CLIENT}, 198.51.100.7",
        "198.51.100.7",
        stamp="absent",
        peer="10.0.0.1",
    ),
    Row(
        "secret-of-any-peer",
        [("CF-Connecting-IP", CLIENT), ("X-Forwarded-For", FORGED), (HEADER, SECRET)],
        CLIENT,
        "forwarded",
        ("192.0.2.1",),
        CLIENT,
        peer="192.0.2.1",
        settings=ANY,
        stamp="valid",
    ),
    Row(
        "secret-of-any-peer-wrong",
        [("CF-Connecting-IP", FORGED), (HEADER, OLDER)],
        "192.0.2.1",
        "direct",
        peer="192.0.2.1",
        settings=ANY,
        stamp="wrong",
    ),
    Row(
        "secret-over-a-unix-socket",
        [("CF-Connecting-IP", CLIENT), (HEADER, SECRET)],
        CLIENT,
        "forwarded",
        ("unix:",),
        CLIENT,
        peer="unix:",
        settings=ANY,
        stamp="valid",
    ),
    Row(
        "secret-of-an-unknown-peer",
        [("CF-Connecting-IP", FORGED), (HEADER, SECRET)],
        None,
        "unknown",
        peer="evil",
        settings=ANY,
        stamp="valid",
    ),
    # Headers with one address
    single("single", [CLIENT], CLIENT),
    single("single-ipv6-port", ["[2001:db8::1]:80"], "2001:db8::1", port=80),
    single("single-trusted", ["10.0.0.3"], "10.0.0.3"),
    single("single-blanks", [f" {CLIENT}\t"], CLIENT),
    single("single-list", [f"{FORGED}, {CLIENT}"], "10.0.0.1", "malformed"),
    single("single-two-lines", [FORGED, CLIENT], "10.0.0.1", "malformed"),
    single("single-trailing-comma", [f"{CLIENT},"], "10.0.0.1", "malformed"),
    single("single-junk", ["evil"], "10.0.0.1", "malformed"),
    single("single-too-long", [" " * 60_000 + CLIENT], "10.0.0.1", "malformed"),
    single("single-of-1024", [f"{CLIENT:>1024}"], CLIENT),
    single("single-of-1025", [f"{CLIENT:>1025}"], "10.0.0.1", "malformed"),
    single("single-empty", [""], "10.0.0.1", "missing"),
    single("single-blank", [" \t"], "10.0.0.1", "missing"),
    # CloudFront-Viewer-Address always has a port, and IPv6 without brackets
    # The peer's own address without a port: nothing was verified, so the header goes
    Row(
        "viewer-names-the-peer-without-a-port",
        [("CloudFront-Viewer-Address", "fd00::1")],
        "fd00::1",
        "malformed",
        peer="fd00::1",
        settings={
            "TRUSTED_PROXIES": ["fd00::/8"],
            "TRUSTED_PROXY_HEADER": "CloudFront-Viewer-Address",
        },
    ),
    viewer("viewer-ipv4", f"{CLIENT}:46532", CLIENT, CLIENT, port=46532),
    viewer("viewer-ipv6", "2001:db8::1:4653", "2001:db8::1", "[2001:db8::1]", port=4653),
    viewer(
        "viewer-ipv6-full",
        "2001:db8:1:2:3:4:5:6:80",
        "2001:db8:1:2:3:4:5:6",
        "[2001:db8:1:2:3:4:5:6]",
        port=80,
    ),
    viewer("viewer-ipv6-brackets", "[2001:db8::1]:80", "2001:db8::1", "[2001:db8::1]", port=80),
    # Settings
    Row(
        "keep-header-off",
        [("X-Forwarded-For", f"{FORGED}, {CLIENT}")],
        CLIENT,
        "forwarded",
        ("10.0.0.1",),
        settings={"TRUSTED_PROXY_KEEP_HEADER": False},
    ),
    Row(
        "vendor-header",
        [("X-Sucuri-ClientIP", CLIENT), ("X-Forwarded-For", FORGED)],
        CLIENT,
        "forwarded",
        ("10.0.0.1",),
        CLIENT,
        settings={"TRUSTED_PROXY_HEADER": "http_x_sucuri_clientip"},
    ),
    Row(
        "several-headers-the-first",
        [("X-Client-IP", CLIENT), ("X-Real-IP", FORGED)],
        CLIENT,
        "forwarded",
        ("10.0.0.1",),
        CLIENT,
        settings={"TRUSTED_PROXY_HEADER": ["X-Client-IP", "X-Real-IP"]},
    ),
    Row(
        "several-headers-no-fallback",
        [("X-Sucuri-ClientIP", FORGED)],
        "10.0.0.1",
        "missing",
        settings={"TRUSTED_PROXY_HEADER": ["X-Client-IP", "X-Sucuri-ClientIP"]},
    ),
]

assert len({row.id for row in ROWS}) == len(ROWS)

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
