"""`trustedproxy refresh`: which files it makes and renews, what it refuses, and what it leaves."""

import io
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_trustedproxy.conf import get_policy
from django_trustedproxy.ranges import store
from django_trustedproxy.ranges.file import read
from django_trustedproxy.ranges.sources import SOURCES
from tests import range_answers as answers
from tests.stack import ROOT
from tests.vendor import certified, redirect, running, send

LONG = 60
BASE = ["103.21.244.0/22", "173.245.48.0/20"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "proxies" / "list.txt"


@pytest.fixture
def refresh(monkeypatch):
    """Run the command; return its exit code, what it printed, and what went wrong."""

    def run(*arguments, stdin=None, settings=()):
        if stdin is not None:
            stdin = stdin if isinstance(stdin, bytes) else stdin.encode()
            monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        out, code, problems = io.StringIO(), 0, ""
        with override_settings(TRUSTED_PROXIES=list(settings)):
            try:
                call_command("trustedproxy", "refresh", *map(str, arguments), stdout=out)
            except CommandError as error:
                code, problems = error.returncode, str(error)
        return code, out.getvalue().splitlines(), problems

    return run


@pytest.fixture
def cloudflare(path, refresh):
    """Make or renew a file of Cloudflare's from standard input."""

    def run(*arguments, ipv4=BASE, ipv6=("2400:cb00::/32",), **more):
        text = answers.text([answers.cloudflare(ipv4, ipv6)])
        fixed = [path, "--source", "cloudflare", "--from", "-"]
        return refresh(*fixed, *arguments, stdin=text, **more)

    return run


def age(path, **by):
    """Make a file older."""
    old = read(path).fetched
    text = path.read_text().replace(
        f"{old:%Y-%m-%dT%H:%M:%SZ}", f"{old - timedelta(**by):%Y-%m-%dT%H:%M:%SZ}"
    )
    path.write_text(text)


def test_a_file_is_made_with_its_folder(path, cloudflare):
    code, lines, problems = cloudflare()
    assert (code, problems) == (0, "")
    assert lines == [
        "+ 103.21.244.0/22",
        "+ 173.245.48.0/20",
        "+ 2400:cb00::/32",
        f"{path}: cloudflare, networks 0 to 3, IPv4 addresses 0 to 5,120",
        f"{path}: written. Restart or reload the workers: they keep what they read.",
    ]
    rows = path.read_text().split("\n")
    assert rows[0] == "# cloudflare  https://api.cloudflare.com/client/v4/ips"
    assert rows[1].startswith("# fetched 20")
    assert rows[1].endswith("Z, refresh within 30 days")
    assert rows[2:] == [*BASE, "2400:cb00::/32", "# end 3", ""]
    assert abs(read(path).fetched - datetime.now(timezone.utc)) < timedelta(minutes=5)
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_makes_a_file_that_can_be_used(path, refresh, name):
    documents, networks = answers.ANSWERS[name]
    assert refresh(path, "--source", name, "--from", "-", stdin=answers.text(documents))[0] == 0
    assert [row for row in path.read_text().splitlines() if row[0] != "#"] == networks
    found = read(path)
    assert (found.source, found.days) == (name, SOURCES[name].days)
    assert found.address == (*SOURCES[name].addresses, SOURCES[name].page)[0]
    with override_settings(TRUSTED_PROXIES=[path]):
        assert get_policy().networks.merged


def test_the_days_are_the_users_and_stay(path, cloudflare):
    cloudflare("--days", "3")
    assert read(path).days == 3
    cloudflare()
    assert read(path).days == 3
    cloudflare("--days", "5")
    assert read(path).days == 5


@pytest.mark.parametrize("days", ["0", "-1", "366"])
def test_the_days_have_bounds(cloudflare, path, days):
    code, _, problems = cloudflare("--days", days)
    assert (code, problems) == (2, f"--days: expected 1 to 365, got {days}.")
    assert not path.exists()


@pytest.mark.parametrize("option", [("--source", "fastly"), ("--from", "-"), ("--days", "3")])
def test_an_option_of_one_file_names_it(refresh, option):
    code, _, problems = refresh(*option)
    assert (code, problems) == (2, "--source, --days and --from are for one FILE: name it.")


def test_an_unknown_source_is_refused(path):
    with pytest.raises(CommandError, match="invalid choice: 'akamai'"):
        call_command("trustedproxy", "refresh", str(path), "--source", "akamai")


def test_what_changes_is_printed_and_the_mode_is_kept(path, cloudflare):
    cloudflare()
    path.chmod(0o640)
    age(path, days=9)
    code, lines, _ = cloudflare(ipv4=["103.21.244.0/22", "172.64.0.0/21", "173.245.48.0/21"])
    assert code == 0
    assert lines[:-1] == [
        "+ 172.64.0.0/21",
        "- 173.245.48.0/20",
        "+ 173.245.48.0/21",
        f"{path}: cloudflare, networks 3 to 4, IPv4 addresses 5,120 to 5,120",
    ]
    assert path.stat().st_mode & 0o777 == 0o640
    assert datetime.now(timezone.utc) - read(path).fetched < timedelta(days=1)


def test_a_list_without_a_change_is_fresh_again(path, cloudflare):
    cloudflare()
    age(path, days=31)
    assert read(path).is_stale(datetime.now(timezone.utc))
    code, lines, _ = cloudflare()
    assert code == 0
    assert len(lines) == 2
    assert not read(path).is_stale(datetime.now(timezone.utc))


# The list that is there, the one that comes, and why it is refused.
REFUSED = {
    "more than double": (
        {"ipv4": ["103.20.0.0/16"]},
        {"ipv4": ["103.20.0.0/15", "99.1.0.0/32"]},
        "the IPv4 addresses more than double, from 65,536 to 131,073",
    ),
    "less than half": (
        {"ipv4": ["103.20.0.0/16"]},
        {"ipv4": ["103.20.0.0/18"]},
        "the IPv4 addresses become less than half, from 65,536 to 16,384",
    ),
}


@pytest.mark.parametrize(("before", "after", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_list_that_grows_or_shrinks_too_much_is_refused_until_it_is_accepted(
    path, cloudflare, before, after, reason
):
    cloudflare(**before)
    old = path.read_text()
    code, lines, problems = cloudflare(**after)
    assert code == 1
    assert problems == (
        f"{path}: refused, because {reason}. The old file stays. If the difference is right, repeat this "
        "with --accept."
    )
    assert any(line.startswith("+ ") for line in lines)
    assert path.read_text() == old
    assert cloudflare("--accept", **after)[0] == 0
    assert path.read_text() != old


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"ipv4": ["103.20.0.0/16"]}, {"ipv4": ["103.20.0.0/15"]}),
        ({"ipv4": ["103.20.0.0/16"]}, {"ipv4": ["103.20.0.0/17"]}),
        # Numbers of entries say nothing, and IPv6 space has no bound.
        ({"ipv4": ["103.20.0.0/16"]}, {"ipv4": [f"103.20.{n}.0/24" for n in range(256)]}),
        ({"ipv6": ["2400:cb00::/48"]}, {"ipv6": [f"2400:cb0{n}::/32" for n in range(9)]}),
    ],
)
def test_an_honest_change_is_taken(cloudflare, before, after):
    cloudflare(**before)
    assert cloudflare(**after)[0] == 0


