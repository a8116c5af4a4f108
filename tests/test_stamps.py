"""A secret of the edge: what it is worth, and that nobody sees it."""

import asyncio
import io
import json
import logging
import pickle
import sys
import traceback

import pytest
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from django_trustedproxy import Answer, asgi, wsgi
from django_trustedproxy.conf import get_policy
from django_trustedproxy.engine.networks import TrustedNetworks
from django_trustedproxy.engine.stamps import Stamps
from django_trustedproxy.environ import rewrite
from django_trustedproxy.middleware import TrustedProxyMiddleware
from django_trustedproxy.testing import send_through, through
from tests.edge import ANY, CHAIN, EDGE, HEADER, KEY, OLDER, SECRET, STAMPS, WRONG, scope_of_edge
from tests.logged import text_of
from tests.mounts import exchange
from tests.requests import CLIENT
from tests.steps import steps


def decided(value, **settings):
    """Return the answer about an edge that sends a value, or nothing for None."""
    meta = {"REMOTE_ADDR": EDGE, "HTTP_X_FORWARDED_FOR": CHAIN}
    if value is not None:
        meta[KEY] = value
    with override_settings(**{**STAMPS, **settings}):
        answer = rewrite(meta, get_policy())
    assert KEY not in meta
    return answer


def test_a_valid_secret_makes_the_networks_of_the_edge_trusted_for_its_request():
    assert decided(SECRET).client == CLIENT
    assert decided(None).client == EDGE
    assert [decided(value).stamp for value in (SECRET, None, "x")] == ["valid", "absent", "wrong"]
    with override_settings():
        assert rewrite({"REMOTE_ADDR": EDGE}, get_policy()).stamp is None


@pytest.mark.parametrize("value", [*WRONG, 7, None, b"x", SECRET.encode(), [SECRET]], ids=repr)
def test_what_is_not_the_secret_is_wrong_and_raises_nothing(value):
    stamps = Stamps([KEY], [SECRET, OLDER], TrustedNetworks(), any_peer=False)
    assert stamps.take({KEY: value}) == "wrong"


@pytest.mark.parametrize("value", ["€" * 32, f"{SECRET}€", "\ud800", SECRET.replace("2", "²")])
def test_text_that_no_server_makes_is_wrong_and_raises_nothing(value):
    assert decided(value).stamp == "wrong"


def test_each_of_the_secrets_is_valid_while_they_rotate():
    both = {"TRUSTED_PROXY_SECRETS": [SECRET, OLDER]}
    assert [decided(value, **both).stamp for value in (SECRET, OLDER)] == ["valid", "valid"]
    assert decided(OLDER).stamp == "wrong"


def test_names_rotate_with_both_headers_sent_at_once():
    stamps = Stamps([KEY, "HTTP_X_OLD_SECRET"], [SECRET, OLDER], TrustedNetworks(), any_peer=False)
    sent = {KEY: SECRET, "HTTP_X_OLD_SECRET": OLDER}
    for meta in (sent, {KEY: SECRET}, {"HTTP_X_OLD_SECRET": OLDER}):
        left = {**meta, "HTTP_HOST": "a"}
        assert stamps.take(left) == "valid"
        assert left == {"HTTP_HOST": "a"}
    # A client can add the header that its edge does not send yet; the edge's own still counts.
    assert stamps.take({KEY: "x", "HTTP_X_OLD_SECRET": OLDER}) == "valid"
    assert stamps.take({KEY: "x", "HTTP_X_OLD_SECRET": "y"}) == "wrong"


def test_a_long_text_costs_what_a_short_one_costs():
    stamps = Stamps([KEY], [SECRET, OLDER], TrustedNetworks(), any_peer=False)
    short, long = (steps(lambda t=text: stamps.take({KEY: t})) for text in ("x", "\xff" * 65_536))
    assert long == short


def test_a_secret_counts_for_no_hop():
    """The edge is listed too: a stamp that counted for a hop would be spent on the client."""
    meta = {"REMOTE_ADDR": "10.0.0.1", KEY: SECRET}
    meta["HTTP_X_FORWARDED_FOR"] = f"6.6.6.6, {CLIENT}, {EDGE}"
    with override_settings(**{**STAMPS, "TRUSTED_PROXIES": ["10.0.0.0/8", EDGE]}):
        answer = rewrite(meta, get_policy())
    assert (answer.client, answer.proxies) == (CLIENT, (EDGE, "10.0.0.1"))


