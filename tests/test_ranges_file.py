"""Range files: what is read, and what each one that cannot be used says."""

import io
import json
import os
from datetime import datetime, timezone
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import override_settings

from django_trustedproxy.conf import get_policy, parse, range_files, range_paths
from django_trustedproxy.entries import paths, usable
from django_trustedproxy.environ import rewrite
from django_trustedproxy.ranges.file import (
    RangeFileError,
    load,
    read,
    source_of,
)
from tests.command import show
from tests.range_files import CLOUDFLARE

ANY = "an address or a network"
DATE = "'# fetched 2026-11-25T08:00:00Z, refresh within 30 days'"
PUBLISHED = "what a vendor publishes"


@pytest.fixture
def file(tmp_path):
    """Write a range file, and return its path."""

    def write(content=CLOUDFLARE, name="cloudflare.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def problems(*entries):
    return parse(SimpleNamespace(TRUSTED_PROXIES=list(entries)))[1]


def networks(*entries):
    policy, found = parse(SimpleNamespace(TRUSTED_PROXIES=list(entries)))
    assert found == []
    return [str(network) for network in policy.networks.merged]


def test_a_path_stands_for_the_networks_of_its_file(file):
    assert networks("127.0.0.1", file()) == ["103.21.244.0/22", "127.0.0.1/32", "2400:cb00::/32"]


def test_a_file_says_whose_it_is_and_how_long_it_is_good_for(file):
    found = read(file())
    assert (found.source, found.address) == (
        "cloudflare",
        "https://api.cloudflare.com/client/v4/ips",
    )
    assert found.fetched == datetime(2026, 11, 25, 8, tzinfo=timezone.utc)
    assert found.days == 30
    assert found.due == datetime(2026, 12, 25, 8, tzinfo=timezone.utc)
    assert not found.is_stale(datetime(2026, 12, 25, 8, tzinfo=timezone.utc))
    assert found.is_stale(datetime(2026, 12, 25, 8, 0, 1, tzinfo=timezone.utc))


def test_a_list_of_others_has_no_comments_and_no_age(file):
    found = read(file("192.0.2.1\r\n\r\n# ours\r\n  10.0.0.0/8\t\r\n192.0.2.1"))
    assert {str(network): line for network, line in found.lines.items()} == {
        "192.0.2.1/32": 1,
        "10.0.0.0/8": 4,
    }
    assert (found.source, found.fetched, found.days, found.due) == (None, None, None, None)
    assert not found.is_stale(datetime(2999, 1, 1, tzinfo=timezone.utc))


@pytest.mark.parametrize("text", ["proxies/cloudflare.txt", "cloudfront.json", "/srv/own.list"])
def test_text_never_means_a_file(text):
    ((name, msg, hint),) = problems("10.0.0.1", text)
    assert name == "trustedproxy.E002"
    assert msg.startswith("TRUSTED_PROXIES[1] names a file: expected an address, ")
    assert hint == (
        'Text never means a file: write Path("…") for one. Write TRUSTED_PROXIES = ["10.0.0.1"].'
    )


def test_a_socket_is_no_file():
    ((name, _, hint),) = problems("/run/web.sock")
    assert name == "trustedproxy.E006"
    assert 'Write "unix:" instead.' in hint


@pytest.mark.parametrize(
    ("content", "problem", "fact", "expected"),
    [
        (
            b"\xff\xfe1\x000\x00",
            "E071",
            ", line 1, is not UTF-8",
            "text, got b'\\xff\\xfe1\\x000\\x00'",
        ),
        (b"10.0.0.1\n\xe9\n", "E071", ", line 2, is not UTF-8", "text, got b'\\xe9'"),
        (
            b"#" * 1_048_577,
            "E071",
            " has more than 1048576 bytes",
            "a list of networks",
        ),
        (
            "10.0.0.1\n" * 10_001,
            "E071",
            " has more than 10000 lines",
            "a list of networks",
        ),
        ("nginx\n", "E072", ", line 1, is a host name", f"{ANY}, got 'nginx'"),
        ("10.0.0.1X\n", "E072", ", line 1, is a host name", f"{ANY}, got '10.0.0.1X'"),
        ("\n10.0.0.1/8\n", "E072", ", line 2, has host bits set", f"{ANY}, got '10.0.0.1/8'"),
        ("loopback\n", "E072", ", line 1, is a name", f"{ANY}, got 'loopback'"),
        ("\u00a0loopback", "E072", ", line 1, is a name", f"{ANY}, got '\\xa0loopback'"),
        ("\x0bshared", "E072", ", line 1, is a name", f"{ANY}, got '\\x0bshared'"),
        ("\u2003unix:", "E072", ", line 1, is a name", f"{ANY}, got '\\u2003unix:'"),
        ("unix:", "E072", ", line 1, is a name", f"{ANY}, got 'unix:'"),
        ("private_ranges", "E072", ", line 1, is not a known name", f"{ANY}, got 'private_ranges'"),
        (
            "<!DOCTYPE html>",
            "E072",
            ", line 1, is a web page, not a list",
            f"{ANY}, got '<!DOCTYPE html>'",
        ),
        (
            "10.0.0.1\t10.0.0.2\n",
            "E072",
            ", line 1, has several entries in one text",
            f"{ANY}, got '10.0.0.1\\t10.0.0.2'",
        ),
        (
            "10.0.0.1 # ours",
            "E072",
            ", line 1, has a comment in it",
            f"{ANY}, got '10.0.0.1 # ours'",
        ),
        ("\ufeff10.0.0.1", "E072", ", line 1, is not an address", f"{ANY}, got '\\ufeff10.0.0.1'"),
        (
            "10.0.0.1\x0b10.0.0.2",
            "E072",
            ", line 1, has several entries in one text",
            f"{ANY}, got '10.0.0.1\\x0b10.0.0.2'",
        ),
        ("", "E073", " is empty", "a network in each line"),
        ("# none\n\n", "E073", " is empty", "a network in each line"),
        (
            CLOUDFLARE.replace("# end 2", "# end 3"),
            "E074",
            ", line 5, does not count the networks",
            "'# end 2', got '# end 3'",
        ),
        (
            CLOUDFLARE.replace("# end 2", "# end"),
            "E074",
            ", line 5, does not count the networks",
            "'# end 2', got '# end'",
        ),
        (
            "10.0.0.1\n# end 2",
            "E074",
            ", line 2, does not count the networks",
            "'# end 1', got '# end 2'",
        ),
        (
            CLOUDFLARE.replace("# end 2\n", ""),
            "E074",
            ", line 4, has no end after it",
            "'# end 2' in the last line, got '2400:cb00::/32'",
        ),
        (
            CLOUDFLARE + "10.0.0.1\n",
            "E074",
            ", line 6, is after the end",
            "nothing after line 5, got '10.0.0.1'",
        ),
        (
            CLOUDFLARE.replace("2026-11-25", "2026-11-31"),
            "E074",
            ", line 2, has no date that can be read",
            f"{DATE}, got '# fetched 2026-11-31T08:00:00Z, refresh within 30 days'",
        ),
        (
            CLOUDFLARE.replace("2026-11-25", "9999-12-31"),
            "E074",
            ", line 2, has no date that can be read",
            f"{DATE}, got '# fetched 9999-12-31T08:00:00Z, refresh within 30 days'",
        ),
        (
            CLOUDFLARE.replace("30 days", "a month"),
            "E074",
            ", line 2, has no date that can be read",
            f"{DATE}, got '# fetched 2026-11-25T08:00:00Z, refresh within a month'",
        ),
        (
            CLOUDFLARE.replace("103.21.244.0/22", "# fetched today"),
            "E074",
            ", line 3, is a second date",
            "one, got '# fetched today'",
        ),
        (
            "0.0.0.0/7",
            "E075",
            ", line 1, is wider than any network that has one owner",
            "a prefix length of 8 or more, got '0.0.0.0/7'",
        ),
        (
            "2000::/18",
            "E075",
            ", line 1, is wider than any network that has one owner",
            "a prefix length of 19 or more, got '2000::/18'",
        ),
        (
            "::ffff:0.0.0.0/96",
            "E075",
            ", line 1, is wider than any network that has one owner",
            "a prefix length of 8 or more, got '::ffff:0.0.0.0/96'",
        ),
        (
            "0.0.0.0",
            "E075",
            ", line 1, is wider than any network that has one owner",
            "a prefix length of 8 or more, got '0.0.0.0'",
        ),
        *(
            (
                CLOUDFLARE.replace("103.21.244.0/22", text),
                "E076",
                ", line 3, is not a public network",
                f"{PUBLISHED}, got '{text}'",
            )
            for text in [
                *("10.1.0.0/16", "127.0.0.1", "169.254.0.0/24", "100.64.0.0/10", "224.0.0.0/24"),
                *("240.0.0.0/8", "0.1.0.0/16", "::1", "fd00::/32", "fe80::/64", "ff02::/64"),
                *("64:ff9b::/96", "::ffff:10.0.0.1", "192.168.0.0/15", "172.0.0.0/8"),
            ]
        ),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_file_that_cannot_be_used_is_an_error_with_file_line_and_text(
    file, content, problem, fact, expected
):
    path = file(content)
    ((name, msg, hint),) = problems("10.0.0.1", path)
    assert name == f"trustedproxy.{problem}"
    assert msg == f"TRUSTED_PROXIES[1]: {path}{fact}: expected {expected}."
    assert "manage.py trustedproxy refresh" in hint or "Remove the line." in hint


def test_a_private_network_is_right_in_a_file_of_ones_own(file):
    assert networks(file("10.1.0.0/16\nfd00::/32\n::1")) == ["10.1.0.0/16", "::1/128", "fd00::/32"]


@pytest.mark.parametrize(
    ("entry", "fact"),
    [
        (Path("/nowhere/x.txt"), "cannot be read (No such file or directory)"),
        (Path("/"), "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (Path("/nowhere\0"), "cannot be a path"),
    ],
    ids=str,
)
def test_a_file_that_cannot_be_read_is_an_error(entry, fact):
    ((name, msg, hint),) = problems(entry)
    assert name == "trustedproxy.E070"
    assert msg == f"TRUSTED_PROXIES[0]: {entry} {fact}: expected a file of networks."
    assert hint.startswith('Make it with "manage.py trustedproxy refresh ')


def test_a_pipe_does_not_block_the_start(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ((name, msg, _),) = problems(pipe)
    assert name == "trustedproxy.E070"
    assert "is not a file" in msg


def test_a_relative_path_says_to_what_it_is_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ((_, _, hint),) = problems(Path("x.txt"))
    assert hint.endswith(f"The path is relative to {tmp_path}.")


def test_what_a_remedy_quotes_can_be_pasted_into_a_shell():
    ((_, _, hint),) = problems(Path("/no where/x.txt"))
    assert "refresh '/no where/x.txt' --source NAME" in hint


@pytest.mark.parametrize("is_there", [True, False])
def test_the_line_to_paste_keeps_the_files(file, tmp_path, is_there):
    path = file() if is_there else tmp_path / "missing.txt"
    hint = next(hint for _, msg, hint in problems(path, "10.0.0.1:80") if "has a port" in msg)
    assert f'Write TRUSTED_PROXIES = [Path("{path}"), "10.0.0.1"].' in hint


def test_a_path_alone_is_put_into_a_list(file, tmp_path):
    for path in (file(), tmp_path / "missing.txt"):
        ((name, _, hint),) = parse(SimpleNamespace(TRUSTED_PROXIES=path))[1]
        assert name == "trustedproxy.E001"
        assert hint == f'Write TRUSTED_PROXIES = [Path("{path}")].'


def test_files_that_together_trust_everybody_are_an_error(file):
    path = file("".join(f"{first}.0.0.0/8\n" for first in range(1, 224)))
    ((name, _, hint),) = problems(path)
    assert name == "trustedproxy.E007"
    assert "Write TRUSTED_PROXIES = []." in hint


def test_a_wrong_file_stops_the_process(file):
    path = file("nginx")
    with (
        override_settings(TRUSTED_PROXIES=[path]),
        pytest.raises(
            ImproperlyConfigured, match=f"trustedproxy.E072: .*{path}, line 1, is a host"
        ),
    ):
        get_policy()


def test_a_running_process_keeps_what_it_read(file):
    path = file()
    with override_settings(TRUSTED_PROXIES=[path]):
        before = get_policy().networks.merged
        path.write_text("10.0.0.1")
        get_policy.cache_clear()
        assert get_policy().networks.merged == before
    with override_settings(TRUSTED_PROXIES=[path]):
        assert list(map(str, get_policy().networks.merged)) == ["10.0.0.1/32"]


def test_each_file_of_the_settings_is_known_whether_or_not_it_can_be_used(file, tmp_path):
    good, bad = file(), tmp_path / "missing.txt"
    with override_settings(TRUSTED_PROXIES=[good, "10.0.0.1", bad, good]):
        assert range_paths() == [good, bad]
        assert [found.path for found in range_files()] == [good]
    assert paths(good) == []
    assert isinstance(load(bad), RangeFileError)
    assert [str(entry) for entry in usable([good, bad, "::1"])] == [str(good), "::1"]


def test_the_place_of_an_address_is_its_file_and_line(file):
    path = file()
    found = read(path)
    places = {network: found.place(network) for network in found.lines}
    (place,) = [place for net, place in places.items() if ip_address("2400:cb00::1") in net]
    assert place == f"{path}, line 4"


@pytest.mark.parametrize(
    ("networks", "client"),
    [
        ("104.16.0.0/12\n172.64.0.0/13", "6.6.6.6"),
        ("104.16.0.0/13\n104.24.0.0/14\n172.64.0.0/13", "104.28.40.9"),
    ],
    ids=["old", "new"],
)
def test_a_network_that_was_given_up_lets_its_new_owners_forge(file, networks, client):
    meta = {
        "REMOTE_ADDR": "172.71.8.4",
        "HTTP_X_FORWARDED_FOR": "6.6.6.6, 104.28.40.9, 172.71.8.4",
    }
    with override_settings(TRUSTED_PROXIES=[file(networks)]):
        rewrite(meta, get_policy())
    assert meta["REMOTE_ADDR"] == client


def test_explain_names_the_file_and_line_that_trusts_an_address(file):
    path = file("2400:cb00::/32\n10.0.0.0/8\n")
    out = io.StringIO()
    arguments = ["--peer", "10.0.0.9", "--header", "X-Forwarded-For: 192.0.2.1, 2400:cb00::1"]
    with override_settings(TRUSTED_PROXIES=["::1", path]):
        call_command("trustedproxy", "explain", *arguments, stdout=out, no_color=True)
    lines = out.getvalue().splitlines()
    assert lines[1] == f"  10.0.0.9  trusted by '{path}, line 2'"
    assert f"  '2400:cb00::1'  trusted proxy by '{path}, line 1'" in lines


def test_show_names_the_line_of_each_network(file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path = file()
    bare = file("10.0.0.1", "bare.txt")
    lines = show(TRUSTED_PROXIES=[path, "::1", bare]).splitlines()
    assert lines[1:8] == [
        f"  {path}  2 networks, of cloudflare, fetched 2026-11-25, refresh within 30 days",
        "  line 3  103.21.244.0/22",
        "  line 4  2400:cb00::/32",
        "  ::1",
        f"  {bare}  1 network",
        "  line 1  10.0.0.1/32",
        "What a trusted proxy says",
    ]
    facts = json.loads(show("--json", TRUSTED_PROXIES=[path, "::1"]))
    assert facts["trusted"] == {
        str(path): ["103.21.244.0/22", "2400:cb00::/32"],
        "::1": ["::1/128"],
    }
    assert facts["files"] == {
        str(path): {
            "source": "cloudflare",
            "address": "https://api.cloudflare.com/client/v4/ips",
            "fetched": "2026-11-25T08:00:00Z",
            "days": 30,
            "lines": {"103.21.244.0/22": 3, "2400:cb00::/32": 4},
        }
    }


def test_a_file_that_nobody_may_read_names_no_source(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    (tmp_path / "list.txt").write_text("10.0.0.0/8\n")
    monkeypatch.setattr(Path, "open", refuse)
    assert source_of(tmp_path / "list.txt") is None


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("10.0.0.1/33", "Correct the line, or {fetch}."),
        ("private_ranges", "Correct the line, or {fetch}."),
        ("loopback", "Names belong in the setting itself. Remove the line."),
        ("2.0.0.0/7", "Anyone who is trusted can claim any address. Remove the line."),
        ("", 'Make it with "{command} --source NAME", or remove it from the setting.'),
        (b"\xff", 'Fetch it again with "{command}".'),
        (
            CLOUDFLARE.replace("103.21.244.0/22", "10.0.0.0/8"),
            'No vendor connects from it: fetch the file again with "{command}". Networks of your own '
            "belong in the setting itself, or in a file that names no source.",
        ),
        (
            CLOUDFLARE.replace("103.21.244.0/22", "nginx"),
            "Write the proxy's address or network. Names are not resolved: anyone who controls them "
            "in DNS would decide who is trusted. Correct the line, or fetch the file again with "
            '"{command}".',
        ),
    ],
)
def test_the_remedy_for_a_file_is_told_whole(file, content, hint):
    path = file(content)
    ((_, _, told),) = problems(path)
    command = f"manage.py trustedproxy refresh {path}"
    fetch = f'fetch the file again with "{command} --source NAME"'
    assert told == hint.format(command=command, fetch=fetch)


def test_a_file_that_is_missing_is_made_by_the_command_that_is_told(tmp_path):
    path = tmp_path / "list.txt"
    made = (
        f'Make it with "manage.py trustedproxy refresh {path} --source NAME", or write it yourself.'
    )
    assert problems(path)[0][2] == made
    assert problems(Path("list-of-no-one.txt"))[0][2].endswith(
        f" The path is relative to {Path.cwd()}."
    )


def test_a_file_may_be_as_long_as_the_limits(file):
    assert problems(file("10.0.0.1\n" * 10_000)) == []
    lines = "10.0.0.1\n#"
    assert problems(file(lines + "x" * (2**20 - len(lines)))) == []


def test_a_byte_that_is_no_text_is_found_in_its_line(file):
    ((_, msg, _),) = problems(file(b"\n\xe9\n"))
    assert ", line 2, is not UTF-8" in msg


@pytest.mark.parametrize("source", [None, "cloudflare"])
def test_the_command_of_a_file_can_be_run(file, source):
    path = file(CLOUDFLARE if source else "10.0.0.1\n")
    more = "" if source else " --source NAME"
    assert load(path).command == f"manage.py trustedproxy refresh {path}{more}"
    assert source_of(path) == source
    path.write_bytes(b"# cloudflare  https://x/\xff\n\xfe")
    assert source_of(path) == "cloudflare"
    assert source_of(path.parent) is source_of(path.parent / "none") is None
    assert source_of(path.parent / (300 * "a")) is None
