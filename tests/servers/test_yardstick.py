"""Thousands of requests, asked of mod_wsgi, of Apache's mod_remoteip and of nginx, and of Django."""

import re

import pytest

from tests import stack
from tests.servers import impostors, yardsticks
from tests.servers.comparison import compare
from tests.servers.deviations import (
    MOD_WSGI,
    REALIP,
    REMOTEIP,
    REMOTEIP_OUTSIDE,
    YARDSTICKS,
)
from tests.servers.questions import FORWARDED_FOR
from tests.servers.report import without_versions

PAGE = stack.ROOT / "docs" / "yardstick.md"
# A cell of the page holds no more of a header.
WIDTH = 60

each_yardstick = pytest.mark.parametrize("yardstick", YARDSTICKS, ids=lambda one: one.name)


class Measured:
    """The running servers, and the answers that they gave."""

    def __init__(self, apache_ports, nginx_ports):
        self.apache_ports = apache_ports
        self.versions = yardsticks.versions(apache_ports, nginx_ports)
        kinds = {
            MOD_WSGI: (apache_ports, "wsgi"),
            REALIP: (nginx_ports, "realip"),
            REMOTEIP: (apache_ports, "internal"),
            REMOTEIP_OUTSIDE: (apache_ports, "trusted"),
        }
        self.theirs = {
            yardstick.name: yardsticks.ask_all(yardstick.questions, ports, yardsticks.at(kind))
            for yardstick, (ports, kind) in kinds.items()
        }
        self.ours = self.ask_django(MOD_WSGI.questions, yardsticks.OURS)

    def ask_django(self, questions, middleware):
        return yardsticks.ask_all(questions, self.apache_ports, yardsticks.at_django(middleware))

    def compare(self, yardstick, questions=None, ours=None):
        asked = yardstick.questions if questions is None else questions
        return compare(yardstick, asked, self.theirs[yardstick.name], ours or self.ours)


@pytest.fixture(scope="module")
def measured():
    with (
        stack.workplace() as place,
        yardsticks.apache(place) as apache_ports,
        yardsticks.nginx(place) as nginx_ports,
    ):
        yield Measured(apache_ports, nginx_ports)


@each_yardstick
def test_every_answer_is_the_same_or_differs_as_one_deviation_foretells(measured, yardstick):
    assert measured.compare(yardstick).unexplained == []


@each_yardstick
def test_every_deviation_occurs_and_most_answers_are_the_same(measured, yardstick):
    deviating = measured.compare(yardstick).deviating
    assert [name for name, questions in deviating.items() if not questions] == []
    assert sum(map(len, deviating.values())) < len(yardstick.questions) / 2


@pytest.mark.parametrize("name", impostors.IMPOSTORS)
def test_a_middleware_that_is_wrong_fails_the_comparison(measured, name):
    questions = [question for question in MOD_WSGI.questions if question.peer == "127.0.0.1"]
    ours = measured.ask_django(questions, f"tests.servers.impostors.{name}")
    assert measured.compare(MOD_WSGI, questions, ours).unexplained != []


@each_yardstick
def test_no_deviation_excuses_an_answer_that_a_client_wrote(measured, yardstick):
    deviating = measured.compare(yardstick).deviating
    for name, questions in deviating.items():
        forged = {
            question: measured.ours[question]._replace(address="5.5.5.5") for question in questions
        }
        found = measured.compare(yardstick, questions, forged)
        assert (name, len(found.unexplained)) == (name, len(questions))


@each_yardstick
def test_no_deviation_excuses_the_answer_of_the_yardstick(measured, yardstick):
    for questions in measured.compare(yardstick).deviating.values():
        found = measured.compare(yardstick, questions, measured.theirs[yardstick.name])
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


def example(deviation, questions):
    """Return the simplest question in which a deviation shows what its page shows."""
    shown = [one for one in questions if one.headers and one.headers[-1][1] == deviation.shown]
    return min(
        shown,
        key=lambda one: (
            one.designated != (FORWARDED_FOR,),
            len(one.headers),
            questions.index(one),
        ),
    )


def table(measured, yardstick):
    """Return the rows of a yardstick's table."""
    rows = []
    deviating = measured.compare(yardstick).deviating
    for deviation in yardstick.deviations:
        questions = deviating[deviation.name]
        question = example(deviation, questions)
        theirs = yardstick.compared(measured.theirs[yardstick.name][question])
        ours = yardstick.compared(measured.ours[question])
        name = deviation.name[0].upper() + deviation.name[1:]
        rows.append(
            [
                f"{name}. {deviation.reason}",
                f"{len(questions):,}",
                *request_cells(question),
                answer_cell(theirs, ours),
                answer_cell(ours, theirs),
            ]
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def counts(measured, yardstick):
    """Return how many requests were asked, and how many answers were the same."""
    asked = len(yardstick.questions)
    differing = sum(map(len, measured.compare(yardstick).deviating.values()))
    return (
        f"{asked:,} requests: {asked - differing:,} answers are the same, {differing:,} differ.\n"
    )


def test_the_page_has_the_answers_of_this_run(measured):
    written = PAGE.read_text()
    found = re.sub(
        r"^Measured with .*", f"Measured with {measured.versions}.", written, flags=re.MULTILINE
    )
    for yardstick in YARDSTICKS:
        pattern = rf"(^## {re.escape(yardstick.name)}\n(?:[^|].*\n|\n)*?)[\d,]+ requests: .*\n((?:[^|].*\n|\n)*\|.*\n\|---.*\n)(?:\|.*\n)*"
        found, number = re.subn(
            pattern,
            lambda match, one=yardstick: (
                match[1] + counts(measured, one) + match[2] + table(measured, one)
            ),
            found,
            flags=re.MULTILINE,
        )
        assert number == 1
    PAGE.write_text(found)
    assert without_versions(found) == without_versions(written)


def test_a_page_names_each_deviation_from_mod_wsgi():
    page = (stack.ROOT / "docs" / "mod-wsgi.md").read_text()
    assert [one.name for one in MOD_WSGI.deviations if one.name not in page] == []