# In the networks of the edge, which all its customers share.
SHARED, OWN = "198.51.100.66", "10.0.1.20"


@pytest.mark.parametrize(
    ("peer", "chain", "client", "proxies"),
    [
        (EDGE, f"6.6.6.6, {SHARED}", SHARED, (EDGE,)),
        (OWN, f"6.6.6.6, {SHARED}, {EDGE}", SHARED, (EDGE, OWN)),
        (OWN, f"6.6.6.6, {SHARED}, {OWN}, {EDGE}, {OWN}", SHARED, (OWN, EDGE, OWN, OWN)),
        # A proxy of the site's own behind the edge, and one in front of it.
        (EDGE, f"6.6.6.6, {CLIENT}, {OWN}", CLIENT, (OWN, EDGE)),
        (OWN, f"6.6.6.6, {CLIENT}, {EDGE}", CLIENT, (EDGE, OWN)),
        (OWN, f"6.6.6.6, junk, {EDGE}", EDGE, (OWN,)),
        (EDGE, SHARED, SHARED, (EDGE,)),
    ],
)
def test_another_customer_who_goes_through_the_edge_is_the_client(peer, chain, client, proxies):
    meta = {"REMOTE_ADDR": peer, KEY: SECRET, "HTTP_X_FORWARDED_FOR": chain}
    with override_settings(**{**STAMPS, "TRUSTED_PROXIES": ["10.0.0.0/8"]}):
        answer = rewrite(meta, get_policy())
    assert (answer.client, answer.proxies) == (client, proxies)
    assert "6.6.6.6" not in meta["HTTP_X_FORWARDED_FOR"]


def test_what_another_customer_wrote_into_forwarded_is_not_read():
    text = f"for=6.6.6.6;proto=https;host=evil.example, for={SHARED}, for={EDGE}"
    meta = {"REMOTE_ADDR": OWN, KEY: SECRET, "HTTP_FORWARDED": text}
    settings = {
        "TRUSTED_PROXIES": ["10.0.0.0/8"],
        "TRUSTED_PROXY_HEADER": "Forwarded",
        "TRUSTED_PROXY_SCHEME_HEADER": "Forwarded",
        "TRUSTED_PROXY_HOST_HEADER": "Forwarded",
    }
    with override_settings(**{**STAMPS, **settings}):
        answer = rewrite(meta, get_policy())
    assert (answer.client, answer.statements) == (SHARED, ())


def test_without_a_client_header_forwarded_is_read_as_far_for_the_scheme():
    text = f"for=6.6.6.6;proto=https, for={SHARED}, for={EDGE}"
    meta = {"REMOTE_ADDR": OWN, KEY: SECRET, "HTTP_FORWARDED": text}
    settings = {"TRUSTED_PROXIES": ["10.0.0.0/8"], "TRUSTED_PROXY_SCHEME_HEADER": "Forwarded"}
    with override_settings(**{**STAMPS, **settings}):
        answer = rewrite(meta, get_policy())
    assert answer.statements == ()


def test_a_hop_on_a_unix_socket_can_be_the_edge():
    meta = {"REMOTE_ADDR": OWN, KEY: SECRET, "HTTP_X_FORWARDED_FOR": f"6.6.6.6, {SHARED}, unix:"}
    settings = {"TRUSTED_PROXIES": ["10.0.0.0/8"]}
    settings["TRUSTED_PROXIES_WITH_SECRET"] = ["unix:", "198.51.100.0/24"]
    with override_settings(**{**STAMPS, **settings}):
        assert rewrite(meta, get_policy()).client == SHARED


def test_a_peer_is_not_remembered_as_trusted_for_a_request_without_a_secret():
    with override_settings(**STAMPS):
        policy = get_policy()
        for value, client in [(SECRET, CLIENT), ("x", EDGE), (SECRET, CLIENT), ("x", EDGE)] * 2:
            meta = {"REMOTE_ADDR": EDGE, "HTTP_X_FORWARDED_FOR": CHAIN, KEY: value}
            assert rewrite(meta, policy).client == client


def test_an_answer_with_a_stamp_is_frozen_and_can_be_pickled():
    answer = decided(SECRET)
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert answer != decided(None)
    with pytest.raises(AttributeError):
        answer.stamp = "valid"
    assert Answer("a", "a").stamp is None


SPELLINGS = [HEADER, HEADER.lower(), "X_Edge_Secret", "x-edge_secret"]