def test_a_family_that_goes_is_refused_until_it_is_accepted(path, refresh):
    path.parent.mkdir()
    path.write_text(
        "# keycdn  https://www.keycdn.com/shield-prefixes.json\n45.32.123.0/24\n2400::/32\n"
    )
    arguments = [path, "--from", "-"]
    answer = answers.text([{"prefixes": ["45.32.123.0/24"]}])
    code, _, problems = refresh(*arguments, stdin=answer)
    assert code == 1
    assert "refused, because all IPv6 networks disappear." in problems
    assert refresh(*arguments, "--accept", stdin=answer)[0] == 0


def test_ipv4_networks_that_come_for_the_first_time_are_refused(path, cloudflare):
    path.parent.mkdir()
    path.write_text("2400:cb00::/32\n")
    code, _, problems = cloudflare()
    assert code == 1
    assert "refused, because IPv4 addresses appear for the first time: 5,120." in problems


def test_a_file_of_another_source_is_refused(path, refresh, cloudflare):
    cloudflare()
    answer = answers.text([{"addresses": BASE, "ipv6_addresses": ["2400:cb00::/32"]}])
    arguments = [path, "--source", "fastly", "--from", "-"]
    code, _, problems = refresh(*arguments, stdin=answer)
    assert code == 1
    assert "refused, because the file is of cloudflare." in problems
    assert refresh(*arguments, "--accept", stdin=answer)[0] == 0
    assert read(path).source == "fastly"


