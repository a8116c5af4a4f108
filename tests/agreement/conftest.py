"""What every test of this suite needs."""

import pytest
from django.db import connection
from easyaudit.models import RequestEvent  # there is one for each request


@pytest.fixture(autouse=True, scope="session")
def _no_test_leaves_records(django_db_setup, django_db_blocker):
    """Fail if a test wrote outside of its transaction: a later one would count what it left."""
    yield
    with django_db_blocker.unblock():
        # Without a test that uses the database, pytest-django makes no table.
        if RequestEvent._meta.db_table in connection.introspection.table_names():  # noqa: SLF001 - Django documents _meta
            assert list(RequestEvent.objects.values_list("url", flat=True)) == []
