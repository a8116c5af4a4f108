"""django-rest-passwordreset: what it records beside a token."""

from unittest import mock

from tests.neighbours import NOTHING, THE_HEADER, Package


def ask(request):
    from django.contrib.auth.models import User
    from django.test import RequestFactory
    from django_rest_passwordreset.views import ResetPasswordRequestToken

    User.objects.get_or_create(username="someone", email="someone@a.example", password="x")
    posted = RequestFactory().post("/", {"email": "someone@a.example"})
    posted.META |= {k: v for k, v in request.META.items() if k.startswith(("HTTP_", "REMOTE_"))}
    with mock.patch(
        "django_rest_passwordreset.views.generate_token_for_email", return_value=None
    ) as generate:
        assert ResetPasswordRequestToken.as_view()(posted).status_code == 200
    return generate.call_args.kwargs["ip_address"]


PACKAGE = Package(
    modules=("django_rest_passwordreset",),
    apps=("django_rest_passwordreset",),
    frozen=("django_rest_passwordreset.views",),
    ask=ask,
    wrong={
        "W024": [
            {"DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER": "HTTP_X_REAL_IP"},
            {"DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER": "HTTP_X_FORWARDED_FOR"},
        ]
    },
    right={"W024": [{}, {"DJANGO_REST_PASSWORDRESET_IP_ADDRESS_HEADER": "REMOTE_ADDR"}]},
    effects={"W024": {THE_HEADER, NOTHING}},
)
