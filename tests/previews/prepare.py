"""Make the database of the site: a page, an editor who is logged in; print what a browser has to know."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.previews.settings")
django.setup()

from django.contrib.auth import (  # noqa: E402 - after setup
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from wagtail.models import Page  # noqa: E402

from tests.previews.models import ShowingPage  # noqa: E402

call_command("migrate", verbosity=0)
home = Page.objects.get(depth=2)
page = home.add_child(instance=ShowingPage(title="Showing", slug="showing"))
page.save_revision()
editor = get_user_model().objects.create_superuser("editor", "editor@site.example", "editor")
session = SessionStore()
session[SESSION_KEY] = str(editor.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = editor.get_session_auth_hash()
session.save()
print(json.dumps({"page": page.pk, "session": session.session_key}))
