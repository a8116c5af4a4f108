"""Sources: the exact form of each answer, and what vendors have answered instead."""

import copy
import json
import time
from ipaddress import ip_network

import pytest

from django_trustedproxy.engine.networks import shortest
from django_trustedproxy.ranges.gate import objections
from django_trustedproxy.ranges.sources import SOURCES, AnswerError
from tests.range_answers import (
    ANSWERS,
    AZURE,
    BUNNY,
    CHALLENGE,
    CLOUDFLARE,
    CLOUDFRONT,
    GCORE,
    PAGE,
    cloudflare,
    text,
)


def refusal(name, answer):
    with pytest.raises(AnswerError) as caught:
        SOURCES[name].networks(answer)
    return str(caught.value)


def test_each_source_is_tried():
    assert set(ANSWERS) == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_an_answer_is_read_sorted_and_without_the_lists_beside(name):
    documents, networks = ANSWERS[name]
    assert [shortest(network) for network in SOURCES[name].networks(text(documents))] == networks


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_a_page_and_speaks_https(name):
    source = SOURCES[name]
    assert all(address.startswith("https://") for address in (source.page, *source.addresses))
    assert 1 <= source.days <= 30
    # Where there is an address for each document, nothing is guessed.
    assert len(source.addresses) == (0 if name == "azure-front-door" else len(ANSWERS[name][0]))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (PAGE, "is not JSON: expected a list, got '<!DOCTYPE html>"),
        (CHALLENGE, "is not JSON: expected a list, got '<html><head><title>Just"),
        ("", "has 0 JSON documents: expected "),
        (" \n", "has 0 JSON documents: expected "),
        ("[" * 100_000, "is not JSON: expected a list, got '[[["),
        ("103.21.244.0/22\n103.22.200.0/22\n", "is not JSON"),
    ],
    ids=["page", "challenge", "empty", "blank", "nested", "plain"],
)
def test_what_is_no_json_is_no_answer(name, answer, fact):
    assert fact in refusal(name, answer) or "is not JSON" in refusal(name, answer)


@pytest.mark.parametrize(
    "row", ["loopback", " loopback", "shared\u00a0", "\x0bunix:", " 8.8.8.0/24"]
)
def test_a_vendor_publishes_no_names_and_no_blanks(row):
    answer = json.loads(text(ANSWERS["cloudflare"][0]))
    answer["result"]["ipv4_cidrs"] = ["8.8.4.0/24", row]
    assert "in it: expected a network" in refusal("cloudflare", json.dumps(answer))


def test_many_documents_are_refused_in_time():
    begin = time.process_time()
    assert "has 500000 JSON documents" in refusal("cloudflare", "1 " * 500_000)
    assert time.process_time() - begin < 10


@pytest.mark.parametrize("name", SOURCES)
def test_a_cut_answer_is_no_answer(name):
    whole = text(ANSWERS[name][0])
    for end in range(len(whole)):
        assert refusal(name, whole[:end])


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("document", [None, [], {}, 5, "10.0.0.1", [5], [["1.2.3.4"]], {"a": 1}])
def test_json_of_another_form_is_no_answer(name, document):
    assert refusal(name, text([document] * len(ANSWERS[name][0])))


@pytest.mark.parametrize("name", SOURCES)
def test_twice_the_documents_are_no_answer(name):
    documents = ANSWERS[name][0]
    assert "JSON documents: expected" in refusal(name, text(documents * 2))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    "item", ["103.21.244.1/22", "nginx", "loopback", "unix:", "", 5, None, "10.0.0.1:80", ["::1"]]
)
def test_an_entry_that_is_no_network_spoils_the_answer(name, item):
    first = ANSWERS[name][1][0]
    documents = json.loads(_with(json.dumps(ANSWERS[name][0]), first, item))
    assert f"has {item!r} in it: expected a network" in refusal(name, text(documents))


def _with(answer, network, item):
    """Return JSON in which a network, however it is written, is another item."""
    spelled = next(quoted for quoted in (f'"{network}"', f'"{network}/32"') if quoted in answer)
    return answer.replace(spelled, json.dumps(item))


def test_the_list_of_one_family_in_the_place_of_the_other_is_no_answer():
    four = CLOUDFLARE["result"]["ipv4_cidrs"]
    fact = f"has {four[0]} among the networks of IPv6"
    assert refusal("cloudflare", text([cloudflare(four, four)])) == fact
    assert "among the networks of IPv6" in refusal("bunny", text([BUNNY, BUNNY]))


@pytest.mark.parametrize("name", SOURCES)
def test_a_family_that_is_missing_is_no_answer(name):
    for family in SOURCES[name].families:
        without = copy.deepcopy(ANSWERS[name][0])

        def emptied(part, family=family):
            if isinstance(part, dict):
                return {key: emptied(value) for key, value in part.items()}
            if isinstance(part, list):
                return [
                    emptied(item)
                    for item in part
                    if not isinstance(item, str) or (":" in item) != (family == 6)
                ]
            return part

        documents = [emptied(document) for document in without]
        if name == "cloudfront":
            plural = "prefixes" if family == 4 else "ipv6_prefixes"
            documents = [{**CLOUDFRONT, plural: []}]
        assert refusal(name, text(documents)) == f"has no IPv{family} network"


def test_keycdn_has_no_ipv6_networks():
    assert SOURCES["keycdn"].families == (4,)


def test_a_failure_that_cloudflare_tells_is_no_answer():
    failed = {**CLOUDFLARE, "success": False}
    assert refusal("cloudflare", text([failed])) == "says that it failed"


def test_a_field_that_is_missing_is_named():
    answer = {"addresses": GCORE["addresses"]}
    assert (
        refusal("gcore", text([answer]))
        == "does not have the form of this list (no 'addresses_v6')"
    )


def test_a_list_that_is_none_is_shown():
    answer = {**GCORE, "addresses": "none"}
    assert refusal("gcore", text([answer])) == "has no list where it has 'none'"


@pytest.mark.parametrize("copies", [0, 2])
def test_azure_has_the_service_tag_once(copies):
    tags = [tag for tag in AZURE["values"] if tag["name"] != "AzureFrontDoor.Backend"]
    backend = [tag for tag in AZURE["values"] if tag not in tags]
    answer = {**AZURE, "values": tags + backend * copies}
    fact = f"has {copies} service tags AzureFrontDoor.Backend: expected one"
    assert refusal("azure-front-door", text([answer])) == fact


def test_a_network_that_is_listed_twice_is_written_once():
    found = SOURCES["cloudflare"].networks(text([cloudflare(["103.21.244.0/22"] * 2)]))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        (["10.0.0.0/23"], ["10.0.0.0/24"], []),
        (["10.0.0.0/23"], ["10.0.0.0/25", "10.0.0.128/26"], ["less than half, from 512 to 192"]),
        (["10.0.0.0/24"], ["10.0.0.0/23"], []),
        (["10.0.0.0/24", "::/64"], ["::/64"], ["less than half", "all IPv4 networks disappear"]),
        (["10.0.0.0/24", "::/64"], ["10.0.0.0/24"], ["all IPv6 networks disappear"]),
        (["::/64"], ["::/32"], []),
        (["::/64"], ["::/64", "10.0.0.0/24"], ["appear for the first time: 256"]),
        ([], ["10.0.0.0/24"], ["appear for the first time: 256"]),
    ],
)
def test_what_a_change_may_not_do_unseen(old, new, reasons):
    found = list(objections(*({ip_network(text) for text in texts} for texts in (old, new))))
    assert len(found) == len(reasons)
    assert all(reason in said for reason, said in zip(reasons, found, strict=True))
