"""The options in GUNICORN_CMD_ARGS and gunicorn.conf.py, read without running either.

Read in gunicorn 27.0.1. Other options of its command line cannot be seen from Django.
"""

from __future__ import annotations

import os
import shlex
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings

from .source import find_assignments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

_ENVIRONMENT = "GUNICORN_CMD_ARGS"
_OPTIONS = {
    "forwarded_allow_ips": "--forwarded-allow-ips",
    "proxy_protocol": "--proxy-protocol",
    "proxy_allow_ips": "--proxy-allow-from",
    "header_map": "--header-map",
    "forwarder_headers": "--forwarder-headers",
    "http2_cleartext": "--http2-cleartext",
    "config": "--config",
}
_OFF = ("", "off", "false", "0", "none")
_BY_DEFAULT = {"SCRIPT_NAME", "PATH_INFO"}  # which gunicorn takes from headers, told or not


class Finding(NamedTuple):
    """A setting of gunicorn's: where and how it is written, what it does, and what to write."""

    place: str
    written: str
    effect: str
    remedy: str
    is_about_proxies: bool


class _Parser(ArgumentParser):
    """The part of gunicorn's parser that matters here, which does not end the process."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


class _Written(NamedTuple):
    """A value, where it is written, and its name there."""

    value: object
    place: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} {self.value!r}"

    def write(self, value: str) -> str:
        """Return what to write instead."""
        if self.name.startswith("-"):
            return f"{self.name} {shlex.quote(value)}"
        return f"{self.name} = {value!r}"


def findings() -> Iterator[Finding]:
    """Yield the options by which gunicorn changes the request before Django sees it."""
    told = _from_environment()
    for path in _files(told.pop("config", None)):
        told = {**_from_file(path), **told}  # as gunicorn, which reads its file first
    for name, judge in _JUDGES.items():
        if name in told and (found := judge(told[name], told)):
            effect, instead = found
            written = told[name]
            remedy = f"Write {written.write(instead)}."
            about = name in ("forwarded_allow_ips", "proxy_protocol")
            yield Finding(written.place, str(written), effect, remedy, about)


def _from_environment() -> dict[str, _Written]:
    parser = _Parser(add_help=False)
    parser.add_argument("args", nargs="*")
    for name, option in _OPTIONS.items():
        also = ["-c"] if name == "config" else []
        more: dict[str, Any] = {"nargs": "?", "const": "auto"} if name == "proxy_protocol" else {}
        parser.add_argument(*also, option, dest=name, **more)
    try:
        found, _ = parser.parse_known_args(shlex.split(os.environ.get(_ENVIRONMENT, "")))
    except ValueError:  # gunicorn says so at its start
        return {}
    return {
        name: _Written(value, _ENVIRONMENT, _OPTIONS[name])
        for name, value in vars(found).items()
        if name in _OPTIONS and value is not None
    }


def _files(config: _Written | None) -> list[Path]:
    """Return the configuration files that gunicorn may read."""
    folders = [Path.cwd()]
    manage = Path(sys.argv[0])
    if manage.name == "manage.py":
        folders.insert(0, manage.absolute().parent)
    if isinstance(base := getattr(settings, "BASE_DIR", None), (str, Path)):
        folders.insert(0, Path(base))
    paths = [folder / "gunicorn.conf.py" for folder in folders]
    if config is not None:
        paths = [Path(str(config.value).removeprefix("file:"))]
    # Until Python 3.14, Path.is_file raises where a folder may not be searched.
    return [path for path in dict.fromkeys(paths) if os.path.isfile(path)]  # noqa: PTH113


def _from_file(path: Path) -> dict[str, _Written]:
    return {
        name: _Written(value, str(place), name)
        for name, (value, place) in find_assignments(str(path)).items()
        if name in _OPTIONS
    }


def _words(value: object) -> list[str]:
    text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value or "")
    return [word.strip() for word in text.split(",") if word.strip()]


def _is_off(written: _Written) -> bool:
    return str(written.value or "").strip().lower() in _OFF


def _forwarded(written: _Written, _: dict[str, _Written]) -> tuple[str, str] | None:
    return ("lets the server process proxy headers before Django", "") if written.value else None


def _proxy_protocol(written: _Written, told: dict[str, _Written]) -> tuple[str, str] | None:
    if _is_off(written):
        return None
    is_open = "proxy_allow_ips" in told and "*" in _words(told["proxy_allow_ips"].value)
    who = "anyone" if is_open else "the proxy"
    return f"lets {who} state the peer in the PROXY protocol, before Django", "off"


def _header_map(written: _Written, _: dict[str, _Written]) -> tuple[str, str] | None:
    if str(written.value).strip().lower() != "dangerous":
        return None
    return "merges a client's X_Forwarded_For with the proxy's X-Forwarded-For", "drop"


def _forwarder(written: _Written, _: dict[str, _Written]) -> tuple[str, str] | None:
    if not {word.upper() for word in _words(written.value)} - _BY_DEFAULT:
        return None
    return "takes headers with an underscore, which a proxy passes from a client", ""


def _cleartext(written: _Written, _: dict[str, _Written]) -> tuple[str, str] | None:
    if str(written.value).strip().lower() not in ("upgrade", "both"):
        return None
    return "lets `Upgrade: h2c` make the proxy a tunnel for headers of the client's own", "off"


_JUDGES = {
    "forwarded_allow_ips": _forwarded,
    "proxy_protocol": _proxy_protocol,
    "header_map": _header_map,
    "forwarder_headers": _forwarder,
    "http2_cleartext": _cleartext,
}
