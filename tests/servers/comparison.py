"""Compares two answers to each question: they are the same, or differ as was foretold.

What differs on purpose has a name. Which one a request belongs to is decided by its configuration,
its peer and its headers alone, with what both sides are to answer, before anybody is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from tests.servers import reference_rules
from tests.servers.reference_requests import Question
from tests.servers.reference_rules import MOST_ENTRIES, STOP, Answer, Entry


class Difference(NamedTuple):
    """A difference, and the sentence that says who does what and why.

    `situations` are those in which it occurs (see `situation_of`), and `is_about` tells whether it
    does, from the question and the entry at which the two walks part. `shown` is the header of the
    example on the page.
    """

    name: str
    reason: str
    situations: tuple[str, ...]
    is_about: Callable[[Question, Entry], bool]
    shown: str


@dataclass(frozen=True, eq=False)
class Reference:
    """Another answer to the question who the client is, and all that differs from it.

    `is_whole` tells whether the headers are compared too, and so how each hop is written.
    """

    name: str
    questions: tuple[Question, ...]
    expected: Callable[[Question], Answer]
    read: Callable
    differences: tuple[Difference, ...]
    is_whole: bool = False
    blanks: str = " \t"

    def compared(self, answer):
        """Return the part of an answer that is compared."""
        return answer if self.is_whole else Answer(answer.address)

    def foretold(self, question):
        """Return the answers that are expected of the reference and of this package."""
        return self.expected(question), self.compared(reference_rules.expected_here(question))

    def differences_of(self, question):
        """Return the differences that a question belongs to: none where the answers are the same."""
        theirs, ours = self.foretold(question)
        if theirs == ours:
            return []
        situation, entry = situation_of(question), self.differing_entry(question)
        return [
            difference
            for difference in self.differences
            if situation in difference.situations and difference.is_about(question, entry)
        ]

    def differing_entry(self, question):
        """Return the entry at which the walks part, or else the one at which both end."""
        last = Entry(question.peer, -1, (reference_rules.peer_of(question),))
        if situation_of(question) in NOBODY + DIRECT:
            return last
        here = reference_rules.entries(question, reference_rules.read_here, MOST_ENTRIES)
        there = reference_rules.entries(question, self.read, blanks=self.blanks)
        for mine, theirs in zip(here, there, strict=True):
            if self._steps(mine) != self._steps(theirs):
                return theirs
            if STOP in mine.steps:
                return last
            last = theirs if theirs.steps else last
            if not all(
                reference_rules.is_trusted(question.trusted, step.address) for step in mine.steps
            ):
                return last
        return last

    def _steps(self, entry):
        return entry.steps if self.is_whole else [step and step.address for step in entry.steps]


NOBODY, DIRECT, SEVERAL, WALK = ("nobody",), ("direct",), ("several",), ("walk",)


def situation_of(question):
    """Return "nobody" is listed, "direct" from an untrusted peer, "several" headers, or "walk"."""
    if not question.trusted:
        return "nobody"
    if not reference_rules.has_trusted_peer(question):
        return "direct"
    return "several" if len(question.designated) > 1 else "walk"


class Comparison(NamedTuple):
    """The questions of each difference by its name, and those whose answers nothing explains."""

    differing: dict[str, list[Question]]
    unexplained: list[str]


@cache
def _foretell(reference, question):
    return reference.differences_of(question), reference.foretold(question)


def compare(reference, questions, theirs, ours):
    """Compare two answers to each question: they are equal, or one difference foretells both."""
    differing = {difference.name: [] for difference in reference.differences}
    unexplained = []
    for question in questions:
        answers = reference.compared(theirs[question]), reference.compared(ours[question])
        found, foretold = _foretell(reference, question)
        if len(found) == 1 and answers == foretold:
            differing[found[0].name].append(question)
        elif found or answers[0] != answers[1]:
            names = [difference.name for difference in found]
            unexplained.append(f"{question}: {answers}, {names} foretell {foretold}")
    return Comparison(differing, unexplained)
