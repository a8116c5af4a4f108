"""The table: each package, and how it is asked, by using it, who the client is."""

import contextlib
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple
from unittest import mock
from urllib.parse import parse_qs

import posthog
import rollbar
import rollbar.lib.events
import sentry_sdk
import structlog
from allauth.usersessions.models import UserSession
from auditlog.models import LogEntry
from axes.models import AccessAttempt as AxesAttempt
from defender.models import AccessAttempt as DefenderAttempt
from django.contrib.auth.models import User
from django.db import transaction
from django.test import override_settings
from easyaudit.models import LoginEvent, RequestEvent
from hitcount.models import Hit, HitCount
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tracking.models import Visitor

from tests import stack
from tests.agreement import (
    settings,
    stores,
    urls,  # noqa: F401 - what reads the settings at its import shall read those of no case
)
from tests.agreement.visits import (
    CLIENT,
    FORGED,
    HOP,
    PROXY,
    SCENARIOS,
    VICTIM,
    Site,
    Visit,
    through_proxy,
)

OURS = "django_trustedproxy.middleware.TrustedProxyMiddleware"
CAPTURED = []


class Row(NamedTuple):
    """A package of the table.

    `ask(site, visit)` uses the package and returns the address that it concluded. `setting` is
    Python text that makes it agree, `check` the id of the system check that asks for it, and
    `needs` what makes the package work at all; the middleware is its own. A limiter has
    `attempt(site, visit, user)`, which tells whether it refused.
    """

    package: str
    distribution: str
    ask: Callable
    setting: str = ""
    check: str = ""
    needs: Mapping = MappingProxyType({})
    middleware: tuple = ()
    mount: str = "middleware"
    attempt: Callable | None = None

    @contextlib.contextmanager
    def site(self, *, is_protected):
        """Install the package alone or, if protected, with django-trustedproxy and the setting."""
        chosen = {"REST_FRAMEWORK": dict(settings.REST_FRAMEWORK)}
        if is_protected:
            exec(self.setting, chosen)
            chosen.pop("__builtins__")
        ours = [OURS] if is_protected and self.mount == "middleware" else []
        middleware = [*ours, *settings.MIDDLEWARE, *self.middleware]
        stores.clear()
        CAPTURED.clear()
        with (
            override_settings(MIDDLEWARE=middleware, **self.needs, **chosen),
            transaction.atomic(),
        ):
            User.objects.create_user("someone", password="right")
            yield Site(self.mount, is_protected)
            transaction.set_rollback(True)

    def cells(self):
        """Return the line of the table: what the package is, and what it answers."""
        attack = SCENARIOS["attack"]
        return (
            self.package,
            version(self.distribution),
            f"`{self.setting}` {self.check}".strip() if self.setting else "",
            self.mount,
            f"`{self.answer(attack, is_protected=False)}`",
            f"`{self.answer(attack, is_protected=True)}`",
        )

    def answer(self, visit, *, is_protected):
        """Return the address that the package concludes of a visit."""
        with self.site(is_protected=is_protected) as site:
            return self.ask(site, visit)


def end_of_attack(row, *, is_protected):
    """Attack a limiter, and tell whether the attacker and whether the victim are refused.

    The attacker claims the victim's address three times, which locks out in most of them, and then
    another one in each request.
    """
    claims = [VICTIM] * 3 + [f"6.6.6.{number}" for number in range(40)]
    with row.site(is_protected=is_protected) as site:
        is_attacker_refused = any(
            row.attempt(site, through_proxy(CLIENT, claim), f"guess-{number}")
            for number, claim in enumerate(claims)
        )
        return is_attacker_refused, row.attempt(site, through_proxy(VICTIM), "victim")


def those_who(is_meant):
    """Return which of the addresses in question are meant, if any, as text."""
    return ", ".join(filter(is_meant, (CLIENT, FORGED, PROXY, HOP))) or "nobody"


