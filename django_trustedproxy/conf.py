"""The settings: read, judged and made into a policy in one place."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from .display import short_repr
from .engine.answer import REJECTABLE
from .engine.policy import Designation, Policy
from .engine.purposes import (
    FORWARDED,
    FORWARDING_HEADERS,
    PURPOSES,
    is_token,
    meta_name,
    meta_names,
)
from .entries import Problem, collected, paths, read, unusable, usable
from .exempt import read_paths
from .names import NEVER_DESIGNATED, key_of, meant, read_guarded
from .pages import page_of_check
from .ranges.file import RangeFile, load
from .stamping import ENTRY_SETTINGS, SETTINGS, UNSTAMPED, Surroundings, read_stamps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from .engine.networks import TrustedNetworks
    from .names import Fault

DEFAULTS: dict[str, Any] = {
    "TRUSTED_PROXIES": [],
    "TRUSTED_PROXY_HEADER": "X-Forwarded-For",
    "TRUSTED_PROXY_SCHEME_HEADER": None,
    "TRUSTED_PROXY_HOST_HEADER": None,
    "TRUSTED_PROXY_PORT_HEADER": None,
    "TRUSTED_PROXY_SERVER_HEADER": None,
    "TRUSTED_PROXY_PREFIX_HEADER": None,
    "TRUSTED_PROXY_KEEP_HEADER": True,
    "TRUSTED_PROXY_REJECT": (),
    "TRUSTED_PROXY_GUARDED_HEADERS": [],
    "TRUSTED_PROXY_REJECT_EXEMPT": (),
    **SETTINGS,
    "TRUSTED_PROXY_PROBE": False,
}

PURPOSE_SETTINGS = {
    purpose: f"TRUSTED_PROXY_{purpose.upper()}_HEADER"
    for purpose in PURPOSES
    if purpose != "client"
}
_EXAMPLES = {name: FORWARDING_HEADERS[purpose][0] for purpose, name in PURPOSE_SETTINGS.items()} | {
    "TRUSTED_PROXY_HEADER": "X-Forwarded-For"
}


def value(name: str) -> Any:
    """Return one of our settings as it is written, or its default."""
    return getattr(settings, name, DEFAULTS[name])


def entries(name: str = "TRUSTED_PROXIES") -> tuple[object, ...]:
    """Return the entries of a setting that can be used, as they are written."""
    return tuple(usable(value(name)))


def unusable_entries() -> tuple[object, ...]:
    """Return the entries of `TRUSTED_PROXIES` that cannot be used, as they are written."""
    return tuple(unusable(value("TRUSTED_PROXIES")))


def all_entries() -> list[object]:
    """Return the entries that can be used of every setting that has such."""
    return [entry for name in ENTRY_SETTINGS for entry in usable(value(name))]


def range_paths() -> list[Path]:
    """Return the range files that the settings name, whether or not they can be used."""
    return list(dict.fromkeys(path for name in ENTRY_SETTINGS for path in paths(value(name))))


def range_files() -> list[RangeFile]:
    """Return the range files of the settings that can be used, as they were read."""
    return [file for file in map(load, range_paths()) if isinstance(file, RangeFile)]


def parse(source: object) -> tuple[Policy, list[Problem]]:
    """Make a policy of what can be used of the settings in `source`, and list the rest."""
    reader = _Reader(source)
    networks = reader.networks("TRUSTED_PROXIES")
    headers = reader.headers("TRUSTED_PROXY_HEADER")
    designations = [*reader.designations(headers), *designated_by_django(source, headers)]
    designated = {*headers, *(designation.header for designation in designations)}
    keep_header = reader.flag("TRUSTED_PROXY_KEEP_HEADER", "trustedproxy.E009", _KEEP)
    reject = reader.outcomes("TRUSTED_PROXY_REJECT")
    reject_exempt = reader.paths("TRUSTED_PROXY_REJECT_EXEMPT")
    guarded = reader.guarded("TRUSTED_PROXY_GUARDED_HEADERS", designated)
    is_probed = reader.flag("TRUSTED_PROXY_PROBE", "trustedproxy.E090", _NO_PROBE)
    around = Surroundings(source, networks, headers[0], designated.union(guarded), reject)
    stamps, problems = read_stamps(reader.value, around)
    policy = Policy.build(
        networks,
        headers,
        designations,
        keep_header=keep_header,
        reject=reject,
        reject_exempt=reject_exempt,
        guarded=guarded,
        stamps=stamps,
        is_probed=is_probed,
    )
    return policy, reader.problems + problems


def designated_by_django(source: object, taken: tuple[str, ...]) -> Iterator[Designation]:
    """Yield the headers that Django's own settings believe, which are then guarded."""
    ssl_header = getattr(source, "SECURE_PROXY_SSL_HEADER", None)
    # Django itself reports one that is not a pair. Nothing makes a client header speak of the
    # scheme, so one of those is dropped like its synonyms.
    if isinstance(ssl_header, (list, tuple)) and len(ssl_header) == 2:
        key = ssl_header[0]
        is_header = isinstance(key, str) and is_token(key) and key == key.upper()
        others = meta_names("client").union(NEVER_DESIGNATED, taken)
        if is_header and key.startswith("HTTP_") and "-" not in key and key not in others:
            yield Designation("scheme", key, is_written=False)
    if getattr(source, "USE_X_FORWARDED_HOST", False):
        yield Designation("host", "HTTP_X_FORWARDED_HOST", is_written=False)
    if getattr(source, "USE_X_FORWARDED_PORT", False):
        yield Designation("port", "HTTP_X_FORWARDED_PORT", is_written=False)