@pytest.mark.parametrize("name", [*SPELLINGS, "X.Edge.Secret"])
@pytest.mark.parametrize("peer", [EDGE, "192.0.2.1", "10.0.0.1"])
def test_no_spelling_passes_the_asgi_wrapper(name, peer, settings):
    for setting, value in STAMPS.items():
        setattr(settings, setting, value)
    scope = scope_of_edge((name, SECRET), peer=peer)
    changed = asgi.rewrite_scope(scope, get_policy())
    assert SECRET.encode() not in dict(changed["headers"]).values()
    is_read = name.lower() == HEADER.lower()
    assert changed["trusted_proxy"].stamp == ("valid" if is_read else "absent")


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_spelling_stays_in_the_scope_of_the_middleware(name, settings):
    for setting, value in STAMPS.items():
        setattr(settings, setting, value)
    seen = []

    async def view(request):
        seen.append((request.META, request.scope, dict(request.headers)))
        return HttpResponse()

    scope = scope_of_edge((name, SECRET))
    request = ASGIRequest(scope, io.BytesIO())
    asyncio.run(TrustedProxyMiddleware(view)(request))
    assert SECRET not in repr(seen)
    assert len(seen[0][1]["headers"]) == 2
    assert len(scope["headers"]) == 3  # the server keeps its own


@pytest.mark.parametrize("debug", [False, True])
def test_a_rejection_under_asgi_shows_no_secret(debug, settings, caplog):
    for setting, value in STAMPS.items():
        setattr(settings, setting, value)
    settings.TRUSTED_PROXY_REJECT, settings.DEBUG = ["missing"], debug
    scope = scope_of_edge((HEADER, SECRET))
    del scope["headers"][1]
    scope["aws.event"] = {"headers": {HEADER: SECRET}}
    answer = asyncio.run(exchange(ASGIHandler(), scope))
    assert answer[0] == 400
    [error] = [record.exc_info[1] for record in caplog.records if record.exc_info]
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [frame.locals for frame in frames if "django_trustedproxy" in frame.filename]
    assert ours
    assert SECRET not in repr((answer, ours))


def test_no_secret_stays_in_what_an_adapter_keeps_of_a_request():
    scope = scope_of_edge((HEADER, SECRET))
    with override_settings(**STAMPS):
        meta = {"REMOTE_ADDR": EDGE, KEY: SECRET, "asgi.scope": scope}
        assert rewrite(meta, get_policy()).stamp == "valid"
        around = {**scope, "wsgi_environ": {"REMOTE_ADDR": EDGE, KEY: SECRET}}
        changed = asgi.rewrite_scope(around, get_policy())
        request = ASGIRequest(around, io.BytesIO())
        TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    assert SECRET not in repr((meta, changed, request.scope))
    assert meta["asgi.scope"]["path"] == "/echo"
    assert changed["wsgi_environ"] == request.scope["wsgi_environ"] == {"REMOTE_ADDR": EDGE}
    assert SECRET in repr(scope)  # the server keeps its own


def test_a_request_that_is_decided_already_keeps_no_secret_that_comes_later():
    with override_settings(**STAMPS):
        request = RequestFactory().get("/", REMOTE_ADDR=EDGE, HTTP_X_EDGE_SECRET=SECRET)
        answer = rewrite(request.META, get_policy())
        request.META[KEY] = SECRET
        assert rewrite(request.META, get_policy()) is answer
    assert KEY not in request.META


@pytest.mark.parametrize(
    ("value", "peer", "status"),
    [
        (SECRET, EDGE, 200),
        (OLDER, EDGE, 400),
        (None, EDGE, 400),
        (None, "10.0.0.1", 400),
        (SECRET, "10.0.0.1", 200),
        (None, "192.0.2.1", 400),
        (SECRET, "192.0.2.1", 200),
    ],
)
@pytest.mark.parametrize("mount", ["wsgi", "wsgi wrapper", "asgi", "asgi wrapper"])
def test_the_lock_admits_whoever_has_the_secret(mount, value, peer, status, caplog):
    headers = [(HEADER, value)] if value else []
    with override_settings(**STAMPS, TRUSTED_PROXY_REJECT=["unstamped"]):
        if mount.startswith("asgi"):
            wrap = asgi.TrustedProxy if "wrapper" in mount else lambda application: application
            scope = scope_of_edge(*headers, peer=peer)
            assert asyncio.run(exchange(wrap(ASGIHandler()), scope))[0] == status
        else:
            wrap = wsgi.TrustedProxy if "wrapper" in mount else lambda application: application
            client = Client(REMOTE_ADDR=peer, **({KEY: value} if value else {}))
            handler = WSGIHandler()
            client.handler.get_response = handler.get_response
            started = []
            request = client._base_environ(PATH_INFO="/echo", **({KEY: value} if value else {}))  # noqa: SLF001
            body = wrap(handler)({**request, "REMOTE_ADDR": peer}, lambda s, _: started.append(s))
            b"".join(body)
            assert int(started[0].split()[0]) == status
    told = [r.getMessage() for r in caplog.records if "Rejected" in r.name]
    reason = f"Request from peer '{peer}' with no valid secret ('unstamped'), which "
    assert told == ([f"{reason}TRUSTED_PROXY_REJECT names."] if status == 400 else [])


