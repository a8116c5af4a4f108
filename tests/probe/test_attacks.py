"""The table of attacks: whole, without doubles, and the same for the probe, the suite and the docs."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_trustedproxy.conf import get_policy
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS
from django_trustedproxy.probe.attacks import attacks, forms
from django_trustedproxy.probe.channels import UPGRADES
from django_trustedproxy.probe.findings import anchor
from django_trustedproxy.probe.forms import HOST, SECRET, USER, VICTIM, Claims, forged
from django_trustedproxy.probe.groups import GROUPS
from tests.edge import HEADER
from tests.reference import PROBE, probe_page
from tests.servers import attacks as stacks
from tests.servers.prefixes import CLAIMS
from tests.servers.raw_requests import FORMS, HONEST_FORM, PROXY
from tests.servers.spellings import BLANK, SPELLINGS, UNDERSCORES

CLAIMED = Claims(PROXY, stamps=(HEADER,))
TABLE = attacks(CLAIMED)
PAGE = PROBE.read_text()


def test_each_attack_has_an_id_of_its_own_and_each_group_attacks():
    ids = [attack.id for attack in TABLE]
    assert len(set(ids)) == len(ids) > 150
    assert not any(re.search(r"\s", each) for each in ids)
    assert list(dict.fromkeys(attack.group for attack in TABLE)) == list(GROUPS)


def test_no_form_of_the_suite_is_missing_in_the_probe():
    known = {(attack.form.lines, attack.form.trailers) for attack in TABLE}
    of_stacks = [attack.form for attack in (*stacks.ATTACKS, *stacks.CLAIMS)]
    suite = [*FORMS, *of_stacks, *(attack.form for attack in (*CLAIMS, *UPGRADES))]
    assert forms(CLAIMED) == FORMS
    missing = {form.name for form in suite if (form.lines, form.trailers) not in known}
    assert missing - {HONEST_FORM.name} == set()


def spelled(form):
    return {re.sub(rb"\d+(\.\d+){3}", b"", line) for line in form.lines}


def test_no_spelling_of_a_name_of_the_suite_is_missing_in_the_probe():
    written = {line for attack in TABLE for line in spelled(attack.form)}
    written |= {line.lower() for line in written}
    missing = {
        line
        for form in (*SPELLINGS, BLANK, *UNDERSCORES)
        for line in spelled(form)
        if line not in written and line.partition(b":")[2].strip()
    }
    assert missing == set()


@pytest.mark.parametrize("purpose", FORWARDING_HEADERS)
def test_each_header_of_the_table_is_forged(purpose):
    written = {line for attack in TABLE for line in attack.form.lines}
    for header in FORWARDING_HEADERS[purpose]:
        assert f"{header}: {forged(header, purpose, CLAIMED)}".encode() in written


def test_what_is_claimed_differs_from_what_is_true():
    rows = attacks(Claims("192.0.2.7", "http", ("X-Staff",)))
    text = b"\n".join(line for row in rows for line in row.form.lines).decode("latin-1")
    assert f"X-Forwarded-For: {VICTIM}, 192.0.2.7\n" in text
    assert "X-Forwarded-Proto: http\n" in text
    assert "X-Forwarded-SSL: off\n" in text
    assert "X-Forwarded-Proto: https\n" not in text
    assert f"X-Staff: {USER}\n" in text
    assert f"for={VICTIM};proto=http;host={HOST}" in text


def test_wrong_secrets_are_sent_only_in_the_headers_that_the_settings_name():
    assert "stamp" not in {attack.group for attack in attacks(Claims(PROXY))}
    rows = [
        row.form for row in attacks(Claims(PROXY, stamps=("X-A", "X-B"))) if row.group == "stamp"
    ]
    assert [form.name for form in rows if "X-B" in form.name] == [
        form.name.replace("X-A", "X-B") for form in rows if "X-A" in form.name
    ]


def test_what_is_sent_as_a_secret_can_be_no_sites_own(settings):
    settings.TRUSTED_PROXY_SECRET_HEADER = HEADER
    settings.TRUSTED_PROXY_SECRETS = [SECRET]
    with pytest.raises(ImproperlyConfigured, match="is a placeholder"):
        get_policy()


@pytest.mark.parametrize("name", GROUPS)
def test_the_page_tells_of_each_group_what_the_table_has(name):
    group = GROUPS[name]
    heading = group.title[0].upper() + group.title[1:]
    assert anchor(heading) == anchor(group.title)
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found
    section = rest.partition("\n## ")[0]
    flat = " ".join(section.split())
    assert group.means in flat
    rows = re.findall(r"^\| (.*) \| `(.*)` \|$", section, re.MULTILINE)
    assert rows == [(where, line.replace("|", r"\|")) for where, line in group.remedies]


def test_the_page_tells_what_is_sent_in_each_group():
    assert probe_page() == PROBE.read_text(), "write it with `python -m tests.reference`"
