"""The recipes of the page on logins by header: the right person is logged in, and no forger."""

import contextlib
import functools
import http.client
import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import django
import pytest

from tests import stack
from tests.logins.authenticator import ALICE
from tests.servers import proxies, tunnels
from tests.servers.prefixes import CLAIM, OF_DAPHNE, path_of, visited
from tests.servers.raw_requests import ATTACKER, Form, send
from tests.servers.recipes import blocks, replaced
from tests.servers.upgrades import UPGRADE, UPGRADES, attempted

PAGE, CERTIFICATES = "logins.md", "logins-certificates.md"
SITE = "site.example"
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.logins.settings"}
DATABASE = "users.sqlite3"
FILES = "/etc/ssl/mysite"
PASSWORDS = "/etc/apache2/mysite.passwords"


class Recipe(NamedTuple):
    """A section of the page: its proxy, the login header, who is logged in, and how."""

    heading: str
    proxy: proxies.Proxy
    header: str
    user: str
    is_tls: bool = False
    is_asking: bool = False


RECIPES = [
    Recipe("nginx with auth_request", proxies.NGINX, "Remote-User", "alice", is_asking=True),
    Recipe("Caddy with forward_auth", proxies.CADDY, "Remote-User", "alice", is_asking=True),
    Recipe(
        "nginx with client certificates",
        proxies.NGINX,
        "X-SSL-Client-S-DN",
        "CN=alice,O=Example",
        is_tls=True,
    ),
    Recipe(
        "HAProxy with client certificates", proxies.HAPROXY, "X-SSL-Client-CN", "alice", is_tls=True
    ),
    Recipe(
        "Apache with client certificates", proxies.APACHE, "X-SSL-Client-CN", "alice", is_tls=True
    ),
    Recipe("Apache with a password", proxies.APACHE, "Remote-User", "alice"),
]
WSGI, HYPERCORN = ("gunicorn", "hypercorn, WSGI"), ("hypercorn", "hypercorn, WSGI")
SERVERS = ["gunicorn", "uvicorn", "daphne", *HYPERCORN]


def openssl(place, *arguments):
    subprocess.run(["openssl", *arguments], cwd=place, check=True, capture_output=True)


def make_certificates(place):
    """Write the site's certificate, the clients' authority, and the certificates of clients."""
    new = ("req", "-newkey", "rsa:2048", "-nodes", "-days", "1")
    openssl(place, *new, "-x509", "-subj", f"/CN={SITE}", "-keyout", "key.pem", "-out", "cert.pem")
    (place / "both.pem").write_text(
        (place / "cert.pem").read_text() + (place / "key.pem").read_text()
    )
    for authority in ("clients", "strangers"):
        files = ("-keyout", f"{authority}.key", "-out", f"{authority}.pem")
        openssl(place, *new, "-x509", "-subj", f"/CN={authority}", *files)
    for name, user, authority in [("alice", "alice", "clients"), ("forger", "admin", "strangers")]:
        files = ("-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(place, *new[:-2], "-subj", f"/O=Example/CN={user}", *files)
        signed = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial")
        openssl(
            place,
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            *signed,
            "-out",
            f"{name}.pem",
            "-days",
            "1",
        )


@functools.cache
def prepared():
    """Make what every site has, once: certificates, passwords and a database; return the files."""
    with stack.workplace() as place:
        make_certificates(place)
        password = ["openssl", "passwd", "-apr1", "wonderland"]
        digest = subprocess.run(password, capture_output=True, text=True, check=True).stdout
        (place / "passwords").write_text(f"alice:{digest}")
        env = {**os.environ, **SETTINGS, "LOGIN_DATABASE": str(place / DATABASE)}
        migrate = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=stack.ROOT, env=env, check=True)
        return {path.name: path.read_bytes() for path in place.iterdir()}


def key_of(recipe, server):
    """Return the header's name as the page has it for WSGI, and for ASGI."""
    key = recipe.header.upper().replace("-", "_")
    return f"HTTP_{key}" if server in WSGI or django.VERSION >= (6, 1) else key


