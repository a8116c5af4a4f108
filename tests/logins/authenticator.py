"""A small authenticator, as proxies ask one: it knows alice, and her password."""

from base64 import b64encode

ALICE = "Basic " + b64encode(b"alice:wonderland").decode()


def application(environ, start_response):
    """Answer 200 and who it is, 200 and nobody to a guest, or 401."""
    given = environ.get("HTTP_AUTHORIZATION")
    if given == ALICE:
        start_response("200 OK", [("Remote-User", "alice")])
    elif environ.get("HTTP_COOKIE") == "guest=1":
        start_response("200 OK", [])
    else:
        start_response("401 Unauthorized", [("WWW-Authenticate", "Basic")])
    return [b""]
