"""The decision's outcomes, what its cache may tell, and what its modules may import."""

import subprocess
import sys

from hypothesis import event, given, settings
from hypothesis import strategies as st

from django_trustedproxy.networks import TrustedNetworks
from django_trustedproxy.policy import OUTCOMES, REJECTABLE, Policy
from django_trustedproxy.resolver import LONGEST_TAIL, _read, _read_tail

TRUSTED = ["10.0.0.0/8", "fd00::/8", "unix:"]
HEADERS = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP"]
POLICIES = {
    name: Policy.build(TrustedNetworks.parse(TRUSTED), ["HTTP_" + name.upper().replace("-", "_")])
    for name in HEADERS
}


def test_every_outcome_but_the_good_one_can_be_rejected():
    assert set(OUTCOMES) - set(REJECTABLE) == {"forwarded"}


def test_the_pure_modules_do_not_import_django():
    program = (
        "import sys, django_trustedproxy.meta, django_trustedproxy.neighbours\n"
        "print(sorted(m for m in sys.modules if m.partition('.')[0] in ('django', 'asgiref')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# Bits of a header, so that the cut falls into entries, quotes, quoted pairs and blanks.
BITS = st.sampled_from(
    [
        *("10.0.0.2", "fd00::2", "unix:", "6.6.6.6", "6", "unknown", ",", ", ", ",,", " " * 30),
        *("for=10.0.0.2", 'for="[fd00::2]"', "for=6.6.6.6", "for=", ";", '"', '\\"', "\\", "=,"),
        *(",for=10.0.0.2" * 9, ",10.0.0.2" * 13, "," * 120, "\\" * 127, '"' * 40, "x" * 200),
    ]
)


@settings(max_examples=1000)
@given(st.sampled_from(HEADERS), st.lists(BITS, max_size=25).map("".join))
def test_the_tail_of_a_header_tells_what_the_whole_header_tells(header, value):
    policy = POLICIES[header]
    tail = value[-LONGEST_TAIL:]
    told = _read_tail(policy, "10.0.0.1", tail, len(value) > LONGEST_TAIL)
    assert told in (None, _read(policy, "10.0.0.1", value))
    assert told is not None or len(value) > LONGEST_TAIL
    event(f"{header} is {'cut' if told is None else 'told'}")
