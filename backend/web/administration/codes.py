"""Code lists: what can be chosen in forms and rosters, in both languages; an office adds its own and ends what it does
not use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.codes import Codes as CodesResource
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Administered, Question, why
from backend.web.door import Refused, command, read

WORKING_DAYS = "working_day"


class CodeLists(Administered):
    """All lists."""

    tab = "web:codes"
    template = "web/administration/codes.html"
    title = gettext_lazy("Code lists")

    def get(self, request: HttpRequest) -> HttpResponse:
        """With how many entries each has."""
        return self.show({"lists": read(request, CodesResource)["results"]})


class Codes(Administered):
    """One list."""

    tab = "web:codes"
    template = "web/administration/code_list.html"

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Its entries, narrowed by what was typed; for htmx only those."""
        found = read(request, CodesResource, "retrieve", pk=kind)
        asked = {name: request.GET.get(name, "").strip() for name in ("q", "state")}
        told = {
            "list": found,
            "title": found["title"],
            "entries": [each for each in found["entries"] if _fits(each, asked)],
            "asked": asked,
            "may_write": bool(granting(self.user, "code.write")),
        }
        return self.show(told, template="web/administration/codes_found.html" if self.htmx else None)


def _fits(entry: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    text = f"{entry['code']} {entry['label']} {entry['label_en']}".lower()
    states = {"now": entry["is_in_force"], "over": not entry["is_in_force"], "own": entry["is_own"]}
    return asked["q"].lower() in text and states.get(asked["state"], True)


class CodeForm(Administered):
    """A form about a list or one of its entries."""

    needs = ("code.write",)
    tab = "web:codes"
    template = "web/administration/code_form.html"
    verb: str
    """The method of the API's resource."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The form, with what is on file."""
        return self._form(kind, self.known(self.entry(kind)))

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        """To the list, or the form again."""
        entry = self.entry(kind)
        given = self.question(kind).answers(request)
        body = {**given, **({"code": entry["code"]} if entry else {})}
        try:
            command(request, CodesResource, self.verb, pk=kind, body=self.body(body), key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(kind, given, refused)
        messages.success(request, _("Saved."))
        return redirect("web:code_list", kind=kind)

    def question(self, kind: str) -> Question:
        """What is asked."""
        raise NotImplementedError

    def heading(self) -> str:
        """What the page is called."""
        raise NotImplementedError

    def known(self, entry: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """What the form holds at first."""
        return entry or {}

    def body(self, given: dict[str, Any]) -> dict[str, Any]:
        """The command's body."""
        return given

    def entry(self, kind: str) -> dict[str, Any] | None:
        """The entry that the address names by `?code=`. Raises Http404."""
        code = self.request.GET.get("code", "")
        found: dict[str, Any] | None = next(
            (each for each in self._list(kind)["entries"] if each["code"] == code), None
        )
        if found is None:
            raise Http404
        return found

    def _list(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = read(self.request, CodesResource, "retrieve", pk=kind)
        return found

    def _form(self, kind: str, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {
            **self.question(kind).shown(self.request, known, refused),
            "list": self._list(kind),
            "entry": self.entry(kind),
            "title": self.heading(),
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class AddCode(CodeForm):
    """An own entry."""

    verb = "add"

    def entry(self, kind: str) -> None:
        """None yet."""

    def heading(self) -> str:
        """See CodeForm."""
        return _("Add an entry")

    def question(self, kind: str) -> Question:
        """For a corrected working day, whether offices work."""
        is_day = kind == WORKING_DAYS
        told = _("The day: YYYY-MM-DD.") if is_day else _("Short, in Latin letters; never given twice.")
        working = {"working": {"type": "boolean", "title": _("Offices work on that day")}} if is_day else {}
        schema = schemas.asked(
            ("code", "label", "label_en", *working),
            code=schemas.text(_("Code"), 40, description=told),
            **working,
            label=schemas.text(_("Chinese"), 120),
            label_en=schemas.text(_("English"), 120),
            from_date=schemas.day_of(_("Chosen from (empty: at once)")),
        )
        return Question(schema)


class ChangeCode(CodeForm):
    """Other words, another place."""

    verb = "change"

    def heading(self) -> str:
        """See CodeForm."""
        return _("Change an entry")

    def question(self, kind: str) -> Question:
        """The code itself stays."""
        order = {"type": "integer", "title": _("Place in the list"), "minimum": 0, "maximum": 9999}
        schema = schemas.asked(
            ("label", "label_en"),
            label=schemas.text(_("Chinese"), 120),
            label_en=schemas.text(_("English"), 120),
            order=order,
            reason=why(),
        )
        return Question(schema)


class EndCode(CodeForm):
    """Not chosen any more from a day on, or after all."""

    verb = "end"

    def heading(self) -> str:
        """See CodeForm."""
        return _("End an entry")

    def known(self, entry: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Today, or the day on file."""
        return {"to_date": (entry or {}).get("to_date") or timezone.localdate(self.now).isoformat()}

    def body(self, given: dict[str, Any]) -> dict[str, Any]:
        """No day: it stays."""
        return {"to_date": None, **given}

    def question(self, kind: str) -> Question:
        """When, and why."""
        to_date = schemas.day_of(_("Not chosen any more from (empty: it stays)"))
        return Question(schemas.asked(("reason",), to_date=to_date, reason=why()))
