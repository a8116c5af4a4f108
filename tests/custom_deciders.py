"""Middlewares as projects write them, which decide the scheme, the host and the rest by themselves.

DECIDERS have what each writes, by META key, and the headers that decide it. INNOCENTS write nothing
that a header decides. SWITCHED has the settings under which one of them writes.
"""

import logging
import os
from functools import wraps

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.urls import set_script_prefix
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

logger = logging.getLogger(__name__)
PROTO = "HTTP_X_FORWARDED_PROTO"
HOSTS = ("HTTP_X_FORWARDED_HOST", "HTTP_X_HOST")
CASED = "X-Script-Name"


class Plain:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        self.fix(request)
        return self.get_response(request)

    def fix(self, request):
        return request


class LastOfSeveral(Plain):
    """As Django's documentation has it for several proxies."""

    FIELDS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_SERVER")

    def fix(self, request):
        for field in self.FIELDS:
            if field in request.META and "," in request.META[field]:
                *_, last = request.META[field].split(",")
                request.META[field] = last.strip()


class LastOfFewer(LastOfSeveral):
    FIELDS = ("HTTP_X_FORWARDED_FOR",)


class SchemeByCondition(Plain):
    def fix(self, request):
        if request.META.get(PROTO, "").lower() == "https":
            request.META["wsgi.url_scheme"] = "https"


class SchemeByEarlyReturn(MiddlewareMixin):
    def process_request(self, request):
        if request.headers.get("X-Forwarded-Ssl") != "on":
            return
        request.environ["wsgi.url_scheme"] = "https"


class SchemeByName(Plain):
    def fix(self, request):
        scheme = "http"
        if PROTO in request.META:
            scheme = "https"
        request.META["wsgi.url_scheme"] = scheme


class SchemeByExpression(Plain):
    def fix(self, request):
        is_https = request.META.get("HTTP_X_HTTPS")
        request.META.update({"wsgi.url_scheme": "https" if is_https else "http"})


class SchemeByReplacement(Plain):
    def fix(self, request):
        request.is_secure = lambda: request.META.get(PROTO) == "https"


class SchemeByInnerFunction(Plain):
    def fix(self, request):
        def scheme():
            return request.headers["X-Scheme"]

        request._get_scheme = scheme  # noqa: SLF001 - what projects do


class SchemeOfScope(Plain):
    async def __call__(self, request):
        if request.headers.get("x-forwarded-proto") == "https":
            request.scope["scheme"] = "https"
        return await self.get_response(request)


class HostByHelper(Plain):
    def host(self, request):
        for name in HOSTS:
            if name in request.META:
                return request.META[name].split(",")[0]
        return None

    def fix(self, request):
        host = self.host(request)
        if host:
            request.META["HTTP_HOST"] = host


class HostOfALiteral(Plain):
    def fix(self, request):
        for name in ["X-Host", "X-Original-Host"]:
            request.META["HTTP_HOST"] = request.headers.get(name)


class HostByAMethodUnderAName(Plain):
    def fix(self, request):
        get, header = request.META.get, request.headers.get
        read = request.META.get
        request.META["HTTP_HOST"] = read("HTTP_X_HOST")
        get("HTTP_X_FORWARDED_HOST"), header("X-Forwarded-Host")


class HostByInheritance(HostByHelper):
    def fix(self, request):
        super().fix(request)


class HostByArgument(Plain):
    def store(self, meta, host):
        meta["HTTP_HOST"] = host

    def fix(self, request):
        self.store(request.META, request.META.pop("HTTP_X_FORWARDED_HOST", "a.example"))


class HostOfOwnHeader(Plain):
    header = "X-Our-Host"

    def fix(self, request):
        request.META["HTTP_HOST"] = request.headers[self.header]


