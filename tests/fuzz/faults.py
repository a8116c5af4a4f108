"""Faults that are put into the package on purpose, to see that they are found."""

from contextlib import contextmanager
from unittest import mock

from django_trustedproxy.engine import decision, hops, policy, purposes
from django_trustedproxy.engine.networks import TrustedNetworks
from tests.invariants import forget_sites


def read_leftmost(value):
    """Read a list from the left, where the client writes (CVE-2020-28483 and many others)."""
    return iter(value.split(","))


def parse_hop_with_zone(text, parse=decision.parse_hop):
    """Take an address with a zone id for the address."""
    return parse(text.partition("%")[0])


WITHOUT_CLIENT_IP = {
    **purposes.FORWARDING_HEADERS,
    "client": tuple(n for n in purposes.FORWARDING_HEADERS["client"] if n != "X-Client-IP"),
}
NOBODY = TrustedNetworks()
walk = decision.walk
LEFTMOST = hops.HeaderForm(read_leftmost, ", ".join)
FAULTS = {
    "leftmost": mock.patch.object(policy, "header_form", return_value=LEFTMOST),
    # CVE-2022-2255: mod_wsgi left this one in place
    "x-client-ip": mock.patch.dict(purposes.FORWARDING_HEADERS, WITHOUT_CLIENT_IP),
    "zone": mock.patch.object(decision, "parse_hop", parse_hop_with_zone),
    # Believe one trusted address in the header to be the client, as if it were not trusted
    "hop": mock.patch.object(decision, "walk", lambda networks, texts: walk(NOBODY, texts)),
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
