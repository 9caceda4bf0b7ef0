"""Study aid: each school year's call with its applications, taken in, checked, objected to; what the donors read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.families import Families
from backend.api.study_aid import StudyAidApplications, StudyAidCalls
from backend.api.work_items import WorkItems
from backend.funds.models import StudyAidApplication as Row
from backend.funds.models import StudyAidCall
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Choices, Chooser, Question
from backend.web.aid_forms import AidForm
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

FAMILY = Chooser("family", gettext_lazy("Family"), "web:study_aid_choices", Families)


class StudyAid(Page):
    """The calls of the reader's place, the latest first."""

    needs = ("study_aid.read",)
    template = "web/study_aid/list.html"
    title = gettext_lazy("Study aid")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The calls found."""
        asked = {"cursor": request.GET.get("cursor", "")}
        found = read(request, StudyAidCalls, query={"page_size": 50, **asked})
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        return self.show({**told, "may_call": bool(granting(self.user, "study_aid.call"))})


class Call(Page):
    """One school year: the plan, what waits, the applications as far as the reader's place allows."""

    needs = ("study_aid.read",)
    template = "web/study_aid/call.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The applications found; for htmx only the rows."""
        call = read(request, StudyAidCalls, "retrieve", pk=pk)
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "cursor")}
        refused = None
        try:
            found = read(request, StudyAidApplications, query={"page_size": 50, "call": pk, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        state = call["state"]
        told = {"title": _title(call), "call": call, "rows": found["results"], "next": cursor_of(found["next"])}
        told |= {"asked": asked, "refused": refused, "states": Row.State.values}
        waiting = {"q": call["number"], "state": "open", "process": "study_aid"}
        told["items"] = read(request, WorkItems, query=waiting)["results"]
        told["may_apply"] = state == StudyAidCall.State.OPEN and bool(granting(self.user, "study_aid.write"))
        told["may_check"] = bool(granting(self.user, "study_aid.check"))
        told["may_object"] = state == StudyAidCall.State.PUBLISHED and bool(granting(self.user, "study_aid.write"))
        if state in {StudyAidCall.State.PAYING, StudyAidCall.State.REPORTED}:
            told["report"] = read(request, StudyAidCalls, "use_report", pk=pk)
        return self.show(told, template="web/study_aid/found.html" if self.htmx else None)


class NewCall(AidForm):
    """Begin a call by hand."""

    needs = ("study_aid.call",)
    title = gettext_lazy("Begin study aid")
    intro = gettext_lazy("Once for each school year; where nobody does it by hand, it begins in May by itself.")

    def question(self) -> Question:
        """Which township, which school year."""
        units = {str(grant.unit_id): grant.unit_name for grant in granting(self.user, "study_aid.call")}
        schema = schemas.asked(
            ("unit", "school_year"),
            unit=schemas.chosen(_("Unit"), units),
            school_year={"type": "integer", "title": _("School year that begins in"), "minimum": 2020, "maximum": 2100},
        )
        return Question(schema)

    def known(self) -> dict[str, Any]:
        """This year."""
        return {"school_year": self.today.year}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the call."""
        row = command(self.request, StudyAidCalls, "create", body=given, key=key)
        messages.success(self.request, _("Begun. The plan comes first."))
        return redirect("web:study_aid_call", pk=row["id"])

    def back(self) -> str:
        """The list."""
        return reverse("web:study_aid")


class Apply(AidForm):
    """Write an application down: first which family, then the pupil."""

    needs = ("study_aid.write",)
    title = gettext_lazy("Take in an application")
    intro = gettext_lazy(
        "As the guardian says and the school certifies. Somebody else checks it; "
        "no name of a child is ever made public."
    )

    def question(self) -> Question:
        """The family, or the pupil and where the money goes."""
        if not self.family:
            return Question(schemas.asked(()), (FAMILY,))
        people = self.members()
        sensitive = {"x-sensitive": True}
        schema = schemas.asked(
            ("pupil", "guardian", "level", "school", "school_proof", "paid_to", "payee_label", "account_number"),
            pupil=schemas.chosen(_("Pupil"), people),
            guardian=schemas.chosen(_("Guardian who asks"), people),
            level=schemas.chosen(_("Kind of school"), dict(Row.Level.choices)),
            school=schemas.text(_("School"), 60),
            school_proof=schemas.text(_("School's certificate (number and words)"), 200) | sensitive,
            circumstances=schemas.text(_("What makes it hard"), 1000) | sensitive,
            paid_to=schemas.chosen(_("Paid to"), dict(Row.PaidTo.choices)),
            payee_label=schemas.text(_("Name in which the account is held"), 60),
            account_number=schemas.text(_("Account number"), 40) | sensitive,
        )
        return Question(schema)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """On to the questions, or to the application."""
        if not self.family:
            address = reverse("web:study_aid_apply", args=[self.kwargs["pk"]])
            return redirect(f"{address}?family={given.get('family', '')}")
        body = {"call": str(self.kwargs["pk"]), "family": self.family, **given}
        command(self.request, StudyAidApplications, "create", body=body, key=key)
        messages.success(self.request, _("Taken in. Somebody else checks it."))
        return redirect(self.back())

    def back(self) -> str:
        """The call."""
        return reverse("web:study_aid_call", args=[self.kwargs["pk"]])


class StudyAidChoices(Choices):
    """Families to choose from, while somebody types."""

    needs = ("study_aid.write",)
    choosers = (FAMILY,)


class Check(AidForm):
    """Check an application at school and at home."""

    needs = ("study_aid.check",)
    title = gettext_lazy("Check the application")
    intro = gettext_lazy("Ask the school, and see the family. Whoever wrote it down, and relatives, do not check it.")

    def question(self) -> Question:
        """Whether both are right."""
        answers = {"true": _("yes"), "false": _("no")}
        schema = schemas.asked(
            ("school_confirmed", "household_confirmed"),
            school_confirmed=schemas.chosen(_("The school confirms the pupil"), answers),
            household_confirmed=schemas.chosen(_("The family's circumstances are as described"), answers),
            note=schemas.text(_("What was found"), 1000) | {"x-sensitive": True},
        )
        return Question(schema)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the application."""
        row = command(self.request, StudyAidApplications, "check", pk=self.kwargs["pk"], body=given, key=key)
        messages.success(self.request, _("Recorded."))
        return redirect("web:study_aid_call", pk=row["call"])

    def back(self) -> str:
        """The application's call."""
        row = read(self.request, StudyAidApplications, "retrieve", pk=self.kwargs["pk"])
        return reverse("web:study_aid_call", args=[row["call"]])


class Proof(Page):
    """The school's proof of an application in full, once, with a reason that history keeps."""

    needs = ("person.reveal", "access_ticket.write")
    template = "web/study_aid/proof.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Why."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The proof."""
        body = {"reason": request.POST.get("reason", "").strip()}
        try:
            revealed = command(request, StudyAidApplications, "reveal", pk=pk, body=body)
        except Refused as refused:
            return self._page(pk, refused=refused, asked=body)
        return self._page(pk, revealed=revealed, asked=body)

    def _page(self, pk: UUID, **more: Any) -> HttpResponse:
        refused: Refused | None = more.get("refused")
        row = read(self.request, StudyAidApplications, "retrieve", pk=pk)
        told = {"row": row, "title": _("School's certificate"), **more}
        return self.show(told, status=refused.status if refused else 200)


class ObjectToList(AidForm):
    """Write down what somebody objects to a list that is public."""

    needs = ("study_aid.write",)
    title = gettext_lazy("Take in an objection")
    intro = gettext_lazy(
        "Auditors who do not work at the township look into it; nothing goes on until then. Only they read this."
    )

    def question(self) -> Question:
        """The objection."""
        text = schemas.text(_("What is objected"), 2000) | {"x-sensitive": True}
        return Question(schemas.asked(("text",), text=text))

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the call."""
        command(self.request, StudyAidCalls, "object_to", pk=self.kwargs["pk"], body=given, key=key)
        messages.success(self.request, _("Taken in. Somebody independent looks into it."))
        return redirect(self.back())

    def back(self) -> str:
        """The call."""
        return reverse("web:study_aid_call", args=[self.kwargs["pk"]])


def _title(call: dict[str, Any]) -> str:
    return _("Study aid %(year)s") % {"year": call["school_year"]}
