"""Addresses of the pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from backend.web.account import LogIn, LogOut, Password, Preferences
from backend.web.inbox import Inbox
from backend.web.today import Today
from backend.web.work_items import WorkItem

app_name = "web"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", Today.as_view(), name="today"),
    path("log-in/", LogIn.as_view(), name="log_in"),
    path("log-out/", LogOut.as_view(), name="log_out"),
    path("password/", Password.as_view(), name="password"),
    path("preferences/", Preferences.as_view(), name="preferences"),
    path("inbox/", Inbox.as_view(), name="inbox"),
    path("work-items/<uuid:pk>/", WorkItem.as_view(), name="work_item"),
]
