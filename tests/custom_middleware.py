"""Middlewares as projects write them: those named Writes… write REMOTE_ADDR, Reads… do not."""

import functools
import os

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject, cached_property

KEY = "REMOTE_ADDR"
OTHER = "HTTP_X_REAL_IP"
lazy = SimpleLazyObject(lambda: 1 / 0)


def leftmost(request):
    return request.META.get("HTTP_X_FORWARDED_FOR", "").partition(",")[0]


def set_remote_addr(request):
    request.META["REMOTE_ADDR"] = leftmost(request)


class Plain:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        self.fix(request)
        return self.get_response(request)

    def fix(self, request):
        return leftmost(request)


class WritesDirectly(Plain):
    def fix(self, request):
        request.META["REMOTE_ADDR"] = leftmost(request)


class WritesByInheritance(WritesDirectly):
    pass


class WritesBySuper(WritesDirectly):
    def fix(self, request):
        super().fix(request)


class WritesThroughAName(Plain):
    def fix(self, request):
        meta = request.META
        meta[KEY] = leftmost(request)


class WritesThroughATypedName(Plain):
    def fix(self, request):
        meta: dict = request.META
        key = "REMOTE_ADDR"
        meta[key] = leftmost(request)


class WritesByUpdate(Plain):
    def fix(self, request):
        request.META.update({"REMOTE_ADDR": leftmost(request)})


class WritesByUpdateWithAKeyword(Plain):
    def fix(self, request):
        request.environ.update(REMOTE_ADDR=leftmost(request))


class WritesBySetitem(Plain):
    def fix(self, request):
        request.META.__setitem__("REMOTE_ADDR", leftmost(request))


class WritesByAHelper(Plain):
    def fix(self, request):
        set_remote_addr(request)


class WritesByAHelperInAThread(Plain):
    async def __call__(self, request):
        await sync_to_async(set_remote_addr)(request)
        return await self.get_response(request)


class WritesByAnEnvironHelper(Plain):
    def fix(self, request):
        self.into(request.META, leftmost(request))

    @staticmethod
    def into(environ, address):
        environ["REMOTE_ADDR"] = address


class WritesInAProperty(Plain):
    @functools.cached_property
    def address(self):
        self.request.META["REMOTE_ADDR"] = ""


class WritesInAPropertyOfDjangos(Plain):
    @cached_property
    def address(self):
        self.request.META["REMOTE_ADDR"] = ""


class WritesInProcessRequest(MiddlewareMixin):
    def process_request(self, request):
        request.META["REMOTE_ADDR"] = leftmost(request)


def writes_in_a_function(get_response):
    def middleware(request):
        request.META["REMOTE_ADDR"] = leftmost(request)
        return get_response(request)

    return middleware


@sync_and_async_middleware
def writes_in_both_modes(get_response):
    if iscoroutinefunction(get_response):

        async def middleware(request):
            set_remote_addr(request)
            return await get_response(request)

    else:

        def middleware(request):
            set_remote_addr(request)
            return get_response(request)

    return middleware


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def holding(function):
    def wrapper(*args):
        return function(*args)

    return wrapper


writes_in_a_decorated_function = decorated(writes_in_a_function)
writes_in_a_held_function = holding(writes_in_a_function)
writes_in_a_partial = functools.partial(writes_in_a_function)
writes_in_a_lambda = lambda get_response: lambda r: (r.META.update(REMOTE_ADDR=""), get_response(r))  # noqa: E731
writes_in_an_instance = WritesDirectly(None)
writes_in_a_method = WritesDirectly(None).fix


class ReadsTheAddress(Plain):
    def fix(self, request):
        return request.META["REMOTE_ADDR"], request.META.get(KEY)


class ReadsAndOverridesTheWriter(WritesDirectly):
    def fix(self, request):
        return leftmost(request)


class ReadsIntoALogRecord(Plain):
    def fix(self, request):
        extra = {}
        extra["REMOTE_ADDR"] = request.META["REMOTE_ADDR"]
        request.session["REMOTE_ADDR"] = extra
        extra.update(REMOTE_ADDR="")


class ReadsIntoACopy(Plain):
    def fix(self, request):
        meta = dict(request.META)
        meta["REMOTE_ADDR"] = ""
        return meta


class ReadsAndWritesAnotherKey(Plain):
    def fix(self, request):
        request.META[OTHER] = ""
        key = "REMOTE_ADDR"
        key = "HTTP_OTHER"
        request.META[key] = ""
        request.META.update({OTHER: ""})
        request.META.pop("REMOTE_ADDR")
        os.environ["REMOTE_ADDR"] = ""


class ReadsWithAParameterForTheKey(Plain):
    def fix(self, request, key="REMOTE_ADDR"):
        request.META[key] = ""


class ReadsInACircle(Plain):
    def fix(self, request):
        a = b = None
        a = b
        b = a
        a["REMOTE_ADDR"] = lazy
        return request


class Runs:
    """An attribute that would show that it was run."""

    @property
    def func(self):
        raise AssertionError


class ReadsBesideAnAttributeThatRuns(Plain):
    helper = Runs()

    def fix(self, request):
        x = y = request
        y = x
        x = y
        x["REMOTE_ADDR"] = y


def reads_in_a_function(get_response):
    later = None

    def middleware(request):
        return get_response(request), later, lazy

    return middleware


def reads_before_it_is_filled():
    def middleware():
        return unfilled

    def keep():
        return middleware

    if lazy is None:
        unfilled = 1
    return middleware


reads_an_empty_cell = reads_before_it_is_filled()
