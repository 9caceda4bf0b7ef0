"""One visit: when and how it was, what its record says in the form's words, and its photographs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from backend.api.answers import VISITS, WHOLE_RECORD, form_schema
from backend.api.photos import Photos
from backend.api.visits import Visits
from backend.web.door import Refused, download, read
from backend.web.pages import Page
from backend.web.templatetags.when import day, moment

READERS = ("visit.read", "own.visit.read")


class Visit(Page):
    """A visit as its reader may see it; a helper sees own photographs, but no answers."""

    needs = READERS
    template = "web/visits/visit.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Its record and the photographs that can be looked at."""
        visit = read(request, Visits, "retrieve", pk=pk)
        answers, closed = visit.get("answers") or {}, visit.get("closed") or []
        schema = form_schema(VISITS, WHOLE_RECORD, get_language() or "") if answers else {"properties": {}}
        told = {
            "visit": visit,
            "title": _("Visit"),
            "answers": in_words(schema, answers),
            "closed": [inner["title"] for name, inner in schema["properties"].items() if name in closed],
            "photos": read(request, Photos, pk=pk)["results"],
        }
        return self.show(told)


class Photo(Page):
    """A photograph; that somebody looked is kept."""

    needs = READERS
    template = "web/visits/no_photo.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The picture, or why it is not shown."""
        try:
            return download(request, Photos, "image", pk=pk)
        except Refused as refused:
            return self.show({"title": _("Photograph"), "refused": refused}, status=refused.status)


def in_words(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Question and answer as people read them, in the form's order."""
    fields = {name: inner for name, inner in schema["properties"].items() if name in answers}
    return [(inner["title"], _said(inner, answers[name])) for name, inner in fields.items()]


def _said(inner: Mapping[str, Any], value: Any) -> str:
    if isinstance(value, list):
        return _(", ").join(_said(inner.get("items", {}), each) for each in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if inner.get("format") == "date-time":
        return moment(parse_datetime(str(value)))
    if inner.get("format") == "date":
        return day(parse_date(str(value)))
    titles = {each["const"]: each["title"] for each in inner.get("oneOf", ())}
    return str(titles.get(value, value))
