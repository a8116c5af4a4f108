"""A site whose answers hold every link that a path prefix ends up in."""

import re

from django.contrib.auth import get_user_model
from django.contrib.auth.forms import PasswordResetForm
from django.core import mail
from django.http import HttpResponseRedirect, JsonResponse
from django.urls import include, path, re_path, reverse


class ResetForm(PasswordResetForm):
    """Django's own form and mail, for a user that no database has to know."""

    def get_users(self, email):
        return [get_user_model()(pk=1, username="victim", email=email, password="!")]


def mailed_link(request):
    """Send the mail that resets a password; return the part of its link before the token."""
    form = ResetForm({"email": "victim@site.example"})
    form.full_clean()
    form.save(request=request)
    return re.search(r"\S+/reset/", mail.outbox.pop().body)[0]


def links(request, **_):
    answer = request.trusted_proxy
    return JsonResponse(
        {
            "path_info": request.path_info,
            "script_name": request.META.get("SCRIPT_NAME", ""),
            "path": request.path,
            "link": reverse("login"),
            "mail": mailed_link(request),
            "location": HttpResponseRedirect(reverse("login")).url,
            "client": request.META.get("REMOTE_ADDR"),
            "outcome": answer.outcome,
        }
    )


urlpatterns = [path("accounts/", include("django.contrib.auth.urls")), re_path("", links)]