def test_a_file_that_cannot_be_compared_is_refused_and_still_names_its_source(
    path, refresh, cloudflare
):
    cloudflare()
    broken = path.read_text().replace("# end 3", "# end 4")
    path.write_text(broken)
    answer = answers.text([answers.cloudflare(BASE)])
    code, _, problems = refresh(path, "--from", "-", stdin=answer)
    assert code == 1
    assert "the old file cannot be compared" in problems
    assert "line 6, does not count the networks" in problems
    assert path.read_text() == broken
    assert refresh(path, "--from", "-", "--accept", stdin=answer)[0] == 0
    assert read(path).source == "cloudflare"


def test_an_empty_file_is_as_good_as_none(path, cloudflare):
    path.parent.mkdir()
    path.touch()
    assert cloudflare()[0] == 0


def test_a_folder_is_no_file(path, cloudflare):
    path.mkdir(parents=True)
    for options in ([], ["--accept"]):
        code, _, problems = cloudflare(*options)
        assert code == 1
        assert f"{path}: is no range file ({path} is not a file" in problems


@pytest.mark.parametrize(
    "text", ["DEBUG = True\n", "10.0.0.1\nnginx\n", "\x00", "# notes\n# to keep\n"]
)
def test_a_file_that_is_none_of_ours_is_never_replaced(path, cloudflare, text):
    path.parent.mkdir()
    path.write_text(text)
    for options in ([], ["--accept"]):
        code, _, problems = cloudflare(*options)
        assert (code, "is no range file" in problems) == (1, True)
        assert "Remove it, or name another." in problems
    assert path.read_text() == text


def test_missing_folders_are_made(tmp_path):
    deep = tmp_path / "a" / "b" / "list.txt"
    store.replace(deep, "10.0.0.1\n")
    assert deep.read_text() == "10.0.0.1\n"


BAD_ANSWERS = {
    "page": (answers.PAGE, "the answer of cloudflare is not JSON"),
    "challenge": (answers.CHALLENGE, "the answer of cloudflare is not JSON"),
    "empty": ("", "has 0 JSON documents: expected 1"),
    "v4 in the v6 place": (
        answers.text([answers.cloudflare(BASE, BASE)]),
        "has 103.21.244.0/22 among the networks of IPv6",
    ),
    "cut": (answers.text([answers.CLOUDFLARE])[:-30], "is not JSON"),
    "private": (
        answers.text([answers.cloudflare(["10.0.0.0/8"])]),
        "line 3, is not a public network: expected what a vendor publishes, got '10.0.0.0/8'.",
    ),
    "wide": (
        answers.text([answers.cloudflare(["96.0.0.0/7"])]),
        "line 3, is wider than any network that has one owner",
    ),
    "everybody": (
        answers.text([answers.cloudflare(["0.0.0.0/0"])]),
        "line 3, is wider than any network that has one owner",
    ),
    "long": (
        answers.text([answers.cloudflare([f"8.{n // 256}.{n % 256}.0/24" for n in range(10_000)])]),
        "has more than 10000 lines",
    ),
    "no text": (b"\xff", "standard input: expected UTF-8"),
}


@pytest.mark.parametrize(("answer", "fact"), BAD_ANSWERS.values(), ids=list(BAD_ANSWERS))
def test_a_bad_answer_leaves_the_old_file(path, refresh, cloudflare, answer, fact):
    cloudflare()
    old = path.read_text()
    for options in [[], ["--accept"], ["--check"]]:
        code, lines, problems = refresh(path, "--from", "-", *options, stdin=answer)
        assert code == 2
        assert fact in problems
        assert problems.endswith(" The old file stays.")
        assert lines == []
    assert path.read_text() == old
    assert list(path.parent.iterdir()) == [path]


def test_a_bad_answer_makes_no_file(path, refresh):
    code, _, problems = refresh(path, "--source", "fastly", "--from", "-", stdin=answers.PAGE)
    assert code == 2
    assert "stays" not in problems
    assert not path.parent.exists()


