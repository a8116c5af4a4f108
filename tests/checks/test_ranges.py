"""Checks of range files."""

from datetime import datetime, timezone

import pytest

from django_trustedproxy.checks import ranges
from django_trustedproxy.ranges.doubts import CUSTOMERS, GIVEN_UP
from tests.checks.findings import ours
from tests.range_files import CLOUDFLARE


@pytest.fixture
def file(tmp_path):
    def write(text=CLOUDFLARE, name="cloudflare.txt"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def clock(monkeypatch):
    """Set the time that the checks see."""

    def be(*date):
        monkeypatch.setattr(ranges, "now", lambda: datetime(*date, tzinfo=timezone.utc))

    be(2026, 11, 26)
    return be


def found(*entries):
    """Return the findings about the entries, without the address of the page."""
    messages = ours(TRUSTED_PROXIES=list(entries))
    return [
        (m.id.removeprefix("trustedproxy."), m.msg, m.hint.partition(" See ")[0]) for m in messages
    ]


@pytest.mark.usefixtures("clock")
def test_a_fresh_file_is_no_finding(file):
    assert found(file(), "10.0.0.1") == []


def test_a_stale_file_is_a_warning(file, clock):
    path = file()
    clock(2026, 12, 25, 9)
    assert found(path) == [
        (
            "W070",
            f"{path} is stale: it was to be refreshed by 2026-12-25. It stays in force.",
            f'Run "manage.py trustedproxy refresh {path}".',
        )
    ]


def test_a_file_without_a_date_or_of_the_future_is_a_warning(file, clock):
    hint = (
        'Fetch it with "manage.py trustedproxy refresh", which writes the date, or silence this if '
        "something else renews the file."
    )
    bare = file("192.0.2.1\n")
    assert found(bare) == [
        ("W071", f"{bare} has no date, so nothing shows when it is too old.", hint)
    ]
    path = file()
    clock(2026, 11, 24, 7)
    fact = f"{path} has a date in the future, so nothing shows when it is too old."
    assert found(path) == [("W071", fact, hint)]


@pytest.mark.usefixtures("clock")
def test_what_everybody_may_write_is_a_warning(file, monkeypatch):
    path = file()
    path.chmod(0o666)
    hint = f"Run chmod o-w {path}. Anyone who writes it decides who is trusted."
    assert found(path) == [("W072", f"Everybody on this host can write to {path}.", hint)]
    path.chmod(0o644)
    path.parent.chmod(0o777)
    assert [msg for _, msg, _ in found(path)] == [
        f"Everybody on this host can write to {path.parent}."
    ]
    path.parent.chmod(0o1777)
    assert found(path) == []
    path.parent.chmod(0o755)
    path.parent.parent.chmod(0o777)
    link = path.parent.parent / "link.txt"
    link.symlink_to(path)
    assert [msg for _, msg, _ in found(link)] == [
        f"Everybody on this host can write to {path.parent.parent}."
    ]
    path.parent.parent.chmod(0o700)
    path.chmod(0o666)
    monkeypatch.setattr(ranges.os, "name", "nt")
    assert ranges.check_writable() == []


@pytest.mark.usefixtures("clock")
def test_a_file_that_is_gone_since_it_was_read_is_no_finding(file, settings):
    path = file()
    settings.TRUSTED_PROXIES = [path]
    assert ranges.check_age() == []
    path.unlink()
    assert ranges.check_writable() == []


@pytest.mark.parametrize("row", CUSTOMERS, ids=lambda row: row.name)
@pytest.mark.usefixtures("clock")
def test_a_list_of_customers_machines_is_a_warning(file, row):
    for sample in row.samples:
        halves = "\n".join(map(str, sample.subnets()))
        path = file(CLOUDFLARE.replace("103.21.244.0/22", halves).replace("# end 2", "# end 3"))
        ((name, msg, hint),) = found(path)
        assert name == "W073"
        assert msg == f"{path} seems to be {row.name}, which has the machines of every customer."
        assert hint.startswith(
            "Remove the file: anyone who rents a machine there can claim any address."
        )
    assert row.source.startswith("https://")


@pytest.mark.usefixtures("clock")
def test_a_single_machine_in_a_cloud_may_be_ones_own_proxy(file):
    assert found(file(CLOUDFLARE.replace("103.21.244.0/22", "3.80.0.0/24"))) == []


@pytest.mark.usefixtures("clock")
def test_a_network_that_its_vendor_gave_up_is_a_warning_in_a_file_and_in_an_entry(file):
    path = file(CLOUDFLARE.replace("103.21.244.0/22", "104.16.0.0/12"))
    fact = (
        "trusts 104.28.0.0/14, which Cloudflare gave up in April 2021: others connect from there."
    )
    assert found(path, " 104.16.0.0/12 ") == [
        (
            "W074",
            f"{path}, line 3 {fact}",
            f'Run "manage.py trustedproxy refresh {path}", or remove the line.',
        ),
        ("W074", f"104.16.0.0/12 {fact}", 'Write "104.16.0.0/13", "104.24.0.0/14" instead.'),
    ]


REMOVE = "Remove it, or list the networks that your own proxies connect from."


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("104.28.0.0/14", REMOVE),
        ("104.29.0.0/16", REMOVE),
        ("104.30.1.2", REMOVE),
        ("104.0.0.0/8", REMOVE),
        ("104.24.0.0/13", 'Write "104.24.0.0/14" instead.'),
    ],
)
def test_what_stays_never_has_more_than_was_written(entry, hint):
    ((name, _, said),) = found(entry)
    assert (name, said) == ("W074", hint)


@pytest.mark.parametrize("row", GIVEN_UP, ids=lambda row: str(row.network))
def test_each_network_that_was_given_up_is_found(row):
    ((name, msg, hint),) = found(str(row.network))
    assert name == "W074"
    assert f"trusts {row.network}, which {row.vendor} gave up in {row.since}" in msg
    assert hint == REMOVE
    assert row.source.startswith("https://")


def test_what_cloudflare_lists_today_is_no_finding():
    assert found("104.16.0.0/13", "104.24.0.0/14", "2606:4700::/32", "10.0.0.0/8", "unix:") == []
