"""The recipes of the proxies with what ends TLS at the proxy, and a certificate for it."""

import subprocess
from collections.abc import Callable
from typing import NamedTuple

from tests.servers import proxies

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
