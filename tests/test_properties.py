"""What holds for every request, asked of requests that hypothesis draws."""

import gc
import tracemalloc
from types import SimpleNamespace

import pytest
from django.test import override_settings
from django.urls import set_script_prefix
from hypothesis import example, given, settings
from hypothesis import strategies as st

from django_trustedproxy.conf import parse
from django_trustedproxy.engine.addresses import UNIX, pack, parse_hop
from django_trustedproxy.engine.hops import read_elements
from django_trustedproxy.environ import rewrite
from tests import naive_decision
from tests.answers import facts_of
from tests.edge import HEADER, KEY, SECRET, STAMPS, WRONG
from tests.invariants import (
    STACKS,
    Case,
    apply,
    check_decision,
    check_mounts,
    check_raw_names,
    site_of,
    unapply,
    without_dropped,
)
from tests.rows import ROWS
from tests.steps import steps
from tests.strategies import CASES, FORGED, JUNK, NAMES, SITES, STRANGERS, WRITERS, honest_chains

pytestmark = pytest.mark.slow

# What a run takes is the business of tests/test_cost.py.
unhurried = settings(deadline=None)
thorough = settings(unhurried, max_examples=4 * settings.default.max_examples)


@pytest.fixture(autouse=True)
def _settings():
    yield
    unapply()


@thorough
@given(CASES)
def test_every_decision_is_what_the_naive_oracle_says_and_holds_what_is_promised(case):
    check_decision(case)


@thorough
@given(st.sampled_from(sorted(WRITERS)).flatmap(honest_chains))
def test_the_client_is_the_last_sender_that_is_no_proxy(drawn):
    case, client, proxies = drawn
    answer = check_decision(case)
    assert (answer.client, answer.outcome) == (client, "forwarded")
    assert answer.proxies == proxies


@unhurried
@given(st.sampled_from(sorted(WRITERS)).flatmap(honest_chains), st.data())
def test_where_a_header_is_split_into_lines_does_not_matter(drawn, data):
    case, client, proxies = drawn
    name = case.lines[0][0]
    pieces = ",".join(value for _, value in case.lines).split(",")
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if data.draw(st.booleans()):
            lines.append(piece)
        else:
            lines[-1] += f",{piece}"
    split = case._replace(lines=tuple((name, line) for line in lines))
    check_mounts(split)
    answer = rewrite(split.meta, site_of(split).policy)
    assert (answer.client, answer.proxies) == (client, proxies)


# A secret whose site is judged by the networks of both settings, or by those of the first alone.
SECRETS = st.one_of(
    st.lists(st.sampled_from(WRONG), max_size=2),
    st.lists(st.text(st.characters(codec="latin-1"), max_size=40), max_size=3),
    st.just([SECRET, SECRET]),
)


def settings_of(site, **more):
    return SimpleNamespace(**{**site_of(Case(site, "", ())).settings, **more})


def judged(case, policy, values=()):
    """Return what a decision says, but for the stamp, and what it leaves in META."""
    lines = [*case.lines, *((HEADER, value) for value in values)]
    meta = case._replace(lines=tuple(lines)).meta
    answer = rewrite(meta, policy)
    assert KEY not in meta
    meta.pop("trusted_proxy")
    return {**facts_of(answer), "stamp": None}, meta, answer.stamp


@thorough
@given(CASES, SECRETS)
def test_without_a_valid_secret_a_request_is_what_it_is_without_the_feature(case, values):
    plain, _ = parse(settings_of(case.site))
    policy, problems = parse(settings_of(case.site, **STAMPS))
    assert problems == []
    *expected, stamp = judged(case, plain)
    assert stamp is None
    *found, stamp = judged(case, policy, values)
    assert found == expected
    assert stamp == ("wrong" if values else "absent")


