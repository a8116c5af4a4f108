"""The system checks: which there are, and which of them only `check --deploy` runs.

Each module has its checks together with what they know. `settings` looks at our own settings,
`middleware` at our place and at who reads before us, `fixers` at who decides beside us, `servers`
at what runs before any middleware, `neighbours` at the settings of other packages, `identity` at
logins by header, `ranges` at range files, `stamps` at the secret of an edge and at headers that an
edge passes on. `source` finds code without running it, `values` and `flow` read what it does;
`names` knows what was meant by a name that is nearly right; `gunicorn` reads what gunicorn is told.
"""

from __future__ import annotations

from copy import copy
from functools import wraps
from typing import TYPE_CHECKING

from django_trustedproxy.pages import page_of_check

from . import fixers, identity, middleware, neighbours, ranges, servers, settings, stamps

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.checks import CheckMessage


def _with_page(check: Callable[..., list[CheckMessage]]) -> Callable[..., list[CheckMessage]]:
    """Let each hint of a check end in the address of the page about it."""

    @wraps(check)
    def found(**options: object) -> list[CheckMessage]:
        messages = [copy(message) for message in check(**options)]
        for message in messages:
            message.hint = f"{message.hint} See {page_of_check(str(message.id))}"
        return messages

    return found


_CHECKS = (
    settings.check_settings,
    settings.check_probe_key,
    settings.check_single_header,
    settings.check_unknown_settings,
    settings.check_proxies_listed,
    settings.check_header_names,
    settings.check_redirect_loop,
    settings.check_empty_proxies,
    settings.check_twins,
    settings.check_internal_ips,
    middleware.check_middleware_listed,
    middleware.check_middleware_order,
    fixers.check_other_fixers,
    fixers.check_fixer_settings,
    servers.check_wrappers,
    servers.check_environment,
    servers.check_gunicorn,
    servers.check_request_events,
    servers.check_sentry,
    neighbours.check_neighbours,
    neighbours.check_recaptcha,
    identity.check_logins_guarded,
    identity.check_logins_order,
    identity.check_logins_possible,
    identity.check_logins_under_asgi,
    ranges.check_age,
    ranges.check_writable,
    ranges.check_customers,
    ranges.check_given_up,
    stamps.check_secret_header,
    stamps.check_secrets,
    stamps.check_tracers,
    stamps.check_both_lists,
    stamps.check_passed_headers,
)
ALL = tuple(map(_with_page, _CHECKS))
_DEPLOY_CHECKS = (
    settings.check_wide_networks,
    stamps.check_shared_networks,
)
DEPLOY = tuple(map(_with_page, _DEPLOY_CHECKS))
