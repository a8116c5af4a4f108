"""Proxies that pass on what they should not, for the attacks; the recipes are in docs/proxies/."""

import contextlib
import os
import sys
from pathlib import Path

from tests import stack
from tests.servers.raw_requests import PROXY
from tests.servers.servers import MODULES

CADDY = """
{{
	admin off
	auto_https off
	persist_config off
}}
http://:{port} {{
	bind 127.0.0.1
	{options}
	reverse_proxy 127.0.0.1:{upstream} {{
		transport http {{
			keepalive off
			local_address {PROXY}
		}}
	}}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:{port}
    http-request set-header X-Forwarded-Proto http
    {options}
    default_backend django
backend django
    server django 127.0.0.1:{upstream} source {PROXY}
"""
HAPROXY_TCP = "HAProxy that sends the PROXY protocol"
_SENDS_PROXY = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:{port}
    {options}
    default_backend django
backend django
    server django 127.0.0.1:{upstream} source {PROXY} send-proxy
"""
APACHE = """
ServerRoot {place}
ServerName localhost
PidFile {place}/pid
ErrorLog {place}/log
DefaultRuntimeDir {place}
{user}
{modules}
Listen 127.0.0.1:{port}
ProxySourceAddress {PROXY}
ProxyPass / http://127.0.0.1:{upstream}/
RequestHeader set X-Forwarded-Proto http
{options}
"""
APACHE_MODULES = ["mpm_event", "authz_core", "headers", "proxy", "proxy_http"]


def _user(text):
    return text if os.getuid() == 0 else ""


def _caddy(program):
    return lambda config: [program(), "run", "--adapter", "caddyfile", "--config", config]


def _haproxy(config):
    return ["/usr/sbin/haproxy", "-db", "-f", config]


# The last that passes names with an underscore (https://github.com/caddyserver/caddy/issues/7808).
OLDER_CADDY = Path(sys.prefix) / "older" / "bin" / "caddy"
COMMANDS = {
    "Caddy": (CADDY, _caddy(lambda: stack.executable("caddy"))),
    "Caddy 2.11.3": (CADDY, _caddy(lambda: str(OLDER_CADDY))),
    "HAProxy": (HAPROXY, _haproxy),
    HAPROXY_TCP: (_SENDS_PROXY, _haproxy),
    "Apache": (APACHE, lambda config: ["/usr/sbin/apache2", "-f", config, "-DFOREGROUND"]),
}


@contextlib.contextmanager
def unsafe_proxy(name, address, options=""):
    """Run a proxy in front of an IPv4 address, with more lines of configuration."""
    config, command = COMMANDS[name]
    with stack.workplace() as place:
        place.chmod(0o755)  # Apache's processes are another user's
        port = stack.free_port()
        text = config.format(
            PROXY=PROXY,
            place=place,
            port=port,
            upstream=address[1],
            options=options,
            user=_user("User www-data\nGroup www-data"),
            modules="\n".join(
                f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in APACHE_MODULES
            ),
        )
        path = place / "config"
        path.write_text(text)
        ready = ("127.0.0.1", port)
        env = {"HOME": str(place)}
        with stack.process(command(str(path)), ready=[ready], log=place / "log", env=env):
            yield ready
