"""Where this package differs from each reference on purpose: each difference has a name."""

from tests.servers import reference_rules
from tests.servers.comparison import DIRECT, NOBODY, SEVERAL, WALK, Difference, Reference
from tests.servers.difference_kinds import (
    has_blank_within,
    has_bystander,
    has_leading_zero,
    has_other_client_header,
    has_port_or_brackets,
    has_tab,
    is_another_present,
    is_beyond_limits,
    is_empty,
    is_in_brackets,
    is_mapped,
    is_named,
    is_no_address,
    is_other_spelling_in_header,
    is_private_alone,
    is_resolved_and_not_private,
    is_resolved_and_trusted,
    is_resolved_with_zone,
    is_resolved_without_zone,
    is_unmapped_other_spelling,
)
from tests.servers.reference_requests import FOR_MOD_WSGI, FOR_WALKS

BEYOND_LIMITS = ", ".join(["6.6.6.6", *["10.0.0.4"] * 101])

MOD_WSGI = Reference(
    "mod_wsgi",
    FOR_MOD_WSGI,
    reference_rules.expected_of_mod_wsgi,
    reference_rules.read_by_mod_wsgi,
    (
        Difference(
            "no proxies listed means trust nobody, not everybody",
            "mod_wsgi then believes the first entry, whoever sent it.",
            NOBODY,
            is_named,
            "6.6.6.6, 1.1.1.1",
        ),
        Difference(
            "only an address becomes `REMOTE_ADDR`",
            "mod_wsgi copies whatever stands where the client is expected, and two addresses from a "
            "header that has one; here the walk ends before it, at the last hop that was verified.",
            WALK,
            is_no_address,
            "6.6.6.6, evil.invalid",
        ),
        Difference(
            "ports and brackets are not part of an address",
            "mod_wsgi copies them, takes a proxy with a port for the client, and gives the client a "
            "new name with each port.",
            WALK,
            has_port_or_brackets,
            "6.6.6.6, 1.1.1.1:80",
        ),
        Difference(
            "empty entries are skipped",
            "mod_wsgi writes an empty `REMOTE_ADDR`, or keeps an empty header.",
            WALK,
            is_empty,
            "6.6.6.6, , 10.0.0.2",
        ),
        Difference(
            "names are not resolved",
            "mod_wsgi asks the resolver, which knows names and short, octal and hexadecimal forms, "
            "and believes what stands left of them; who answers for a name would decide.",
            WALK,
            is_resolved_and_trusted,
            "6.6.6.6, 127.1",
        ),
        Difference(
            "headers of every purpose are dropped from an untrusted peer",
            "mod_wsgi leaves those that are not configured, for the next package to believe.",
            DIRECT,
            has_bystander,
            "4.4.4.4",
        ),
        Difference(
            "every other client header is dropped from a trusted peer too",
            "mod_wsgi knows three of them and leaves the others, which a proxy passes on as the "
            "client wrote them.",
            WALK,
            has_other_client_header,
            "4.4.4.4",
        ),
        Difference(
            "of several headers the first is used, not the last present",
            "With mod_wsgi, a client chooses which one counts by sending it.",
            SEVERAL,
            is_another_present,
            "2.2.2.2",
        ),
        Difference(
            "an address has one spelling",
            "mod_wsgi copies the spelling of the header, so that one client can have several names, "
            "IPv4-mapped ones among them.",
            WALK,
            is_other_spelling_in_header,
            "2001:DB8:0:0::1",
        ),
        Difference(
            "the walk has limits",
            "mod_wsgi walks and resolves as many entries as the header holds, of any length.",
            WALK,
            is_beyond_limits,
            BEYOND_LIMITS,
        ),
    ),
    is_whole=True,
)

_LIMITS = Difference(
    "the walk has limits",
    "There only the size of a header limits it: no proxy writes 100 entries, or 1024 blanks before "
    "one.",
    WALK,
    is_beyond_limits,
    BEYOND_LIMITS,
)
_TAB = Difference(
    "a tab is a blank",
    "There it is part of the entry, so the walk ends; RFC 9110 (5.6.3) allows both.",
    WALK,
    has_tab,
    "6.6.6.6, \t1.1.1.1\t",
)
_SPELLING = Difference(
    "an address has one spelling",
    "There it is that of the C library, which differs for the deprecated addresses of `::/96`; here "
    "it is that of Python's `ipaddress`, with which the rest of a Django project compares.",
    WALK,
    is_unmapped_other_spelling,
    "::1.2.3.4",
)