def test_check_writes_nothing_and_says_what_would_change(path, cloudflare):
    code, lines, problems = cloudflare("--check")
    assert (code, problems) == (1, f"{path}: is not there, or cannot be read.")
    assert lines[0] == "+ 103.21.244.0/22"
    assert not path.exists()
    cloudflare()
    old = path.read_text()
    code, lines, problems = cloudflare("--check")
    assert (code, problems, len(lines)) == (0, "", 1)
    code, lines, problems = cloudflare("--check", ipv4=["103.21.244.0/22", "173.245.48.0/21"])
    assert (code, problems) == (1, f"{path}: differs from what its source publishes.")
    assert lines[:2] == ["- 173.245.48.0/20", "+ 173.245.48.0/21"]
    assert path.read_text() == old
    age(path, days=31)
    code, _, problems = cloudflare("--check")
    assert code == 1
    assert problems.startswith(f"{path}: is stale since ")


def test_a_path_that_the_system_refuses_is_told(path, refresh):
    long, text = path.with_name(300 * "a"), answers.text([answers.cloudflare(BASE, ["2400::/32"])])
    code, _, problems = refresh(long, "--source", "cloudflare", "--from", "-", stdin=text)
    assert (code, problems) == (2, f"{long}: cannot be written (File name too long).")
    told = f"{long}: names no source. Name FILE and --source to fetch it."
    assert refresh(settings=[long])[::2] == (2, told)


def test_a_link_to_itself_is_replaced(path, cloudflare):
    path.parent.mkdir()
    path.symlink_to(path)
    assert cloudflare()[0] == 0
    assert path.read_text().startswith("# cloudflare")


def test_a_closed_standard_input_is_told(path, refresh, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    code, _, problems = refresh(path, "--source", "cloudflare", "--from", "-")
    assert (code, problems) == (2, f"{path}: standard input is closed.")


def test_a_file_that_cannot_be_written_stays(path, cloudflare, monkeypatch):
    cloudflare()
    old = path.read_text()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "replace", full)
    code, _, problems = cloudflare(ipv4=[*BASE, "8.8.8.0/24"])
    assert (code, problems) == (2, f"{path}: cannot be written (No space left on device).")
    assert path.read_text() == old
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_a_link(path, cloudflare, tmp_path):
    path.parent.mkdir()
    target = tmp_path / "target.txt"
    path.symlink_to(target)
    assert cloudflare()[0] == 0
    assert path.is_symlink()
    assert read(target).source == "cloudflare"


def test_azure_is_read_from_standard_input_alone(path, refresh):
    code, _, problems = refresh(path, "--source", "azure-front-door")
    assert code == 2
    assert "is of azure-front-door, which is read with --from -" in problems


# All files of the settings, from vendors that run here.


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return certified(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def vendor(place, monkeypatch):
    """Run a vendor at whose address all sources are."""
    monkeypatch.setenv("SSL_CERT_FILE", str(place / "ca.pem"))
    with running((place / "server.pem", place / "server.key")) as found:
        moved = {}
        for name, source in SOURCES.items():
            addresses = [f"{found.address}/{name}/{n}" for n in range(len(source.addresses))]
            moved[name] = source._replace(addresses=tuple(addresses))
            for number in range(len(addresses)):
                found.pages[f"/{name}/{number}"] = answers.ANSWERS[name][0][number]
        monkeypatch.setattr("django_trustedproxy.ranges.command.SOURCES", moved)
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SOURCES if SOURCES[name].addresses])
def test_a_source_is_fetched_from_its_addresses(path, refresh, vendor, name):
    code, _, problems = refresh(path, "--source", name)
    assert (code, problems) == (0, "")
    assert [row for row in path.read_text().splitlines() if row[0] != "#"] == answers.ANSWERS[name][
        1
    ]
    methods = {method for method, *_ in vendor.asked}
    assert methods == ({"POST"} if name == "imperva" else {"GET"})
    assert len(vendor.asked) == len(SOURCES[name].addresses)


