"""A page that the toolbar can be put into, and the toolbar's own addresses."""

import debug_toolbar.urls
from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("page", lambda _: HttpResponse("<html><body>page</body></html>")),
    path("__debug__/", include(debug_toolbar.urls)),
]