def bucket(prefix):
    """Return the rest of the cache key that a limiter counted under."""
    rests = [key.removeprefix(prefix) for key in stores.KEYS if key.startswith(prefix)]
    (rest,) = {rest.removesuffix(":lock") for rest in rests}
    return rest


def captured(event, *_):
    """Keep what a package would send to its service, and tell it not to."""
    CAPTURED.append(event)
    return False


# Limiters: how each is made to count a visit, and then whom it counted.


def attempt_drf(site, visit, user):
    return site.send(visit, "/drf/").status == 429


def attempt_ninja(site, visit, user):
    return site.send(visit, "/ninja/").status == 429


def attempt_ratelimit(site, visit, user):
    return site.send(visit, "/ratelimit/").status == 403


def attempt_allauth(site, visit, user):
    return site.log_in(visit, "/accounts/login/", "wrong", login=user).status == 429


def attempt_axes(site, visit, user):
    return site.log_in(visit, "/login/", "wrong", username=user).status == 429


def attempt_defender(site, visit, user):
    return "Account locked" in site.log_in(visit, "/defender/", "wrong", username=user).text


def ask_drf(site, visit):
    attempt_drf(site, visit, "someone")
    return bucket("throttle_anon_")


def ask_ninja(site, visit):
    attempt_ninja(site, visit, "someone")
    return bucket("throttle_anon_")


def ask_ratelimit(site, visit):
    # Its keys are hashes: the address is the one that has no request left.
    while not attempt_ratelimit(site, visit, "someone"):
        pass
    return those_who(lambda address: attempt_ratelimit(site, Visit(address, []), "someone"))


def ask_allauth(site, visit):
    attempt_allauth(site, visit, "someone")
    return bucket("allauth:rl:allauth.account:login:30/60/ip:ip:")


def ask_axes(site, visit):
    attempt_axes(site, visit, "someone")
    return AxesAttempt.objects.get().ip_address


def ask_defender(site, visit):
    attempt_defender(site, visit, "someone")
    return DefenderAttempt.objects.get().ip_address


# Records.


def ask_allauth_login(site, visit):
    assert site.log_in(visit, "/accounts/login/", "right", login="someone").status == 302
    return UserSession.objects.get().ip


def ask_auditlog(site, visit):
    site.send(visit, "/create/")
    return LogEntry.objects.get().remote_addr


def ask_easyaudit_login(site, visit):
    assert site.log_in(visit, "/login/", "right", username="someone").status == 302
    return LoginEvent.objects.get().remote_ip


def ask_easyaudit_request(site, visit):
    site.send(visit, "/page/")
    return RequestEvent.objects.get().remote_ip


def ask_hitcount(site, visit):
    counted = HitCount.objects.get_for_object(User.objects.get())
    form = {"hitcountPK": counted.pk}
    site.send(visit, "/hitcount/hit/ajax/", form, [("X-Requested-With", "XMLHttpRequest")])
    return Hit.objects.get().ip


def ask_tracking(site, visit):
    site.send(visit, "/page/")
    return Visitor.objects.get().ip_address


# Decisions.


def ask_ipware(site, visit):
    return site.send(visit, "/ipware/").text


def ask_recaptcha(site, visit):
    reply = BytesIO(b'{"success": true}')
    with mock.patch("django_recaptcha.client.recaptcha_request", return_value=reply) as request:
        site.send(visit, "/captcha/", {"g-recaptcha-response": "passed"})
    (sent,) = request.call_args.args
    return parse_qs(sent.decode())["remoteip"][0]


def ask_cms(site, visit):
    def is_shown(address):
        with override_settings(CMS_INTERNAL_IPS=[address]):
            return "cms" in site.send(visit, "/page/").text

    return those_who(is_shown)


def ask_debug_toolbar(site, visit):
    def is_shown(address):
        with override_settings(INTERNAL_IPS=[address]):
            return 'id="djDebug"' in site.send(visit, "/page/").text

    return those_who(is_shown)


