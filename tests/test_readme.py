"""What the README says is run, and compared with the code."""

import ast
import io
import re
import shlex

import pytest
from django.core.management import call_command
from django.test import override_settings

from django_trustedproxy.conf import get_policy, parse
from django_trustedproxy.engine.purposes import meta_name
from django_trustedproxy.environ import rewrite
from tests.pages import README, code_blocks, table


def test_the_quick_start_is_a_configuration_without_a_problem():
    block = next(block for block in code_blocks(README, "python") if "INSTALLED_APPS" in block)
    settings = {}
    exec(compile(block, "README.md", "exec"), settings)
    policy, problems = parse(type("Settings", (), settings))
    assert problems == []
    assert [str(network) for network in policy.networks.merged] == ["10.0.0.0/8"]
    assert settings["MIDDLEWARE"][0] == "django_trustedproxy.middleware.TrustedProxyMiddleware"


@pytest.mark.parametrize("cell", [row[1] for row in table(README, "what connects to Django")])
def test_a_configuration_of_the_quick_start_can_be_used(cell):
    for literal in re.findall(r"`(\[.*?\])`", cell):
        assert parse(type("Settings", (), {"TRUSTED_PROXIES": ast.literal_eval(literal)}))[1] == []


def test_the_first_example_is_true():
    block = code_blocks(README, "python")[0]
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


def test_the_output_of_explain_is_true():
    (block,) = code_blocks(README, "console")
    command, *expected = block.splitlines()
    arguments = shlex.split(command.removeprefix("$ python manage.py trustedproxy "))
    out = io.StringIO()
    with override_settings(TRUSTED_PROXIES=["10.0.0.0/8"]):
        call_command("trustedproxy", *arguments, stdout=out, no_color=True)
    assert out.getvalue().splitlines() == expected


def test_the_helper_for_tests_works_as_written(client):
    block = next(block for block in code_blocks(README, "python") if "through" in block)
    (call,) = re.findall(r"\*\*(through\(.*?\))\)", block)
    names = {}
    exec(block, names)
    seen = client.get("/echo", **eval(call, names)).json()
    assert seen["meta"]["REMOTE_ADDR"] == "203.0.113.9"


def test_the_readme_has_at_most_135_lines():
    assert len(README.splitlines()) <= 135
