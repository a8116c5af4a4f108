from django.urls import path

from consumer import views

urlpatterns = [
    path("", views.client),
    path("way/", views.way),
    path("health/", views.health),
    path("counts/", views.metrics),
]
handler400 = "consumer.views.bad_request"