@pytest.mark.slow
@pytest.mark.usefixtures("vendor")
def test_all_files_of_the_settings_are_renewed_each_from_its_source(tmp_path, refresh):
    names = ["cloudflare", "bunny", "imperva"]
    files = [tmp_path / f"{name}.txt" for name in names]
    for name, file in zip(names, files, strict=True):
        refresh(file, "--source", name)
        age(file, days=40)
    own = tmp_path / "own.txt"
    own.write_text("10.0.0.1\n")
    azure = tmp_path / "azure.txt"
    stdin = answers.text([answers.AZURE])
    refresh(azure, "--source", "azure-front-door", "--from", "-", stdin=stdin)
    code, lines, problems = refresh(settings=["127.0.0.1", *files, own, azure, files[0]])
    assert (code, problems) == (0, "")
    assert f"{own}: left as it is; it names no source. Name FILE and --source to fetch it." in lines
    assert (
        f"{azure}: left as it is; it is of azure-front-door, which is read with --from -: see "
        "docs/address-lists.md."
    ) in lines
    assert sum("written." in line for line in lines) == 3
    now = datetime.now(timezone.utc)
    assert not any(read(file).is_stale(now) for file in files)
    age(azure, days=40)
    code, _, problems = refresh(settings=[azure])
    assert code == 2
    assert "read with --from -" in problems


@pytest.mark.slow
def test_one_file_that_cannot_be_had_does_not_stop_the_others(tmp_path, refresh, vendor):
    good, bad, missing = (tmp_path / f"{name}.txt" for name in ("good", "bad", "missing"))
    refresh(good, "--source", "fastly")
    refresh(bad, "--source", "gcore")
    age(good, days=40)
    old = bad.read_text()
    vendor.pages["/gcore/0"] = lambda handler: send(handler, b"down", 500)
    foreign = tmp_path / "foreign.txt"
    foreign.write_text("# akamai  https://akamai.example/list\n23.0.0.0/12\n")
    code, lines, problems = refresh(settings=[missing, bad, good, foreign])
    assert code == 2
    assert problems.splitlines() == [
        f"{missing}: names no source. Name FILE and --source to fetch it.",
        f"{bad}: {vendor.address}/gcore/0: expected status 200, got 500. The old file stays.",
    ]
    assert any(
        line.startswith(f"{foreign}: left as it is; it names the source 'akamai'") for line in lines
    )
    assert bad.read_text() == old
    assert not read(good).is_stale(datetime.now(timezone.utc))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        answers.PAGE.encode(),
        answers.CHALLENGE.encode(),
        b"",
        b" " * (9 * 2**20),
        lambda handler: send(handler, b"{}", 500),
        lambda handler: send(handler, b'{"result": {', 200, **{"Content-Length": "4000"}),
        redirect("https://localhost/list"),
        redirect("http://127.0.0.1/list"),
    ],
    ids=["page", "challenge", "empty", "nine", "status", "cut", "another-host", "no-tls"],
)
def test_refresh_survives_what_vendors_have_answered(path, refresh, vendor, page):
    refresh(path, "--source", "cloudflare")
    old = path.read_text()
    vendor.pages["/cloudflare/0"] = page
    code, _, problems = refresh(settings=[path])
    assert code == 2
    assert problems.endswith("The old file stays.")
    assert path.read_text() == old


@pytest.mark.slow
def test_a_mirror_is_named_in_the_file(path, refresh, vendor):
    vendor.pages["/mirror"] = answers.FASTLY
    address = f"{vendor.address}/mirror"
    assert refresh(path, "--source", "fastly", "--from", address)[0] == 0
    assert read(path).address == address
    assert refresh(path, "--from", "http://127.0.0.1/mirror")[2] == (
        f"{path}: http://127.0.0.1/mirror: expected an https address. The old file stays."
    )


def test_without_files_there_is_nothing_to_do(refresh):
    assert refresh(settings=["10.0.0.1"]) == (0, ["No setting names a range file."], "")


# Real processes.

MANAGE = """
import os, sys
import django
from django.conf import settings
from django.core.management import execute_from_command_line
from pathlib import Path
settings.configure(
    INSTALLED_APPS=["django_trustedproxy"],
    ROOT_URLCONF="tests.urls",
    MIDDLEWARE=["django_trustedproxy.middleware.TrustedProxyMiddleware"],
    TRUSTED_PROXIES=["10.0.0.1/8", Path(sys.argv.pop(1))],
)
if os.environ.get("STOP"):
    def stop(*_):
        print("between write and replace", flush=True)
        sys.stdin.buffer.read()
        import time
        while True:
            time.sleep(60)
    os.replace = stop
execute_from_command_line(sys.argv)
"""


def manage(path, *arguments, **more):
    """Start the command in a process of a project whose settings are wrong and name the file."""
    command = [sys.executable, "-c", MANAGE, str(path), *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=ROOT, text=True, **pipes, **more)