def test_an_exempt_path_needs_no_secret(client):
    settings = {"TRUSTED_PROXY_REJECT": ["unstamped"], "TRUSTED_PROXY_REJECT_EXEMPT": ["/echo"]}
    with override_settings(**STAMPS, **settings):
        assert client.get("/echo", REMOTE_ADDR=EDGE).status_code == 200
        assert client.get("/other", REMOTE_ADDR=EDGE).status_code == 400


def test_any_is_any_peer_and_no_hop():
    with override_settings(**ANY):
        policy = get_policy()
        for peer in ("192.0.2.1", "10.9.9.9", "2001:db8::7"):
            meta = {"REMOTE_ADDR": peer, "HTTP_CF_CONNECTING_IP": "10.1.1.1", KEY: SECRET}
            answer = rewrite(meta, policy)
            assert (answer.client, answer.proxies, answer.outcome) == (
                "10.1.1.1",
                (peer,),
                "forwarded",
            )
            meta = {"REMOTE_ADDR": peer, "HTTP_CF_CONNECTING_IP": "6.6.6.6", KEY: "x"}
            assert rewrite(meta, policy).client == peer


def test_the_helpers_for_tests_send_the_secret_of_the_edge(client):
    with override_settings(**ANY):
        seen = client.get("/echo", **through(CLIENT, "192.0.2.1")).json()
        assert (seen["answer"]["client"], seen["answer"]["stamp"]) == (CLIENT, "valid")
        direct = client.get("/echo", **through(CLIENT)).json()["answer"]
        assert (direct["outcome"], direct["stamp"]) == ("direct", "absent")
        again = send_through(client, CLIENT, "192.0.2.1").get("/echo").json()
        assert again["answer"]["client"] == CLIENT


# What is told of it, and by what name


def fails(_request):
    raise ValueError("a view that fails")


def test_nothing_of_this_package_shows_a_secret(caplog, capsys):
    caplog.set_level(logging.DEBUG)
    with override_settings(**STAMPS, TRUSTED_PROXY_REJECT=["direct"]):
        policy = get_policy()
        shown = [repr(policy), repr(policy.stamps), repr(policy.stamped), str(policy.stamps)]
        for value in (SECRET, OLDER, None):
            headers = ["--header", f"X-Forwarded-For: {CHAIN}"]
            headers += ["--header", f"{HEADER}: {value}"] if value else []
            for more in ([], ["--json"]):
                call_command("trustedproxy", "explain", "--peer", EDGE, *headers, *more)
            meta = {KEY: value} if value else {}
            request = RequestFactory().get("/", REMOTE_ADDR=EDGE, **meta)
            try:
                TrustedProxyMiddleware(fails)(request)
            except Exception as error:  # noqa: BLE001 - either is told with all local variables
                # All frames but the one of this test, which has the secret itself.
                error = error.with_traceback(error.__traceback__.tb_next)
                lines = traceback.TracebackException.from_exception(error, capture_locals=True)
                shown += lines.format()
        for more in ([], ["--json"]):
            call_command("trustedproxy", "show", *more)
    shown += [*caplog.messages, capsys.readouterr().out]
    assert all(record.exc_info is None for record in caplog.records)
    text = "\n".join(shown)
    assert SECRET not in text
    assert OLDER not in text
    assert "a view that fails" in text


