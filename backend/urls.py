"""Every address of the site."""

from django.urls import URLPattern, URLResolver, include, path

from backend.web.urls import second_factor

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("backend.api.urls")),
    path("", include("backend.web.urls")),
    path("", include(second_factor)),
]
