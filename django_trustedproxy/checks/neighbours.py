"""Checks of the settings of other packages: with which of them a package ignores REMOTE_ADDR.

To add a package, write a record here and a file in tests/neighbours, and put the package into the
group `agreement` of pyproject.toml.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name
from django.utils.module_loading import import_string

from django_trustedproxy import conf
from django_trustedproxy.engine.purposes import FORWARDED

from .source import is_importable, is_used_beside, overrides

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_trustedproxy.engine.networks import Network
    from django_trustedproxy.engine.policy import Policy

_UNSET = object()


def is_set(value: object, _: Policy) -> bool:
    return bool(value)


def is_unset(value: object, _: Policy) -> bool:
    return not value


def is_not_zero(value: object, _: Policy) -> bool:
    return value != 0


def is_not_false(value: object, _: Policy) -> bool:
    return value is not False


def is_positive(value: object, _: Policy) -> bool:
    return isinstance(value, int) and value > 0


def lacks_remote_addr(value: Any, _: Policy) -> bool:
    return bool(value) and "REMOTE_ADDR" not in value


def is_another_key(value: object, _: Policy) -> bool:
    # With a dot it is the path of a function of the project.
    return isinstance(value, str) and value not in ("", "REMOTE_ADDR") and "." not in value


def reaches_defender(value: object, policy: Policy) -> bool:
    if value == policy.header == FORWARDED:
        return True
    return value != "REMOTE_ADDR" and value not in policy.dropped_if_direct


def reads_one_header(value: object, _: Policy) -> bool:
    resolvers = (".request_ip_resolvers.real_ip", ".request_ip_resolvers.x_forwarded_ip")
    return str(value).endswith(resolvers)


def lets_in_by_an_exception(value: object, policy: Policy) -> bool:
    """Tell whether an exempt proxy of ours lets in what django-lockdown trusts."""
    trusted = _networks(value)
    excepted = _networks(_read("LOCKDOWN_REMOTE_ADDR_EXCEPTIONS"))
    merged = policy.networks.merged
    is_by_proxy = any(one.overlaps(proxy) for one in excepted for proxy in merged)
    return is_by_proxy and not all(any(_is_within(one, e) for e in excepted) for one in trusted)


def _networks(entries: Any) -> list[Network]:
    try:
        return [ip_network(entry) for entry in entries]
    except (TypeError, ValueError):  # django-lockdown fails on it, and says why
        return []


def _is_within(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type] # the same version


def throttles_by_remote_addr() -> bool:
    """Tell whether the throttles of REST framework all have a `get_ident` of the project's own."""
    classes = _read("REST_FRAMEWORK.DEFAULT_THROTTLE_CLASSES")
    if not classes or not isinstance(classes, (list, tuple)):
        return False
    loaded = []
    for each in classes:
        with suppress(Exception):  # REST framework fails on it, and says why
            loaded.append(import_string(each))
    return len(loaded) == len(classes) and all(
        overrides(each, "get_ident", "rest_framework.throttling") for each in loaded
    )


