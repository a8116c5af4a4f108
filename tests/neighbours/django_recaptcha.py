"""django-recaptcha: the address that it sends to its service."""

from tests.neighbours import NO_LIST, THE_HEADER, Package


def ask(request):  # it looks for a local variable of this name
    from django_recaptcha.fields import ReCaptchaField

    return ReCaptchaField().get_remote_ip()


PACKAGE = Package(
    modules=("django_recaptcha",),
    apps=("django_recaptcha",),
    settings={"RECAPTCHA_PUBLIC_KEY": "tests", "RECAPTCHA_PRIVATE_KEY": "tests"},
    ask=ask,
    wrong={"W035": [{}]},
    right={"W035": NO_LIST},
    effects={"W035": {THE_HEADER}},
)
