"""Keys, and the tokens that they sign."""

from django_trustedproxy.probe.token import issue, new_nonce

KEY = "the key of the tests: 0123456789 abcdefghijklmnopqrstuvwxyz"
OTHER = KEY[::-1]
HOST = "testserver"


def token(key=KEY, host=HOST, nonce=None):
    return issue(nonce or new_nonce(), host, key)
