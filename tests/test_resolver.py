"""The decision's outcomes, and what its modules may import."""

import subprocess
import sys

from django_trustedproxy.resolver import OUTCOMES, REJECTABLE


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
