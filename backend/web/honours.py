"""Honours: what is called for, who is nominated, how far each nomination has come; objected to, awarded, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.activities.models import Honour as Row
from backend.api.families import Families
from backend.api.helpers import Helpers
from backend.api.honours import HonourCalls
from backend.api.honours import Honours as HonoursResource
from backend.api.units import Units
from backend.api.work_items import WorkItems
from backend.org import codes
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Choices, Chooser, Question, why
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

FAMILY = Chooser("candidate_family", gettext_lazy("Family"), "web:honour_choices", Families)
VOLUNTEER = Chooser("helper", gettext_lazy("Volunteer"), "web:honour_choices", Helpers)
CANDIDATES: Mapping[str, tuple[str | Promise, str, str]] = {
    "family": (gettext_lazy("A family"), "house-heart", "family.read"),
    "volunteer": (gettext_lazy("A volunteer"), "award", "helper.read"),
    "village": (gettext_lazy("The village itself"), "geo-alt", "unit.read"),
}
"""Who can be nominated: what it is called, an icon, and the action without which one cannot choose one."""
LONGEST = 2000
MOST = 200


class Selections(Page):
    """What is called for at the reader's place, the latest first."""

    needs = ("honour.read",)
    template = "web/honours/list.html"
    title = gettext_lazy("Honours")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The calls found."""
        asked = {"cursor": request.GET.get("cursor", "")}
        found = read(request, HonourCalls, query={"page_size": 50, **asked})
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        told |= {"may_call": bool(granting(self.user, "honour_call.write")), "today": _today(self)}
        return self.show(told)


class Selection(Page):
    """One call with those nominated in it, as far as the reader's place allows."""

    needs = ("honour.read",)
    template = "web/honours/selection.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The nominations found; for htmx only the rows."""
        call = read(request, HonourCalls, "retrieve", pk=pk)
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "cursor")}
        refused = None
        try:
            found = read(request, HonoursResource, query={"page_size": 50, "call": pk, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"title": _title(call), "call": call, "rows": found["results"], "next": cursor_of(found["next"])}
        told |= {"asked": asked, "refused": refused, "states": Row.State.values, "today": _today(self)}
        told["may_nominate"] = _is_open(call, _today(self)) and bool(granting(self.user, "honour.write"))
        return self.show(told, template="web/honours/found.html" if self.htmx else None)


class HonourForm(Page):
    """A page that asks something about honours and hands it to the API."""

    template = "web/honours/form.html"
    intro: ClassVar[str | Promise] = ""

    def get(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """The form."""
        return self.form({})

    def post(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """Sent, or the form again with everything typed."""
        given = self.question().answers(request)
        try:
            return self.send(given, request.POST.get("key", ""))
        except Refused as refused:
            return self.form(given, refused)

    def form(self, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        """The questions, with what is known."""
        shown = self.question().shown(self.request, known, refused)
        told = {**shown, "key": uuid4(), "intro": self.intro, "back": self.back()}
        return self.show(told, status=refused.status if refused else 200)

    def question(self) -> Question:
        """What is asked."""
        raise NotImplementedError

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """The command, and where it leads. Raises Refused."""
        raise NotImplementedError

    def back(self) -> str:
        """The address of the page that it was reached from."""
        raise NotImplementedError


class NewSelection(HonourForm):
    """Call for nominations."""

    needs = ("honour_call.write",)
    title = gettext_lazy("Call for nominations")
    intro = gettext_lazy(
        "Once per honour and year. Everybody nominated goes the same way: village, records, township, publicity, "
        "decision."
    )

    def question(self) -> Question:
        """Which honour, when, how many."""
        units = {str(grant.unit_id): grant.unit_name for grant in granting(self.user, "honour_call.write")}
        schema = schemas.asked(
            ("kind", "year", "unit", "opens_on", "closes_on", "quota"),
            kind=schemas.coded(_("Honour"), "honour_kind", _today(self)),
            year=_number(_("Year"), 2020, 2100),
            unit=schemas.chosen(_("Unit"), units),
            opens_on=schemas.day_of(_("Nominations from")),
            closes_on=schemas.day_of(_("Last day of nominations")),
            quota=_number(_("How many are awarded at most"), 1, 500),
            publicity_days=_number(_("Days of publicity"), 3, 7),
            term_months=_number(_("Held for (months)"), 1, 60),
        )
        return Question(schema)

    def get(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """The form, for this year."""
        today = _today(self)
        return self.form({"year": today.year, "opens_on": today.isoformat(), "publicity_days": 5, "term_months": 24})

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the call."""
        row = command(self.request, HonourCalls, "create", body=given, key=key)
        messages.success(self.request, _("Called for. Villages and township can nominate on those days."))
        return redirect("web:selection", pk=row["id"])

    def back(self) -> str:
        """The list."""
        return reverse("web:honours")


class Nominate(HonourForm):
    """Nominate somebody: first who it is, then why."""

    needs = ("honour.write",)
    title = gettext_lazy("Nominate")
    intro = gettext_lazy("What is written here is never published. How many children somebody has plays no part.")

    def get(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """Who it is, or the form."""
        if "who" in request.GET:
            return self.form({"origin": Row.Origin.VILLAGE.value})
        offered = {who: said for who, (*said, needed) in CANDIDATES.items() if granting(self.user, needed)}
        return self.show({"offered": offered, "back": self.back()})

    def question(self) -> Question:
        """The candidate, whose wish it is, and why."""
        who = self._who()
        asked = {
            "origin": schemas.chosen(_("Whose wish it is"), dict(Row.Origin.choices)),
            "merits": schemas.text(_("What speaks for them"), LONGEST),
            "name_consented": {"type": "boolean", "title": _("They agree that their name is made public")},
        }
        needed = ["origin", "merits"]
        if who != "family":
            villages = read(self.request, Units, query={"kind": "village", "page_size": MOST})["results"]
            offered = {str(each["id"]): each["name"] for each in villages}
            asked = {"unit": schemas.chosen(_("Village that reviews it"), offered), **asked}
            needed.append("unit")
        choosers = {"family": (FAMILY,), "volunteer": (VOLUNTEER,)}.get(who, ())
        return Question(schemas.asked(tuple(needed), **asked), choosers)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the nomination; a family is reviewed where it lives."""
        body = {"call": str(self.kwargs["pk"]), **given}
        if (family := given.get(FAMILY.name)) is not None:
            body["unit"] = read(self.request, Families, "retrieve", pk=family)["unit"]["id"]
        row = command(self.request, HonoursResource, "create", body=body, key=key)
        messages.success(self.request, _("Nominated. The village reviews it first."))
        return redirect("web:honour", pk=row["id"])

    def back(self) -> str:
        """The call."""
        return reverse("web:selection", args=[self.kwargs["pk"]])

    def _who(self) -> str:
        """What kind of candidate the address says. Raises Http404."""
        who = self.request.GET.get("who", "")
        if who not in CANDIDATES:
            raise Http404
        return who


class HonourChoices(Choices):
    """Families and volunteers to choose from, while somebody types."""

    needs = ("honour.write",)
    choosers = (FAMILY, VOLUNTEER)


class Honour(Page):
    """One nomination: what each step found, what is public, what was decided."""

    needs = ("honour.read",)
    template = "web/honours/honour.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it, and the work that waits for somebody."""
        row = read(request, HonoursResource, "retrieve", pk=pk)
        waiting = read(request, WorkItems, query={"q": row["number"], "state": "open", "process": "honours_selection"})
        told = {
            "title": row["candidate"],
            "row": row,
            "call": read(request, HonourCalls, "retrieve", pk=row["call"]),
            "items": waiting["results"],
            "may_object": row["state"] == Row.State.PUBLISHED and bool(granting(self.user, "honour.write")),
            "may_withdraw": row["state"] == Row.State.AWARDED and bool(granting(self.user, "honour.withdraw")),
        }
        return self.show(told)


class ObjectToHonour(HonourForm):
    """Write down what somebody objects to a nomination that is public."""

    needs = ("honour.write",)
    title = gettext_lazy("Take in an objection")
    intro = gettext_lazy(
        "Auditors who do not work at the township look into it; nothing goes on until then. Only they read this."
    )

    def question(self) -> Question:
        """The objection, and whose it is."""
        schema = schemas.asked(
            ("text",),
            text=schemas.text(_("What is objected"), LONGEST) | {"x-sensitive": True},
            objector=schemas.text(_("Who objects"), 60, description=_("Left empty: anonymous."))
            | {"x-sensitive": True},
        )
        return Question(schema)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the nomination."""
        command(self.request, HonoursResource, "object_to", pk=self.kwargs["pk"], body=given, key=key)
        messages.success(self.request, _("Taken in. Somebody independent looks into it."))
        return redirect(self.back())

    def back(self) -> str:
        """The nomination."""
        return reverse("web:honour", args=[self.kwargs["pk"]])


class WithdrawHonour(HonourForm):
    """Take an honour back."""

    needs = ("honour.withdraw",)
    title = gettext_lazy("Withdraw the honour")
    intro = gettext_lazy("It ends today, and its story is taken down. The reason becomes part of the history.")

    def question(self) -> Question:
        """Why."""
        return Question(schemas.asked(("reason",), reason=why()))

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the nomination."""
        command(self.request, HonoursResource, "withdraw", pk=self.kwargs["pk"], body=given, key=key)
        messages.success(self.request, _("Withdrawn."))
        return redirect(self.back())

    def back(self) -> str:
        """The nomination."""
        return reverse("web:honour", args=[self.kwargs["pk"]])


def _title(call: Mapping[str, Any]) -> str:
    return f"{codes.name('honour_kind', call['kind'])} {call['year']}"


def _is_open(call: Mapping[str, Any], today: Any) -> bool:
    return bool(call["opens_on"] <= today.isoformat() <= call["closes_on"])


def _today(page: Page) -> Any:
    return timezone.localdate(page.now)


def _number(title: str, least: int, most: int) -> schemas.Schema:
    return {"type": "integer", "title": title, "minimum": least, "maximum": most}