def application(server, place, port, key, trusted):
    """Run the project with a login by a META key under a server."""
    env = {
        **SETTINGS,
        "LOGIN_DATABASE": str(place / DATABASE),
        "LOGIN_PROXIES": trusted,
        "LOGIN_HEADER": key,
    }
    where = {
        "gunicorn": f"--no-control-socket --forwarded-allow-ips '' --bind 127.0.0.1:{port} "
        "tests.logins.applications:wsgi",
        "uvicorn": f"--no-proxy-headers --http h11 --lifespan off --port {port} "
        "tests.logins.applications:asgi",
        "daphne": f"-b 127.0.0.1 -p {port} tests.logins.applications:asgi",
        "hypercorn": f"--bind 127.0.0.1:{port} tests.logins.applications:asgi",
        "hypercorn, WSGI": f"--bind 127.0.0.1:{port} wsgi:tests.logins.applications:wsgi",
    }
    name = server.partition(",")[0]
    command = [stack.executable(name), *shlex.split(where[server])]
    return stack.process(command, ready=[("127.0.0.1", port)], log=place / "server.log", env=env)


def authenticator(place, port):
    listener = f"127.0.0.1:{port}"
    command = [stack.executable("gunicorn"), "--no-control-socket", "--bind", listener]
    command.append("tests.logins.authenticator:application")
    return stack.process(command, ready=[("127.0.0.1", port)], log=place / "authenticator.log")


def configuration(recipe, place, ports):
    (text,) = blocks(CERTIFICATES if recipe.is_tls else PAGE, recipe.proxy.language, recipe.heading)
    port, direct, asked = ports
    listened = {
        "nginx": {"listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;"}
        if recipe.is_tls
        else {"listen 80;": f"listen 127.0.0.1:{port};"},
        "Caddy": {":80 {": f":{port} {{"},
        "HAProxy": {"bind :443": f"bind 127.0.0.1:{port}"},
        "Apache": {f"*:{443 if recipe.is_tls else 80}>": f"127.0.0.1:{port}>"},
    }
    places = {**listened[recipe.proxy.name], "127.0.0.1:8000": f"127.0.0.1:{direct}"}
    if recipe.is_tls:
        places[FILES] = place
    if recipe.is_asking:
        places["127.0.0.1:9091"] = f"127.0.0.1:{asked}"
    if recipe.proxy is proxies.APACHE:
        places["/etc/apache2/underscores.lua"] = place / proxies.SCRIPT
    if PASSWORDS in text:
        places[PASSWORDS] = place / "passwords"
    text = replaced(text, places)
    if recipe.proxy is proxies.APACHE:
        modules = ("ssl", "auth_basic", "authn_core", "authn_file", "authz_user")
        path = "/usr/lib/apache2/modules"
        text = "".join(f"LoadModule {m}_module {path}/mod_{m}.so\n" for m in modules) + text
    return text


class Site(NamedTuple):
    """A running recipe: where the proxy and the server behind it listen."""

    recipe: Recipe
    place: object
    port: int
    direct: int

    def prefix(self, claim):
        """Send a claim of a path prefix as alice; return the prefix that Django sees."""
        is_tls = self.recipe.is_tls
        own = () if is_tls else (f"Authorization: {ALICE}".encode(),)
        with self.connected("alice" if is_tls else None) as connection:
            answer, response = visited(connection, claim, path_of(claim), own)
        assert user_in(answer.text) == self.recipe.user
        return response.getheader("Script-Name")

    def ask(self, form, *, is_alice=False, certificate=None, is_around=False):
        """Send one request; return the status and the user who is logged in."""
        if is_alice and self.recipe.is_tls:
            certificate = "alice"
        elif is_alice:
            form = form._replace(lines=(*form.lines, f"Authorization: {ALICE}".encode()))
        try:
            with self.connected(certificate, is_around=is_around) as connection:
                send(connection, form)
                response = http.client.HTTPResponse(connection)
                response.begin()
                text = response.read().decode()
        except (ssl.SSLError, ConnectionResetError, http.client.RemoteDisconnected):
            return None, None
        return response.status, user_in(text)

    @contextlib.contextmanager
    def connected(self, certificate=None, *, is_around=False):
        """Connect as the attacker, to the proxy or around it."""
        where = "127.0.0.1", self.direct if is_around else self.port
        with socket.create_connection(where, 60, (ATTACKER, 0)) as connection:
            if not self.recipe.is_tls or is_around:
                yield connection
                return
            context = ssl.create_default_context(cafile=self.place / "cert.pem")
            if certificate:
                files = (self.place / f"{certificate}.{end}" for end in ("pem", "key"))
                context.load_cert_chain(*files)
            with context.wrap_socket(connection, server_hostname=SITE) as secure:
                yield secure

    def tunnels(self, attacks=UPGRADES):
        """Send each upgrade as somebody whom the proxy lets in, and say `admin` over what opens.

        Return who is logged in after each, if it is not the one whom the proxy let in.
        """
        own = {"alice": (("authorization", ALICE),), "": ()}
        user = "" if self.recipe.is_tls else self.recipe.user
        claims = ((self.recipe.header.lower(), "admin"),)

        def users(attack):
            with self.connected() as connection:
                answers = attempted(connection, attack, claims, own[user])
            return {user_in(answer.text) for answer in answers} - {None, user}

        with ThreadPoolExecutor(8) as threads:
            found = zip(attacks, threads.map(users, attacks), strict=True)
            return {attack.form.name: others for attack, others in found if others}


