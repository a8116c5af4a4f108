"""systemd's socket activation: gunicorn on a socket that it did not open sees a Unix peer."""

import re
import shlex

from tests import stack
from tests.servers import proxies
from tests.servers.proxies import UNIX_PAGE
from tests.servers.raw_requests import ATTACKER, ask, attack, concluded
from tests.servers.recipes import blocks, replaced


def test_no_forgery_passes_a_socket_that_systemd_has_opened():
    unit = blocks(UNIX_PAGE, "ini", "The server")[1]
    (command,) = re.findall(r"ExecStart=\S+/(gunicorn .*)", unit)
    _, *arguments = shlex.split(replaced(command, {"mysite.": "example_project."}))
    with stack.workplace() as place:
        place.chmod(0o755)
        socket = place / "web.sock"
        settings = proxies.settings_of(UNIX_PAGE)
        activated = [
            *(proxies.program("systemd-socket-activate"), "-l", str(socket)),
            *("-E", "DJANGO_SETTINGS_MODULE", "-E", "PAGE_SETTINGS", "-E", "PATH"),
            *(stack.executable("gunicorn"), *arguments, "--no-control-socket", "--threads", "4"),
        ]
        nginx = proxies.NGINX._replace(page=UNIX_PAGE)
        with (
            proxies.run(activated, [socket], place, settings),
            proxies.running_proxy(nginx, place, socket) as port,
        ):
            socket.chmod(0o777)  # as SocketUser is for nginx
            honest = ask(("127.0.0.1", port), source=ATTACKER)
            wrong, refused = attack(
                lambda form: ask(("127.0.0.1", port), form, source=ATTACKER),
                ATTACKER,
                "forwarded",
            )
    assert concluded(honest) == (ATTACKER, "forwarded", "http")
    assert wrong == {}
    assert all(status and status < 500 for status in refused.values())
    # gunicorn believes a Unix peer about the scheme, and refuses who contradicts the proxy.
    assert set(refused) <= {"60 KB", "every header at once", "every other forwarding header"}
