"""Every attack row through every mount."""

import pytest

from tests.edge import KEY
from tests.mounts import MOUNTS
from tests.requests import joined
from tests.rows import each_row


@pytest.mark.parametrize("mount", MOUNTS)
@each_row
def test_the_answer_of_a_row_is_the_same_through_every_mount(row, mount):
    meta, answer, _ = MOUNTS[mount](row)
    assert (answer["client"], answer["outcome"]) == (row.client, row.outcome)
    assert (tuple(answer["proxies"]), answer["client_port"]) == (row.proxies, row.port)
    expected = {"HTTP_HOST": "testserver", "REMOTE_ADDR": row.client or ""}
    if row.kept is not None:
        expected[kept_key(row)] = row.kept
    assert meta == expected
    assert answer["proxies"][-1:] in ([], [answer["peer"]])
    assert answer["statements"] == []
    assert answer["stamp"] == row.stamp
    # A secret is no forwarding header, and goes from everybody.
    cut = {KEY, kept_key(row)} if answer["header"] else {KEY}
    assert answer["dropped"] == sorted(set(joined(row.headers)) - cut)


def kept_key(row):
    """Return the META key of the header that the row designates."""
    named = row.settings.get("TRUSTED_PROXY_HEADER", "X-Forwarded-For")
    first = named if isinstance(named, str) else named[0]
    return "HTTP_" + first.upper().replace("-", "_").removeprefix("HTTP_")