@thorough
@given(CASES)
@example(Case("unix", "10.0.0.0", (("X-Forwarded-For", "0.0.0.0,unix:"),)))
def test_a_valid_secret_lists_its_networks_for_one_proxy(case):
    listed = settings_of(case.site)
    both = [*listed.TRUSTED_PROXIES, *STAMPS["TRUSTED_PROXIES_WITH_SECRET"]]
    plain, _ = parse(settings_of(case.site, TRUSTED_PROXIES=both))
    policy, _ = parse(settings_of(case.site, **STAMPS))
    expected, meta, _ = judged(case, plain)
    found, found_meta, stamp = judged(case, policy, [SECRET])
    assert stamp == "valid"
    way = expected["proxies"]
    # A Unix socket is nobody's but the site's.
    shared = [i for i, hop in enumerate(way) if hop != UNIX and pack(hop) not in policy.networks]
    if len(shared) < 2:
        assert (found, found_meta) == (expected, meta)
    else:
        # The nearest is the edge. The next is the client, whatever comes behind it.
        assert (found["client"], found["outcome"]) == (way[shared[-2]], "forwarded")
        assert found["proxies"] == way[shared[-2] + 1 :]


@unhurried
@given(CASES, SECRETS)
def test_without_a_valid_secret_every_mount_sees_what_it_sees_without_the_feature(case, values):
    site = site_of(case)
    lines = tuple((HEADER, value) for value in values)
    for name, mount in STACKS.items():
        apply(site)
        expected = mount(case)
        with override_settings(**STAMPS):
            seen = mount(case._replace(lines=case.lines + lines))
        answers = [facts_of(each.pop("answer")) for each in (seen, expected)]
        assert [answer.pop("stamp") for answer in answers] == [
            "wrong" if values else "absent",
            None,
        ], name
        assert answers[0] == answers[1], name
        assert seen == expected, name
    set_script_prefix("/")


@unhurried
@given(CASES)
def test_middleware_and_wrappers_sync_and_async_agree_with_the_engine(case):
    check_mounts(case)


@unhurried
@pytest.mark.parametrize("mount", STACKS)
@given(
    site=st.sampled_from(sorted(SITES)),
    peer=st.one_of(STRANGERS.map(str), st.just("evil")),
    lines=FORGED,
)
def test_forwarding_headers_of_an_untrusted_peer_change_nothing_that_a_view_sees(
    mount, site, peer, lines
):
    plain = Case(site, peer, (("User-Agent", "a"),))
    forged = plain._replace(lines=plain.lines + lines)
    apply(site_of(plain))
    seen, expected = STACKS[mount](forged), STACKS[mount](plain)
    assert without_dropped(seen.pop("answer")) == without_dropped(expected.pop("answer"))
    assert seen == expected


@unhurried
@given(
    st.sampled_from(sorted(SITES)),
    st.sampled_from(["10.0.0.1", "192.0.2.1", ""]),
    st.lists(
        st.tuples(
            st.one_of(
                st.binary(max_size=12),
                st.builds(
                    lambda name, blank, upper: (
                        (name.upper() if upper else name.lower())
                        .replace("-", blank)
                        .encode("latin-1")
                    ),
                    st.sampled_from(NAMES),
                    st.sampled_from("-_."),
                    st.booleans(),
                ),
            ),
            st.binary(max_size=20),
        ),
        max_size=5,
    ),
)
def test_no_spelling_of_a_name_passes_the_asgi_wrapper_by(site, peer, headers):
    check_raw_names(site, peer, headers)


@thorough
@given(st.one_of(st.text(max_size=60), st.text("0123456789abcdef:.%[]", max_size=60), JUNK))
@example("1.2.3.4:65535")
@example("[::ffff:1.2.3.4]:1")
@example("1::2:80")
def test_an_entry_names_the_hop_that_the_naive_oracle_reads(text):
    hop, found = naive_decision.read_hop(text), parse_hop(text)
    expected = (
        (str(hop.address), hop.port)
        if isinstance(hop, naive_decision.Hop) and hop.address
        else None
    )
    assert (None if found is None else found[1:]) == expected


