"""Every address of the site, and the floor."""

from __future__ import annotations

from django.urls import path

from backend.urls import urlpatterns as site
from tests.bench.floor import Floor

urlpatterns = [path("floor/<int:number>/", Floor.as_view()), *site]
