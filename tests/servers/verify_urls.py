"""The view of docs/verify.md, at the path that its commands ask."""

from django.urls import path

from tests.servers.recipes import blocks

names = {"__name__": "mysite.views"}
exec(blocks("verify.md", "python", "How to test")[0], names)
urlpatterns = [path("who", names["who"])]