@cache
def get_policy() -> Policy:
    """Return the policy of Django's settings, parsed once and again after `setting_changed`.

    Raises `ImproperlyConfigured` with every problem if a setting cannot be used.
    """
    policy, problems = parse(settings)
    if problems:
        raise ImproperlyConfigured(
            "\n".join(f"{p.id}: {p.msg} {p.hint} See {page_of_check(p.id)}" for p in problems)
        )
    return policy


def _forget_policy(**_: object) -> None:
    get_policy.cache_clear()
    load.cache_clear()


setting_changed.connect(_forget_policy, dispatch_uid="trustedproxy.conf")


# What the environment and other configuration files write for a bool.
_FLAGS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off", ""), False),
}
_KEEP = "Write TRUSTED_PROXY_KEEP_HEADER = True to keep the header, or False to drop it."
_NO_PROBE = "Write TRUSTED_PROXY_PROBE = False."


class _Reader:
    """Reads single settings; what cannot be used is reported, and the default stands in."""

    def __init__(self, source: object) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def value(self, name: str) -> Any:
        return getattr(self.source, name, DEFAULTS[name])

    def report(self, problem: str, fact: str, expected: str, got: object, hint: str) -> None:
        msg = f"{fact}: expected {expected}, got {short_repr(got)}."
        self.problems.append(Problem(problem, msg, hint))

    def networks(self, name: str) -> TrustedNetworks:
        networks, problems = read(name, self.value(name))
        self.problems += problems
        return networks

    def designations(self, taken: tuple[str, ...]) -> Iterator[Designation]:
        keys = {key: "TRUSTED_PROXY_HEADER" for key in taken if key != FORWARDED}
        for purpose, name in PURPOSE_SETTINGS.items():
            value = self.value(name)
            key = None
            if isinstance(value, (list, tuple)):
                self.report(
                    "trustedproxy.E012",
                    f"{name} is a list",
                    "one header name or None",
                    value,
                    "Name the one header that your proxy sets. Of several, nobody could tell "
                    "which one a client wrote.",
                )
            elif value is not None:
                key = self._header(name, value)
            if key is None or not self._is_of_purpose(name, purpose, key):
                continue
            if key in keys:
                fact = f"{name} names the header of {keys[key]} too"
                hint = f"Write {name} = None."
                self.report("trustedproxy.E014", fact, "a header of its own", value, hint)
                continue
            if key != FORWARDED:
                keys[key] = name
            yield Designation(purpose, key, is_written=True)

    def _is_of_purpose(self, name: str, purpose: str, key: str) -> bool:
        others = [other for other in FORWARDING_HEADERS if key in meta_names(other)]
        if not others or purpose in others or (key == FORWARDED and purpose in ("scheme", "host")):
            return True
        self.report(
            "trustedproxy.E013",
            f"{name} names a header that speaks about the {others[0]}",
            f"a header that speaks about the {purpose}",
            self.value(name),
            f'Write {name} = "{FORWARDING_HEADERS[purpose][0]}", or the header that your proxy '
            "sets.",
        )
        return False

    def headers(self, name: str) -> tuple[str, ...]:
        value = self.value(name)
        names = value if isinstance(value, (list, tuple)) else [value]
        keys = [
            key
            for header in names
            if (key := self._header(name, header)) and self._is_of_purpose(name, "client", key)
        ]
        if not names:
            self._report_header(name, value)
        return tuple(keys) or (meta_name(DEFAULTS[name]),)

    def _header(self, name: str, header: object) -> str | None:
        key = key_of(header)
        if key is None:
            self._report_header(name, header)
        return key

    def _report_header(self, name: str, header: object) -> None:
        example = _EXAMPLES[name]
        self.report(
            "trustedproxy.E008",
            f"{name} does not name a forwarding header",
            f"a name such as '{example}' or '{meta_name(example)}'",
            header,
            f'Write {name} = "{example}", or the header that your proxy sets.',
        )

    def flag(self, name: str, problem: str, otherwise: str) -> bool:
        value = self.value(name)
        if isinstance(value, bool):
            return value
        meant = _FLAGS.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
        hint = otherwise if meant is None else f"Write {name} = {meant}."
        self.report(problem, f"{name} is not a bool", "True or False", value, hint)
        return bool(DEFAULTS[name])

    def outcomes(self, name: str) -> list[str]:
        value = self.value(name)
        names = (*REJECTABLE, UNSTAMPED)
        expected = f"some of {', '.join(map(repr, names))}"
        members = collected(value)
        if members is None:
            fact, hint = f"{name} is not a collection", f"Write {name} = {meant([value], names)}."
            self.report("trustedproxy.E010", fact, expected, value, hint)
            return []
        named = [member.strip() if isinstance(member, str) else member for member in members]
        known = [outcome for outcome in names if outcome in named]
        hint = f"Write {name} = {meant(named, names)}."
        for outcome in named:
            if outcome not in names:
                fact = f"{name} names an outcome that cannot be rejected"
                self.report("trustedproxy.E011", fact, expected, outcome, hint)
        return known

    def paths(self, name: str) -> list[str]:
        paths, faults = read_paths(name, self.value(name))
        self._report_faults(name, faults)
        return paths

    def guarded(self, name: str, designated: Collection[str]) -> list[str]:
        keys, faults = read_guarded(name, self.value(name), designated)
        self._report_faults(name, faults)
        return keys

    def _report_faults(self, name: str, faults: Iterable[Fault]) -> None:
        for fault in faults:
            fact = f"{name} {fault.fact}"
            self.report(fault.id, fact, fault.expected, fault.got, fault.hint)
