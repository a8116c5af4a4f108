"""Thousands of requests, asked of mod_wsgi, of Apache's mod_remoteip and of nginx, and of Django."""

import re

import pytest

from tests import stack
from tests.servers import broken_middleware, reference_servers
from tests.servers.comparison import compare
from tests.servers.expected_differences import (
    MOD_WSGI,
    REALIP,
    REFERENCES,
    REMOTEIP,
    REMOTEIP_OUTSIDE,
)
from tests.servers.reference_requests import FORWARDED_FOR
from tests.servers.report import without_versions

PAGE = stack.ROOT / "docs" / "yardstick.md"
# A cell of the page holds no more of a header.
WIDTH = 60

each_reference = pytest.mark.parametrize("reference", REFERENCES, ids=lambda one: one.name)


class Measured:
    """The running servers, and the answers that they gave."""

    def __init__(self, apache_ports, nginx_ports):
        self.apache_ports = apache_ports
        self.versions = reference_servers.versions(apache_ports, nginx_ports)
        kinds = {
            MOD_WSGI: (apache_ports, "wsgi"),
            REALIP: (nginx_ports, "realip"),
            REMOTEIP: (apache_ports, "internal"),
            REMOTEIP_OUTSIDE: (apache_ports, "trusted"),
        }
        self.theirs = {
            reference.name: reference_servers.ask_all(
                reference.questions, ports, reference_servers.at(kind)
            )
            for reference, (ports, kind) in kinds.items()
        }
        self.ours = self.ask_django(MOD_WSGI.questions, reference_servers.OURS)

    def ask_django(self, questions, middleware):
        return reference_servers.ask_all(
            questions, self.apache_ports, reference_servers.at_django(middleware)
        )

    def compare(self, reference, questions=None, ours=None):
        asked = reference.questions if questions is None else questions
        return compare(reference, asked, self.theirs[reference.name], ours or self.ours)


@pytest.fixture(scope="module")
def measured():
    with (
        stack.workplace() as place,
        reference_servers.apache(place) as apache_ports,
        reference_servers.nginx(place) as nginx_ports,
    ):
        yield Measured(apache_ports, nginx_ports)


@each_reference
def test_every_answer_is_the_same_or_differs_as_one_difference_foretells(measured, reference):
    assert measured.compare(reference).unexplained == []


@each_reference
def test_every_difference_occurs_and_most_answers_are_the_same(measured, reference):
    differing = measured.compare(reference).differing
    assert [name for name, questions in differing.items() if not questions] == []
    assert sum(map(len, differing.values())) < len(reference.questions) / 2


@pytest.mark.parametrize("name", broken_middleware.BROKEN)
def test_a_middleware_that_is_wrong_fails_the_comparison(measured, name):
    questions = [question for question in MOD_WSGI.questions if question.peer == "127.0.0.1"]
    ours = measured.ask_django(questions, f"tests.servers.broken_middleware.{name}")
    assert measured.compare(MOD_WSGI, questions, ours).unexplained != []


@each_reference
def test_no_difference_excuses_an_answer_that_a_client_wrote(measured, reference):
    differing = measured.compare(reference).differing
    for name, questions in differing.items():
        forged = {
            question: measured.ours[question]._replace(address="5.5.5.5") for question in questions
        }
        found = measured.compare(reference, questions, forged)
        assert (name, len(found.unexplained)) == (name, len(questions))


@each_reference
def test_no_difference_excuses_the_answer_of_the_reference(measured, reference):
    for questions in measured.compare(reference).differing.values():
        found = measured.compare(reference, questions, measured.theirs[reference.name])
        assert len(found.unexplained) == len(questions)


def as_code(text):
    """Return a text as a code span that a table can hold, long ones without their middle."""
    text = text.replace("\t", "\\t")
    if len(text) > WIDTH:
        return f"`{text[: WIDTH // 2]}` ... `{text[-WIDTH // 4 :]}` ({len(text):,} characters)"
    return f"`{text}`" if text else "`''`"


def request_cells(question):
    """Return what is trusted, the peer and the headers of a question, as three cells."""
    trusted = ", ".join(map(as_code, question.trusted)) or "nobody"
    if question.designated != (FORWARDED_FOR,):
        trusted += f", header {', then '.join(map(as_code, question.designated))}"
    lines = [as_code(f"{name}: {text}") for name, text in question.headers]
    return [trusted, as_code(question.peer), "<br>".join(lines)]


def answer_cell(answer, other):
    """Return an answer as a cell: the address, and which other headers only this answer has."""
    kept = [f", {name} kept" for name in sorted(answer.others - other.others)]
    return as_code(answer.address) + "".join(kept)


def example(difference, questions):
    """Return the simplest question in which a difference shows what its page shows."""
    shown = [one for one in questions if one.headers and one.headers[-1][1] == difference.shown]
    return min(
        shown,
        key=lambda one: (
            one.designated != (FORWARDED_FOR,),
            len(one.headers),
            questions.index(one),
        ),
    )


def table(measured, reference):
    """Return the rows of a reference's table."""
    rows = []
    differing = measured.compare(reference).differing
    for difference in reference.differences:
        questions = differing[difference.name]
        question = example(difference, questions)
        theirs = reference.compared(measured.theirs[reference.name][question])
        ours = reference.compared(measured.ours[question])
        name = difference.name[0].upper() + difference.name[1:]
        rows.append(
            [
                f"{name}. {difference.reason}",
                f"{len(questions):,}",
                *request_cells(question),
                answer_cell(theirs, ours),
                answer_cell(ours, theirs),
            ]
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def counts(measured, reference):
    """Return how many requests were asked, and how many answers were the same."""
    asked = len(reference.questions)
    differing = sum(map(len, measured.compare(reference).differing.values()))
    return (
        f"{asked:,} requests: {asked - differing:,} answers are the same, {differing:,} differ.\n"
    )


def test_the_page_has_the_answers_of_this_run(measured):
    written = PAGE.read_text()
    found = re.sub(
        r"^Measured with .*", f"Measured with {measured.versions}.", written, flags=re.MULTILINE
    )
    for reference in REFERENCES:
        pattern = rf"(^## {re.escape(reference.name)}\n(?:[^|].*\n|\n)*?)[\d,]+ requests: .*\n((?:[^|].*\n|\n)*\|.*\n\|---.*\n)(?:\|.*\n)*"
        found, number = re.subn(
            pattern,
            lambda match, one=reference: (
                match[1] + counts(measured, one) + match[2] + table(measured, one)
            ),
            found,
            flags=re.MULTILINE,
        )
        assert number == 1
    PAGE.write_text(found)
    assert without_versions(found) == without_versions(written)


def test_a_page_names_each_difference_from_mod_wsgi():
    page = (stack.ROOT / "docs" / "mod-wsgi.md").read_text()
    assert [one.name for one in MOD_WSGI.differences if one.name not in page] == []
