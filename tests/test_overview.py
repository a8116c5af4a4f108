"""What `trustedproxy show` prints: everything that is in force, in lines that fit a terminal."""

import json

import pytest

from tests.command import show

SETTINGS = {
    "TRUSTED_PROXIES": ["10.0.0.0/9", "10.128.0.0/9", "::1", "loopback", " unix: "],
    "TRUSTED_PROXY_HEADER": ["X-Forwarded-For", "X-Own"],
    "TRUSTED_PROXY_SCHEME_HEADER": "X-Forwarded-Proto",
    "USE_X_FORWARDED_HOST": True,
    "TRUSTED_PROXY_REJECT": ["missing"],
    "TRUSTED_PROXY_REJECT_EXEMPT": ["/healthz"],
    "TRUSTED_PROXY_HEADERS": [],
}


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    """Set the width of the terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    return lambda number: monkeypatch.setenv("COLUMNS", str(number))


def sections(text):
    """Return the lines below each heading."""
    found = {}
    for line in text.splitlines():
        if not line.startswith(" "):
            title = line
        found.setdefault(title, []).append(line)
    return {title: lines[1:] for title, lines in found.items()}


def test_the_facts_are_the_effective_policy():
    facts = json.loads(show("--json", **SETTINGS))
    assert facts["trusted"] == {
        "10.0.0.0/9": ["10.0.0.0/9"],
        "10.128.0.0/9": ["10.128.0.0/9"],
        "::1": ["::1/128"],
        "loopback": ["127.0.0.0/8", "::1/128"],
        " unix: ": [],
    }
    assert facts["unusable"] == []
    assert facts["merged"] == ["10.0.0.0/8", "127.0.0.0/8", "::1/128"]
    assert facts["headers"] == {
        "client": ["X-Forwarded-For", "believed"],
        "scheme": ["X-Forwarded-Proto", "believed"],
        "host": ["X-Forwarded-Host", "left to Django"],
    }
    assert facts["keep_header"] is True
    assert "X-Real-IP" in facts["dropped"]
    assert {"X-Forwarded-For", "X-Forwarded-Port"} <= set(facts["dropped_from_untrusted"])
    assert facts["rejected"] == ["missing"]
    assert facts["reject_exempt"] == ["/healthz"]
    assert [finding["id"] for finding in facts["findings"]] == [
        "trustedproxy.W001",
        "trustedproxy.W006",
    ]


def test_the_lines_tell_it_in_groups():
    found = sections(show(**SETTINGS))
    assert found["Trusted proxies"] == [
        "  10.0.0.0/9",
        "  10.128.0.0/9",
        "  ::1",
        "  loopback  127.0.0.0/8, ::1/128",
        "  unix:  a peer on a Unix socket",
    ]
    assert found["What a trusted proxy says"][:3] == [
        "  client    X-Forwarded-For is believed; what is verified of it stays",
        "  scheme    X-Forwarded-Proto is believed",
        "  host      X-Forwarded-Host is left to Django, whose USE_X_FORWARDED_HOST",
    ]
    assert (
        "  port      nothing is believed; the headers pass unchanged"
        in (found["What a trusted proxy says"])
    )
    says = "  identity  the headers pass unchanged, for the login to read"
    assert says in found["What a trusted proxy says"]
    removed = found["Removed from every request"]
    assert removed[0].startswith("  client    Ali-Cdn-Real-Ip, Ar-Real-IP, CF-Connecting-IP, ")
    assert removed[-1] == "  other     X-Own"
    others = found["Removed as well, unless a trusted proxy sent the request"]
    assert others[0] == "  client    X-Forwarded-For"
    assert "  port      X-Forwarded-Port" in others
    assert any(line.startswith("  identity  Cf-Access-Auth") for line in others)
    assert "Http-" not in "".join(others)
    assert found["Outcomes that are answered with 400"] == ["  missing", "  never for /healthz"]
    assert found["Findings of the checks"][0].startswith("  trustedproxy.W001: ")


def test_an_empty_policy_says_so():
    found = sections(show(TRUSTED_PROXIES=[], TRUSTED_PROXY_KEEP_HEADER=False))
    assert found["Trusted proxies"] == ["  nobody"]
    assert found["What a trusted proxy says"][0] == (
        "  client    X-Forwarded-For is believed; it is removed then"
    )
    assert found["Outcomes that are answered with 400"] == ["  none"]
    assert found["Findings of the checks"] == ["  none"]
    assert "Entries that cannot be used" not in found


@pytest.mark.parametrize("width", [40, 72, 80, 132, 1])
def test_the_lines_fit_the_terminal(columns, width):
    columns(width)
    lines = show(**SETTINGS, TRUSTED_PROXY=1, MIDDLEWARE=[]).splitlines()
    fits = max(width, 60)  # what cannot be broken: a heading, a path, and the address of a page
    longest = max((line for line in lines if not line.strip().startswith("https:")), key=len)
    assert len(longest) <= fits


def test_what_can_be_used_is_shown_though_a_setting_is_wrong():
    wrong = {"TRUSTED_PROXIES": ["10.0.0.7", "nginx"], "TRUSTED_PROXY_KEEP_HEADER": "False"}
    found = sections(show(**wrong))
    assert found["Trusted proxies"] == ["  10.0.0.7"]
    assert found["Entries that cannot be used"] == ["  'nginx'"]
    text = " ".join(line.strip() for line in found["Findings of the checks"])
    assert 'Write TRUSTED_PROXIES = ["10.0.0.7"].' in text
    assert "Write TRUSTED_PROXY_KEEP_HEADER = False." in text
    facts = json.loads(show("--json", **wrong))
    assert facts["unusable"] == ["'nginx'"]
    assert [finding["id"] for finding in facts["findings"]] == [
        "trustedproxy.E005",
        "trustedproxy.E009",
    ]
    assert sections(show(TRUSTED_PROXIES="10.0.0.7"))["Trusted proxies"] == ["  nobody"]