class HostOfOneOrTheOther(Plain):
    def fix(self, request):
        if "HTTP_X_FORWARDED_HOST" in request.META:
            request.META["HTTP_HOST"] = request.META["HTTP_X_FORWARDED_HOST"]
        elif "X-Our-Host" in request.headers:
            request.META["HTTP_HOST"] = request.headers["X-Our-Host"]


class HostOfHeaderThatInitNames(Plain):
    def __init__(self, get_response):
        super().__init__(get_response)
        self.header = "HTTP_" + "X-Our-Host".upper().replace("-", "_")

    def fix(self, request):
        request.META["HTTP_HOST"] = request.META[self.header]


class HostOfHeaderOfASetting(Plain):
    def fix(self, request):
        name = getattr(settings, "NO_SUCH_SETTING", "X_OUR_HOST")
        request.META["HTTP_HOST"] = request.META[f"HTTP_{name}"]


class HostOfHeaderOfAClass(Plain):
    def fix(self, request):
        request.get_host = lambda: request.headers.get(HostOfOwnHeader.header)


class PortOfScheme(Plain):
    def fix(self, request):
        port = "443" if request.META.get(PROTO) == "https" else "80"
        request.META["SERVER_PORT"] = port
        request.META.setdefault("SERVER_NAME", request.META.get("HTTP_X_FORWARDED_SERVER"))


class PrefixOfIngress(Plain):
    """As add-ons of Home Assistant do."""

    def fix(self, request):
        path = request.headers.get("X-Ingress-Path")
        if path is not None:
            set_script_prefix("/" + path.lstrip("/"))


class PrefixByWalrus(Plain):
    def fix(self, request):
        if prefix := request.headers.get(CASED):
            request.META.__setitem__("SCRIPT_NAME", prefix)


class AnotherHeader(Plain):
    def fix(self, request):
        request.META["HTTP_X_FORWARDED_FOR"] = request.META["HTTP_X_REAL_IP"]


def host_in_a_function(get_response):
    def middleware(request):
        host = request.META.get("HTTP_X_FORWARDED_HOST")
        host += ""
        request.META["HTTP_HOST"] = host
        return get_response(request)

    return middleware


@sync_and_async_middleware
def scheme_in_both_modes(get_response):
    if iscoroutinefunction(get_response):

        async def middleware(request):
            scheme(request)
            return await get_response(request)

    else:

        def middleware(request):
            scheme(request)
            return get_response(request)

    return middleware


def scheme(request):
    request.META["wsgi.url_scheme"] = request.META.get("HTTP_X_SCHEME", "http")


def decorated(function):
    @wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


host_in_a_decorated_function = decorated(host_in_a_function)

