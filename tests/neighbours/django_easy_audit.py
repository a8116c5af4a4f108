"""django-easy-audit: its login events. For its request events there is W028."""

from tests.neighbours import NOTHING, THE_HEADER, Package


def ask(request):
    from django.contrib.auth.models import User
    from easyaudit.models import LoginEvent
    from easyaudit.signals import auth_signals

    auth_signals.user_logged_in(User, request, User(username="someone"))
    return LoginEvent.objects.latest("pk").remote_ip


PACKAGE = Package(
    modules=("easyaudit",),
    apps=("easyaudit",),
    middleware=("easyaudit.middleware.easyaudit.EasyAuditMiddleware",),
    frozen=("easyaudit.settings", "easyaudit.signals.auth_signals"),
    ask=ask,
    wrong={"W023": [{"DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER": "HTTP_X_FORWARDED_FOR"}]},
    right={"W023": [{}, {"DJANGO_EASY_AUDIT_REMOTE_ADDR_HEADER": "REMOTE_ADDR"}]},
    effects={"W023": {THE_HEADER, NOTHING}},
)
