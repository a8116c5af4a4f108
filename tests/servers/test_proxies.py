"""Real proxies with the configurations of docs/proxies/, in front of real servers.

Each is started as its recipe says, down to the settings; nothing but addresses, ports and paths is
replaced. All clients send from loopback addresses of their own, and the proxy from 127.0.0.1.
"""

import contextlib
import json
import re
from importlib.metadata import version as installed
from typing import NamedTuple

import pytest

from tests import stack
from tests.pages import NOT_RUN
from tests.servers import proxies
from tests.servers.proxies import UNIX_PAGE
from tests.servers.raw_requests import (
    ATTACKER,
    DIRECT,
    FORMS,
    HONEST,
    Form,
    ask,
    attack,
    verdict,
)
from tests.servers.spellings import MIXED, UNDERSCORES
from tests.servers.topologies import SIDECAR, TOPOLOGIES

HEADING = "Reverse proxies"
# The address in the pictures of the recipes.
PICTURED = "203.0.113.9"
# Where a proxy refuses a form, but not with a status 4xx: Varnish fails to read trailers.
UNCLEAN = {"Varnish": {"60 KB": None} | {form.name: 503 for form in FORMS if form.trailers}}


class Case(NamedTuple):
    """A recipe, the proxy it runs (None for the chain of two), and the server behind that."""

    page: str
    proxy: proxies.Proxy | None
    server: str
    is_unix: bool = False

    @property
    def name(self):
        return self.proxy.name if self.proxy else "HAProxy, then nginx"

    def settings(self):
        """Return the recipe's settings, with the proxies at the addresses of this host."""
        text = proxies.settings_of(UNIX_PAGE if self.is_unix else self.page)
        return text if self.proxy else proxies.replaced(text, proxies.CHAINED)

    def row(self, report):
        """Return the row of the report for this case."""
        used = [self.proxy] if self.proxy else [proxies.HAPROXY, proxies.NGINX]
        return report.row(
            HEADING,
            CASES.index(self),
            self.name,
            ", ".join(map(proxies.version, used)),
            f"{self.server}, {'Unix socket' if self.is_unix else 'TCP'}",
            installed(self.server),
            f"[{title_of(self.page)}]({self.page})",
        )


def title_of(page):
    return (stack.ROOT / "docs" / page).read_text().splitlines()[0].removeprefix("# ")


CASES = [
    *(
        Case(proxy.page, proxy, server, is_unix=is_unix)
        for proxy in proxies.SINGLE
        for server, is_unix in (("gunicorn", False), ("gunicorn", True), ("uvicorn", False))
    ),
    *(
        Case(UNIX_PAGE, proxies.NGINX._replace(page=UNIX_PAGE), server, is_unix=True)
        for server in ("gunicorn", "uvicorn")
    ),
    *(Case(proxies.CHAIN, None, server) for server in ("gunicorn", "uvicorn")),
]


class Running(NamedTuple):
    """What runs: the ports of the proxy, of the server (None on a Unix socket), and in between."""

    case: Case
    port: int
    direct: int | None
    inner: int | None


@contextlib.contextmanager
def running(case):
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        # A proxy that is started by root has another user's workers.
        place.chmod(0o755)
        direct = None if case.is_unix else stack.free_port()
        page = UNIX_PAGE if case.is_unix else case.page
        settings = case.settings()
        processes.enter_context(
            proxies.running_server(page, case.server, place, port=direct, settings=settings)
        )
        if case.proxy is None:
            port, inner = processes.enter_context(proxies.running_chain(place, direct))
        else:
            upstream = direct or place / case.server
            port = processes.enter_context(proxies.running_proxy(case.proxy, place, upstream))
            inner = None
        yield Running(case, port, direct, inner)


def named(case):
    return f"{case.page}-{case.server}-{'unix' if case.is_unix else 'tcp'}"


@pytest.fixture(scope="module", params=CASES, ids=named)
def running_stack(request):
    with running(request.param) as found:
        yield found


def through(running_stack, form, source):
    """Send a form through the proxy; a chain's outer hop is taken out of what the view sees."""
    answer = ask(("127.0.0.1", running_stack.port), form, source=source)
    seen = answer.facts.get("seen_by_views", {})
    if running_stack.case.proxy is None and "HTTP_X_FORWARDED_FOR" in seen:
        chain, _, hop = seen["HTTP_X_FORWARDED_FOR"].rpartition(", ")
        assert hop == proxies.CHAINED["10.0.0.1"]
        seen["HTTP_X_FORWARDED_FOR"] = chain
    return answer


def test_an_honest_client_has_its_own_address(running_stack, report):
    running_stack.case.row(report)
    for source in (HONEST, ATTACKER):
        answer = through(running_stack, Form("honest"), source)
        assert answer.status == 200
        assert verdict(answer, source, "forwarded") == {}