DECIDERS = {
    LastOfSeveral: {
        "HTTP_X_FORWARDED_FOR": set(LastOfSeveral.FIELDS),
        "HTTP_X_FORWARDED_HOST": set(LastOfSeveral.FIELDS),
        "HTTP_X_FORWARDED_SERVER": set(LastOfSeveral.FIELDS),
    },
    LastOfFewer: {"HTTP_X_FORWARDED_FOR": {"HTTP_X_FORWARDED_FOR"}},
    SchemeByCondition: {"wsgi.url_scheme": {PROTO}},
    SchemeByEarlyReturn: {"wsgi.url_scheme": {"HTTP_X_FORWARDED_SSL"}},
    SchemeByName: {"wsgi.url_scheme": {PROTO}},
    SchemeByExpression: {"wsgi.url_scheme": {"HTTP_X_HTTPS"}},
    SchemeByReplacement: {"wsgi.url_scheme": {PROTO}},
    SchemeByInnerFunction: {"wsgi.url_scheme": {"HTTP_X_SCHEME"}},
    SchemeOfScope: {"wsgi.url_scheme": {PROTO}},
    HostByHelper: {"HTTP_HOST": set(HOSTS)},
    HostOfALiteral: {"HTTP_HOST": {"HTTP_X_HOST", "HTTP_X_ORIGINAL_HOST"}},
    HostByAMethodUnderAName: {"HTTP_HOST": {"HTTP_X_HOST"}},
    HostByInheritance: {"HTTP_HOST": set(HOSTS)},
    HostByArgument: {"HTTP_HOST": {"HTTP_X_FORWARDED_HOST"}},
    HostOfOwnHeader: {"HTTP_HOST": {"HTTP_X_OUR_HOST"}},
    HostOfOneOrTheOther: {"HTTP_HOST": {"HTTP_X_FORWARDED_HOST", "HTTP_X_OUR_HOST"}},
    HostOfHeaderThatInitNames: {"HTTP_HOST": {"HTTP_X_OUR_HOST"}},
    HostOfHeaderOfASetting: {"HTTP_HOST": {"HTTP_X_OUR_HOST"}},
    HostOfHeaderOfAClass: {"HTTP_HOST": {"HTTP_X_OUR_HOST"}},
    PortOfScheme: {"SERVER_PORT": {PROTO}, "SERVER_NAME": {"HTTP_X_FORWARDED_SERVER"}},
    PrefixOfIngress: {"SCRIPT_NAME": {"HTTP_X_INGRESS_PATH"}},
    PrefixByWalrus: {"SCRIPT_NAME": {"HTTP_X_SCRIPT_NAME"}},
    AnotherHeader: {"HTTP_X_FORWARDED_FOR": {"HTTP_X_REAL_IP"}},
    host_in_a_function: {"HTTP_HOST": {"HTTP_X_FORWARDED_HOST"}},
    scheme_in_both_modes: {"wsgi.url_scheme": {"HTTP_X_SCHEME"}},
    host_in_a_decorated_function: {"HTTP_HOST": {"HTTP_X_FORWARDED_HOST"}},
}


class LogsTheScheme(Plain):
    def fix(self, request):
        logger.info("%s %s", request.META.get(PROTO), request.headers.get("X-Forwarded-Host"))
        request.META["HTTP_HOST"] = "site.example"


class KeepsItForTheView(Plain):
    def fix(self, request):
        request.forwarded_scheme = request.META.get(PROTO)
        request.session["wsgi.url_scheme"] = request.forwarded_scheme


class AnswersHealthChecks(Plain):
    def fix(self, request):
        if request.path == "/healthz":
            request.META["HTTP_HOST"] = "localhost"
            request.META["HTTP_X_FORWARDED_PROTO"] = "https"
        if request.META.get("HTTP_USER_AGENT", "").startswith("ELB-HealthChecker"):
            request.META["HTTP_HOST"] = "localhost"


class StripsThePort(Plain):
    def fix(self, request):
        request.META["HTTP_HOST"] = request.META["HTTP_HOST"].partition(":")[0]


class SaysItInTheResponse(Plain):
    def __call__(self, request):
        response = self.get_response(request)
        response.headers["X-Forwarded-Proto"] = request.META.get(PROTO)
        response["X-Forwarded-Host"] = response.headers.get("X-Forwarded-Host")
        set_script_prefix("/")
        return response


class SetsAHostOfASetting(Plain):
    """As Weblate does, besides what it does about the address."""

    def fix(self, request):
        request.__dict__["_current_scheme_host"] = settings.ROOT_URLCONF
        request._current_scheme_host = settings.ROOT_URLCONF  # noqa: SLF001 - what projects do


class ElseOfASetting(Plain):
    is_on = False

    def fix(self, request):
        if self.is_on and request.headers.get("X-Ingress-Path"):
            set_script_prefix(request.headers["X-Ingress-Path"])
        else:
            set_script_prefix("/")


class WritesIntoAnotherScope(Plain):
    def fix(self, request):
        request.scope["state"] = request.headers.get("X-Forwarded-Proto")
        data = {}
        request.META.update(data)
        data["HTTP_HOST"] = request.headers.get("X-Forwarded-Host")
        self.get_host = lambda: data


