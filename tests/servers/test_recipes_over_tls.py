"""The recipes of the proxies where TLS ends at the proxy: Django sees https, whatever is forged."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests import stack
from tests.servers import proxies
from tests.servers.visitors import ATTACKER

NAME = "site.example"


class Tls(NamedTuple):
    """What is added to a recipe so that its proxy ends TLS with the files cert.pem and key.pem."""

    proxy: proxies.Proxy
    pattern: str
    replacement: Callable


CASES = [
    Tls(
        proxies.NGINX,
        r"(listen .*);",
        lambda place: (
            rf"\1 ssl; ssl_certificate {place}/cert.pem; ssl_certificate_key {place}/key.pem;"
        ),
    ),
    Tls(
        proxies.APACHE,
        r"(?s)(.*)(ProxyPreserveHost)",
        lambda place: (
            r"LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n\1SSLEngine on\n"
            rf"SSLCertificateFile {place}/cert.pem\nSSLCertificateKeyFile {place}/key.pem\n\2"
        ),
    ),
    Tls(proxies.HAPROXY, r"(bind .*)", lambda place: rf"\1 ssl crt {place}/both.pem"),
    Tls(
        proxies.CADDY,
        r"(?s)(.*\n)(:\d+ \{\n)",
        lambda place: (
            r"{\nauto_https disable_redirects\n}\n"
            rf"\1https://{NAME}\2tls {place}/cert.pem {place}/key.pem\n"
        ),
    ),
    Tls(
        proxies.ENVOY,
        r"( +)- filters:\n",
        lambda place: (
            r"\1- transport_socket:\n"
            r"\1    name: envoy.transport_sockets.tls\n"
            r"\1    typed_config:\n"
            r'\1      "@type": type.googleapis.com/'
            r"envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext\n"
            r"\1      common_tls_context:\n"
            r"\1        tls_certificates:\n"
            rf"\1          - certificate_chain: {{ filename: {place}/cert.pem }}\n"
            rf"\1            private_key: {{ filename: {place}/key.pem }}\n"
            r"\1  filters:\n"
        ),
    ),
]


def make_certificate(place):
    """Write a certificate, its key, and both in one file."""
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", f"/CN={NAME}", "-keyout", "key.pem", "-out", "cert.pem"),
    ]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    texts = [(place / name).read_text() for name in ("cert.pem", "key.pem")]
    (place / "both.pem").write_text("".join(texts))


def facts(connection):
    """Send a request that forges the scheme over an open connection; return the view's facts."""
    client = http.client.HTTPConnection(NAME)
    client.sock = connection
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-For": "6.6.6.6"}
    client.request("GET", "/client.json", headers=headers)
    response = client.getresponse()
    body = response.read()
    assert response.status == 200, body
    return json.loads(body)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.proxy.name)
def test_a_client_over_tls_is_secure_and_has_its_own_address(case):
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        make_certificate(place)
        port, direct = stack.free_port(), stack.free_port()
        page = case.proxy.page
        settings = proxies.settings_of(page)
        processes.enter_context(
            proxies.running_server(page, "gunicorn", place, port=direct, settings=settings)
        )
        recipe = proxies.configuration(case.proxy, case.proxy.places(port, place), direct)
        text, count = re.subn(case.pattern, case.replacement(place), recipe, count=1)
        assert count
        processes.enter_context(proxies.start(case.proxy, place, port, text))
        context = ssl.create_default_context(cafile=place / "cert.pem")
        plain = socket.create_connection(("127.0.0.1", port), 10, (ATTACKER, 0))
        with plain, context.wrap_socket(plain, server_hostname=NAME) as connection:
            found = facts(connection)
    assert found["client"] == ATTACKER
    assert found["uri"] == f"https://{NAME}/client.json"


def test_varnish_behind_what_ends_tls_knows_both_from_the_proxy_protocol():
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)
        port, direct, behind = (stack.free_port() for _ in range(3))
        page = proxies.VARNISH.page
        processes.enter_context(
            proxies.running_server(
                page, "gunicorn", place, port=direct, settings=proxies.settings_of(page)
            )
        )
        config = place / "recipe.vcl"
        config.write_text(proxies.configuration(proxies.VARNISH, {}, direct))
        command = proxies.varnish(place, port, config)
        # The option that the recipe names.
        option = re.search(
            r"`(-a 127\.0\.0\.1:8443,PROXY)`", (stack.ROOT / "docs" / page).read_text()
        )
        command += option[1].replace("8443", str(behind)).split()
        ready = [("127.0.0.1", port), ("127.0.0.1", behind)]
        processes.enter_context(stack.process(command, ready=ready, log=place / "varnish.log"))
        for listener, scheme in ((443, "https"), (80, "http")):
            with socket.create_connection(("127.0.0.1", behind), 10) as connection:
                line = f"PROXY TCP4 203.0.113.9 127.0.0.1 50000 {listener}\r\n"
                connection.sendall(line.encode())
                found = facts(connection)
            assert found["client"] == "203.0.113.9"
            assert found["uri"] == f"{scheme}://{NAME}/client.json"