REALIP = Reference(
    "nginx realip",
    FOR_WALKS,
    reference_rules.expected_of_nginx,
    reference_rules.read_by_nginx,
    (
        Difference(
            "an IPv4-mapped address is its IPv4 address",
            "nginx tests it as IPv4 and writes it as IPv6, so that one client has two names; so it "
            "does with a peer on a dual-stack socket.",
            WALK + DIRECT + NOBODY,
            is_mapped,
            "::ffff:1.1.1.1",
        ),
        Difference(
            "a blank separates nothing",
            "nginx takes it for a comma, and so reads two addresses where the field's grammar has "
            "none.",
            WALK,
            has_blank_within,
            "6.6.6.6, 1.1.1.1 10.0.0.3",
        ),
        Difference(
            "a leading zero is not part of an address",
            "nginx reads `10.0.0.010` as 10.0.0.10, Apache as 10.0.0.8: two servers of one chain "
            "would disagree about who is a proxy. It reads ports the same way.",
            WALK,
            has_leading_zero,
            "6.6.6.6, 10.0.0.010",
        ),
        Difference(
            "brackets are for IPv6, with or without a port",
            "nginx reads `[1.1.1.1]:80`, which nobody writes, but not `[2001:db8::1]`, which is how "
            "RFC 3986 (3.2.2) writes the address: a proxy that does so would hide all clients.",
            WALK,
            is_in_brackets,
            "[2001:db8::1]",
        ),
        _TAB,
        _SPELLING,
        _LIMITS,
    ),
    blanks=" ",
)

_NOBODY = Difference(
    "no proxies listed means trust nobody, not everybody",
    "mod_remoteip then believes the leftmost entry, whoever sent it.",
    NOBODY,
    is_named,
    "6.6.6.6, 1.1.1.1",
)
_EMPTY = Difference(
    "empty entries are skipped",
    "mod_remoteip ends its walk there and takes the proxy for the client; RFC 9110 (5.6.1) has them "
    "ignored.",
    WALK,
    is_empty,
    "1.1.1.1,",
)
_PORT = Difference(
    "ports and brackets are read",
    "mod_remoteip takes such an entry for unreadable and stays at the proxy, so that all clients of "
    "a proxy that writes ports (Azure's does) are one.",
    WALK,
    has_port_or_brackets,
    "6.6.6.6, 1.1.1.1:80",
)

REMOTEIP = Reference(
    "Apache mod_remoteip, RemoteIPInternalProxy",
    FOR_WALKS,
    reference_rules.expected_of_remoteip,
    reference_rules.read_by_remoteip,
    (
        _NOBODY,
        Difference(
            "names are not resolved",
            "mod_remoteip asks the resolver, which knows names and short, octal and hexadecimal "
            "forms (`10.0.0.010` is 10.0.0.8 to it, and 10.0.0.10 to nginx).",
            WALK,
            is_resolved_without_zone,
            "6.6.6.6, 10.0.0.010",
        ),
        Difference(
            "a zone id is not part of an address",
            "mod_remoteip writes it into `REMOTE_ADDR`; it names an interface of another host.",
            WALK,
            is_resolved_with_zone,
            "fe80::1%lo",
        ),
        _PORT,
        _EMPTY,
        _TAB,
        _SPELLING,
        _LIMITS,
    ),
)

REMOTEIP_OUTSIDE = Reference(
    "Apache mod_remoteip, RemoteIPTrustedProxy",
    FOR_WALKS,
    reference_rules.expected_of_remoteip_outside,
    reference_rules.read_by_remoteip_outside,
    (
        _NOBODY,
        Difference(
            "a private address is an address",
            "With this directive, mod_remoteip believes no private address, neither of a client nor "
            "of a second proxy. Here `TRUSTED_PROXIES` alone decides, and a client in your own network "
            "keeps its address.",
            WALK,
            is_private_alone,
            "192.168.0.1",
        ),
        Difference(
            "names are not resolved",
            "As above, for what is resolved to a public address.",
            WALK,
            is_resolved_and_not_private,
            "6.6.6.6, 0x01010101",
        ),
        _PORT,
        _EMPTY,
        _TAB,
    ),
)

REFERENCES = (MOD_WSGI, REALIP, REMOTEIP, REMOTEIP_OUTSIDE)
