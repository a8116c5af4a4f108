"""The nginx that stands in front of each server of the grid."""

import contextlib
import os

from tests import stack
from tests.servers.raw_requests import PROXY
from tests.servers.recipes import blocks, replaced
from tests.servers.servers import PAGE, stack_version

# It takes 60 KB of headers, so that the server behind it has to.
CONFIG = """
{user}
daemon off;
pid {place}/pid;
error_log {place}/log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    large_client_header_buffers 4 128k;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            {upstream}
        }}
    }}
}}
"""
APPENDS = """
            proxy_pass http://{where};
            {bind}
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
"""


def uwsgi_pass():
    """Return what the page has nginx say to uWSGI, as an upstream."""
    (block,) = blocks(PAGE, "nginx", "uWSGI")
    inside = block.partition("{\n")[2].rpartition("}")[0]
    places = {"unix:/run/mysite/web.sock": "{where}", "uwsgi_params": "/etc/nginx/uwsgi_params"}
    return replaced(inside, places)


@contextlib.contextmanager
def nginx(address, listener, *, upstream=APPENDS):
    """Run an nginx that appends the client, in front of an address; give the one of its own."""
    with stack.workplace() as place:
        port = stack.free_port()
        if isinstance(address, tuple):
            host, upstream_port = address
            where = f"[{host}]:{upstream_port}" if ":" in host else f"{host}:{upstream_port}"
            # There is but one ::1 to connect from.
            bind = f"proxy_bind {PROXY};" if listener in ("IPv4", "dual-stack") else ""
        else:
            where, bind = f"unix:{address}", ""
        config = place / "nginx.conf"
        config.write_text(
            CONFIG.format(
                user="user root;" if os.getuid() == 0 else "",
                place=place,
                port=port,
                upstream=upstream.format(where=where, bind=bind),
            )
        )
        command = ["/usr/sbin/nginx", "-c", str(config), "-e", str(place / "log")]
        with stack.process(command, ready=[("127.0.0.1", port)], log=place / "log"):
            yield "127.0.0.1", port


def version():
    return stack_version("/usr/sbin/nginx", "-v").removeprefix("nginx/")