class ReadsByAKeyThatIsNotKnown(Plain):
    header, other = None, 1

    def fix(self, request, name="HTTP_X_FORWARDED_HOST"):
        request.META["HTTP_HOST"] = request.META[name]
        request.META["HTTP_HOST"] = request.META[self.no_such] + request.META[self.other]
        request.META["HTTP_HOST"] = (
            request.META[os.environ["NAME"]] + request.META[os.name.upper(1)]
        )
        request.META["HTTP_HOST"] = request.META[logger.name] + os.environ.get(PROTO)
        request.META["HTTP_HOST"] = request.META["HTTP_X_HOSTS".replace("S")]
        for end in "HTTP_X_HOST", "HTTP_X_SCHEME", "HTTP_X_HTTPS":
            request.META["HTTP_HOST"] = request.META[f"{end}{end}{end}{end}{end}{end}"]


INNOCENTS = [
    LogsTheScheme,
    KeepsItForTheView,
    AnswersHealthChecks,
    StripsThePort,
    SaysItInTheResponse,
    SetsAHostOfASetting,
    ElseOfASetting,
    WritesIntoAnotherScope,
    ReadsByAKeyThatIsNotKnown,
]


class InAnIf(Plain):
    def fix(self, request):
        if settings.BEHIND_PROXY:
            request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]


class ByANameThatStaysNone(Plain):
    def fix(self, request):
        address = None
        if settings.BEHIND_PROXY:
            address = request.META.get("HTTP_X_REAL_IP")
        if address:
            try:
                request.META["REMOTE_ADDR"] = address
            except ValueError:
                logger.exception("no address")


class ByAnEarlyReturn(Plain):
    def fix(self, request):
        if not settings.BEHIND_PROXY:
            return
        request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]


class ByAnAttribute(Plain):
    def __init__(self, get_response):
        super().__init__(get_response)
        self.is_on = getattr(settings, "BEHIND_PROXY", False)

    def fix(self, request):
        if self.is_on and request.META:
            request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]


class ByACall(Plain):
    def __call__(self, request):
        if settings.BEHIND_PROXY is True:
            self.store(request)
        return self.get_response(request)

    def store(self, request):
        request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]


class ByNotUsed(Plain):
    def __init__(self, get_response):
        if not settings.BEHIND_PROXY:
            raise MiddlewareNotUsed
        super().__init__(get_response)

    def fix(self, request):
        request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]


class ByAnElse(Plain):
    def fix(self, request):
        from django.conf import settings  # noqa: PLC0415 - as projects do

        if not settings.BEHIND_PROXY or settings.BEHIND_PROXY == "off":
            pass
        else:
            request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]


def by_a_factory(get_response):
    if not settings.BEHIND_PROXY:
        return get_response

    def middleware(request):
        request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]
        return get_response(request)

    return middleware


SWITCHED = [
    InAnIf,
    ByANameThatStaysNone,
    ByAnEarlyReturn,
    ByAnAttribute,
    ByACall,
    ByNotUsed,
    ByAnElse,
    by_a_factory,
]


class NotByThisOne(Plain):
    """Its condition cannot be told, or does not stand between."""

    def __init__(self, get_response):
        super().__init__(get_response)
        if get_response is None:
            raise MiddlewareNotUsed
        try:
            self.name = get_response.name
        except AttributeError as error:
            raise MiddlewareNotUsed from error
        self.is_on = settings.BEHIND_PROXY
        self.is_on = get_response

    def fix(self, request):
        circle = other = request
        circle = other
        other = other or circle
        if not settings.BEHIND_PROXY:
            logger.info("off")
        if settings.BEHIND_PROXY < "" or settings.NO_SUCH_SETTING or circle or not other:
            return
        if "x" in settings.BEHIND_PROXY:
            return
        if self.is_on and (settings.BEHIND_PROXY in {1: 2} or getattr(settings, "NO_SUCH")):  # noqa: B009
            request.META["REMOTE_ADDR"] = request.META["HTTP_X_REAL_IP"]
