"""Each attack works on its bare stack, and none does with the remedy."""

import pytest

from tests.servers.attacks import ATTACKS, CLAIMS, SERVER
from tests.servers.raw_requests import (
    FORMS,
    HONEST,
    PROXY,
    ask,
    attack,
    closed,
    concluded,
    through_a_proxy,
    verdict,
)
from tests.servers.report import BARE

REMEDIES = [(found, remedy) for found in ATTACKS for remedy in found.remedies]


def name(found):
    return f"{found.path}, {found.attack}"


@pytest.mark.parametrize("found", ATTACKS, ids=name)
def test_an_attack_works_on_the_bare_stack(found):
    with found.bare.started() as address:
        answer = ask(address, found.form, source=found.source)
    assert answer.status == 200, answer.text
    assert concluded(answer) == found.concluded


@pytest.mark.parametrize(
    ("found", "remedy"), REMEDIES, ids=[f"{name(found)}, {remedy}" for found, remedy in REMEDIES]
)
def test_a_remedy_ends_every_forgery(found, remedy, report):
    stack = found.remedies[remedy]
    # uWSGI answers without reading a chunked body, which Caddy may take for an error.
    forms = [form for form in FORMS if not (form.trailers and stack.server == "uWSGI")]
    with stack.started() as address:
        if stack.proxy:
            honest = ask(address, source=HONEST)
        else:
            sent = through_a_proxy(found.form, HONEST, on_a_line_of_its_own=False)
            honest = ask(address, sent, source=PROXY)
        wrong, refused = attack(
            lambda form: ask(address, form, source=found.source), found.source, stack.outcome, forms
        )
        answer = ask(address, found.form, source=found.source)
    assert honest.status == 200, honest.text
    assert verdict(honest, HONEST, stack.outcome if stack.proxy else "forwarded") == {}
    assert wrong == {}
    assert closed(refused) <= set(SERVER[stack.server].closes)
    client, outcome, scheme = found.concluded
    row = report.row(
        BARE,
        REMEDIES.index((found, remedy)),
        found.path,
        found.attack,
        f"`{client}`, {outcome}, {scheme}",
        remedy,
    )
    if answer.status == 400:
        row.answer = "400"
    else:
        assert answer.status == 200
        assert verdict(answer, found.source, stack.outcome) == {}


@pytest.mark.parametrize("claim", CLAIMS, ids=name)
def test_what_uwsgi_took_for_the_scheme_the_middleware_takes_back(claim, report):
    bare = claim.stack._replace(application="tests.servers.scheme_wsgi")
    with bare.started() as address:
        assert ask(address, claim.form, source=claim.source).text == claim.scheme
    with claim.stack.started() as address:
        answer = ask(address, claim.form, source=claim.source)
    assert concluded(answer) == (claim.source, claim.stack.outcome, "http")
    assert verdict(answer, claim.source, claim.stack.outcome) == {}
    report.row(
        BARE,
        len(REMEDIES) + CLAIMS.index(claim),
        claim.path,
        claim.attack,
        f"the scheme is `{claim.scheme}`",
        "`TrustedProxyMiddleware`",
    )
