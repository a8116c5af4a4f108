"""The settings: read, judged and made into a policy in one place."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from .display import short_repr
from .engine.answer import REJECTABLE
from .engine.networks import (
    ALL_IPV4,
    ALL_IPV6,
    EntryError,
    TrustedNetworks,
    has_unix,
    parse_entry,
)
from .engine.policy import Designation, Policy
from .engine.purposes import (
    FORWARDED,
    FORWARDING_HEADERS,
    PURPOSES,
    is_token,
    meta_name,
    meta_names,
)
from .names import NEVER_DESIGNATED, key_of, read_guarded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .engine.answer import Outcome
    from .engine.networks import Network

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
}

PURPOSE_SETTINGS = {
    purpose: f"TRUSTED_PROXY_{purpose.upper()}_HEADER"
    for purpose in PURPOSES
    if purpose != "client"
}
_EXAMPLES = {name: FORWARDING_HEADERS[purpose][0] for purpose, name in PURPOSE_SETTINGS.items()} | {
    "TRUSTED_PROXY_HEADER": "X-Forwarded-For"
}


class Problem(NamedTuple):
    """A setting that cannot be used: the id of its system check, the fact, and the remedy."""

    id: str
    msg: str
    hint: str


_ENTRY_IDS = {
    "address": "trustedproxy.E002",
    "host-bits": "trustedproxy.E003",
    "mapped": "trustedproxy.E004",
    "host-name": "trustedproxy.E005",
    "name": "trustedproxy.E006",
    "everybody": "trustedproxy.E007",
}


def value(name: str) -> Any:
    """Return one of our settings as it is written, or its default."""
    return getattr(settings, name, DEFAULTS[name])


def parse(source: object) -> tuple[Policy, list[Problem]]:
    """Make a policy of the settings in `source`, and list everything in them that cannot be used.

    Never raises. With problems, the policy is the one of the settings that can be used, and only
    the system checks look at it.
    """
    reader = _Reader(source)
    networks = reader.networks("TRUSTED_PROXIES")
    headers = reader.headers("TRUSTED_PROXY_HEADER")
    designations = [*reader.designations(headers), *designated_by_django(source, headers)]
    designated = {*headers, *(designation.header for designation in designations)}
    policy = Policy.build(
        networks,
        headers,
        designations,
        keep_header=reader.flag("TRUSTED_PROXY_KEEP_HEADER"),
        reject=reader.outcomes("TRUSTED_PROXY_REJECT"),
        guarded=reader.guarded("TRUSTED_PROXY_GUARDED_HEADERS", designated),
    )
    return policy, reader.problems


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
        raise ImproperlyConfigured("\n".join(f"{p.id}: {p.msg} {p.hint}" for p in problems))
    return policy


def _forget_policy(**_: object) -> None:
    get_policy.cache_clear()


setting_changed.connect(_forget_policy, dispatch_uid="trustedproxy.conf")


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
        entries = self.value(name)
        if not isinstance(entries, (list, tuple)):
            text = entries if isinstance(entries, str) and entries != "*" else ""
            paste = [part.strip() for part in text.split(",") if part.strip()] or ["10.0.0.0/8"]
            self.report(
                "trustedproxy.E001",
                f"{name} is not a list",
                "a list or tuple of addresses, networks and names",
                entries,
                f"Write {name} = {paste}.",
            )
            entries = []
        parsed = [self._entry(f"{name}[{index}]", entry) for index, entry in enumerate(entries)]
        networks = TrustedNetworks(chain.from_iterable(parsed), unix=has_unix(entries))
        merged = networks.merged
        for everybody in (ALL_IPV4, ALL_IPV6):
            if everybody in merged:
                self.report(
                    "trustedproxy.E007",
                    f"{name} trusts everybody",
                    "the addresses of your own proxies",
                    str(everybody),
                    "Write the networks that your proxies connect from, such as "
                    f'{name} = ["private"]. Whoever is trusted can claim any address.',
                )
        return networks

    def _entry(self, place: str, entry: object) -> tuple[Network, ...]:
        try:
            return parse_entry(entry)
        except EntryError as error:
            fact = f"{place} {error.fact}"
            self.report(_ENTRY_IDS[error.kind], fact, error.expected, entry, error.hint)
            return ()

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
                    "Name the one header that your proxy sets: which of several a client wrote "
                    "could not be told.",
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

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            default = DEFAULTS[name]
            fact = f"{name} is not a bool"
            hint = f"Write {name} = {default}."
            self.report("trustedproxy.E009", fact, "True or False", value, hint)
            return bool(default)
        return value

    def outcomes(self, name: str) -> list[Outcome]:
        value = self.value(name)
        known = ", ".join(map(repr, REJECTABLE))
        if not isinstance(value, (list, tuple, set, frozenset)):
            fact = f"{name} is not a collection"
            paste = [outcome for outcome in REJECTABLE if outcome == value] or ["direct"]
            hint = f"Write {name} = {paste}."
            self.report("trustedproxy.E010", fact, f"some of {known}", value, hint)
            return []
        for outcome in value:
            if outcome not in REJECTABLE:
                fact = f"{name} names an outcome that cannot be rejected"
                hint = f"Remove it from {name}."
                self.report("trustedproxy.E011", fact, f"some of {known}", outcome, hint)
        return [outcome for outcome in REJECTABLE if outcome in value]

    def guarded(self, name: str, designated: Collection[str]) -> list[str]:
        keys, faults = read_guarded(name, self.value(name), designated)
        for fault in faults:
            fact = f"{name} {fault.fact}"
            self.report(fault.id, fact, fault.expected, fault.got, fault.hint)
        return keys