def finished(process, stdin=""):
    out, _ = process.communicate(stdin, timeout=LONG)
    return process.returncode, out


@pytest.mark.slow
def test_the_command_makes_the_file_without_which_the_project_does_not_start(path):
    code, out = finished(manage(path, "check"))
    assert code == 1
    assert "trustedproxy.E003" in out
    assert f"TRUSTED_PROXIES[1]: {path} cannot be read (No such file or directory)" in out
    arguments = ["trustedproxy", "refresh", path, "--source", "cloudflare", "--from", "-"]
    code, out = finished(manage(path, *arguments), answers.text([answers.CLOUDFLARE]))
    assert (code, out.splitlines()[0]) == (0, "+ 103.21.244.0/22")
    code, out = finished(manage(path, "check"))
    assert "TRUSTED_PROXIES[1]" not in out
    code, out = finished(manage(path, *arguments), answers.PAGE)
    assert code == 2
    assert "CommandError" in out
    code, out = finished(
        manage(path, *arguments), answers.text([answers.cloudflare(["8.0.0.0/9"])])
    )
    assert code == 1
    assert "--accept" in out


@pytest.mark.slow
def test_a_process_that_is_killed_before_it_replaces_the_file_leaves_the_old_one(path, cloudflare):
    cloudflare()
    old = path.read_text()
    arguments = ["trustedproxy", "refresh", path, "--from", "-", "--accept"]
    process = manage(path, *arguments, env={**os.environ, "STOP": "1"})
    process.stdin.write(answers.text([answers.cloudflare(["8.8.8.0/24"])]))
    process.stdin.close()
    lines = iter(process.stdout.readline, "")
    assert any("between write and replace" in line for line in lines)
    assert len(list(path.parent.iterdir())) == 2  # the new file is written
    process.send_signal(signal.SIGKILL)
    process.wait(LONG)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert path.read_text() == old
    assert read(path).source == "cloudflare"
    # What is left beside it is in nobody's way.
    assert cloudflare(ipv4=[*BASE, "8.8.8.0/24"])[0] == 0


@pytest.mark.slow
def test_of_two_at_once_one_wins_and_the_file_is_whole_at_any_time(path, cloudflare):
    cloudflare()
    arguments = ["trustedproxy", "refresh", path, "--from", "-", "--accept"]
    lists = [[f"8.{n}.{m}.0/24" for m in range(200)] for n in range(2)]
    running_now = []
    for networks in lists * 2:
        process = manage(path, *arguments)
        process.stdin.write(answers.text([answers.cloudflare(networks)]))
        process.stdin.close()
        running_now.append(process)
    deadline = time.monotonic() + LONG
    seen = set()
    while any(process.poll() is None for process in running_now):
        assert time.monotonic() < deadline
        seen.add(len(read(path).lines))
    for process in running_now:
        process.stdout.close()
    assert [process.returncode for process in running_now] == [0] * 4
    assert seen <= {3, 201}
    rows = [row for row in path.read_text().splitlines() if row[0] != "#"]
    assert rows[:-1] in lists


@pytest.mark.slow
def test_nothing_that_can_fetch_is_loaded_at_start_or_by_a_request(path, cloudflare):
    cloudflare()
    program = f"""
import sys
from pathlib import Path
import django
from django.conf import settings
settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="tests",
    INSTALLED_APPS=["django_trustedproxy"],
    ROOT_URLCONF="tests.urls",
    MIDDLEWARE=["django_trustedproxy.middleware.TrustedProxyMiddleware"],
    TRUSTED_PROXIES=[Path({str(path)!r})],
)
django.setup()
from django.core.checks import run_checks
from django.test import Client
found = [message for message in run_checks() if message.id.startswith("trustedproxy.")]
answer = Client().get(
    "/echo", REMOTE_ADDR="103.21.244.1", headers={{"X-Forwarded-For": "203.0.113.9"}}
)
print(found, answer.wsgi_request.META["REMOTE_ADDR"], [
    name for name in sorted(sys.modules) if name.startswith("django_trustedproxy.ranges.")
])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    # The table of sources is data, by which a check knows the lists of shared networks.
    loaded = [f"django_trustedproxy.ranges.{name}" for name in ("doubts", "file", "sources")]
    assert done.stdout == f"[] 203.0.113.9 {loaded}\n"
