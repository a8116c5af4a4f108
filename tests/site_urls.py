"""The URLs and the one view of the site with a login."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.shortcuts import render
from django.urls import path


@login_required
def home(request):
    return render(request, "home.html")


urlpatterns = [path("", home, name="home"), path("login/", LoginView.as_view(), name="login")]