def user_in(text):
    """Return whom the view says to be logged in; None if it was not asked."""
    found = re.fullmatch("user=(.*)", text)
    return found and found[1]


SITES = [(recipe, server) for recipe in RECIPES for server in SERVERS]
ASKING = [case for case in SITES if case[0].is_asking]
TLS = [case for case in SITES if case[0].is_tls]


def title(case):
    return f"{case[0].heading}, {case[1]}"


@pytest.fixture(scope="module", params=SITES, ids=title)
def site(request):
    with running(*request.param) as started:
        yield started


@contextlib.contextmanager
def running(recipe, server, change=lambda text: text, *, key=None, trusted="127.0.0.1"):
    """Run a recipe, changed, with the project behind it."""
    with stack.workplace() as place, contextlib.ExitStack() as processes:
        place.chmod(0o755)  # Apache's processes are another user's
        for name, data in prepared().items():
            (place / name).write_bytes(data)
        ports = stack.free_port(), stack.free_port(), stack.free_port()
        port, direct, asked = ports
        processes.enter_context(
            application(server, place, direct, key or key_of(recipe, server), trusted)
        )
        if recipe.is_asking:
            processes.enter_context(authenticator(place, asked))
        text = change(configuration(recipe, place, ports))
        for script in blocks(proxies.APACHE.page, "lua", "The proxy"):
            (place / proxies.SCRIPT).write_text(script)
        processes.enter_context(proxies.start(recipe.proxy, place, port, text))
        yield Site(recipe, place, port, direct)


def forms(header):
    """Return the ways in which a client says that it is admin."""
    lines = {
        "the header": (header,),
        "the header in capitals": (header.upper(),),
        "two lines": (header, header),
        "underscores": (header.replace("-", "_"),),
        "one underscore": (header.replace("-", "_", 1),),
        "dots": (header.replace("-", "."),),
        "what Django reads under ASGI": (f"HTTP-{header}", f"HTTP_{header.replace('-', '_')}"),
        "every other header": tuple(
            name
            for name in ("X-Forwarded-User", "Remote-User", "X-SSL-Client-CN", "X-SSL-Client-S-DN")
        ),
    }
    made = [Form(n, tuple(f"{name}: admin".encode() for name in ns)) for n, ns in lines.items()]
    own = f"{header}: admin".encode()
    return [
        *made,
        Form("named by Connection", (f"Connection: close, {header}".encode(), own)),
        Form("a trailer", (), (own,)),
    ]


NAMES = [form.name for form in forms("X-User")]


def form_of(site, name):
    return next(form for form in forms(site.recipe.header) if form.name == name)


def test_the_right_person_is_logged_in(site):
    assert site.ask(Form("honest"), is_alice=True) == (200, site.recipe.user)


@pytest.mark.parametrize("name", NAMES)
def test_a_forger_is_logged_in_by_no_request_through_the_proxy(site, name):
    status, user = site.ask(form_of(site, name))
    expected = (200, "") if site.recipe.is_tls else (401, None)
    assert (status, user) in [expected, (400, None)]


@pytest.mark.parametrize("name", NAMES)
def test_a_forger_is_logged_in_by_no_request_around_the_proxy(site, name):
    status, user = site.ask(form_of(site, name), is_around=True)
    assert (status, user) in [(200, ""), (400, None)]


@pytest.mark.parametrize("name", NAMES)
def test_somebody_who_is_logged_in_becomes_nobody_else(site, name):
    answer = site.ask(form_of(site, name), is_alice=True)
    # Apache takes away what Connection names, also the header that it has set itself.
    is_nobody_allowed = name == "named by Connection"
    allowed = [(200, site.recipe.user), (400, None)]
    assert answer in [*allowed, (200, "")] if is_nobody_allowed else answer in allowed


def test_nobody_chooses_the_path_prefix(site):
    assert {name: site.prefix(CLAIM[name]) for name in OF_DAPHNE} == dict.fromkeys(OF_DAPHNE, "")


def test_no_upgrade_gives_anybody_another_login(site):
    assert site.tunnels() == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("site", ASKING, ids=title, indirect=True)
