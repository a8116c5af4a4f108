"""The settings of secrets: what cannot be used stops the process, and no message shows a secret."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_trustedproxy.conf import parse
from django_trustedproxy.stamping import SHORTEST
from tests.edge import ANY, HEADER, OF_DOCS, OLDER, SECRET, STAMPS

NEW = "Write one that `python -c 'import secrets; print(secrets.token_urlsafe(32))'` prints."
STRONG = "expected at least 32 characters, 10 of them different."
UNSET = (
    "An environment variable that is not set, or empty, gives such an entry: set it, or read it with "
    'os.environ["…"], which fails if it is not set.'
)


def problems(**settings):
    return parse(SimpleNamespace(**settings))[1]


def problem(**settings):
    (found,) = problems(**settings)
    return found.id.removeprefix("trustedproxy."), found.msg, found.hint


def test_the_settings_of_the_guide_can_be_used():
    assert problems(**STAMPS) == []
    assert problems(**ANY) == []
    assert problems(**{**STAMPS, "TRUSTED_PROXY_SECRET_HEADER": [HEADER, "X-Old-Secret"]}) == []
    assert problems(**{**STAMPS, "TRUSTED_PROXY_SECRET_HEADER": " HTTP_X_EDGE_SECRET "}) == []
    # Secrets can be a lock alone, or be watched before anything depends on them.
    assert problems(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": []}) == []
    # A UUID is strong enough: X-Azure-FDID is one.
    assert (
        problems(**{**STAMPS, "TRUSTED_PROXY_SECRETS": ["a0a1b2c3-d4e5-4f60-8718-293a4b5c6d7e"]})
        == []
    )


@pytest.mark.parametrize(
    ("secret", "id_", "fact"),
    [
        ("", "E086", f"is empty: {STRONG}"),
        ("  ", "E086", f"is empty: {STRONG}"),
        (None, "E086", "is NoneType: expected text."),
        (SECRET.encode(), "E086", "is bytes: expected text."),
        (7, "E086", "is int: expected text."),
        (SECRET[:31], "E083", f"has 31 characters, 31 of them different: {STRONG}"),
        ("abcabcabc" * 8, "E083", f"has 72 characters, 3 of them different: {STRONG}"),
        ("change-me", "E084", "is a placeholder: expected a random text."),
        (
            "replace_this_with_a_long_random_text",
            "E084",
            "is a placeholder: expected a random text.",
        ),
        (OF_DOCS, "E084", "is a placeholder: expected a random text."),
        ("${EDGE_SECRET}", "E084", "is a placeholder: expected a random text."),
        (
            "<the-text-that-cloudfront-sends-us-1>",
            "E084",
            "is a placeholder: expected a random text.",
        ),
        ("0123456789abcdef0123456789abcdef", "E084", "is a placeholder: expected a random text."),
        (
            "your-own-text-of-32-characters-or-more",
            "E084",
            "is a placeholder: expected a random text.",
        ),
        ("%(EDGE_LOCK)s-of-the-environment", "E084", "is a placeholder: expected a random text."),
        *(
            (
                text,
                "E086",
                "has a blank, a comma, a control character or one that is not ASCII: expected "
                "printable ASCII without them.",
            )
            for text in (
                f" {SECRET}",
                f"{SECRET}\n",
                f"{SECRET},{OLDER}",
                f"{SECRET}\x7f",
                f"{SECRET}é",
                f"{SECRET}\t",
            )
        ),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_by_its_position(secret, id_, fact):
    found = problem(**{**STAMPS, "TRUSTED_PROXY_SECRETS": [OLDER, secret]})
    hint = UNSET if "is empty" in fact or secret is None else NEW
    if "expected text" in fact and secret is not None:
        hint = "Write each secret as a text."
    if "has a blank" in fact:
        hint = f"A header cannot carry it unchanged. {NEW}"
    assert found == (id_, f"TRUSTED_PROXY_SECRETS[1] {fact}", hint)


@pytest.mark.parametrize(
    "keys",
    [
        {"SECRET_KEY": SECRET},
        {"SECRET_KEY": f"django-{SECRET}-x"},
        {"SECRET_KEY": "other", "SECRET_KEY_FALLBACKS": ["another", SECRET]},
        {"SECRET_KEY": SECRET[:SHORTEST], "TRUSTED_PROXY_SECRETS": [f"{SECRET}xyz"]},
    ],
)
def test_a_secret_that_signs_sessions_is_no_secret_of_the_edge(keys):
    found = problem(**{**STAMPS, **keys})
    assert found == (
        "E085",
        "TRUSTED_PROXY_SECRETS[0] is part of SECRET_KEY or of one of SECRET_KEY_FALLBACKS, or has it in "
        "it: expected a secret of its own.",
        f"The edge would know the key that signs the sessions. {NEW}",
    )


def test_a_secret_that_has_a_short_key_in_it_by_chance_can_be_used():
    assert parse(SimpleNamespace(**STAMPS, SECRET_KEY=SECRET[:4]))[1] == []


class Keyless:
    """Settings as Django has them with an empty SECRET_KEY, which it reports itself."""

    TRUSTED_PROXIES_WITH_SECRET = STAMPS["TRUSTED_PROXIES_WITH_SECRET"]
    TRUSTED_PROXY_SECRET_HEADER = HEADER
    TRUSTED_PROXY_SECRETS = (SECRET,)
    SECRET_KEY_FALLBACKS = 7

    @property
    def SECRET_KEY(self):  # noqa: N802 - Django's name
        raise ImproperlyConfigured("The SECRET_KEY setting must not be empty.")


def test_a_missing_secret_key_is_djangos_to_report():
    assert parse(Keyless())[1] == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [(SECRET, "str"), (SECRET.encode(), "bytes"), (None, "NoneType"), ({}, "dict")],
)
def test_secrets_that_are_no_list(value, kind):
    assert problem(**{**STAMPS, "TRUSTED_PROXY_SECRETS": value}) == (
        "E082",
        f"TRUSTED_PROXY_SECRETS is not a list: expected a list of secrets, the newest first, got {kind}.",
        'Write TRUSTED_PROXY_SECRETS = [os.environ["EDGE_SECRET"]].',
    )


@pytest.mark.parametrize(
    ("header", "fact", "got"),
    [
        ("X-Forwarded-For", "names a header that speaks about the client", "'X-Forwarded-For'"),
        ("X-Forwarded-Proto", "names a header that speaks about the scheme", "'X-Forwarded-Proto'"),
        ("Remote-User", "names a header that says who the user is", "'Remote-User'"),
        ("Authorization", "names a header that cannot carry a secret", "'Authorization'"),
        ("Cookie", "names a header that cannot carry a secret", "'Cookie'"),
        ("Upgrade", "names a header that cannot carry a secret", "'Upgrade'"),
        ("X-CSRFToken", "names a header that cannot carry a secret", "'X-CSRFToken'"),
        ("Sec-WebSocket-Key", "names a header that cannot carry a secret", "'Sec-WebSocket-Key'"),
        ("X_Edge_Secret", "names a header that cannot carry a secret", "'X_Edge_Secret'"),
        ("", "names a header that cannot carry a secret", "''"),
        (7, "names a header that cannot carry a secret", "7"),
        ("X-Company-User", "names a header that another setting names", "'X-Company-User'"),
        ("X-Our-Client", "names a header that another setting names", "'X-Our-Client'"),
        # It may be the secret, in the wrong setting.
        (f"_{SECRET}", "names a header that cannot carry a secret", "a long text"),
    ],
)
def test_a_header_that_cannot_carry_a_secret(header, fact, got):
    settings = {
        **STAMPS,
        "TRUSTED_PROXY_GUARDED_HEADERS": ["X-Company-User"],
        "TRUSTED_PROXY_HEADER": "X-Our-Client",
    }
    for value in (header, [HEADER, header]):
        assert problem(**{**settings, "TRUSTED_PROXY_SECRET_HEADER": value}) == (
            "E081",
            f"TRUSTED_PROXY_SECRET_HEADER {fact}: expected a name such as 'X-Edge-Secret', got {got}.",
            'Write TRUSTED_PROXY_SECRET_HEADER = "X-Edge-Secret", or another name that nothing else has.',
        )


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        (
            {"TRUSTED_PROXY_SECRETS": [SECRET]},
            "TRUSTED_PROXY_SECRETS needs TRUSTED_PROXY_SECRET_HEADER, which is not set.",
        ),
        (
            {"TRUSTED_PROXY_SECRET_HEADER": HEADER},
            "TRUSTED_PROXY_SECRET_HEADER needs TRUSTED_PROXY_SECRETS, which is not set.",
        ),
        (
            {"TRUSTED_PROXY_SECRET_HEADER": [], "TRUSTED_PROXY_SECRETS": [SECRET]},
            "TRUSTED_PROXY_SECRETS needs TRUSTED_PROXY_SECRET_HEADER, which is not set.",
        ),
        (
            {"TRUSTED_PROXIES_WITH_SECRET": ["198.51.100.0/24"]},
            "TRUSTED_PROXIES_WITH_SECRET needs TRUSTED_PROXY_SECRET_HEADER and TRUSTED_PROXY_SECRETS, "
            "which are not set.",
        ),
        (
            {"TRUSTED_PROXY_REJECT": ["unstamped"]},
            '"unstamped" in TRUSTED_PROXY_REJECT needs TRUSTED_PROXY_SECRET_HEADER and '
            "TRUSTED_PROXY_SECRETS, which are not set.",
        ),
        (
            {
                "TRUSTED_PROXIES_WITH_SECRET": ["198.51.100.0/24"],
                "TRUSTED_PROXY_REJECT": ["unstamped"],
            },
            "TRUSTED_PROXIES_WITH_SECRET needs TRUSTED_PROXY_SECRET_HEADER and TRUSTED_PROXY_SECRETS, "
            "which are not set.",
        ),
    ],
)
def test_a_setting_that_means_nothing_without_another_is_an_error(settings, needs):
    id_, msg, hint = problem(**settings)
    assert (id_, msg) == ("E080", needs)
    absent = needs.partition(" needs ")[2].partition(", which")[0].split(" and ")
    lines = {
        "TRUSTED_PROXY_SECRET_HEADER": 'TRUSTED_PROXY_SECRET_HEADER = "X-Edge-Secret"',
        "TRUSTED_PROXY_SECRETS": 'TRUSTED_PROXY_SECRETS = [os.environ["EDGE_SECRET"]]',
    }
    write = " and ".join(lines[name] for name in absent)
    used = needs.partition(" needs ")[0]
    assert hint == f"Write {write}, as your edge sends it, or remove {used}."


def test_networks_with_a_secret_are_read_as_the_others_are():
    id_, msg, hint = problem(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": ["10.0.0.1/8"]})
    assert (id_, msg.partition(" ")[0]) == ("E003", "TRUSTED_PROXIES_WITH_SECRET[0]")
    assert hint.endswith('Write TRUSTED_PROXIES_WITH_SECRET = ["10.0.0.1"].')
    id_, msg, _ = problem(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": "198.51.100.0/24"})
    assert (id_, msg.partition(":")[0]) == ("E001", "TRUSTED_PROXIES_WITH_SECRET is not a list")


@pytest.mark.parametrize(
    ("changed", "id_", "fact"),
    [
        (
            {"TRUSTED_PROXIES_WITH_SECRET": [" any ", "10.0.0.1"]},
            "E087",
            "beside other entries: expected it alone, got 2 entries.",
        ),
        *(
            (
                {"TRUSTED_PROXY_HEADER": header},
                "E087",
                ", and TRUSTED_PROXY_HEADER a header that is a list",
            )
            for header in ("X-Forwarded-For", "Forwarded", "X-Original-Forwarded-For")
        ),
        ({"TRUSTED_PROXIES": ["10.0.0.1"]}, "E088", ", and TRUSTED_PROXIES is not empty"),
        ({"TRUSTED_PROXIES": ["unix:"]}, "E088", ", and TRUSTED_PROXIES is not empty"),
        (
            {"TRUSTED_PROXY_SECRET_HEADER": "X-Azure-FDID"},
            "E089",
            ", and TRUSTED_PROXY_SECRET_HEADER names X-Azure-FDID, which is an identifier, not a secret.",
        ),
    ],
)
def test_any_peer_is_trusted_where_a_secret_can_speak_for_it(changed, id_, fact):
    found = problem(**{**ANY, **changed})
    assert found[0] == id_
    assert (
        found[1]
        .removeprefix('TRUSTED_PROXIES_WITH_SECRET names "any"')
        .strip()
        .startswith(fact.strip())
    )


@pytest.mark.parametrize(
    ("changed", "msg", "hint"),
    [
        (
            {"TRUSTED_PROXY_HEADER": "X-Forwarded-For"},
            ", and TRUSTED_PROXY_HEADER a header that is a list: expected a header with one address, "
            "because a secret does not show how many entries of a list it vouches for.",
            'Write TRUSTED_PROXY_HEADER = "CF-Connecting-IP", or the header with one address that your '
            "edge sets, or list the networks of the edge.",
        ),
        (
            {"TRUSTED_PROXIES": ["10.0.0.1"]},
            ", and TRUSTED_PROXIES is not empty: a front end that is trusted for its address would "
            "pass on what a stranger wrote into the header.",
            "Write TRUSTED_PROXIES = []: with the secret, every peer is trusted.",
        ),
        (
            {"TRUSTED_PROXY_SECRET_HEADER": "X-Azure-FDID"},
            ", and TRUSTED_PROXY_SECRET_HEADER names X-Azure-FDID, which is an identifier, not a "
            "secret.",
            "List the networks of the service tag AzureFrontDoor.Backend, as Microsoft asks for both.",
        ),
    ],
)
def test_what_keeps_any_from_being_used_is_told_with_the_remedy(changed, msg, hint):
    found = problem(**{**ANY, **changed})
    assert found[1:] == (f'TRUSTED_PROXIES_WITH_SECRET names "any"{msg}', hint)


def test_a_secret_with_just_enough_characters_is_one():
    assert problems(**{**STAMPS, "TRUSTED_PROXY_SECRETS": ["qXz7-vK_9m" * 4]}) == []
    (few,) = problems(**{**STAMPS, "TRUSTED_PROXY_SECRETS": ["qXz7-vK_9" * 4]})
    assert "9 of them different" in few[1]


def test_the_first_header_tells_whether_it_is_a_list():
    for headers, count in (
        (["CF-Connecting-IP", "X-Forwarded-For"], 0),
        (["X-Forwarded-For", "CF-Connecting-IP"], 1),
    ):
        named = SimpleNamespace(**{**ANY, "TRUSTED_PROXY_HEADER": headers})
        assert [problem.id for problem in parse(named)[1]] == ["trustedproxy.E087"] * count


def test_any_is_no_entry_of_the_networks_that_are_trusted_always():
    assert problem(TRUSTED_PROXIES=["any"])[0] == "E007"


def test_azures_identifier_can_be_asked_beside_its_networks():
    identifier = "a0a1b2c3-d4e5-4f60-8718-293a4b5c6d7e"
    settings = {
        "TRUSTED_PROXY_SECRET_HEADER": "X-Azure-FDID",
        "TRUSTED_PROXY_SECRETS": [identifier],
    }
    assert problems(**{**STAMPS, **settings}) == []


def test_no_message_shows_a_secret():
    wrong = [SECRET[:31], f"{SECRET},", f"change-me-{SECRET}", SECRET, [SECRET], {SECRET: 1}]
    for value in (wrong, SECRET, {SECRET: SECRET}):
        for header in (HEADER, SECRET, f"_{SECRET}"):
            settings = {**STAMPS, "TRUSTED_PROXY_SECRETS": value, "SECRET_KEY": SECRET}
            found = problems(**{**settings, "TRUSTED_PROXY_SECRET_HEADER": header})
            assert found
            assert SECRET[:31] not in repr(found)


@pytest.mark.parametrize("secret", [SECRET, f"{SECRET}-{SECRET}"])
def test_a_secret_among_the_networks_is_not_shown(secret):
    for value in (secret, [secret], ["198.51.100.0/24", secret], {secret: 1}):
        found = repr(problems(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": value}))
        assert "TRUSTED_PROXIES_WITH_SECRET" in found
        assert SECRET[:16] not in found
        assert SECRET[-16:] not in found


def test_parsing_never_raises_and_a_wrong_secret_trusts_nobody_by_accident():
    for value in (object(), 7, [object()], [[]], [b"\xff"], {SECRET}, iter([SECRET])):
        for name in STAMPS:
            policy, _ = parse(SimpleNamespace(**{**STAMPS, name: value}))
            assert policy.networks.merged == ()


@pytest.mark.parametrize("value", ["any", "ANY", ["Any"], ["*"], "*", ["all"], ["any", "*"]])
def test_another_spelling_of_any_is_told_with_the_right_one(value):
    found = problems(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": value})
    if value == ["any", "*"]:
        assert all("TRUSTED_PROXIES_WITH_SECRET = []" not in hint for _, _, hint in found)
        return
    assert {hint for _, _, hint in found} == {
        'If anybody who sends the secret is trusted, write TRUSTED_PROXIES_WITH_SECRET = ["any"].'
    }
    mixed = problems(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": ["10.0.0.1", "*"]})
    assert '["any"]' not in str(mixed)


@pytest.mark.parametrize(
    "text",
    [
        "Zq9.2kQ:81mn_Xw3.RtY7-uIoP5aSdFgHjKl",
        "abc:Qk8v_2mNz.L0pXwR9tYs4uEdC6bGh",
        "k3j9dh2ls8fj4hg7sk2lq9wm3nz6xv5b.abc",
    ],
)
def test_a_secret_in_the_setting_of_the_networks_is_not_shown(text):
    values = [f"it's-{text}", f"\"{text}'", f"X-Edge-Secret: {text}", f"  {text}", f"{text} # ours"]
    values += [f"10.0.0.1 {text}", f"unix: {text}", f"10.0.0.0/8,{text}", f"10.0.0.0/8#{text}"]
    for value in ([text], text, ["10.0.0.1", text], [Path(text)], *([each] for each in values)):
        told = str(problems(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": value}))
        assert (text not in told, "a long text" in told) == (True, True)
        assert not any(part in told for part in (text[:20], text[-20:]))


@pytest.mark.parametrize(
    "text",
    [
        "my-balancer-1234567890.eu-west-1.elb.example.com",
        "2001:0db8:0000:0000:0000:0000:0000:0001/64",
    ],
)
def test_a_long_address_or_host_name_is_shown(text):
    assert text in str(problems(**{**STAMPS, "TRUSTED_PROXIES_WITH_SECRET": [text]}))
