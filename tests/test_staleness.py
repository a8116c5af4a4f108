"""The log tells of stale files, once a day, and a site without files has no receiver."""

from datetime import datetime, timedelta, timezone

import pytest
from django.core.signals import request_started
from django.test import Client, override_settings

from django_trustedproxy import staleness
from django_trustedproxy.asgi import TrustedProxy as AsgiTrustedProxy
from django_trustedproxy.wsgi import TrustedProxy as WsgiTrustedProxy
from tests.range_files import CLOUDFLARE


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that the log reads; its first time is before a file is stale."""

    class Clock:
        now = datetime(2026, 12, 24, tzinfo=timezone.utc)

        def add(self, **time):
            self.now += timedelta(**time)

    found = Clock()
    monkeypatch.setattr(staleness, "_reminder", staleness.Reminder(lambda: found.now))
    yield found
    request_started.disconnect(dispatch_uid="trustedproxy.staleness")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "cloudflare.txt"
    path.write_text(CLOUDFLARE)
    return path


def receivers():
    return [entry for entry in request_started.receivers if entry[0][0] == "trustedproxy.staleness"]


def test_a_stale_file_is_told_once_a_day(path, clock, caplog):
    def lines():
        caplog.clear()
        Client().get("/echo", REMOTE_ADDR="103.21.244.1")
        return [record for record in caplog.records if getattr(record, "kind", "") == "stale-file"]

    with override_settings(TRUSTED_PROXIES=[path]):
        assert lines() == []
        clock.add(hours=33)  # the file is stale since an hour
        (record,) = lines()
        assert record.levelname == "WARNING"
        assert record.name == "django_trustedproxy"
        assert record.getMessage() == (
            f"django-trustedproxy: {path} is stale: it was to be refreshed by 2026-12-25. It stays "
            f'in force. Run "manage.py trustedproxy refresh {path}", and restart or reload the '
            "workers. (Logged once per day.) See https://django-trustedproxy.readthedocs.io/en/stable/"
            "reference/messages.html#stale-file"
        )
        assert (record.peer, record.client, record.outcome) == (None, None, None)
        assert lines() == []
        clock.add(hours=23, minutes=59)
        assert lines() == []
        clock.add(hours=1, minutes=1)
        assert len(lines()) == 1
        assert lines() == []


def test_it_is_looked_at_once_an_hour(clock, monkeypatch):
    looks = []
    monkeypatch.setattr(staleness.conf, "range_files", lambda: looks.append(1) or [])
    reminder = staleness.Reminder(lambda: clock.now)
    for _ in range(10):
        reminder.look()
    clock.add(minutes=59)
    reminder.look()
    assert len(looks) == 1
    clock.add(minutes=1)
    reminder.look()
    assert len(looks) == 2


@pytest.mark.parametrize("mount", [AsgiTrustedProxy, WsgiTrustedProxy])
@pytest.mark.usefixtures("clock")
def test_a_wrapper_looks_too(path, mount):
    def application(scope, receive, send):
        """Do nothing."""

    with override_settings(TRUSTED_PROXIES=[path]):
        mount(application)
        assert len(receivers()) == 1
    mount(application)
    assert receivers() == []