# Reports to a service.


class Transport(sentry_sdk.transport.Transport):
    def capture_envelope(self, envelope):
        if envelope.get_event():
            CAPTURED.append(envelope.get_event())


def ask_sentry(site, visit):
    sentry_sdk.init(
        "http://key@localhost/1", transport=Transport, data_collection={"user_info": True}
    )
    try:
        site.send(visit, "/fail/")
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
    (event,) = CAPTURED
    # Under ASGI it is the environment alone that has an address.
    found = [event["user"].get("ip_address"), event["request"]["env"]["REMOTE_ADDR"]]
    return ", ".join(dict.fromkeys(filter(None, found)))


def ask_opentelemetry(site, visit):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    DjangoInstrumentor().instrument(tracer_provider=provider)
    try:
        site.send(visit, "/page/")
    finally:
        DjangoInstrumentor().uninstrument()
    (span,) = exporter.get_finished_spans()
    return span.attributes["net.peer.ip"]


# The middleware would do it, but only when the first request has made it.
rollbar.init(**settings.ROLLBAR)


def ask_rollbar(site, visit):
    rollbar.lib.events.add_payload_handler(captured)
    try:
        site.send(visit, "/fail/")
    finally:
        rollbar.lib.events.remove_payload_handler(captured)
    (payload,) = CAPTURED
    return payload["data"]["request"]["user_ip"]


def ask_posthog(site, visit):
    site.send(visit, "/event/")
    (event,) = CAPTURED
    return event["properties"].get("$ip", "nobody")


def ask_structlog(site, visit):
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        site.send(visit, "/page/")
    (address,) = {line["ip"] for line in logs}
    return address


# Access logs of real servers. The loopback has addresses for the proxy and for a direct client.

LOOPBACK = {PROXY: "127.0.0.1", CLIENT: "127.0.0.9"}


def logged(command, pattern, visit, **env):
    """Serve one request with a real server and return the address in its access log."""
    with stack.workplace() as place:
        log, port = place / "log", stack.free_port()
        program, *arguments = command
        command = [stack.executable(program), *(text.format(port=port) for text in arguments)]
        env = {"DJANGO_SETTINGS_MODULE": "tests.agreement.served", **env}
        with stack.process(command, ready=[("127.0.0.1", port)], log=log, env=env):
            stack.get(port, "/seen", headers=visit.headers, source=LOOPBACK[visit.peer])
        (address,) = re.findall(pattern, log.read_text(), re.MULTILINE)
    return {there: here for here, there in LOOPBACK.items()}.get(address, address)


def ask_gunicorn(site, visit):
    command = ["gunicorn", "django.core.wsgi:get_wsgi_application()", "--access-logfile", "-"]
    command += ["--no-control-socket", "--forwarded-allow-ips", "", "--bind", "127.0.0.1:{port}"]
    middleware = OURS if site.is_protected else ""
    return logged(command, r'^(\S+) .*"GET /seen', visit, SERVED_MIDDLEWARE=middleware)


def ask_uvicorn(site, visit):
    application = "tests.agreement.served:wrapped"
    if not site.is_protected:
        application = "django.core.asgi:get_asgi_application"
    command = ["uvicorn", "--factory", application, "--no-proxy-headers", "--lifespan", "off"]
    return logged([*command, "--port", "{port}"], r'(\S+):\d+ - "GET /seen', visit)


