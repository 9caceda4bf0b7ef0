"""Users: who may log in, in which roles, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.memberships import Deputies, Memberships
from backend.api.resource import Resource
from backend.api.users import Users as UsersResource
from backend.org.access import granting
from backend.org.roles import ROLE_NAMES
from backend.web import schemas
from backend.web.administration.section import Administered, Ask, Choices, Chooser, Question, why
from backend.web.administration.units import UNIT
from backend.web.door import Refused, command, cursor_of, read
from backend.web.families import Edit
from backend.web.pages import Page

FILTERS = ("role", "active")
DEPUTY = Chooser("deputy", gettext_lazy("Who stands in"), "web:user_choices", UsersResource)


class Users(Administered):
    """The list, with what each one is today."""

    tab = "web:users"
    template = "web/administration/users.html"
    title = gettext_lazy("Users")

    def get(self, request: HttpRequest) -> HttpResponse:
        """For htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("q", *FILTERS, "cursor")}
        found: dict[str, Any] = {"results": [], "next": None}
        refused = None
        try:
            found = read(request, UsersResource, query={"page_size": 50, "ordering": "username", **asked})
        except Refused as error:
            refused = error
        told = {
            "users": self._with_roles(found["results"]),
            "next": cursor_of(found["next"]),
            "asked": asked,
            "roles": ROLE_NAMES,
            "refused": refused,
            "may_write": bool(granting(self.user, "user.write")),
        }
        return self.show(told, template="web/administration/users_found.html" if self.htmx else None)

    def _with_roles(self, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same users, each with its memberships of today: one more question for all of them."""
        if not users:
            return []
        query = {"users": ",".join(user["id"] for user in users), "current": "true", "page_size": 200}
        held: dict[str, list[Any]] = {}
        for each in read(self.request, Memberships, query=query)["results"]:
            held.setdefault(each["user"]["id"], []).append(each)
        return [user | {"memberships": held.get(user["id"], [])} for user in users]


class User(Administered):
    """One user: the account, the roles over time, the deputies."""

    tab = "web:users"
    template = "web/administration/user.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Roles now, to come, and past."""
        user = read(request, UsersResource, "retrieve", pk=pk)
        rows = {"page_size": 100, "ordering": "-from_date"}
        told = {
            "account": user,
            "title": user["name"],
            "memberships": self._in_time(read(request, Memberships, query={"user": pk, **rows})["results"]),
            "deputies": self._in_time(read(request, Deputies, query={"absent": pk, **rows})["results"]),
            "stands_in": self._in_time(read(request, Deputies, query={"deputy": pk, **rows})["results"]),
            "verbs": [verb for verb in VERBS if verb.is_offered(self, user)],
            "may_write": bool(granting(self.user, "user.write")),
        }
        return self.show(told)

    def _in_time(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each row with `time`: now, future or past; what is in force comes first, then what comes."""
        today = timezone.localdate(self.now).isoformat()

        def time_of(row: Mapping[str, Any]) -> str:
            if row["to_date"] and row["to_date"] <= today:
                return "past"
            return "future" if row["from_date"] > today else "now"

        told = [row | {"time": time_of(row)} for row in rows]
        return sorted(told, key=lambda row: ("now", "future", "past").index(row["time"]))


class NewUser(Administered):
    """An account that can do nothing yet; its one-time password is shown once, on the answer's own page."""

    needs = ("user.write",)
    tab = "web:users"
    template = "web/administration/form.html"
    title = gettext_lazy("Make a user")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({"language": settings.LANGUAGE_CODE})

    def post(self, request: HttpRequest) -> HttpResponse:
        """The password, or the form again."""
        given = self._question().answers(request)
        try:
            made = command(request, UsersResource, "create", body=given)
        except Refused as refused:
            return self._form(given, refused)
        return self.show({"made": made, "is_new": True}, template="web/administration/password.html")

    def _question(self) -> Question:
        known = _("Letters, digits and . @ - _; never given twice.")
        schema = schemas.asked(
            ("username", "name"), username=schemas.text(_("User name"), 60, description=known), **_account()
        )
        return Question(schema)

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {**self._question().shown(self.request, known, refused), "back": "web:users"}
        return self.show(told, status=refused.status if refused else 200)


class EditUser(Administered, Edit):
    """Name, e-mail address, language."""

    needs = ("user.write",)
    tab = "web:users"
    template = "web/administration/edit.html"
    resource = UsersResource

    def schema(self, row: dict[str, Any]) -> dict[str, Any]:
        """The questions."""
        return schemas.asked(("name",), **_account())

    def back(self, row: dict[str, Any]) -> HttpResponse:
        """The user."""
        return redirect("web:user", pk=row["id"])

    def heading(self, row: dict[str, Any]) -> str:
        """By the name."""
        return _("Change %(name)s") % {"name": row["name"]}


def _account() -> dict[str, schemas.Schema]:
    return {
        "name": schemas.text(_("Name"), 60),
        "email": schemas.text(_("E-mail address"), 100),
        "language": schemas.chosen(_("Language"), dict(settings.LANGUAGES)),
    }


@dataclass(frozen=True)
class Verb:
    """Something that is done to an account: a form, and a call of a resource.

    `about`: the list of the user's rows of which one is meant (its id comes as `row`), empty when it is the user.
    """

    code: str
    label: str | Promise
    help: str | Promise
    icon: str
    ask: Ask
    call: Callable[[Page, UUID, dict[str, Any]], Any]
    needs: str = "user.write"
    active: bool | None = None
    """Offered for users who are active, or are not; None: for both."""
    about: type[Resource] | None = None

    def is_offered(self, page: Page, user: Mapping[str, Any]) -> bool:
        """Whether it stands among what can be done to this user."""
        fits = self.active is None or self.active == user["is_active"]
        return fits and self.about is None and bool(granting(page.user, self.needs))


def _called(action: str, resource: type[Resource] = UsersResource) -> Callable[[Page, UUID, dict[str, Any]], Any]:
    return lambda page, pk, given: command(page.request, resource, action, pk=pk, body=given, key=_key(page))


def _activity(is_active: bool) -> Callable[[Page, UUID, dict[str, Any]], Any]:
    def call(page: Page, pk: UUID, given: dict[str, Any]) -> Any:
        body = {**given, "is_active": is_active}
        return command(page.request, UsersResource, "partial_update", pk=pk, body=body, method="PATCH", key=_key(page))

    return call


def _made(resource: type[Resource], whose: str) -> Callable[[Page, UUID, dict[str, Any]], Any]:
    def call(page: Page, pk: UUID, given: dict[str, Any]) -> Any:
        return command(page.request, resource, "create", body={**given, whose: str(pk)}, key=_key(page))

    return call


def _key(page: Page) -> str:
    return page.request.POST.get("key", "")


def _nothing(page: Page) -> Question:
    return Question(schemas.asked())


def _reason(page: Page) -> Question:
    return Question(schemas.asked(("reason",), reason=why()))


def _grant(page: Page) -> Question:
    schema = schemas.asked(
        ("role", "from_date"),
        role=schemas.chosen(_("Role"), ROLE_NAMES),
        from_date=schemas.day_of(_("First day")),
        to_date=schemas.day_of(_("Until (the first day without it)")),
    )
    return Question(schema, (UNIT,))


def _appoint(page: Page) -> Question:
    schema = schemas.asked(
        ("from_date", "reason"),
        from_date=schemas.day_of(_("First day")),
        to_date=schemas.day_of(_("Until (the first day without it)")),
        reason=schemas.text(_("Why"), 200, description=_("It becomes part of the history.")),
    )
    return Question(schema, (DEPUTY,))


def _end(page: Page) -> Question:
    return Question(schemas.asked(("to_date",), to_date=schemas.day_of(_("Until (the first day without it)"))))


def _end_with_reason(page: Page) -> Question:
    to_date = schemas.day_of(_("Until (the first day without it)"))
    return Question(schemas.asked(("to_date", "reason"), to_date=to_date, reason=why()))


VERBS = (
    Verb(
        "grant",
        gettext_lazy("Give a role"),
        gettext_lazy("At a unit, from a day on. Nobody holds two of the three administrations."),
        "person-badge",
        _grant,
        _made(Memberships, "user"),
        needs="membership.write",
    ),
    Verb(
        "deputy",
        gettext_lazy("Appoint a deputy"),
        gettext_lazy("Who stands in holds these roles meanwhile, administrators' duties apart."),
        "people",
        _appoint,
        _made(Deputies, "absent"),
        needs="membership.write",
    ),
    Verb(
        "password",
        gettext_lazy("New one-time password"),
        gettext_lazy("For who forgot it. A lock-out ends, and so does everything that is logged in."),
        "key",
        _nothing,
        _called("reset_password"),
    ),
    Verb(
        "log-out",
        gettext_lazy("Log out everywhere"),
        gettext_lazy("Every session and every token ends at once."),
        "box-arrow-right",
        _reason,
        _called("revoke"),
    ),
    Verb(
        "second-factor",
        gettext_lazy("Take the second factor away"),
        gettext_lazy(
            "For who lost the device: it logs out everywhere, and the next log-in asks for a new one where the role "
            "needs it."
        ),
        "phone",
        _reason,
        _called("reset_second_factor"),
    ),
    Verb(
        "deactivate",
        gettext_lazy("Deactivate"),
        gettext_lazy(
            "No log-in any more; what was done stays under this name. While work depends on the person this is "
            "refused: the supervisor hands it over first (Workload). To shut somebody out at once, log out everywhere "
            "and make a new one-time password."
        ),
        "person-slash",
        _reason,
        _activity(False),
        active=True,
    ),
    Verb(
        "activate",
        gettext_lazy("Activate again"),
        gettext_lazy("The account may log in again, with the roles that are in force."),
        "person-check",
        _reason,
        _activity(True),
        active=False,
    ),
    Verb(
        "end-role",
        gettext_lazy("End the role"),
        gettext_lazy("It ends on a day and stays on file."),
        "calendar-x",
        _end_with_reason,
        _called("end", Memberships),
        needs="membership.write",
        about=Memberships,
    ),
    Verb(
        "end-deputy",
        gettext_lazy("End the standing in"),
        gettext_lazy("It ends on a day and stays on file."),
        "calendar-x",
        _end,
        _called("end", Deputies),
        needs="membership.write",
        about=Deputies,
    ),
)


class UserVerb(Administered):
    """The form of one verb, and doing it."""

    needs = ("user.write", "membership.write")
    tab = "web:users"
    template = "web/administration/user_verb.html"

    def get(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """What has to be said."""
        user, chosen, row = self._find(pk, verb)
        return self._form(user, chosen, row, {})

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, or the form again with everything typed."""
        user, chosen, row = self._find(pk, verb)
        given = chosen.ask(self).answers(request)
        try:
            answer = chosen.call(self, UUID(row["id"]) if row else pk, given)
        except Refused as refused:
            return self._form(user, chosen, row, given, refused)
        if chosen.code == "password":
            return self.show({"made": answer, "title": chosen.label}, template="web/administration/password.html")
        messages.success(request, _("Done: %(what)s.") % {"what": chosen.label})
        return redirect("web:user", pk=pk)

    def _find(self, pk: UUID, code: str) -> tuple[dict[str, Any], Verb, dict[str, Any] | None]:
        """The user, the verb, and the row that is meant: only one of this user's. Raises Http404."""
        user = read(self.request, UsersResource, "retrieve", pk=pk)
        verb = next((each for each in VERBS if each.code == code), None)
        if verb is None or not (verb.about or verb.is_offered(self, user)):
            raise Http404
        if verb.about is None:
            return user, verb, None
        row = read(self.request, verb.about, "retrieve", pk=_id(self.request.GET.get("row", "")))
        if str(pk) not in {row.get("user", {}).get("id"), row.get("absent", {}).get("id")}:
            raise Http404
        return user, verb, row

    def _form(
        self,
        user: dict[str, Any],
        verb: Verb,
        row: dict[str, Any] | None,
        known: Mapping[str, Any],
        refused: Refused | None = None,
    ) -> HttpResponse:
        told = {
            **verb.ask(self).shown(self.request, known, refused),
            "account": user,
            "verb": verb,
            "row": row,
            "title": verb.label,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


class UserChoices(Choices):
    """Users to choose from."""

    choosers = (DEPUTY,)