def test_a_guest_whom_the_service_does_not_name_is_nobody(site, name):
    form = form_of(site, name)
    guest = form._replace(lines=(*form.lines, b"Cookie: guest=1"))
    assert site.ask(guest) in [(200, ""), (400, None)]


@pytest.mark.parametrize("site", TLS, ids=title, indirect=True)
def test_a_certificate_of_another_authority_logs_nobody_in(site):
    _, user = site.ask(Form("honest"), certificate="forger")
    assert user in (None, "")


BY_HEADING = {recipe.heading: recipe for recipe in RECIPES}
GUEST = b"Cookie: guest=1"
TRAPS = {
    "nginx with auth_request": r".*proxy_set_header Remote-User \$user.*\n",
    "nginx with client certificates": r".*proxy_set_header X-SSL-Client-S-DN.*\n",
    "HAProxy with client certificates": r".*del-header X-SSL-Client-CN\n",
    "Apache with client certificates": r".*unset X-SSL-Client-CN\n",
}


@pytest.mark.parametrize(("heading", "line"), TRAPS.items(), ids=TRAPS)
def test_without_its_line_a_recipe_logs_a_forger_in(heading, line):
    recipe = BY_HEADING[heading]

    def without_it(text):
        changed, count = re.subn(line, "", text)
        assert count == 1
        return changed

    form = Form("forged", (f"{recipe.header}: admin".encode(), GUEST))
    with running(recipe, "gunicorn", without_it) as site:
        assert site.ask(form) == (200, "admin")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.heading)
def test_without_its_line_anybody_chooses_the_prefix_of_daphne(recipe):
    with running(recipe, "daphne", tunnels.without(r".*Daphne-Root-Path.*\n")) as site:
        assert site.prefix(CLAIM["Daphne-Root-Path"]) == "/x"


AROUND, THROUGH = re.findall(r"^\$ (.*?) +#", blocks(PAGE, "console", "Verify")[0], re.MULTILINE)


def curled(command, address, port):
    """Run a command of the page as the attacker, against another address; return what it says."""
    name, *arguments = shlex.split(replaced(command, {address: f"http://127.0.0.1:{port}/"}))
    own = ["--interface", ATTACKER, "--max-time", "60"]
    done = subprocess.run([name, *own, *arguments], capture_output=True, text=True, check=True)
    return user_in(done.stdout)


def passing(text):
    """Take from Caddy's recipe what asks the service, and what removes the client's header."""
    lines = r"\t\trequest_header -Remote-User\n|\t\tforward_auth .*?\n\t\t\}\n"
    changed, count = re.subn(lines, "", text, flags=re.DOTALL)
    assert count == 2
    return changed


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_the_commands_of_the_page_find_an_open_login(server):
    recipe = BY_HEADING["Caddy with forward_auth"]
    with running(recipe, server) as site:
        assert curled(AROUND, "http://192.0.2.7:8000/", site.direct) == ""
        assert curled(THROUGH, "https://example.com/", site.port) is None
    with running(recipe, server, passing, trusted="127.0.0.0/8") as site:
        assert curled(AROUND, "http://192.0.2.7:8000/", site.direct) == "admin"
        assert curled(THROUGH, "https://example.com/", site.port) == "admin"


TUNNELS = {
    "HAProxy with client certificates": tunnels.HAPROXY,
    "Caddy with forward_auth": tunnels.CADDY,
}


@pytest.mark.parametrize("server", HYPERCORN)
@pytest.mark.parametrize(("heading", "change"), TUNNELS.items(), ids=TUNNELS)
def test_without_its_line_an_upgrade_makes_anybody_the_admin(heading, change, server):
    forms = ["h2c", "h2c in capitals", "h2c twice"]
    with running(BY_HEADING[heading], server, change) as site:
        found = site.tunnels([UPGRADE[form] for form in forms])
    assert found == {form: {"admin"} for form in forms}


@pytest.mark.parametrize("heading", ["nginx with auth_request", "Caddy with forward_auth"])
def test_without_its_line_a_recipe_logs_a_forger_in_under_asgi(heading):
    recipe = BY_HEADING[heading]
    key = "HTTP_REMOTE_USER"
    form = Form("forged", (b"HTTP-Remote-User: admin", GUEST))
    with running(recipe, "uvicorn", key=key) as site:
        assert site.ask(form) == (200, "")
    line = r"(?i).*\bhttp-remote-user\b.*\n"
    with running(recipe, "uvicorn", lambda text: re.sub(line, "", text), key=key) as site:
        assert site.ask(form) == (200, "admin" if django.VERSION < (6, 1) else "")