@thorough
@given(st.one_of(JUNK, st.text('forhst=1.2, ;"\\\t', max_size=80)))
@example("for=1;FOR=2;proto;host=")
@example('for=1, x\\\\"y"')
def test_any_forwarded_text_is_read_as_the_mirrored_grammar_reads_it(value):
    read = [
        None if e is None else {"for": e.node, "proto": e.proto, "host": e.host}
        for e in read_elements(value)
    ]
    expected = [
        None if e is None else {"for": None, "proto": None, "host": None, **e}
        for e in naive_decision.read_elements(value)
    ]
    assert read == expected


HOPS = {
    "list": ("X-Forwarded-For", "10.{}.{}.7"),
    "unix": ("X-Forwarded-For", "unix:"),
    "forwarded": ("Forwarded", 'for="[fd00::{:x}:{:x}]:80";proto=https;host="a,b"'),
}


def hops(site, number):
    name, form = HOPS[site]
    return Case(
        site,
        "10.0.0.1",
        ((name, ", ".join(form.format(n % 200, number % 200) for n in range(number))),),
    )


def cost(case):
    site, meta = site_of(case), case.meta
    return steps(lambda: rewrite(meta, site.policy))


@pytest.mark.parametrize("site", HOPS)
def test_a_hop_more_costs_the_same_whether_it_is_the_10th_or_the_90th(site):
    few, some, many = (cost(hops(site, number)) for number in (10, 50, 90))
    assert many - some <= 1.1 * (some - few)
    assert cost(hops(site, 5000)) <= 1.2 * cost(hops(site, 101))


@pytest.mark.parametrize(
    "case",
    [
        Case("list", "10.0.0.1", (("X-Forwarded-For", "10.0.0.2," * 7000),)),
        Case("list", "10.0.0.1", (("X-Forwarded-For", "," * 64_000),)),
        Case("forwarded", "10.0.0.1", (("Forwarded", "for=10.0.0.2," * 5000),)),
        Case("forwarded", "10.0.0.1", (("Forwarded", '"' * 64_000),)),
        Case("forwarded", "10.0.0.1", (("Forwarded", f'for=10.0.0.2;a="{"x" * 16_000}",' * 4),)),
        Case("forwarded", "10.0.0.1", (("Forwarded", 'a="' + '\\"' * 8000 + '",for=10.0.0.2'),)),
        Case("forwarded", "10.0.0.1", (("Forwarded", "a=b;" * 16_000),)),
        Case("forwarded", "10.0.0.1", (("Forwarded", "\\" * 64_000 + '"'),)),
        Case("single", "10.0.0.1", (("X-Forwarded-Proto", "https," * 10_000),)),
        Case("single", "10.0.0.1", (("X-Forwarded-Prefix", "/a" * 30_000),)),
    ],
    ids=lambda case: f"{case.lines[0][0]}-{case.lines[0][1][:14]}",
)
def test_a_decision_takes_no_more_memory_than_the_header_or_three_elements(case):
    policy, meta = site_of(case).policy, case.meta
    rewrite(case.meta, policy)  # remember the peer
    gc.collect()
    tracemalloc.start()
    try:
        rewrite(meta, policy)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Of a Forwarded element, two copies show where its quoted strings end.
    assert peak <= max(len(case.lines[0][1]), 3 * naive_decision.LONGEST_ELEMENT) + 8192


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_naive_oracle_gives_the_answer_of_a_row(row):
    named = row.settings.get("TRUSTED_PROXY_HEADER", "X-Forwarded-For")
    header = named if isinstance(named, str) else named[0]
    trust = naive_decision.Trust(["fe80::/10" if e == "link-local" else e for e in row.trusted])
    meta = Case("", row.peer, tuple(row.headers)).meta
    # A header that is none of the others carries one address.
    form = header if header in naive_decision.READERS else "X-Real-IP"
    value = meta.get("HTTP_" + header.upper().replace("-", "_").removeprefix("HTTP_"))
    answer = naive_decision.decide(trust, form, meta.get("REMOTE_ADDR"), value)
    assert answer[1:] == (row.client, row.proxies, row.outcome, row.port)
