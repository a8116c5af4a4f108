"""Settings: what each problem says, and that the policy follows the settings."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_trustedproxy.conf import DEFAULTS, get_policy, parse
from django_trustedproxy.pages import page_of_check

EXPECTED_HEADER = "a name such as 'X-Forwarded-For' or 'HTTP_X_FORWARDED_FOR'"
HINT_HEADER = 'Write TRUSTED_PROXY_HEADER = "X-Forwarded-For", or the header that your proxy sets.'
OUTCOMES = "'direct', 'missing', 'malformed', 'unknown', 'unstamped'"


def problems(**settings):
    return [tuple(problem) for problem in parse(SimpleNamespace(**settings))[1]]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        *(
            (
                {"TRUSTED_PROXY_HEADER": header},
                (
                    "trustedproxy.E008",
                    "TRUSTED_PROXY_HEADER does not name a forwarding header: expected "
                    f"{EXPECTED_HEADER}, got {header!r}.",
                    HINT_HEADER,
                ),
            )
            for header in [
                "",
                "X-Forwarded-For:",
                "X Real IP",
                "REMOTE_ADDR",
                "X_Real_IP",
                "Host",
                "HTTP_HOST",
                "Content-Length",
                "Cookie",
                "HTTP_",
                "X-Réal-IP",
                None,
                b"X-Real-IP",
                [],
            ]
        ),
        (
            {"TRUSTED_PROXY_SCHEME_HEADER": "X_Forwarded_Proto"},
            (
                "trustedproxy.E008",
                "TRUSTED_PROXY_SCHEME_HEADER does not name a forwarding header: expected a name such as "
                "'X-Forwarded-Proto' or 'HTTP_X_FORWARDED_PROTO', got 'X_Forwarded_Proto'.",
                'Write TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto", or the header that your proxy '
                "sets.",
            ),
        ),
        (
            {"TRUSTED_PROXY_HOST_HEADER": ["X-Forwarded-Host", "X-Host"]},
            (
                "trustedproxy.E012",
                "TRUSTED_PROXY_HOST_HEADER is a list: expected one header name or None, got "
                "['X-Forwarded-Host', 'X-Host'].",
                "Name the one header that your proxy sets. Of several, nobody could tell which one a "
                "client wrote.",
            ),
        ),
        (
            {"TRUSTED_PROXY_HEADER": "X-Forwarded-Proto"},
            (
                "trustedproxy.E013",
                "TRUSTED_PROXY_HEADER names a header that speaks about the scheme: expected a header that "
                "speaks about the client, got 'X-Forwarded-Proto'.",
                'Write TRUSTED_PROXY_HEADER = "X-Forwarded-For", or the header that your proxy sets.',
            ),
        ),
        (
            {"TRUSTED_PROXY_PORT_HEADER": "Forwarded"},
            (
                "trustedproxy.E013",
                "TRUSTED_PROXY_PORT_HEADER names a header that speaks about the client: expected a header "
                "that speaks about the port, got 'Forwarded'.",
                'Write TRUSTED_PROXY_PORT_HEADER = "X-Forwarded-Port", or the header that your proxy sets.',
            ),
        ),
        (
            {"TRUSTED_PROXY_SCHEME_HEADER": "x-forwarded-host"},
            (
                "trustedproxy.E013",
                "TRUSTED_PROXY_SCHEME_HEADER names a header that speaks about the host: expected a header "
                "that speaks about the scheme, got 'x-forwarded-host'.",
                'Write TRUSTED_PROXY_SCHEME_HEADER = "X-Forwarded-Proto", or the header that your proxy '
                "sets.",
            ),
        ),
        (
            {"TRUSTED_PROXY_HEADER": "X-Info", "TRUSTED_PROXY_SCHEME_HEADER": "X-Info"},
            (
                "trustedproxy.E014",
                "TRUSTED_PROXY_SCHEME_HEADER names the header of TRUSTED_PROXY_HEADER too: expected a "
                "header of its own, got 'X-Info'.",
                "Write TRUSTED_PROXY_SCHEME_HEADER = None.",
            ),
        ),
        (
            {"TRUSTED_PROXY_HOST_HEADER": "X-Info", "TRUSTED_PROXY_SERVER_HEADER": "X-Info"},
            (
                "trustedproxy.E014",
                "TRUSTED_PROXY_SERVER_HEADER names the header of TRUSTED_PROXY_HOST_HEADER too: expected "
                "a header of its own, got 'X-Info'.",
                "Write TRUSTED_PROXY_SERVER_HEADER = None.",
            ),
        ),
        (
            {"TRUSTED_PROXY_KEEP_HEADER": 0},
            (
                "trustedproxy.E009",
                "TRUSTED_PROXY_KEEP_HEADER is not a bool: expected True or False, got 0.",
                "Write TRUSTED_PROXY_KEEP_HEADER = False.",
            ),
        ),
        (
            {"TRUSTED_PROXY_PROBE": "on"},
            (
                "trustedproxy.E090",
                "TRUSTED_PROXY_PROBE is not a bool: expected True or False, got 'on'.",
                "Write TRUSTED_PROXY_PROBE = True.",
            ),
        ),
        (
            {"TRUSTED_PROXY_PROBE": None},
            (
                "trustedproxy.E090",
                "TRUSTED_PROXY_PROBE is not a bool: expected True or False, got None.",
                "Write TRUSTED_PROXY_PROBE = False.",
            ),
        ),
        (
            {"TRUSTED_PROXY_REJECT": "direct"},
            (
                "trustedproxy.E010",
                f"TRUSTED_PROXY_REJECT is not a collection: expected some of {OUTCOMES}, got 'direct'.",
                "Write TRUSTED_PROXY_REJECT = ['direct'].",
            ),
        ),
        *(
            (
                {"TRUSTED_PROXY_REJECT": [value]},
                (
                    "trustedproxy.E011",
                    "TRUSTED_PROXY_REJECT names an outcome that cannot be rejected: expected some of "
                    f"{OUTCOMES}, got {value!r}.",
                    f"Write TRUSTED_PROXY_REJECT = {meant}.",
                ),
            )
            for value, meant in (
                ("Direct", ["direct"]),
                ("malformd", ["malformed"]),
                ("missing,direct", ["direct", "missing"]),
                (["unstamped"], ["unstamped"]),
                (7, []),
            )
        ),
        (
            {"TRUSTED_PROXY_REJECT": ["direct", "forwarded"]},
            (
                "trustedproxy.E011",
                "TRUSTED_PROXY_REJECT names an outcome that cannot be rejected: expected some of "
                f"{OUTCOMES}, got 'forwarded'.",
                "Write TRUSTED_PROXY_REJECT = ['direct'].",
            ),
        ),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_used_says_why_and_what_to_write(settings, problem):
    assert problems(**settings) == [problem]


def test_every_problem_is_reported_at_once_and_stops_the_process():
    wrong = {
        "TRUSTED_PROXIES": ["10.0.0.1/8", "nginx", {}],
        "TRUSTED_PROXY_HEADER": ["X-Real-IP", "X:", ""],
        "TRUSTED_PROXY_KEEP_HEADER": "no",
        "TRUSTED_PROXY_REJECT": [[], "missing"],
    }
    ids = [problem[0] for problem in problems(**wrong)]
    assert ids == [
        "trustedproxy.E003",
        "trustedproxy.E005",
        "trustedproxy.E002",
        "trustedproxy.E008",
        "trustedproxy.E008",
        "trustedproxy.E009",
        "trustedproxy.E011",
    ]
    with override_settings(**wrong), pytest.raises(ImproperlyConfigured) as caught:
        get_policy()
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ids


def test_the_text_of_a_wrong_setting_is_shortened():
    (problem,) = problems(TRUSTED_PROXY_HEADER="x:" * 10_000)
    assert len(problem[1]) < 300


def test_without_settings_nobody_is_trusted():
    policy, found = parse(SimpleNamespace())
    assert found == []
    assert policy.networks.merged == ()
    assert not policy.networks.unix
    assert (policy.header, policy.keep_header) == ("HTTP_X_FORWARDED_FOR", True)
    assert policy.reject == frozenset()
    assert not DEFAULTS["TRUSTED_PROXIES"]


@pytest.mark.parametrize("name", ["X-Real-IP", "x-real-ip", "HTTP_X_REAL_IP", "http_x_real_ip"])
def test_a_header_is_named_in_wire_or_meta_form_in_any_case(name):
    policy, found = parse(SimpleNamespace(TRUSTED_PROXY_HEADER=name))
    assert found == []
    assert (policy.header, policy.header_name) == ("HTTP_X_REAL_IP", "X-Real-IP")


def test_a_vendor_header_is_dropped_from_an_untrusted_peer():
    policy, _ = parse(
        SimpleNamespace(TRUSTED_PROXY_HEADER=["X-Sucuri-ClientIP", "Incap-Client-IP"])
    )
    assert policy.dropped_if_direct >= {"HTTP_X_SUCURI_CLIENTIP", "HTTP_INCAP_CLIENT_IP"}
    assert "HTTP_INCAP_CLIENT_IP" in policy.dropped
    assert "HTTP_X_SUCURI_CLIENTIP" not in policy.dropped


def test_the_policy_is_parsed_once_and_follows_override_settings():
    before = get_policy()
    assert get_policy() is before
    with override_settings(TRUSTED_PROXY_REJECT=["direct"]):
        assert get_policy().reject == {"direct", "unknown"}
    assert get_policy().reject == frozenset()


def test_forwarded_may_speak_for_client_scheme_and_host():
    names = ("TRUSTED_PROXY_HEADER", "TRUSTED_PROXY_SCHEME_HEADER", "TRUSTED_PROXY_HOST_HEADER")
    policy, found = parse(SimpleNamespace(**dict.fromkeys(names, "Forwarded")))
    assert found == []
    assert [(d.purpose, d.header) for d in policy.designations] == [
        ("scheme", "HTTP_FORWARDED"),
        ("host", "HTTP_FORWARDED"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "HTTP_X",
        ("HTTP_X",),
        (1, "https"),
        ("HTTP_X_REAL_IP", "1"),
        ("wsgi.url_scheme", "https"),
        ("HTTP_COOKIE", "1"),
        ("HTTP_X-FORWARDED-PROTO", "https"),
        ("http_x_forwarded_proto", "https"),
        ("HTTP_X_FORWARDED_FOR", "https"),
        ("HTTP_\ud800", "https"),
    ],
)
def test_an_ssl_header_that_cannot_be_guarded_is_left_to_django(value):
    policy, found = parse(SimpleNamespace(SECURE_PROXY_SSL_HEADER=value))
    assert (policy.designations, found) == ((), [])


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "Content-Length", "Content-Type", "Cookie", "Authorization", "Origin"),
        *("Referer", "Connection", "Transfer-Encoding", "User-Agent", "HTTP_"),
        *("Accept", "Range", "te", "If-None-Match", "HTTP_UPGRADE", "HTTP2-Settings", "Expect"),
        *("Sec-WebSocket-Key", "HTTP_SEC_FETCH_SITE", "X-CSRFToken", "X-Requested-With"),
    ],
)
def test_a_header_that_a_site_would_miss_is_never_designated(name):
    policy, found = parse(SimpleNamespace(TRUSTED_PROXY_HEADER=name))
    assert [problem.id for problem in found] == ["trustedproxy.E008"]
    assert policy.header == "HTTP_X_FORWARDED_FOR"
    policy, found = parse(SimpleNamespace(TRUSTED_PROXY_GUARDED_HEADERS=[name]))
    assert [problem.id for problem in found] == ["trustedproxy.E051"]
    assert policy.dropped_if_direct == parse(SimpleNamespace())[0].dropped_if_direct


class Hostile:
    """A value that is equal to everything and cannot be shown."""

    __hash__ = None

    def __eq__(self, other):
        return True

    def __repr__(self):
        raise RuntimeError


def test_parsing_never_raises_and_trusts_nobody_by_accident():
    policy, found = parse(SimpleNamespace(TRUSTED_PROXIES=[Hostile(), 10**5000]))
    assert [problem.id for problem in found] == ["trustedproxy.E002", "trustedproxy.E002"]
    assert "got <Hostile>" in found[0].msg
    assert found[1].msg.endswith("got <int>.")
    assert not policy.networks.unix
    assert policy.networks.merged == ()


def test_the_headers_of_djangos_own_settings_are_left_to_django_to_read():
    own = {
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "USE_X_FORWARDED_HOST": True,
        "USE_X_FORWARDED_PORT": True,
    }
    with override_settings(**own):
        assert {(d.purpose, d.header, d.is_written) for d in get_policy().designations} == {
            ("scheme", "HTTP_X_FORWARDED_PROTO", False),
            ("host", "HTTP_X_FORWARDED_HOST", False),
            ("port", "HTTP_X_FORWARDED_PORT", False),
        }


def parsed(**values):
    return parse(type("Settings", (), values))


@pytest.mark.parametrize(
    ("value", "paste"),
    [
        ("missing", ["missing"]),
        ("malformed, direct", ["direct", "malformed"]),
        ("untrusted", []),
        (None, []),
        ({"direct": True}, []),
    ],
)
def test_the_remedy_names_the_outcome_that_was_meant(value, paste):
    (problem,) = parsed(TRUSTED_PROXY_REJECT=value)[1]
    assert problem.hint == f"Write TRUSTED_PROXY_REJECT = {paste}."


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        *((text, "= False.") for text in ("0", "False", "f", "N", " no ", "off", "", 0)),
        *((text, "= True.") for text in ("1", "true", "T", "yes", "y", "ON", 1)),
        ("maybe", "= True to keep the header, or False to drop it."),
        (None, "= True to keep the header, or False to drop it."),
        (2, "= True to keep the header, or False to drop it."),
    ],
)
def test_the_remedy_for_a_flag_is_what_its_text_says(value, hint):
    (problem,) = parsed(TRUSTED_PROXY_KEEP_HEADER=value)[1]
    assert problem.hint == f"Write TRUSTED_PROXY_KEEP_HEADER {hint}"


@pytest.mark.parametrize("value", [[" direct "], ("direct",), {"direct"}, {"direct": 1}.keys()])
def test_outcomes_are_any_collection_and_blanks_are_stripped(value):
    policy, found = parsed(TRUSTED_PROXY_REJECT=value)
    assert (policy.reject, found) == ({"direct", "unknown"}, [])


def test_what_cannot_be_designated_is_not_and_the_next_is():
    policy, problems = parsed(
        TRUSTED_PROXY_SCHEME_HEADER="X-Own",
        TRUSTED_PROXY_HOST_HEADER="X-Own",
        TRUSTED_PROXY_PORT_HEADER="X-Forwarded-Host",
        TRUSTED_PROXY_PREFIX_HEADER="X-Forwarded-Prefix",
    )
    assert [problem.id for problem in problems] == ["trustedproxy.E014", "trustedproxy.E013"]
    assert [d.purpose for d in policy.designations] == ["scheme", "prefix"]


def test_a_name_in_meta_form_has_no_hyphen():
    (problem,) = parsed(TRUSTED_PROXY_HEADER="HTTP_X-REAL-IP")[1]
    assert problem.id == "trustedproxy.E008"


def test_each_problem_has_a_line_of_its_own():
    wrong = {"TRUSTED_PROXIES": ["*"], "TRUSTED_PROXY_KEEP_HEADER": 1}
    with override_settings(**wrong), pytest.raises(ImproperlyConfigured) as caught:
        get_policy()
    problems = parsed(**wrong)[1]
    lines = [f"{p.id}: {p.msg} {p.hint} See {page_of_check(p.id)}" for p in problems]
    assert str(caught.value).split("\n") == lines
