"""Middlewares as projects write them that log in by a header, and near misses."""

USER_HEADER = "HTTP_X_COMPANY_USER"


def auth():
    from django.contrib import auth  # noqa: PLC0415 - needs the app registry

    return auth


class ByAuthenticate:
    """Authenticate whom the header names."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        name = request.META.get("HTTP_X_COMPANY_USER", "").strip()
        if name:
            user = auth().authenticate(request, remote_user=name)
            auth().login(request, user)
        return self.get_response(request)


class ByLookup(ByAuthenticate):
    """Look the user up and set it."""

    def __call__(self, request):
        request.user = (
            auth().get_user_model().objects.get(username=request.headers["X-Company-User"])
        )
        return self.get_response(request)


class ByConstant(ByAuthenticate):
    """Look the user up by a name that a constant of the module holds."""

    def __call__(self, request):
        if (name := request.META[USER_HEADER]) and not request.user.is_authenticated:
            email: str = name.lower()
            user, _ = auth().get_user_model().objects.get_or_create(email=email)
            auth().login(request, user)
        return self.get_response(request)


def in_a_function(get_response):
    """Do it in a function that encloses another."""

    def middleware(request):
        request._cached_user = find_user(request)  # noqa: SLF001 - as projects do
        return get_response(request)

    return middleware


def find_user(request):
    user = request.headers.get("X-Company-User")
    return auth().authenticate(request, user)


class ByToken(ByAuthenticate):
    """Log in by a secret, which proves itself."""

    def __call__(self, request):
        token = request.META.get("HTTP_X_API_KEY")
        request.user = auth().authenticate(request, token=token)
        return self.get_response(request)


class ByServer(ByAuthenticate):
    """Log in whom the server names, not a header."""

    def __call__(self, request):
        request.user = auth().authenticate(request, remote_user=request.META.get("REMOTE_USER"))
        return self.get_response(request)


class ReadsOnly(ByAuthenticate):
    """Read the header for something else than a login."""

    def __call__(self, request):
        request.tenant = request.headers.get("X-Company-User")
        auth().logout(request)
        return self.get_response(request)


class LooksUpOnly(ByAuthenticate):
    """Look something up by a header, and log nobody in."""

    def __call__(self, request):
        request.tenant = auth().models.Group.objects.get(name=request.headers["X-Company-User"])
        return self.get_response(request)


class OtherHeader(ByAuthenticate):
    """Log in, and hand on a header that says nothing of the user."""

    def __call__(self, request):
        language = request.META.get("HTTP_ACCEPT_LANGUAGE")
        auth().login(request, request.user, language)
        return self.get_response(request)


LOGINS = ["ByAuthenticate", "ByLookup", "ByConstant", "in_a_function"]
INNOCENT = ["ByToken", "ByServer", "ReadsOnly", "LooksUpOnly", "OtherHeader"]
