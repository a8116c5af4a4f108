"""Every fact that the README repeats is compared with the code."""

import ast
import io
import re
import shlex
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

from django_trustedproxy.checks.neighbours import NEIGHBOURS
from django_trustedproxy.conf import DEFAULTS, get_policy, parse
from django_trustedproxy.engine.answer import OUTCOMES
from django_trustedproxy.engine.networks import NAMES
from django_trustedproxy.engine.purposes import FORWARDING_HEADERS, meta_name
from django_trustedproxy.environ import rewrite
from tests.checks.findings import ids_in_the_code

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def table(first_heading):
    """Return the rows of the table whose first column has a heading, as tuples of cells."""
    start = README.index(f"| {first_heading} |")
    lines = README[start:].split("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


def unquoted(cell):
    return cell.strip().strip("`").strip('"')


def code_blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_table_of_headers_is_the_codes():
    written = {purpose: tuple(names.split(", ")) for purpose, names in table("purpose")}
    assert written == FORWARDING_HEADERS


def test_the_table_of_settings_is_the_codes():
    written = {
        unquoted(name): ast.literal_eval(default.strip("`"))
        for name, _, default in table("setting")
    }
    assert written == DEFAULTS


def test_the_table_of_names_is_the_codes():
    written = {unquoted(name): networks for name, networks in table("name")}
    expected = {
        name: ", ".join(str(network).removesuffix("/128") for network in networks)
        for name, networks in NAMES.items()
    }
    assert written == expected | {"unix:": "a peer on a Unix socket"}


def test_the_table_of_outcomes_is_the_codes():
    assert [unquoted(outcome) for outcome, _ in table("outcome")] == list(OUTCOMES)


def test_the_table_of_checks_has_each_id_of_the_code_and_each_is_tested():
    written = [unquoted(name).removeprefix("trustedproxy.") for name, _ in table("id")]
    assert sorted(written) == sorted(ids_in_the_code())
    retired = re.findall(r"^An id is never used again\. `(\w+)`", README, re.MULTILINE)
    assert not set(retired) & set(written)
    for letter in "EW":
        numbers = [int(name[1:]) for name in written if name[0] == letter]
        assert numbers == sorted(set(numbers))
    folders = [ROOT / "tests", ROOT / "tests" / "checks", ROOT / "tests" / "neighbours"]
    tests = "".join(path.read_text() for folder in folders for path in folder.glob("*.py"))
    assert [name for name in written if name not in tests] == []


def test_the_quick_start_is_a_configuration_without_a_problem():
    block = next(block for block in code_blocks("python") if "INSTALLED_APPS" in block)
    settings = {}
    exec(compile(block, "README.md", "exec"), settings)
    policy, problems = parse(type("Settings", (), settings))
    assert problems == []
    assert [str(network) for network in policy.networks.merged] == ["10.0.0.0/8"]
    assert settings["MIDDLEWARE"][0] == "django_trustedproxy.middleware.TrustedProxyMiddleware"


@pytest.mark.parametrize("cell", [row[1] for row in table("what connects to Django")])
def test_a_configuration_of_the_quick_start_can_be_used(cell):
    for literal in re.findall(r"`(\[.*?\])`", cell):
        assert parse(type("Settings", (), {"TRUSTED_PROXIES": ast.literal_eval(literal)}))[1] == []


def test_the_first_example_is_true():
    block = code_blocks("python")[0]
    peer = re.search(r"# peer ([\d.]+),", block)[1]
    headers = re.findall(r"#   (\S+): (.*)", block)
    meta = {"REMOTE_ADDR": peer, **{meta_name(name): value for name, value in headers}}
    with override_settings(TRUSTED_PROXIES=["10.0.0.0/8"]):
        rewrite(meta, get_policy())
    results = [
        ast.literal_eval(line.partition("# ")[2])
        for line in block.splitlines()
        if "request." in line
    ]
    assert results == [
        meta["REMOTE_ADDR"],
        meta["HTTP_X_FORWARDED_FOR"],
        meta.get("HTTP_X_REAL_IP"),
    ]


@pytest.mark.parametrize("row", table("difference"), ids=lambda row: row[0])
def test_a_difference_from_mod_wsgi_is_as_written(row):
    _, settings, peer, header, theirs, ours = row
    name, _, value = unquoted(header).partition(": ")
    meta = {"REMOTE_ADDR": unquoted(peer), meta_name(name): value}
    with override_settings(**ast.literal_eval(unquoted(settings))):
        rewrite(meta, get_policy())
    assert meta["REMOTE_ADDR"] == unquoted(ours)
    assert meta.get(meta_name(name), unquoted(ours)).partition(",")[0] == unquoted(ours)
    assert theirs != ours


def test_the_output_of_explain_is_true():
    (block,) = code_blocks("console")
    command, *expected = block.splitlines()
    arguments = shlex.split(command.removeprefix("$ python manage.py trustedproxy "))
    out = io.StringIO()
    with override_settings(TRUSTED_PROXIES=["10.0.0.0/8"]):
        call_command("trustedproxy", *arguments, stdout=out, no_color=True)
    assert out.getvalue().splitlines() == expected


def test_the_helper_for_tests_works_as_written(client):
    block = next(block for block in code_blocks("python") if "through" in block)
    (call,) = re.findall(r"\*\*(through\(.*?\))\)", block)
    names = {}
    exec(block, names)
    seen = client.get("/echo", **eval(call, names)).json()
    assert seen["meta"]["REMOTE_ADDR"] == "203.0.113.9"


def test_no_link_within_the_repository_is_dead():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_a_check_about_a_neighbour_has_its_sentence_and_remedy():
    texts = {unquoted(name): text for name, text in table("id")}
    for neighbour in NEIGHBOURS:
        text = texts[neighbour.id]
        setting = " or ".join(neighbour.settings)
        sentence = neighbour.message.format(setting=setting)
        assert text.replace("`", "").startswith(f"{sentence}. ")
        assert f"rite `{neighbour.remedy}`" in text
        assert all(name.replace(".", '["') in text for name in neighbour.settings)


def test_the_readme_has_at_most_500_lines():
    assert len(README.splitlines()) <= 500
