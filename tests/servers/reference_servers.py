"""Starts the references, Apache and nginx, and asks them who the client of a request is."""

import contextlib
import json
import os
import socket
import sys
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from django_trustedproxy.engine.purposes import meta_name
from tests import stack
from tests.servers import reference_requests
from tests.servers.reference_rules import Answer

HERE = Path(__file__).resolve().parent
# Where Makefile puts what the Python of Debian's mod_wsgi runs.
DEBIAN_PYTHON = Path(sys.prefix) / "mod_wsgi"
MODULES = Path("/usr/lib/apache2/modules")
OURS = "django_trustedproxy.middleware.TrustedProxyMiddleware"

CONFIGURATIONS = tuple(
    dict.fromkeys(
        (question.trusted, question.designated) for question in reference_requests.FOR_MOD_WSGI
    )
)
_NUMBERS = {configuration: number for number, configuration in enumerate(CONFIGURATIONS)}


def number_of(question):
    """Return the place among `CONFIGURATIONS` of the one that a question is asked under."""
    return _NUMBERS[question.trusted, question.designated]


@cache
def query_of(trusted, designated):
    """Return what a configuration is in Django's settings, as the query of a URL."""
    header = designated[0] if len(designated) == 1 else designated
    return quote(json.dumps({"TRUSTED_PROXIES": trusted, "TRUSTED_PROXY_HEADER": header}))


def mod_wsgi_directives(trusted, designated):
    """Return what a configuration is in the words of mod_wsgi, as lines."""
    yield f"WSGITrustedProxyHeaders {' '.join(designated)}"
    if trusted:
        yield f"WSGITrustedProxies {' '.join(trusted)}"


def remoteip_directives(directive):
    """Return a function that puts a configuration into the words of mod_remoteip, as lines."""

    def directives(trusted, designated):
        yield f"RemoteIPHeader {designated[0]}"
        if trusted:
            yield f"{directive} {' '.join(trusted)}"

    return directives


def realip_directives(trusted, designated):
    """Return what a configuration is in the words of nginx, as lines."""
    yield f"real_ip_header {designated[0]};"
    yield "real_ip_recursive on;"
    yield from (f"set_real_ip_from {network};" for network in trusted)


APACHE_HOSTS = {
    "wsgi": mod_wsgi_directives,
    "internal": remoteip_directives("RemoteIPInternalProxy"),
    "trusted": remoteip_directives("RemoteIPTrustedProxy"),
}


def _virtual_hosts(kind, directives):
    """Yield an Apache virtual host per configuration, named after its number."""
    for number, configuration in enumerate(CONFIGURATIONS):
        yield f"<VirtualHost *>\nServerName {kind}-{number}"
        yield from directives(*configuration)
        yield "</VirtualHost>"


def apache_configuration(place, ports):
    """Return an httpd.conf: a host per configuration and module, and before them a plain one."""
    modules = ("mpm_event", "authz_core", "remoteip", "wsgi")
    load = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules)
    # Apache refuses to serve as root; User and Group mean nothing to it otherwise.
    user = "User www-data\nGroup www-data" if os.getuid() == 0 else ""
    hosts = "\n".join(
        line
        for kind, directives in APACHE_HOSTS.items()
        for line in _virtual_hosts(kind, directives)
    )
    return f"""
{load}
{user}
ServerRoot {place}
DefaultRuntimeDir {place}
PidFile {place}/apache.pid
ErrorLog {place}/apache-error.log
ServerName plain
StartServers 1
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
Listen 127.0.0.1:{ports[0]}
Listen [::]:{ports[1]}
WSGIRestrictEmbedded On
WSGISocketPrefix {place}/wsgi
# One thread, as settings are changed from request to request.
WSGIDaemonProcess reference processes=1 threads=1 python-home=/usr home={place} \\
    python-path={stack.ROOT}:{DEBIAN_PYTHON}
WSGIProcessGroup reference
WSGIApplicationGroup %{{GLOBAL}}
WSGIScriptAlias / {HERE}/answering_wsgi.py
<Directory {HERE}>
Require all granted
</Directory>
<VirtualHost *>
ServerName plain
</VirtualHost>
{hosts}
"""


