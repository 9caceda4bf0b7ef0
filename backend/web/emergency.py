"""Whom to call when somebody is in danger: before logging in, without network, before anything else.

The page is the same for everybody and tells nothing about anybody, so that a telephone may keep it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views import View


@dataclass(frozen=True)
class Number:
    """A telephone number, who answers it, and when to call it."""

    digits: str
    who: Promise
    when: Promise
    icon: str


NUMBERS = (
    Number("120", _("Ambulance"), _("Ill, injured, unconscious, poisoned"), "heart-pulse"),
    Number("110", _("Police"), _("Violence, threats, a child alone, somebody missing"), "shield-exclamation"),
    Number("119", _("Fire brigade"), _("Fire, smell of gas, somebody trapped"), "fire"),
    Number("12345", _("Government hotline"), _("Anything else that cannot wait"), "telephone"),
)
"""National numbers, the same ones that an emergency's form (bpmn/care_visit/forms/emergency.json) asks about."""


class Emergency(View):
    """Large numbers to call, what to do first, and the way to tell the office."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; no account is needed."""
        return render(request, "web/phone/emergency.html", {"numbers": NUMBERS})
