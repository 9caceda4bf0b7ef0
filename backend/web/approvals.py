"""Approvals: cases that wait for a signature, each with its reasons; the chosen ones are signed in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from backend.api.approvals import Approvals as ApprovalsResource
from backend.api.rotations import Rotations
from backend.api.work_items import WorkItems
from backend.org.access import granting
from backend.web import forms
from backend.web.door import Refused, command_each, read
from backend.web.pages import Page

MOST_ROTATIONS = 20


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class Approvals(Page):
    """What waits for a signature, step by step."""

    needs = ("work_item.assign",)
    template = "web/approvals.html"
    title = _("To sign")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The cases of one step, with the form that decides them."""
        return self._page({}, ())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Each chosen case is signed by itself and tells what became of it; what was not right is asked for again."""
        before = self._read()
        chosen = request.POST.getlist("ids")
        given = forms.answers(before["schema"] or {"properties": {}}, request.POST)
        try:
            body = {"action": "complete", "ids": chosen, "answers": given}
            results = command_each(request, WorkItems, "bulk", body)["results"]
        except Refused as refused:
            return self._page(given, chosen, refused=refused)
        items = {each["item"]["id"]: each["item"] for each in before["approvals"]}
        told = [each | {"item": items.get(each["id"])} for each in results]
        left = [each for each in told if not each["ok"]]
        wrong = next((each["problem"] for each in left if each["problem"]["code"] == "bad_answers"), None)
        again = [each["id"] for each in left] if wrong else ()
        return self._page(given if wrong else {}, again, results=told, refused=Refused(wrong) if wrong else None)

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = read(self.request, ApprovalsResource, query={"step": self.request.GET.get("step", "")})
        return found

    def _rotations(self) -> list[dict[str, Any]]:
        """Rotations that wait for the reader's signature: each is signed on a page of its own."""
        if not granting(self.user, "rotation.approve"):
            return []
        waiting = read(self.request, Rotations, query={"state": "prepared", "page_size": MOST_ROTATIONS})["results"]
        return [each for each in waiting if not each["mine"]]

    def _page(
        self,
        given: Mapping[str, Any],
        chosen: Sequence[str],
        *,
        results: Sequence[Mapping[str, Any]] = (),
        refused: Refused | None = None,
    ) -> HttpResponse:
        found = self._read()
        for each in found["approvals"]:
            each["chosen"] = each["item"]["id"] in chosen
        done = sum(each["ok"] for each in results)
        fields = forms.fields(found["schema"], given, refused) if found["schema"] else []
        told = {"fields": fields, "results": results, "done": done, "left": len(results) - done, "refused": refused}
        told["rotations"] = self._rotations()
        return self.show(found | told, status=refused.status if refused else 200)