def test_no_client_is_given_the_page_of_another(running_stack):
    for source in (HONEST, ATTACKER):
        status, body = stack.get(running_stack.port, source=source)
        assert (status, json.loads(body)["client"]) == (200, source)


def is_clean(status):
    """Tell whether a status is an answer, or a refusal that the client has caused."""
    return status is not None and status < 500


def test_no_form_of_forgery_moves_the_answer(running_stack, report):
    statuses = {}

    def send(form):
        answer = through(running_stack, form, ATTACKER)
        statuses[form.name] = answer.status
        return answer

    wrong, refused = attack(send, ATTACKER, "forwarded")
    unclean = {name: status for name, status in statuses.items() if not is_clean(status)}
    assert unclean == UNCLEAN.get(running_stack.case.name, {})
    assert {name: found for name, found in wrong.items() if name not in unclean} == {}
    running_stack.case.row(report).refuse(refused | unclean)


@pytest.mark.parametrize("value", [b"https", b"HTTPS", b"https, https", b"wss"])
def test_a_forged_scheme_is_not_believed(running_stack, value):
    line = b"X-Forwarded-Proto: " + value
    for form in (Form("once", (line,)), Form("twice", (line, line))):
        answer = through(running_stack, form, ATTACKER)
        assert answer.status == 200
        assert verdict(answer, ATTACKER, "forwarded") == {}


def test_the_picture_of_the_recipe_is_true(running_stack):
    case = running_stack.case
    page = (stack.ROOT / "docs" / case.page).read_text()
    picture = page.partition("```text\n")[2].partition("```")[0]
    (wrote,) = re.findall(r"wrote +(X-Forwarded-For: .*)", picture)
    *_, written = re.findall(r"(?:sets|appends) +X-Forwarded-For: (.*)", picture)
    expected = written.replace(PICTURED, ATTACKER)
    for theirs, ours in proxies.CHAINED.items():
        expected = expected.replace(theirs, ours)
    answer = through(running_stack, Form("pictured", (wrote.encode(),)), ATTACKER)
    assert answer.facts["received"]["HTTP_X_FORWARDED_FOR"] == expected


# On a Unix socket there is no way around the proxy.
@pytest.mark.parametrize(
    "running_stack",
    [case for case in CASES if not case.is_unix],
    ids=named,
    indirect=True,
    scope="module",
)
def test_who_goes_around_the_proxy_is_direct(running_stack):
    wrong, refused = attack(
        lambda form: ask(("127.0.0.1", running_stack.direct), form, source=DIRECT),
        DIRECT,
        "direct",
    )
    assert wrong == {}
    # Only what no server reads: nobody is refused for what a proxy would have dropped.
    assert set(refused) <= {"60 KB"}


@pytest.mark.parametrize("case", [case for case in CASES if case.proxy is None], ids=named)
def test_the_inner_proxy_of_a_chain_takes_nothing_from_others(case):
    with running(case) as found:
        answer = ask((proxies.CHAINED["10.0.0.2"], found.inner), FORMS[0], source=DIRECT)
        assert answer.status == 403


def test_every_recipe_is_run_or_says_that_it_is_not():
    pages = (stack.ROOT / "docs" / "proxies").glob("*.md")
    silent = {f"proxies/{page.name}" for page in pages if NOT_RUN not in page.read_text()}
    assert silent == {case.page for case in CASES} | {
        topology.page for topology in TOPOLOGIES if topology.page != SIDECAR
    }


@pytest.mark.parametrize("proxy", proxies.SINGLE, ids=lambda proxy: proxy.name)
def test_an_underscore_in_a_name_does_not_pass_for_a_dash(proxy):
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        direct = stack.free_port()
        settings = proxies.settings_of(proxy.page)
        processes.enter_context(proxies.running_uwsgi(place, direct, settings))
        # The attack is real: uWSGI itself takes the one for the other.
        answer = ask(("127.0.0.1", direct), UNDERSCORES[3], source="127.0.0.1")
        assert answer.facts["client"] == "6.6.6.6"
        port = processes.enter_context(proxies.running_proxy(proxy, place, direct))
        wrong, refused = attack(
            lambda form: ask(("127.0.0.1", port), form, source=ATTACKER),
            ATTACKER,
            "forwarded",
            UNDERSCORES,
        )
        assert wrong == {}
        # Varnish puts such a name before its own line, where it would move no answer.
        answer = ask(("127.0.0.1", port), Form("all of them", MIXED), source=ATTACKER)
        received = answer.facts["received"]
        assert received["HTTP_X_FORWARDED_FOR"] == ATTACKER
        assert received["HTTP_X_FORWARDED_PROTO"] == "http"
        # Some proxies refuse as many headers as the suite's own forms have.
        assert set(refused) <= {form.name for form in FORMS}
