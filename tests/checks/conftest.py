"""A clean environment, and packages that a test writes."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _no_servers_settings(monkeypatch):
    for name in ("FORWARDED_ALLOW_IPS", "UVICORN_PROXY_HEADERS", "GUNICORN_CMD_ARGS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write a package with the given source as its modules, which can then be imported."""
    written = []

    def write(name, **modules):
        folder = tmp_path / name
        folder.mkdir()
        for module, source in {"__init__": "", **modules}.items():
            (folder / f"{module}.py").write_text(source)
        if not written:
            monkeypatch.syspath_prepend(tmp_path)
        written.append(name)
        return folder

    yield write
    for module in [module for module in sys.modules if module.partition(".")[0] in written]:
        del sys.modules[module]


@pytest.fixture
def project(package):
    """Write a project, whose URLs are `site_of_test.urls`."""
    return lambda **modules: package("site_of_test", **{"urls": "", **modules})