def test_show_has_the_position_and_the_beginning_of_the_sha_256(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    out = io.StringIO()
    with override_settings(**STAMPS, TRUSTED_PROXY_REJECT=["unstamped"]):
        call_command("trustedproxy", "show", stdout=out, no_color=True)
        facts = io.StringIO()
        call_command("trustedproxy", "show", "--json", stdout=facts)
    text = out.getvalue()
    lines = text.partition("Trusted as well, if the request has a secret\n")[2].splitlines()
    assert lines[:3] == [
        "  198.51.100.0/24",
        f"  header    {HEADER}",
        "  secret 0  SHA-256 48aa8921…",
    ]
    assert "  unstamped" in text
    assert json.loads(facts.getvalue())["secrets"] == {
        "headers": [HEADER],
        "sha256": ["48aa8921"],
        "trusted": {"198.51.100.0/24": ["198.51.100.0/24"]},
        "any_peer": False,
    }


@pytest.mark.parametrize(
    ("settings", "line"), [(ANY, "  any peer"), ({"TRUSTED_PROXIES_WITH_SECRET": []}, "  nobody")]
)
def test_show_tells_whom_a_secret_makes_trusted(settings, line):
    out = io.StringIO()
    with override_settings(**{**STAMPS, **settings}):
        call_command("trustedproxy", "show", stdout=out, no_color=True)
    assert f"if the request has a secret\n{line}\n" in out.getvalue()
    with override_settings(TRUSTED_PROXIES=[]):
        call_command("trustedproxy", "show", "--json", stdout=(plain := io.StringIO()))
    assert json.loads(plain.getvalue())["secrets"] is None


@pytest.mark.parametrize(
    ("value", "trusted_by", "sentence"),
    [
        (SECRET, "'198.51.100.0/24'", f"forwarded: {CLIENT} is the client"),
        (None, None, f"direct: The peer {EDGE} is not in TRUSTED_PROXIES, and sent no secret, so"),
        ("x", None, f"direct: The peer {EDGE} is not in TRUSTED_PROXIES, and sent a wrong secret"),
    ],
)
def test_explain_tells_what_the_secret_did(value, trusted_by, sentence):
    headers = ["--header", f"X-Forwarded-For: {CHAIN}"]
    headers += ["--header", f"{HEADER}: {value}"] if value else []
    out, facts = io.StringIO(), io.StringIO()
    with override_settings(**STAMPS):
        call_command("trustedproxy", "explain", "--peer", EDGE, *headers, stdout=out, no_color=True)
        call_command("trustedproxy", "explain", "--peer", EDGE, *headers, "--json", stdout=facts)
    text = out.getvalue()
    trusted = f"trusted by {trusted_by}" if trusted_by else "not in TRUSTED_PROXIES"
    assert f"  {EDGE}  {trusted}\n" in text
    assert sentence in text
    assert (f"- {KEY} = '(not shown)'\n+ {KEY} = (none)" in text) == (value is not None)
    stamp = "absent" if value is None else "valid" if value == SECRET else "wrong"
    assert json.loads(facts.getvalue())["stamp"] == stamp


def test_explain_says_that_any_peer_is_trusted():
    headers = ["--header", f"CF-Connecting-IP: {CLIENT}", "--header", f"{HEADER}: {SECRET}"]
    out = io.StringIO()
    with override_settings(**ANY):
        call_command("trustedproxy", "explain", "--peer", EDGE, *headers, stdout=out, no_color=True)
    assert f"  {EDGE}  trusted by 'any'\n" in out.getvalue()


# The roll-out, as the log tells it


def heard(hear, peer, value, **headers):
    meta = {KEY: value} if value else {}
    return [
        (record.levelname, record.kind, text_of(record).removeprefix("django-trustedproxy: "))
        for record in hear(peer, meta, **headers)
        if record.kind.startswith("secret")
    ]


DAILY = " (Logged once per day and network.)"
SO = "so TRUSTED_PROXIES alone says whether it is trusted."


def test_the_log_tells_per_network_what_came_where_a_secret_is_expected(hear):
    with override_settings(**STAMPS):
        assert heard(hear, EDGE, SECRET) == [
            ("INFO", "secret-valid", f"The peer {EDGE} sent a valid secret.{DAILY}")
        ]
        assert heard(hear, "198.51.100.21", SECRET) == []
        assert heard(hear, EDGE, None) == [
            (
                "WARNING",
                "secret-absent",
                f"The peer {EDGE} sent no {HEADER}, {SO} If it is your edge, have it send the "
                f"secret.{DAILY}",
            )
        ]
        assert heard(hear, EDGE, OLDER) == [
            (
                "WARNING",
                "secret-wrong",
                f"The peer {EDGE} sent a wrong {HEADER}, {SO} Have the edge send one of "
                'TRUSTED_PROXY_SECRETS, once; "manage.py trustedproxy show" has the beginning of the '
                f"SHA-256 of each.{DAILY}",
            )
        ]
        # The own proxy, whose health checks have none, and a stranger who has nothing to do with it.
        assert [line[:2] for line in heard(hear, "10.0.0.1", None)] == [
            ("WARNING", "secret-absent")
        ]
        assert [line[:2] for line in heard(hear, "192.0.2.1", None)] == [("INFO", "secret-absent")]
        assert [line[2][:37] for line in heard(hear, "evil", None)] == [
            f"The peer without an address sent no {HEADER}"[:37]
        ]


def test_an_hour_later_the_log_has_the_numbers(hear, told):
    with override_settings(**STAMPS):
        for value in [SECRET] * 5 + [None] * 3 + [OLDER]:
            heard(hear, EDGE, value)
        told.now += 3_600
        lines = [line[2] for line in heard(hear, "10.0.0.1", SECRET, x_forwarded_for=CLIENT)]
    assert [line for line in lines if line.startswith("Requests")] == [
        f"Requests of kind 'secret-{stamp}' in the last hour: {number}. Most came from "
        f"198.51.100.0/24 (at least {number}, the last from {EDGE})."
        for stamp, number in (("valid", 5), ("absent", 3), ("wrong", 1))
    ]


def test_once_something_is_rejected_a_valid_secret_is_no_news(hear):
    with override_settings(**STAMPS, TRUSTED_PROXY_REJECT=["direct"]):
        assert heard(hear, EDGE, SECRET) == []
        (line,) = heard(hear, EDGE, None)
        assert (
            'so the request is answered with 400 (TRUSTED_PROXY_REJECT names "direct").' in line[2]
        )
        assert line[1] == "secret-absent"
    with override_settings(
        **STAMPS, TRUSTED_PROXY_REJECT=["unstamped"], TRUSTED_PROXY_REJECT_EXEMPT=["/"]
    ):
        (line,) = heard(hear, EDGE, OLDER)
        assert SO in line[2]


@pytest.mark.parametrize(
    ("peer", "value", "says", "never"),
    [
        (
            EDGE,
            None,
            "and sent no secret, so it is the client, and X-Forwarded-For was dropped. If it is "
            "your edge, have it send the secret. If it is a proxy that nobody else can use, add",
            "your own proxy",
        ),
        (EDGE, OLDER, "and sent a wrong secret, so it is the client", "your own proxy"),
        (
            "192.0.2.1",
            SECRET,
            "is in neither TRUSTED_PROXIES nor TRUSTED_PROXIES_WITH_SECRET, so it is the client, "
            'and X-Forwarded-For was dropped. If it is your edge, add "192.0.2.1" '
            "to TRUSTED_PROXIES_WITH_SECRET.",
            "to TRUSTED_PROXIES;",
        ),
    ],
)
def test_the_sentence_about_a_stranger_names_the_secret(hear, peer, value, says, never):
    meta = {KEY: value} if value else {}
    with override_settings(**STAMPS):
        (text,) = [
            record.getMessage()
            for record in hear(peer, meta, x_forwarded_for=CHAIN)
            if record.kind == "direct"
        ]
    assert says in text
    assert never not in text


@pytest.mark.parametrize(("listed", "is_told"), [([], False), ([EDGE], True)])
def test_an_address_of_a_shared_edge_is_no_proxy_of_the_site_to_the_log(hear, listed, is_told):
    with override_settings(**{**STAMPS, "TRUSTED_PROXIES": listed}):
        kinds = [record.kind for record in hear(EDGE, {KEY: SECRET}, x_forwarded_for=EDGE)]
    assert ("all-trusted" in kinds) == is_told


def test_python_has_not_kept_the_secret_in_a_cached_constant():
    """A secret in the tests' modules alone: none of the package's has it."""
    modules = [m for name, m in sys.modules.items() if name.startswith("django_trustedproxy")]
    assert all(SECRET not in repr(vars(module)) for module in modules)


def test_a_sample_is_the_newest_secret_in_the_first_header():
    stamps = Stamps(["HTTP_X_A", "HTTP_X_B"], [SECRET, OLDER], TrustedNetworks(), any_peer=False)
    assert stamps.sample() == {"HTTP_X_A": SECRET}


@pytest.mark.parametrize("value", [None, b"XX", 7, ["XX"]])
def test_what_is_no_text_is_no_secret(value):
    stamps = Stamps([KEY], ["XX", SECRET], TrustedNetworks(), any_peer=False)
    assert stamps.take({KEY: value}) == "wrong"
    assert stamps.take({KEY: "XX"}) == "valid"
