"""What views do with the answer, by public names alone."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from typing_extensions import assert_type

from django_trustedproxy import (
    Answer,
    Outcome,
    RejectedByTrustedProxy,
    __version__,
    counts,
    get_trusted_proxy,
)


class Request(HttpRequest):
    """A request behind the middleware, for those who like the attribute better."""

    trusted_proxy: Answer


def client(request: Request) -> HttpResponse:
    if request.trusted_proxy:
        return HttpResponse(f"{request.trusted_proxy.client} through a proxy")
    return HttpResponse(f"{request.META['REMOTE_ADDR']} itself")


def way(request: HttpRequest) -> JsonResponse:
    answer = get_trusted_proxy(request)
    assert_type(answer, Answer)
    assert_type(answer.client, str | None)
    assert_type(answer.peer, str | None)
    assert_type(answer.proxies, tuple[str, ...])
    assert_type(answer.client_port, int | None)
    assert_type(answer.stated("scheme"), str | None)
    outcome: Outcome = answer.outcome
    return JsonResponse(
        {
            "way": [answer.client, *answer.proxies],
            "outcome": outcome,
            "port": answer.client_port,
            "scheme": answer.stated("scheme"),
            "version": __version__,
        }
    )


def is_health_check(request: HttpRequest) -> bool:
    return get_trusted_proxy(request).outcome == "missing"


def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("health check" if is_health_check(request) else "visitor")


def metrics(_request: HttpRequest) -> JsonResponse:
    told: dict[str, int] = dict(counts().items())
    return JsonResponse(told)


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    is_ours = isinstance(exception, RejectedByTrustedProxy)
    return HttpResponse("rejected" if is_ours else "bad", status=400)