ROWS = [
    Row(
        "DRF throttle",
        "djangorestframework",
        ask_drf,
        setting='REST_FRAMEWORK["NUM_PROXIES"] = 0',
        check="W011",
        attempt=attempt_drf,
    ),
    Row(
        "django-ninja throttle",
        "django-ninja",
        ask_ninja,
        setting="NINJA_NUM_PROXIES = 0",
        check="W012",
        attempt=attempt_ninja,
    ),
    Row("django-ratelimit", "django-ratelimit", ask_ratelimit, attempt=attempt_ratelimit),
    Row("django-allauth rate limit", "django-allauth", ask_allauth, attempt=attempt_allauth),
    Row("django-allauth login (user sessions)", "django-allauth", ask_allauth_login),
    Row(
        "django-axes lock-out",
        "django-axes",
        ask_axes,
        needs={
            "AXES_ENABLED": True,
            "AUTHENTICATION_BACKENDS": [
                "axes.backends.AxesStandaloneBackend",
                "django.contrib.auth.backends.ModelBackend",
            ],
        },
        middleware=("axes.middleware.AxesMiddleware",),
        attempt=attempt_axes,
    ),
    Row("django-defender lock-out", "django-defender", ask_defender, attempt=attempt_defender),
    Row("django-ipware", "django-ipware", ask_ipware),
    Row(
        "django-auditlog",
        "django-auditlog",
        ask_auditlog,
        middleware=("auditlog.middleware.AuditlogMiddleware",),
    ),
    Row(
        "django-easy-audit login event",
        "django-easy-audit",
        ask_easyaudit_login,
        middleware=("easyaudit.middleware.easyaudit.EasyAuditMiddleware",),
    ),
    Row(
        "django-easy-audit request event",
        "django-easy-audit",
        ask_easyaudit_request,
        mount="WSGI wrapper",
    ),
    Row(
        "django-easy-audit request event",
        "django-easy-audit",
        ask_easyaudit_request,
        mount="ASGI wrapper",
    ),
    Row(
        "django-debug-toolbar INTERNAL_IPS",
        "django-debug-toolbar",
        ask_debug_toolbar,
        needs={"DEBUG": True},
        middleware=("debug_toolbar.middleware.DebugToolbarMiddleware",),
    ),
    Row(
        "django-tracking2",
        "django-tracking2",
        ask_tracking,
        middleware=("tracking.middleware.VisitorTrackingMiddleware",),
    ),
    Row("django-hitcount", "django-hitcount", ask_hitcount),
    Row(
        "django-cms resolver (CMS_INTERNAL_IPS)",
        "django-cms",
        ask_cms,
        middleware=("cms.middleware.toolbar.ToolbarMiddleware",),
    ),
    Row(
        "django-structlog",
        "django-structlog",
        ask_structlog,
        middleware=("django_structlog.middlewares.RequestMiddleware",),
    ),
    Row("Sentry", "sentry-sdk", ask_sentry, mount="WSGI wrapper"),
    Row("Sentry", "sentry-sdk", ask_sentry, mount="ASGI wrapper"),
    Row(
        "OpenTelemetry",
        "opentelemetry-instrumentation-django",
        ask_opentelemetry,
        mount="WSGI wrapper",
    ),
    Row(
        "OpenTelemetry",
        "opentelemetry-instrumentation-django",
        ask_opentelemetry,
        mount="ASGI wrapper",
    ),
    Row(
        "Rollbar",
        "rollbar",
        ask_rollbar,
        setting="TRUSTED_PROXY_KEEP_HEADER = False",
        middleware=("rollbar.contrib.django.middleware.RollbarNotifierMiddleware",),
    ),
    Row(
        "PostHog",
        "posthog",
        ask_posthog,
        setting='POSTHOG_MW_EXTRA_PROPERTIES = lambda r: {"$ip": r.META["REMOTE_ADDR"]}',
        needs={
            "POSTHOG_MW_CLIENT": posthog.Client(
                "tests", before_send=CAPTURED.append, sync_mode=True
            )
        },
        middleware=("posthog.integrations.django.PosthogContextMiddleware",),
    ),
    Row(
        "django-recaptcha remoteip",
        "django-recaptcha",
        ask_recaptcha,
        setting="TRUSTED_PROXY_KEEP_HEADER = False",
    ),
    Row("gunicorn access log", "gunicorn", ask_gunicorn),
    Row("uvicorn access log", "uvicorn", ask_uvicorn, mount="ASGI wrapper"),
]
