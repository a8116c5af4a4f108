"""docs/https.md: each cause is reproduced with Django's own middleware, and ended by its block."""

import json
import re

import pytest
from django.core.checks.compatibility.django_4_0 import check_csrf_trusted_origins
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.test import Client, RequestFactory, override_settings

from tests.https import MIDDLEWARE, NO_MATCH
from tests.pages import PAGES, blocks, is_settings

PAGE = "docs/https.md"
UNSEEN = {"TRUSTED_PROXIES": ["10.0.0.0/8"], "ALLOWED_HOSTS": ["example.com"]}
FROM_PROXY = {"REMOTE_ADDR": "10.0.0.1"}
HTTPS = {"X-Forwarded-Proto": "https", "Host": "example.com"}
ORIGIN = "https://example.com"
TOKEN = "a" * 32


def settings_of(section):
    """Return what the settings block of a section assigns."""
    (block,) = [b for b in blocks(PAGE) if b.section == section and is_settings(b)]
    names = {}
    exec(block.text, names)
    return {name: value for name, value in names.items() if name.isupper()}


def page_text():
    """Return the page with its lines joined, as they are read."""
    return " ".join(PAGES[PAGE].read_text().split())


@pytest.fixture
def post(caplog):
    """Send a form as a browser does; return the status and why it was refused."""

    def send(settings, peer="10.0.0.1", **headers):
        caplog.clear()
        with override_settings(MIDDLEWARE=MIDDLEWARE, **{**UNSEEN, **settings}):
            client = Client(enforce_csrf_checks=True)
            client.cookies["csrftoken"] = TOKEN
            headers = {"X-CSRFToken": TOKEN, **headers}
            response = client.post("/echo", headers=headers, REMOTE_ADDR=peer)
        reasons = [
            re.fullmatch(r"Forbidden \((.*)\): /echo", record.getMessage())[1]
            for record in caplog.records
            if record.name == "django.security.csrf"
        ]
        return (response.status_code, *reasons)

    return send


def test_the_scheme_is_not_seen(post):
    request = HTTPS | {"Origin": ORIGIN}
    assert post({}, **request) == (403, NO_MATCH.format(ORIGIN))
    assert post(settings_of("The scheme is not seen"), **request) == (200,)


def test_the_scheme_is_not_seen_from_a_proxy_that_is_not_listed(post, caplog, told):
    told.clear()
    settings = settings_of("The scheme is not seen")
    request = HTTPS | {"Origin": ORIGIN, "X-Forwarded-For": "203.0.113.9"}
    assert post(settings, "172.18.0.2", **request) == (403, NO_MATCH.format(ORIGIN))
    (message,) = re.findall(r"`(The peer 172\.18\.0\.2 .*?)`", page_text())
    assert message in caplog.text


def test_the_scheme_is_not_seen_where_two_proxies_differ(post, caplog, told):
    told.clear()
    settings = settings_of("The scheme is not seen")
    request = HTTPS | {"Origin": ORIGIN, "X-Forwarded-Proto": "https, http"}
    assert post(settings, **request) == (403, NO_MATCH.format(ORIGIN))
    (message,) = re.findall(r"`(X-Forwarded-Proto from .*? is malformed)`", page_text())
    assert message in caplog.text


def test_the_host_is_not_passed(post):
    request = {
        "X-Forwarded-Proto": "https",
        "Host": "app:8000",
        "Origin": ORIGIN,
        "X-Forwarded-Host": "example.com",
    }
    seen = settings_of("The scheme is not seen")
    assert post({**seen, "ALLOWED_HOSTS": ["*"]}, **request) == (403, NO_MATCH.format(ORIGIN))
    assert post(seen, **request) == (400,)
    assert post(settings_of("The host is not passed"), **request) == (200,)


def test_the_port_is_not_passed(post):
    seen = settings_of("The scheme is not seen")
    origin = f"{ORIGIN}:8443"
    request = HTTPS | {"Origin": origin}
    assert post(seen, **request) == (403, NO_MATCH.format(origin))
    assert post(seen, **request | {"Host": "example.com:8443"}) == (200,)


