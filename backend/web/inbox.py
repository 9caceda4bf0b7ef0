"""The inbox: open work items, narrowed by filters that live in the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backend.api.me import Me
from backend.api.processes import Processes
from backend.api.saved_filters import SavedFilters
from backend.api.units import Units
from backend.api.users import Users
from backend.api.work_item_filters import WorkItemFilters
from backend.api.work_items import WorkItems
from backend.org.access import granting
from backend.org.roles import ROLE_NAMES, roles_with
from backend.web.door import Refused, command, command_each, cursor_of, read
from backend.web.forms import aware
from backend.web.pages import Page
from backend.web.templatetags.when import deadline

ROWS = 50
READ: tuple[str, ...] = ("work_item.read", "own.work_item.read")
FILTERS = frozenset(WorkItemFilters.base_filters)
NAMES = FILTERS | {"ordering"}
"""Parameters that belong to a way of looking at the inbox (a cursor does not)."""

COLUMNS: Mapping[str, str | Promise] = {
    "family": _("Family"),
    "case": _("Case"),
    "unit": _("Place"),
    "role": _("For whom"),
    "due_at": _("Due"),
    "assignee": _("Who has it"),
    "priority": _("Priority"),
    "created_at": _("Since"),
}
"""Columns beside the title, in their order."""
USUAL_COLUMNS = ("family", "case", "unit", "due_at", "assignee")
WORKING = ("caseworker", "supervisor", "village", "helper", "liaison")
"""Roles for whom work items are."""
PAGES: Mapping[str, str] = {"family": "families", "case": "cases"}
"""Where the pages of a family and a case are."""
SORTABLE = frozenset(WorkItems.orderings)


@dataclass(frozen=True)
class View:
    """A way of looking at the inbox that everybody has."""

    label: str | Promise
    query: Mapping[str, str]


VIEWS = (
    View(_("For me to do"), {"doable": "true"}),
    View(_("I have taken"), {"assignee": "me"}),
    View(_("Nobody has taken"), {"doable": "true", "assignee": "none"}),
    View(_("Overdue"), {"doable": "true", "overdue": "true"}),
    View(_("Due in seven days"), {"doable": "true", "due": "week"}),
    View(_("Put off"), {"postponed": "true"}),
    View(_("Paused"), {"paused": "true"}),
    View(_("Waiting for others"), {"doable": "false"}),
    View(_("Everything"), {"doable": ""}),
)

FILTER_NAMES: Mapping[str, str | Promise] = {
    "q": _("Text"),
    "unit": _("Place"),
    "village": _("Village"),
    "role": _("For whom"),
    "process": _("Process"),
    "step": _("Step"),
    "assignee": _("Who has it"),
    "overdue": _("Overdue"),
    "due": _("Due"),
    "due_before": _("Due before"),
    "postponed": _("Put off"),
    "paused": _("Paused"),
    "doable": _("I can do it"),
    "priority": _("Priority"),
    "state": _("State"),
    "case": _("Case"),
    "family": _("Family"),
    "ids": _("Chosen ones"),
}
WORDS: Mapping[str, str | Promise] = {
    "true": _("yes"),
    "false": _("no"),
    "me": _("me"),
    "others": _("others"),
    "none": _("nobody"),
    "today": _("today"),
    "week": _("in the next seven days"),
    "open": _("open"),
    "done": _("done"),
    "cancelled": _("cancelled"),
    "any": _("any"),
}


def inbox_query(parameters: Mapping[str, str]) -> dict[str, str]:
    """What of an address belongs to the inbox; what is empty says nothing."""
    return {name: value for name, value in parameters.items() if name in NAMES and value}


def inbox_address(text: str) -> str:
    """The inbox that somebody came from, as an address: `text` is its query, out of a work item's address."""
    query = inbox_query(dict(parse_qsl(text)))
    return f"{reverse('web:inbox')}?{urlencode(query) if query else 'doable='}"


