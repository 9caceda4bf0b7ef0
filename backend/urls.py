"""Every address of the site."""

from django.urls import URLPattern, URLResolver, include, path

from backend.web.urls import second_factor

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("backend.api.urls")),
    path("", include("backend.web.urls")),
    path("", include(second_factor)),
]

handler400 = "backend.web.errors.malformed"
handler403 = "backend.web.errors.not_allowed"
handler404 = "backend.web.errors.not_found"
handler500 = "backend.web.errors.broken"