def judges_hops(value: object, _: Policy) -> bool:
    return not value and not _first("TRUST_ALL_PROXIES", "IPRESTRICT_TRUST_ALL_PROXIES")


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A setting with which a package takes an address other than REMOTE_ADDR for the client."""

    id: str
    package: str
    # The release whose code was read.
    read_in: str
    # The module that reads the setting.
    module: str
    # A module whose use beside the URLs shows that the value matters, if projects need not list
    # the package and need not set anything.
    used_as: str = ""
    # Alternative names, of which the first that is set counts. A dot leads into a dictionary.
    settings: tuple[str, ...]
    # The condition on the value, and the value without a setting.
    wrong_if: Callable[[Any, Policy], bool]
    default: Any = None
    # Settings of which one must be true for the value to matter.
    needs: tuple[str, ...] = ()
    # A module that must be there for the value to matter.
    needs_module: str = ""
    # Tells of a project whose own code makes the value indifferent.
    spared_if: Callable[[], bool] | None = None
    # Whether the value matters only while X-Forwarded-For is the header and is kept.
    needs_list: bool = False
    # The setting and what the package does with it; {setting} is the name that counts.
    message: str
    remedy: str


NEIGHBOURS: tuple[Neighbour, ...] = (
    Neighbour(
        id="trustedproxy.W011",
        package="djangorestframework",
        read_in="3.18.3",
        module="rest_framework",
        settings=("REST_FRAMEWORK.NUM_PROXIES",),
        wrong_if=is_not_zero,
        needs=(
            "REST_FRAMEWORK.NUM_PROXIES",
            "REST_FRAMEWORK.DEFAULT_THROTTLE_CLASSES",
            "REST_FRAMEWORK.DEFAULT_THROTTLE_RATES",
        ),
        spared_if=throttles_by_remote_addr,
        needs_list=True,
        message='REST_FRAMEWORK["NUM_PROXIES"] is not 0: djangorestframework throttles by the '
        "whole X-Forwarded-For, or by a proxy in it",
        remedy='REST_FRAMEWORK["NUM_PROXIES"] = 0',
    ),
    Neighbour(
        id="trustedproxy.W012",
        package="django-ninja",
        read_in="1.7.1",
        module="ninja",
        used_as="ninja.throttling",
        settings=("NINJA_NUM_PROXIES",),
        wrong_if=is_not_zero,
        needs_list=True,
        message="NINJA_NUM_PROXIES is not 0: django-ninja throttles by the whole X-Forwarded-For, "
        "or by a proxy in it",
        remedy="NINJA_NUM_PROXIES = 0",
    ),
    Neighbour(
        id="trustedproxy.W013",
        package="django-ninja-extra",
        read_in="0.31.7",
        module="ninja_extra",
        settings=("NINJA_EXTRA.NUM_PROXIES",),
        wrong_if=is_not_zero,
        needs_list=True,
        message='NINJA_EXTRA["NUM_PROXIES"] is not 0: django-ninja-extra throttles by the whole '
        "X-Forwarded-For, or by a proxy in it",
        remedy='NINJA_EXTRA["NUM_PROXIES"] = 0',
    ),
    Neighbour(
        id="trustedproxy.W014",
        package="django-allauth",
        read_in="65.21.1",
        module="allauth",
        settings=("ALLAUTH_TRUSTED_PROXY_COUNT",),
        wrong_if=is_positive,
        default=0,
        needs_list=True,
        message="ALLAUTH_TRUSTED_PROXY_COUNT is positive: django-allauth takes a proxy for the "
        "client, or answers 500 if there are fewer hops",
        remedy="ALLAUTH_TRUSTED_PROXY_COUNT = 0",
    ),
    Neighbour(
        id="trustedproxy.W015",
        package="django-allauth",
        read_in="65.21.1",
        module="allauth",
        settings=("ALLAUTH_TRUSTED_CLIENT_IP_HEADER",),
        wrong_if=is_set,
        message="ALLAUTH_TRUSTED_CLIENT_IP_HEADER is set: django-allauth refuses logins without "
        "that header, which is dropped",
        remedy="ALLAUTH_TRUSTED_CLIENT_IP_HEADER = None",
    ),
    Neighbour(
        id="trustedproxy.W016",
        package="django-axes",
        read_in="8.3.1",
        module="axes",
        settings=("AXES_IPWARE_PROXY_COUNT", "AXES_PROXY_COUNT"),
        wrong_if=is_positive,
        needs_module="ipware",
        message="{setting} is positive: django-axes finds no address, so all failures are "
        "counted together",
        remedy="AXES_IPWARE_PROXY_COUNT = None",
    ),
    Neighbour(
        id="trustedproxy.W017",
        package="django-axes",
        read_in="8.3.1",
        module="axes",
        settings=("AXES_IPWARE_PROXY_TRUSTED_IPS", "AXES_PROXY_TRUSTED_IPS"),
        wrong_if=is_set,
        needs_module="ipware",
        message="{setting} is set: django-axes finds no address, so all failures are counted "
        "together",
        remedy="AXES_IPWARE_PROXY_TRUSTED_IPS = None",
    ),
    Neighbour(
        id="trustedproxy.W018",
        package="django-axes",
        read_in="8.3.1",
        module="axes",
        settings=("AXES_IPWARE_META_PRECEDENCE_ORDER", "AXES_META_PRECEDENCE_ORDER"),
        wrong_if=lacks_remote_addr,
        default=("REMOTE_ADDR",),
        needs_module="ipware",
        message="{setting} lacks REMOTE_ADDR: django-axes finds no address if its headers are "
        "dropped",
        remedy='AXES_IPWARE_META_PRECEDENCE_ORDER = ("REMOTE_ADDR",)',
    ),
    Neighbour(
        id="trustedproxy.W019",
        package="django-ipware",
        read_in="8.0.0",
        module="ipware",
        settings=("IPWARE_META_PROXY_COUNT",),
        wrong_if=is_positive,
        message="IPWARE_META_PROXY_COUNT is positive: django-ipware finds no address if there "
        "are more or fewer hops",
        remedy="IPWARE_META_PROXY_COUNT = 0",
    ),
    Neighbour(
        id="trustedproxy.W020",
        package="django-ipware",
        read_in="8.0.0",
        module="ipware",
        settings=("IPWARE_META_PRECEDENCE_ORDER",),
        wrong_if=lacks_remote_addr,
        default=("REMOTE_ADDR",),
        message="IPWARE_META_PRECEDENCE_ORDER lacks REMOTE_ADDR: django-ipware finds no address "
        "if its headers are dropped",
        remedy='IPWARE_META_PRECEDENCE_ORDER = ("REMOTE_ADDR",)',
    ),
    Neighbour(
        id="trustedproxy.W021",
        package="django-ratelimit",
        read_in="4.1.0",
        module="django_ratelimit",
        settings=("RATELIMIT_IP_META_KEY",),
        wrong_if=is_another_key,
        message="RATELIMIT_IP_META_KEY names a header: django-ratelimit answers 500 if that "
        "header is dropped or names two hops",
        remedy="RATELIMIT_IP_META_KEY = None",
    ),
    Neighbour(
        id="trustedproxy.W022",
        package="django-defender",
        read_in="0.9.8",
        module="defender",
        settings=("DEFENDER_REVERSE_PROXY_HEADER",),
        wrong_if=reaches_defender,
        default="HTTP_X_FORWARDED_FOR",
        needs=("DEFENDER_BEHIND_REVERSE_PROXY",),
        message="DEFENDER_REVERSE_PROXY_HEADER names a header that reaches django-defender: it "
        "believes a header that anybody can write, or takes all of Forwarded for an address",
        remedy="DEFENDER_BEHIND_REVERSE_PROXY = False",
    ),
    Neighbour(
        id="trustedproxy.W023",
        package="django-easy-audit",
        read_in="1.3.9",
        module="easyaudit",
        settings=("DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER",),
        wrong_if=is_another_key,
        default="REMOTE_ADDR",
        message="DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER names a header: django-easy-audit records "
        "the whole header, or nothing if it is dropped",
        remedy='DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER = "REMOTE_ADDR"',
    ),
    Neighbour(
        id="trustedproxy.W024",
        package="django-rest-passwordreset",
        read_in="1.6.0",
        module="django_rest_passwordreset",
        settings=("DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER",),
        wrong_if=is_another_key,
        default="REMOTE_ADDR",
        message="DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER names a header: "
        "django-rest-passwordreset records the whole header, or nothing if it is dropped",
        remedy='DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER = "REMOTE_ADDR"',
    ),
    Neighbour(
        id="trustedproxy.W025",
        package="django-cms",
        read_in="5.1.3",
        module="cms",
        settings=("CMS_REQUEST_IP_RESOLVER",),
        wrong_if=reads_one_header,
        needs=("CMS_INTERNAL_IPS",),
        message="CMS_REQUEST_IP_RESOLVER reads a single header: django-cms finds no address if "
        "that header is dropped",
        remedy='CMS_REQUEST_IP_RESOLVER = "cms.utils.request_ip_resolvers.remote_addr_ip"',
    ),
    Neighbour(
        id="trustedproxy.W026",
        package="django-lockdown",
        read_in="5.0.0",
        module="lockdown",
        settings=("LOCKDOWN_TRUSTED_PROXIES",),
        wrong_if=lets_in_by_an_exception,
        default=(),
        needs=("LOCKDOWN_REMOTE_ADDR_EXCEPTIONS",),
        needs_list=True,
        message="LOCKDOWN_REMOTE_ADDR_EXCEPTIONS has one of your proxies: django-lockdown lets in "
        "every address of LOCKDOWN_TRUSTED_PROXIES that comes through it",
        remedy="LOCKDOWN_TRUSTED_PROXIES = []",
    ),
    Neighbour(
        id="trustedproxy.W027",
        package="django-iprestrict-redux",
        read_in="1.9.1",
        module="iprestrict",
        settings=("IGNORE_PROXY_HEADER", "IPRESTRICT_IGNORE_PROXY_HEADER"),
        wrong_if=judges_hops,
        needs_list=True,
        message="{setting} is not True: django-iprestrict-redux takes TRUSTED_PROXIES for its own "
        "setting and refuses every request that came through a proxy",
        remedy="IPRESTRICT_IGNORE_PROXY_HEADER = True",
    ),
    Neighbour(
        id="trustedproxy.W033",
        package="rollbar",
        read_in="1.5.0",
        module="rollbar",
        settings=("ROLLBAR.capture_ip",),
        wrong_if=is_not_false,
        needs_list=True,
        message='ROLLBAR["capture_ip"] is not False: rollbar reports the whole X-Forwarded-For',
        remedy="TRUSTED_PROXY_KEEP_HEADER = False",
    ),
    Neighbour(
        id="trustedproxy.W034",
        package="posthog",
        read_in="7.91.1",
        module="posthog.integrations.django",
        settings=("POSTHOG_MW_EXTRA_PROPERTIES",),
        wrong_if=is_unset,
        message="POSTHOG_MW_EXTRA_PROPERTIES is not set: the middleware of posthog reports the "
        "whole X-Forwarded-For, or no address without it",
        remedy='POSTHOG_MW_EXTRA_PROPERTIES = lambda r: {"$ip": r.META["REMOTE_ADDR"]}',
    ),
)


def check_neighbours(**_: object) -> list[CheckMessage]:
    """Warn of settings with which a package in use would not take REMOTE_ADDR."""
    policy = conf.parse(settings)[0]
    return [_warning(neighbour) for neighbour in NEIGHBOURS if _is_wrong(neighbour, policy)]


def check_recaptcha(**_: object) -> list[CheckMessage]:
    """Warn of django-recaptcha, which has no setting, where X-Forwarded-For is kept."""
    policy = conf.parse(settings)[0]
    if not _is_list_kept(policy) or not _is_configured("django_recaptcha", "RECAPTCHA_PRIVATE_KEY"):
        return []
    return [
        Warning(
            "TRUSTED_PROXY_KEEP_HEADER is not False: django-recaptcha sends the whole "
            "X-Forwarded-For to its service (read in 4.1.0).",
            hint="Write TRUSTED_PROXY_KEEP_HEADER = False.",
            id="trustedproxy.W035",
        )
    ]


def _warning(neighbour: Neighbour) -> CheckMessage:
    names = neighbour.settings
    setting = next((name for name in names if _read(name) is not _UNSET), names[-1])
    return Warning(
        f"{neighbour.message.format(setting=setting)} (read in {neighbour.read_in}).",
        hint=f"Write {neighbour.remedy}.",
        id=neighbour.id,
    )


def _is_wrong(neighbour: Neighbour, policy: Policy) -> bool:
    if neighbour.needs_list and not _is_list_kept(policy):
        return False
    if neighbour.needs and not any(map(_first, neighbour.needs)):
        return False
    if neighbour.needs_module and not is_importable(neighbour.needs_module):
        return False
    if not _is_used(neighbour):
        return False
    value = _first(*neighbour.settings)
    return neighbour.wrong_if(neighbour.default if value is None else value, policy)


def _is_list_kept(policy: Policy) -> bool:
    return policy.header == "HTTP_X_FORWARDED_FOR" and policy.keep_header


def _is_used(neighbour: Neighbour) -> bool:
    """Tell whether the project uses a package. An import alone does not count."""
    if neighbour.spared_if and neighbour.spared_if():
        return False
    if _is_configured(neighbour.module, *neighbour.settings):
        return True
    if not neighbour.used_as or not is_importable(neighbour.module):
        return False
    return is_used_beside(getattr(settings, "ROOT_URLCONF", ""), neighbour.used_as)


def _is_configured(module: str, *names: str) -> bool:
    """Tell whether a package is in INSTALLED_APPS or MIDDLEWARE, or is there with a setting."""
    listed = [config.name for config in apps.get_app_configs()] + list(settings.MIDDLEWARE)
    if any(f"{path}.".startswith(f"{module}.") for path in listed):
        return True
    is_there = any(hasattr(settings, name.partition(".")[0]) for name in names)
    return is_there and is_importable(module)


def _read(name: str) -> Any:
    """Return a setting, or the entry of a dictionary that a dotted name leads to, or `_UNSET`."""
    setting, _, key = name.partition(".")
    value = getattr(settings, setting, _UNSET)
    if key:
        value = value.get(key, _UNSET) if isinstance(value, dict) else _UNSET
    return value


def _first(*names: str) -> Any:
    """Return the first setting of some that is there, or None."""
    return next((value for name in names if (value := _read(name)) is not _UNSET), None)