class InboxPage(Page):
    """What the inbox's addresses share."""

    needs: ClassVar[tuple[str, ...]] = READ
    template = "web/inbox/page.html"
    title = _("Inbox")

    @cached_property
    def query(self) -> dict[str, str]:
        """The filters and the order in the address. Without any filter one sees what one can do; an empty one
        (`?doable=`) asks for everything."""
        usual = {"doable": "true"} if "claim" in self.verbs and not FILTERS & self.request.GET.keys() else {}
        return usual | inbox_query(self.request.GET.dict())

    def rows(self, items: list[dict[str, Any]], results: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Context of the rows: which columns, where a title leads, and what became of a command."""
        chosen = read(self.request, Me, "preferences").get("inbox_columns")
        columns = {name: COLUMNS[name] for name in COLUMNS if name in (USUAL_COLUMNS if chosen is None else chosen)}
        for item in items:
            item["result"] = (results or {}).get(item["id"])
            item["cells"] = format_html_join("", "<td>{}</td>", ((_cell(name, item),) for name in columns))
        return {
            "items": items,
            "columns": columns,
            "texts": {"choose": gettext("Choose")},
            "all_columns": COLUMNS,
            "width": len(columns) + 2,
            "origin": urlencode({"inbox": urlencode(self.query)}) if self.query else "",
            "may_choose": self.verbs,
        }

    @cached_property
    def verbs(self) -> list[str]:
        """What the reader may do somewhere with several items at once."""
        return [verb for verb in ("claim", "delegate", "postpone") if granting(self.user, f"work_item.{verb}")]


def _cell(name: str, item: Mapping[str, Any]) -> str:
    """The content of a column. In Python, for fifty rows of conditions take a template longer than the rows took."""
    if name in {"family", "case"}:
        about = item[name] or {}
        text: str = about.get("label" if name == "family" else "number", "–")
        return _link(f"/{PAGES[name]}/{about['id']}/", text) if about.get("id") else text
    if name == "due_at":
        if item["overdue"]:
            return _late(deadline(item["due_at"]))
        return _paused(deadline(item["due_at"])) if item["paused_at"] else deadline(item["due_at"])
    if name == "created_at":
        return deadline(item["created_at"])
    texts = {"unit": item["unit"]["name"], "role": ROLE_NAMES[item["role"]], "assignee": item["assignee_name"] or ""}
    return str(texts.get(name, item.get(name)))


def _link(address: str, text: str) -> SafeString:
    return format_html('<a class="text-reset" href="{}">{}</a>', address, text)


def _late(text: str) -> SafeString:
    return format_html('{} <span class="badge text-bg-danger">{}</span>', text, gettext("overdue"))


def _paused(text: str) -> SafeString:
    return format_html('{} <span class="badge text-bg-info">{}</span>', text, gettext("paused"))


class Inbox(InboxPage):
    """What waits for whom."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of rows."""
        return self.page()

    def page(self, results: Mapping[str, Any] | None = None) -> HttpResponse:
        """The whole page; with results of a command in their rows."""
        refused = None
        cursor = self.request.GET.get("cursor", "")
        try:
            found = read(self.request, WorkItems, query={**self.query, "page_size": ROWS, "cursor": cursor})
        except Refused as error:
            refused, found = error, {"results": [], "next": None, "previous": None}
        shown = self.rows(found["results"], results) | {
            "refused": refused,
            "next": cursor_of(found["next"]),
            "previous": cursor_of(found["previous"]),
            "query": self.query,
            "encoded": urlencode(self.query),
            "views": [(each.label, urlencode(each.query), self._is_active(each)) for each in VIEWS],
            "active": self._active(found["results"]),
            "sortable": SORTABLE,
            "about": self._about(found["results"]),
        }
        return self.show(shown, status=refused.status if refused else 200)

    def _is_active(self, view: View) -> bool:
        narrowing = {name: value for name, value in self.query.items() if name != "ordering"}
        return narrowing == {name: value for name, value in view.query.items() if value}

    def _active(self, items: list[dict[str, Any]]) -> list[dict[str, str]]:
        """The filters in force, each with the address without it."""
        found = []
        for name, value in self.query.items():
            if name not in FILTER_NAMES or (name == "doable" and len(self.query) == 1):
                continue
            rest = {other: kept for other, kept in self.query.items() if other != name} or {"doable": ""}
            found.append(
                {"name": str(FILTER_NAMES[name]), "value": self._shown(name, value, items), "without": urlencode(rest)}
            )
        return found

    def _shown(self, name: str, value: str, items: list[dict[str, Any]]) -> str:
        if name in {"unit", "village"}:
            return _unit_name(self.request, value)
        if name == "role":
            return str(ROLE_NAMES.get(value, value))
        if name == "process":
            return process_names(self.request).get(value, value)
        if name == "step":
            return next((item["title"] for item in items if item["step"] == value), value)
        if name in {"case", "family", "ids"}:
            return self._about(items) or "…"
        return str(WORDS.get(value, value))

    def _about(self, items: list[dict[str, Any]]) -> str:
        """Whose items these are, when they are all of one family or case."""
        if not items or not {"family", "case"} & set(self.query):
            return ""
        case, family = items[0]["case"], items[0]["family"]
        if "case" in self.query:
            return " · ".join(part for part in (family and family["label"], case and case["number"]) if part)
        return family["label"] if family else ""


class InboxNext(Page):
    """The most pressing item that nobody has."""

    needs = ("work_item.claim",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take it and open it; back to the inbox when nothing is left."""
        query = inbox_query(request.POST.dict())
        narrowing = {name: value for name, value in query.items() if name != "ordering"}
        item = command(request, WorkItems, "next", query=narrowing)
        origin = urlencode(query)
        if item is None:
            messages.info(request, gettext("Nothing is left here that you could take."))
            return redirect(inbox_address(origin))
        return redirect(f"{reverse('web:work_item', args=[item['id']])}?{urlencode({'inbox': origin})}")


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class InboxBulk(Inbox):
    """One verb for the chosen rows: each has a transaction and a result of its own."""

    needs = ("work_item.claim", "work_item.delegate", "work_item.postpone")

    def post(self, request: HttpRequest) -> HttpResponse:
        """What became of each row, in the row."""
        ids = request.POST.getlist("ids")
        verb = request.POST.get("action", "")
        if not ids:
            return self._refused(gettext("Choose at least one row."))
        try:
            answer = command_each(request, WorkItems, "bulk", _bulk_body(verb, ids, request.POST))
        except Refused as refused:
            texts = [text for field in refused.errors.values() for text in field]
            return self._refused(" ".join(texts) or refused.problem["detail"])
        results = {each["id"]: _told(each, verb) for each in answer["results"]}
        if not self.htmx:
            return self.page(results)
        fresh = read(request, WorkItems, query={"ids": ",".join(ids), "state": "any", "page_size": len(ids)})
        done = sum(result["ok"] for result in results.values())
        told = self.rows(fresh["results"], results) | {"done": done, "refused_count": len(results) - done}
        return self.show(told, template="web/inbox/bulk_result.html")

    def _refused(self, text: str) -> HttpResponse:
        if self.htmx:
            return self.show({"problem": text}, template="web/inbox/bulk_result.html", status=422)
        messages.error(self.request, text)
        return redirect(inbox_address(urlencode(self.query)))


class InboxColumns(Page):
    """Which columns one wants to see: remembered."""

    needs = READ

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back to the same rows."""
        chosen = [name for name in request.POST.getlist("columns") if name in COLUMNS]
        command(request, Me, "set_preferences", body={"inbox_columns": chosen}, method="PUT")
        return redirect(inbox_address(request.POST.get("inbox", "")))


class InboxFilters(InboxPage):
    """Saved filters with their counts, and what the rows can be narrowed by: asked for after the rows are shown."""

    title = _("Filters")
    template = "web/inbox/filters.html"
    alone = "web/inbox/filters_page.html"
    """For whom no script put it beside the rows."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The panel beside the rows."""
        return self._panel()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save the filters of the address under a name."""
        body = {"name": request.POST.get("name", ""), "query": self.query, "unit": request.POST.get("unit") or None}
        try:
            command(request, SavedFilters, "create", body=body)
        except Refused as refused:
            return self._panel(refused)
        return self._again()

    def _again(self) -> HttpResponse:
        return self._panel() if self.htmx else redirect(inbox_address(urlencode(self.query)))

    def _panel(self, refused: Refused | None = None) -> HttpResponse:
        counts = {each["id"]: each["count"] for each in read(self.request, SavedFilters, "counts")}
        saved = read(self.request, SavedFilters, query={"page_size": 200})["results"]
        for each in saved:
            each["count"] = counts.get(each["id"])
            each["address"] = urlencode(each["query"])
            each["active"] = each["query"] == self.query
        told = {
            "saved": saved,
            "query": self.query,
            "encoded": urlencode(self.query),
            "refused": refused,
            "typed_name": self.request.POST.get("name", "") if refused else "",
            "share_with": _shareable(self.request) if granting(self.user, "saved_filter.share") else [],
            "names": FILTER_NAMES,
            "roles": [(role, ROLE_NAMES[role]) for role in WORKING],
            "whose": [(name, WORDS[name]) for name in ("me", "none", "others")],
            **_choices(self.request),
        }
        template = self.template if self.htmx else self.alone
        return self.show(told, template=template, status=refused.status if refused else 200)


class InboxFilter(InboxFilters):
    """One saved filter."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:  # type: ignore[override]
        """Remove it."""
        command(request, SavedFilters, "destroy", pk=pk, method="DELETE")
        return self._again()


class InboxColleagues(Page):
    """To whom chosen rows can be handed: who works in a role at or below one's own units."""

    needs = ("work_item.delegate",)
    template = "web/inbox/colleagues.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Names by role; whether somebody can do an item is answered row by row."""
        roles = [role for role in ("caseworker", "supervisor", "village") if role in ROLE_NAMES]
        people = {
            ROLE_NAMES[role]: read(request, Users, query={"role": role, "active": "true", "page_size": 200})["results"]
            for role in roles
        }
        return self.show({"people": {role: found for role, found in people.items() if found}})


def _bulk_body(verb: str, ids: Iterable[str], posted: QueryDict) -> dict[str, Any]:
    body: dict[str, Any] = {"action": verb, "ids": list(ids)}
    if verb == "delegate":
        body |= {"to": posted.get("to", ""), "reason": posted.get("delegate_reason", "")}
    if verb == "postpone":
        body |= {"until": aware(posted.get("until", "")), "reason": posted.get("postpone_reason", "")}
    return body


def _told(result: Mapping[str, Any], verb: str) -> dict[str, Any]:
    done = {"claim": _("Taken."), "delegate": _("Handed over."), "postpone": _("Put off.")}
    text = done.get(verb, "") if result["ok"] else result["problem"]["detail"]
    return {"ok": result["ok"], "text": text}


def _unit_name(request: HttpRequest, value: str) -> str:
    """The unit's name; what stands in the address when one may not read it."""
    try:
        if len(value) == 36:
            return str(read(request, Units, "retrieve", pk=value)["name"])
        return str(read(request, Units, query={"code": value})["results"][0]["name"])
    except (Http404, PermissionDenied, Refused, IndexError):
        return value


def _shareable(request: HttpRequest) -> list[dict[str, Any]]:
    """The units with which the reader may share a filter."""
    held = read(request, Me, "retrieve")["memberships"]
    sharing = roles_with("saved_filter.share")
    return list({each["unit"]["id"]: each["unit"] for each in held if each["role"] in sharing}.values())


def process_names(request: HttpRequest) -> dict[str, str]:
    """Process → name."""
    return {each["id"]: each["name"] for each in read(request, Processes)["results"]}


def _choices(request: HttpRequest) -> dict[str, Any]:
    """Units, processes and steps at which something waits."""
    queues = read(request, WorkItems, "counts")["queues"]
    names = process_names(request)
    keys = sorted({queue["process"] for queue in queues})
    return {
        "units": sorted({(queue["unit"]["id"], queue["unit"]["name"]) for queue in queues}, key=lambda unit: unit[1]),
        "processes": [(key, names.get(key, key)) for key in keys],
        "steps": sorted({(queue["step"], queue["title"]) for queue in queues}, key=lambda step: step[1]),
    }
