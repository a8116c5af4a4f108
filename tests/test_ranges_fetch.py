"""Fetching a list over real TLS, from vendors that answer well, badly and never."""

import socket

import pytest

from django_trustedproxy.ranges.fetch import MOST_BYTES, FetchError, decoded, fetch
from tests import vendor as vendors
from tests.vendor import (
    ANOTHER_HOST,
    certified,
    redirect,
    running,
    send,
    write_authority,
    write_certificate,
)

pytestmark = pytest.mark.slow
LONG = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return certified(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def vendor(place, monkeypatch):
    """Run a vendor whose authority is known here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(place / "ca.pem"))
    with running((place / "server.pem", place / "server.key")) as found:
        yield found


def refusal(address, seconds=LONG, body=None):
    with pytest.raises(FetchError) as caught:
        fetch(address, body, seconds)
    return str(caught.value)


def test_a_list_is_fetched(vendor):
    vendor.pages["/list"] = {"addresses": []}
    assert fetch(f"{vendor.address}/list") == '{"addresses": []}'
    ((method, _, headers, body),) = vendor.asked
    assert (method, body) == ("GET", b"")
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"] == "django-trustedproxy"


def test_a_body_is_posted(vendor):
    vendor.pages["/list"] = []
    fetch(f"{vendor.address}/list", b"resp_format=json")
    ((method, _, headers, body),) = vendor.asked
    assert (method, body) == ("POST", b"resp_format=json")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/", "file:///etc/passwd", "ftp://x/", "-", ""]
)
def test_an_address_is_of_https(address):
    assert refusal(address) == f"{address}: expected an https address"


@pytest.mark.parametrize("address", ["https://[", "https://x:y/", "https://127.0.0.1:1/a b\n"])
def test_an_address_that_is_none_is_an_error(address):
    assert refusal(address)


def test_an_unknown_authority_is_refused(vendor, tmp_path, monkeypatch):
    vendor.pages["/list"] = []
    _, other = write_authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    assert "CERTIFICATE_VERIFY_FAILED" in refusal(f"{vendor.address}/list")
    assert vendor.asked == []


def test_a_certificate_of_another_host_is_refused(tmp_path, monkeypatch):
    authority, path = write_authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with running(write_certificate(tmp_path, authority, "x.example")) as found:
        found.pages["/list"] = []
        assert "CERTIFICATE_VERIFY_FAILED" in refusal(f"{found.address}/list")
        assert found.asked == []


def test_a_server_without_tls_is_refused():
    with running() as found:
        found.pages["/list"] = []
        assert "SSL" in refusal(f"{found.address}/list")
        assert found.asked == []


def test_a_host_that_does_not_listen_is_an_error():
    with socket.socket() as free:
        free.bind((vendors.HOST, 0))
        port = free.getsockname()[1]
        assert "refused" in refusal(f"https://{vendors.HOST}:{port}/list")


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_redirect_on_the_same_host_is_followed(vendor, status):
    vendor.pages |= {"/old": redirect("/list", status), "/list": []}
    assert fetch(f"{vendor.address}/old") == "[]"


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_redirect_elsewhere_is_refused(vendor, status):
    with running() as plain:
        elsewhere = [
            f"http://{vendors.HOST}:{plain.port}/list",
            f"https://{ANOTHER_HOST}:{vendor.port}/list",
            f"//{ANOTHER_HOST}:{vendor.port}/list",
            f"https://{vendors.HOST}:{plain.port}/list",
        ]
        for found in (plain, vendor):
            found.pages["/list"] = []
        for location in elsewhere:
            vendor.pages["/old"] = redirect(location, status)
            text = refusal(f"{vendor.address}/old")
            assert "redirects to another host or out of https" in text
        assert plain.asked == []
    assert {path for _, path, *_ in vendor.asked} == {"/old"}


def test_a_redirect_in_a_circle_ends(vendor):
    vendor.pages["/list"] = redirect("/list")
    assert "expected status 200, got 302" in refusal(f"{vendor.address}/list")
    assert len(vendor.asked) < 6


@pytest.mark.parametrize("status", [201, 204, 206, 400, 403, 404, 429, 500, 503])
def test_another_status_is_no_answer(vendor, status):
    vendor.pages["/list"] = lambda handler: send(handler, b"[]" * (status != 204), status)
    assert refusal(f"{vendor.address}/list").endswith(f"expected status 200, got {status}")


def test_nine_mib_are_too_much(vendor):
    vendor.pages["/list"] = b"[" + b" " * (9 * 2**20)
    assert refusal(f"{vendor.address}/list").endswith(
        f"expected at most {MOST_BYTES} bytes, got more"
    )


def test_eight_mib_are_not(vendor):
    vendor.pages["/list"] = b"[" + b" " * (MOST_BYTES - 2) + b"]"
    assert len(fetch(f"{vendor.address}/list", seconds=LONG)) == MOST_BYTES


def test_bytes_that_are_no_text_are_no_answer(vendor):
    vendor.pages["/list"] = b"\xff\xfe"
    assert refusal(f"{vendor.address}/list").endswith(r"expected UTF-8, got b'\xff\xfe'")


def drip(vendor, first):
    """Send a byte now and then, so that no packet is late, and never end."""

    def page(handler):
        handler.wfile.write(first)
        while not vendor.closing.wait(0.1):
            handler.wfile.write(b" ")

    return page


@pytest.mark.parametrize(
    "first",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: ", b""],
    ids=["body", "header", "status"],
)
def test_a_server_that_drips_is_given_up(vendor, first):
    vendor.pages["/list"] = drip(vendor, first)
    assert refusal(f"{vendor.address}/list", seconds=2).endswith("no answer within 2 s")


def test_a_server_that_never_answers_is_given_up(vendor):
    vendor.pages["/list"] = lambda _: vendor.closing.wait(LONG)
    assert refusal(f"{vendor.address}/list", seconds=1)


def test_an_answer_that_is_no_http_is_an_error(vendor):
    vendor.pages["/list"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    assert "SSH-2.0" in refusal(f"{vendor.address}/list")


def test_a_long_standard_input_is_refused():
    class Endless:
        def read(self, number):
            return b" " * number

    with pytest.raises(FetchError, match="standard input: expected at most"):
        decoded("standard input", Endless())