def nginx_configuration(place, ports):
    """Return an nginx.conf: a server per configuration, which answers by itself."""
    servers = [
        f"""
    server {{
        listen 127.0.0.1:{ports[0]};
        listen [::]:{ports[1]}{" ipv6only=off" if number == 0 else ""};
        server_name realip-{number};
        {" ".join(realip_directives(*configuration))}
        default_type application/json;
        return 200 '{{"REMOTE_ADDR": "$remote_addr"}}';
    }}"""
        for number, configuration in enumerate(CONFIGURATIONS)
    ]
    temporary = "".join(
        f"    {kind}_temp_path {place};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/nginx-error.log;
events {{}}
http {{
    access_log off;
    keepalive_requests 1000000;
    server_names_hash_bucket_size 128;
{temporary}{"".join(servers)}
}}
"""


def check_resolver():
    """Raise if names are looked up slowly: Apache looks up thousands that do not exist."""
    begin = time.monotonic()
    with contextlib.suppress(socket.gaierror):
        socket.getaddrinfo("evil.invalid", None)
    seconds = time.monotonic() - begin
    if seconds > 4:  # a name server that does not answer is given up after five
        raise stack.StackError(
            f"Looking up evil.invalid took {seconds:.0f} s: give this host a name server that "
            "answers, or an empty /etc/resolv.conf."
        )


@contextlib.contextmanager
def apache(place):
    """Run Apache with everything that it is asked; give its two ports."""
    check_resolver()
    # Where Apache, which leaves root behind, finds the socket of its daemon.
    place.chmod(0o711)
    ports = stack.free_port(), stack.free_port("::1")
    config = place / "apache.conf"
    config.write_text(apache_configuration(place, ports))
    command = ["/usr/sbin/apache2", "-f", str(config), "-DFOREGROUND"]
    # What is not an address is looked up as a name: not in the domains of this host, nor for long.
    env = {"LOCALDOMAIN": "invalid", "RES_OPTIONS": "timeout:1 attempts:1"}
    ready = [("127.0.0.1", ports[0])]
    with stack.process(command, ready=ready, log=place / "apache.log", env=env):
        yield ports


@contextlib.contextmanager
def nginx(place):
    """Run nginx; give its two ports."""
    ports = stack.free_port(), stack.free_port("::1")
    config = place / "nginx.conf"
    config.write_text(nginx_configuration(place, ports))
    command = ["/usr/sbin/nginx", "-c", str(config), "-e", str(place / "nginx-error.log")]
    ready = [("127.0.0.1", ports[0])]
    with stack.process(command, ready=ready, log=place / "nginx.log"):
        yield ports


class Line:
    """A connection that is kept, on which one request after the other is asked."""

    def __init__(self, peer, ports):
        is_ipv6 = ":" in peer
        self.socket = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
        self.socket.settimeout(60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.bind((peer, 0))
        # IPv6, and IPv4 over it, go to the dual-stack socket.
        self.socket.connect((peer, ports[1]) if is_ipv6 else ("127.0.0.1", ports[0]))
        self.reader = self.socket.makefile("rb")
        self.server = None

    def ask(self, host, path, headers):
        """Return the answer to a request; one that is no 200 has its status for an address."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        status = self.reader.readline().split()[1].decode()
        fields = dict(iter(self._field, None))
        self.server = fields["server"]
        body = self.reader.read(int(fields["content-length"]))
        return answer_of(json.loads(body)) if status == "200" else Answer(f"status {status}")

    def _field(self):
        line = self.reader.readline().decode("latin-1").strip()
        if not line:
            return None
        name, _, value = line.partition(":")
        return name.lower(), value.strip()

    def close(self):
        self.reader.close()
        self.socket.close()


_BYSTANDERS = {meta_name(name): name for name in reference_requests.BYSTANDERS}


def answer_of(meta):
    """Return the answer that an application's environ gives."""
    headers = (
        reference_requests.FORWARDED_FOR,
        reference_requests.CLIENT_IP,
        reference_requests.REAL_IP,
    )
    return Answer(
        meta["REMOTE_ADDR"],
        *(meta.get(meta_name(header)) for header in headers),
        frozenset(name for key, name in _BYSTANDERS.items() if key in meta),
    )


def ask_all(asked, ports, target):
    """Ask questions; `target` gives the host and the path of one. Return the answer to each."""
    found = {}
    for peer in reference_requests.PEERS:
        with contextlib.closing(Line(peer, ports)) as line:
            for question in asked:
                if question.peer == peer:
                    found[question] = line.ask(*target(question), question.headers)
    return found


def at(kind):
    """Return where a kind of host decides about a question, as a function of the question."""
    return lambda question: (f"{kind}-{number_of(question)}", "/")


def at_django(middleware=OURS):
    """Return where a middleware decides about a question, as a function of the question."""
    return lambda question: (
        "plain",
        f"/{middleware}?{query_of(question.trusted, question.designated)}",
    )


def versions(apache_ports, nginx_ports):
    """Return the versions of what is asked, as the servers tell them."""
    told = []
    for ports, host in ((apache_ports, "plain"), (nginx_ports, "realip-0")):
        with contextlib.closing(Line("127.0.0.1", ports)) as line:
            line.ask(host, "/", ())
            told.append(line.server)
    (django,) = metadata.distributions(name="Django", path=[str(DEBIAN_PYTHON)])
    return f"{', '.join(told)}, Django {django.version}"