@pytest.mark.parametrize("port", ["443", "8084"])
def test_the_host_has_a_port_too_many(post, port):
    seen = settings_of("The scheme is not seen")
    request = HTTPS | {"Origin": ORIGIN, "Host": f"example.com:{port}"}
    assert post(seen, **request) == (403, NO_MATCH.format(ORIGIN))
    assert post(seen, **request | {"Host": "example.com"}) == (200,)
    named = settings_of("The host has a port too many")
    assert post(named, **request, **{"X-Forwarded-Host": "example.com"}) == (200,)
    assert post(named, **request, **{"X-Forwarded-Host": "example.com:443"}) == (200,)


def test_the_browser_hides_its_origin(post):
    seen = settings_of("The scheme is not seen")
    assert post(seen, **HTTPS, Origin="null") == (403, NO_MATCH.format("null"))
    # Under the policy of the block, a browser names its origin.
    with override_settings(
        MIDDLEWARE=MIDDLEWARE, **UNSEEN, **settings_of("The browser hides its origin")
    ):
        response = Client().get("/echo", headers={"Host": "example.com"})
    assert response["Referrer-Policy"] == "same-origin"
    assert post(seen, **HTTPS, Origin=ORIGIN) == (200,)


def test_django_refuses_null_as_a_trusted_origin():
    with override_settings(CSRF_TRUSTED_ORIGINS=["null"]):
        assert [message.id for message in check_csrf_trusted_origins(None)] == ["4_0.E001"]


def test_trusted_origins_silence_the_message_and_repair_nothing(post):
    settings = {"CSRF_TRUSTED_ORIGINS": [ORIGIN]}
    assert post(settings, **HTTPS, Origin=ORIGIN) == (200,)
    with override_settings(MIDDLEWARE=MIDDLEWARE, **UNSEEN, **settings):
        view = Client().get("/echo", headers=HTTPS, **FROM_PROXY).json()["view"]
    assert not view["is_secure"]
    assert view["uri"] == "http://example.com/echo"


def test_the_view_of_the_page_shows_what_is_compared():
    (block,) = [b for b in blocks(PAGE) if "def compare" in b.text]
    names = {}
    exec(block.text, names)
    request = RequestFactory().get("/", headers={"Origin": ORIGIN})
    answer = json.loads(names["compare"](request).content)
    assert answer == {"browser": ORIGIN, "django": "http://testserver"}


def test_a_redirect_loop_ends_where_the_scheme_is_seen():
    settings = settings_of("ERR_TOO_MANY_REDIRECTS")
    for seen, status in [(False, 301), (True, 200)]:
        unseen = {} if seen else {"TRUSTED_PROXY_SCHEME_HEADER": None}
        with override_settings(MIDDLEWARE=MIDDLEWARE, **{**UNSEEN, **settings, **unseen}):
            client = Client(headers=HTTPS, **FROM_PROXY)
            response = client.get("/echo")
            assert response.status_code == status
            # The way of the redirect is the way of the request: it would go on for ever.
            assert response.get("Location") == (None if seen else f"{ORIGIN}/echo")
            assert response.has_header("Strict-Transport-Security") == seen
            assert client.get("/healthz").status_code == 404  # not redirected


def test_secure_cookies_need_no_proxy_setting():
    def view(request):
        return HttpResponse(get_token(request))

    with override_settings(CSRF_COOKIE_SECURE=True):
        request = RequestFactory().get("/")
        response = CsrfViewMiddleware(view)(request)
    assert not request.is_secure()
    assert response.cookies["csrftoken"]["secure"] is True


def test_a_secure_request_without_origin_needs_a_referer(post):
    seen = settings_of("The scheme is not seen")
    reason = "Referer checking failed - no Referer."
    assert f"`{reason}`" in page_text()
    assert post(seen, **HTTPS) == (403, reason)
    assert post(seen, **HTTPS, Referer=f"{ORIGIN}/form") == (200,)
