"""One fuzz target in a process of its own: `python -m tests.fuzz.target TARGET [FAULT] -- ARGS`.

ARGS are those of libFuzzer. Only the package is instrumented, so that its branches and not those
of Django or the oracle guide the fuzzer.
"""

import logging
import os
import sys
import traceback
from contextlib import nullcontext

import atheris

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
with atheris.instrument_imports(include=["django_trustedproxy"]):
    import django

    django.setup()
    from tests.fuzz.faults import fault
    from tests.fuzz.inputs import TARGETS, case_of


def main(name, *faults):
    ask = TARGETS[name]
    logging.disable()

    def test_one_input(data):
        try:
            ask(data)
        except BaseException:
            told = data if name == "address" else case_of(data)
            print(f"\nThe invariants do not hold for {told!r}", file=sys.stderr)
            traceback.print_exc()
            sys.stderr.flush()
            raise

    with fault(*faults) if faults else nullcontext():
        # libFuzzer starts itself anew by its name to merge, so the name is that of a program.
        atheris.Setup([os.environ.get("FUZZ_PROGRAM", sys.argv[0]), *libfuzzer], test_one_input)
        atheris.Fuzz()


split = sys.argv.index("--")
libfuzzer = sys.argv[split + 1 :]
main(*sys.argv[1:split])
