"""The kept inputs of the fuzzers, asked once more, and what they find in a faulty package."""

from hashlib import sha1

import pytest

from tests.fuzz.faults import FAULTS, fault
from tests.fuzz.inputs import HERE, TARGETS, bytes_of, case_of
from tests.invariants import Case, check_decision, unapply

CORPUS = {target: sorted((HERE / "corpus" / target).iterdir()) for target in TARGETS}


@pytest.fixture(autouse=True)
def _settings():
    yield
    unapply()


@pytest.mark.parametrize("target", TARGETS)
def test_every_kept_input_passes(target):
    assert len(CORPUS[target]) > 10
    for path in CORPUS[target]:
        TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_package_does_not_pass_the_kept_inputs(name):
    with fault(name):
        found = [path for path in CORPUS["decision"] if not passes(path)]
    assert found


def passes(path):
    try:
        check_decision(case_of(path.read_bytes()))
    except AssertionError:
        return False
    return True


def test_an_input_can_be_written_by_hand():
    lines = (("X-Forwarded-For", "6.6.6.6, 203.0.113.9"), ("X-Client-IP", "6.6.6.6"))
    case = Case("unix", "10.0.0.1", lines)
    assert case_of(bytes_of(*case)) == case
    assert case_of(b"B10.0.0.1\nA6.6.6.6, 203.0.113.9\nK6.6.6.6") == case


def test_the_kept_inputs_are_few_and_named_by_what_they_hold():
    paths = [path for kept in CORPUS.values() for path in kept]
    names = [path.name.removeprefix("crash-") for path in paths]
    assert names == [sha1(path.read_bytes()).hexdigest() for path in paths]
    assert len(paths) < 300
    assert sum(path.stat().st_size for path in paths) < 500_000
