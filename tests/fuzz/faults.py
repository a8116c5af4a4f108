"""Faults that are put into the package on purpose, to see that they are found."""

from contextlib import contextmanager
from unittest import mock

from django_trustedproxy import entries, headers, resolver
from tests.invariants import forget_sites


def read_leftmost(value):
    """Read a list from the left, where the client writes (CVE-2020-28483 and many others)."""
    return iter(value.split(","))


def parse_node_with_zone(text, parse=entries.parse_node):
    """Take an address with a zone id for the address."""
    return parse(text.partition("%")[0])


WITHOUT_CLIENT_IP = {
    **headers.FORWARDING_HEADERS,
    "client": tuple(n for n in headers.FORWARDING_HEADERS["client"] if n != "X-Client-IP"),
}
FAULTS = {
    "leftmost": mock.patch.object(entries, "read_list", read_leftmost),
    # CVE-2022-2255: mod_wsgi left this one in place
    "x-client-ip": mock.patch.dict(headers.FORWARDING_HEADERS, WITHOUT_CLIENT_IP),
    "zone": mock.patch.object(resolver, "parse_node", parse_node_with_zone),
    # Believe an entry that the cut of the cached tail has shortened
    "cut": mock.patch.object(resolver, "_whole", lambda entries: entries),
}


@contextmanager
def fault(name):
    """Put a fault into the package; the policies are made anew with it and without it."""
    forget_sites()
    try:
        with FAULTS[name]:
            yield
    finally:
        forget_sites()
