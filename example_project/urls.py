"""The two addresses of the example."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.page),
    path("client.json", views.client_json, name="client-json"),
]
