"""A vendor's server on loopback: TLS with a certificate authority of its own."""

import contextlib
import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import trustme

HOST = "127.0.0.1"
ANOTHER_HOST = "localhost"


def write_authority(place):
    """Make a certificate authority; return it, and the file with its certificate."""
    authority, path = trustme.CA(), place / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return authority, path


def write_certificate(place, authority, *hosts):
    """Make a certificate of an authority for some hosts; return the files with it and with its key."""
    made = authority.issue_cert(*hosts)
    certificate, key = place / "server.pem", place / "server.key"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    return certificate, key


def certified(place):
    """Put the authority and a certificate of the vendor into a folder, and return it."""
    authority, _ = write_authority(place)
    write_certificate(place, authority, HOST, ANOTHER_HOST)
    return place


class Vendor:
    """A running server. `pages` has what it does by path: bytes, JSON, or a callable."""

    def __init__(self, port, asked, closing):
        self.address, self.port = f"https://{HOST}:{port}", port
        self.pages, self.asked, self.closing = {}, asked, closing

    def answer(self, handler, body):
        self.asked.append((handler.command, handler.path, dict(handler.headers), body))
        page = self.pages[handler.path]
        if callable(page):
            page(handler)
            return
        send(handler, page if isinstance(page, bytes) else json.dumps(page).encode())


def send(handler, content, status=200, **headers):
    """Answer a request."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


def redirect(location, status=302):
    return lambda handler: send(handler, b"", status, Location=location)


@contextlib.contextmanager
def running(certificate=None):
    """Run a vendor, with a certificate and its key, or without TLS."""
    vendor = None

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            # A client that has seen enough is gone.
            with contextlib.suppress(OSError):
                vendor.answer(self, self.rfile.read(length))

        do_POST = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # a client that does not trust the certificate

        def finish_request(self, request, client_address):
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*certificate)
                with context.wrap_socket(request, server_side=True) as wrapped:
                    super().finish_request(wrapped, client_address)
            else:
                super().finish_request(request, client_address)

    with Server((HOST, 0), Handler) as server:
        vendor = Vendor(server.server_address[1], [], Event())
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield vendor
        finally:
            vendor.closing.set()
            server.shutdown()
            thread.join()
