"""What is no prefix is none, wherever the server has it from, and an untrusted peer has no say."""

import contextlib

import pytest

from tests.servers.fronts import TRUSTED
from tests.servers.prefixes import CLAIM, HONEST, site, taken, visit, wrapped
from tests.servers.raw_requests import DIRECT, Form
from tests.servers.servers import SERVERS

SERVER = {server.name: server for server in SERVERS}
NO_PREFIXES = (
    *(".evil.example", "https://evil.example", "//evil.example", "evil", "/..", "/x/../y", "/x//y"),
    *("/x%0d%0ay", "/%00"),
)
CHANGES = {"middleware": lambda command: command, "wrapper": wrapped}
OWN_LINKS = {
    "script_name": "",
    "link": "/accounts/login/",
    "mail": "http://site.example/accounts/reset/",
    "location": "/accounts/login/",
}


def links(answer):
    """Return of an answer what a prefix changes, or the text of an error."""
    return {key: answer.facts[key] for key in OWN_LINKS} if answer.facts else answer.text


@pytest.fixture(scope="module", params=CHANGES)
def daphne(request):
    with site(SERVER["daphne"], "IPv4", TRUSTED, CHANGES[request.param]) as address:
        yield address


@pytest.mark.parametrize("source", ["127.0.0.1", DIRECT], ids=["trusted", "untrusted"])
@pytest.mark.parametrize("text", NO_PREFIXES)
def test_daphnes_prefix_that_is_none_changes_no_link(daphne, text, source):
    claim = HONEST._replace(form=Form(text, (f"Daphne-Root-Path: {text}".encode(),)))
    answer = visit(daphne, claim, source=source)
    assert links(answer) == OWN_LINKS


@pytest.mark.parametrize("mount", CHANGES)
def test_gunicorns_prefix_that_is_none_changes_no_link(mount):
    def change(command):
        return CHANGES[mount]([*command, "--forwarder-headers", "SCRIPT_NAME"])

    with site(SERVER["gunicorn sync"], "Unix socket", "unix:", change) as address:
        answer = visit(address, CLAIM["SCRIPT_NAME: a host"])
    assert links(answer) == OWN_LINKS


@pytest.mark.parametrize("mount", CHANGES)
@pytest.mark.parametrize("name", ["gunicorn sync", "gunicorn gthread"])
def test_gunicorns_header_from_an_untrusted_peer_is_no_prefix(name, mount):
    # With this header map it takes the header from anybody, whatever its other options say.
    def change(command):
        options = ["--forwarder-headers", "", "--header-map", "dangerous"]
        return CHANGES[mount]([*command, *options])

    with site(SERVER[name], "IPv4", TRUSTED, change) as address:
        assert taken(address, source="127.0.0.1") >= {"SCRIPT_NAME", "SCRIPT_NAME: twice"}
        assert taken(address, source=DIRECT) == set()


@pytest.mark.parametrize("mount", CHANGES)
@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        *(("/x/admin/#a", "/x"), ("/x/admin/?q#a", "/x"), ("/x/", "/x/"), ("/x", "/x")),
        *(("/x/files/%ff", "/x"), ("/a%E2%82/b", "/a%E2%82"), ("/a%E2%82%AC/b", "/a%E2")),
        *(("/%E2%82%AC/b", "/%E2%82%AC"), ("/%C3%A4/b", "/%C3%A4"), ("/%2541/b", "/%2541")),
    ],
)
def test_no_path_loses_a_part_to_gunicorns_header(paths_of_gunicorn, mount, path, prefix):
    address = paths_of_gunicorn[mount]
    claim = HONEST._replace(form=Form(prefix, (f"SCRIPT_NAME: {prefix}".encode(),)))
    plain = visit(address, path=path, source=DIRECT).facts
    assert plain
    assert visit(address, claim, path=path, source=DIRECT).facts == plain
    # It is the header that would have taken it.
    assert visit(address, claim, path=path, source="127.0.0.1").facts != plain


@pytest.fixture(scope="module")
def paths_of_gunicorn():
    def change(wrap):
        return lambda command: wrap(
            [*command, "--forwarder-headers", "", "--header-map", "dangerous"]
        )

    with contextlib.ExitStack() as stack:
        yield {
            mount: stack.enter_context(site(SERVER["gunicorn sync"], "IPv4", TRUSTED, change(wrap)))
            for mount, wrap in CHANGES.items()
        }
