"""Stores and the charity shop: what is there, what comes in, the counter, and a month's count."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.families import Families
from backend.api.stores import Redemptions, StockCounts
from backend.api.stores import Stores as StoresResource
from backend.org import codes
from backend.org.access import granting
from backend.web.door import Refused, command, read
from backend.web.pages import Page

GOODS = ("name", "measure", "number", "quantity", "amount")


class Stores(Page):
    """Store rooms and charity shops."""

    needs = ("stock.read",)
    template = "web/stores/list.html"
    title = gettext_lazy("Stores and charity shop")

    def get(self, request: HttpRequest) -> HttpResponse:
        """All that the reader sees."""
        return self.show({"stores": read(request, StoresResource, query={"page_size": 100})["results"]})


class Store(Page):
    """One store: articles with their lots, goods that come in, months."""

    needs = ("stock.read",)
    template = "web/stores/store.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Take goods in, or set what an article costs."""
        posted, key = request.POST, request.POST.get("key", "")
        try:
            if posted.get("verb") == "goods":
                body: dict[str, Any] = {name: posted.get(name, "") for name in (*GOODS, "over_reason")}
                body["expires_on"] = posted.get("expires_on") or None
                command(request, StoresResource, "goods", pk=pk, body=body, key=key)
            else:
                rule = {"article": posted.get("article", ""), "points": posted.get("points") or None}
                body = {**rule, "low_at": posted.get("low_at") or "0"}
                command(request, StoresResource, "article", pk=pk, body=body, key=key)
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("Recorded."))
        return redirect("web:store", pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, StoresResource, "retrieve", pk=pk)
        told = {
            "title": row["unit"]["name"],
            "store": row,
            "measures": list(codes.choices("measure", day=timezone.localdate(self.now))),
            "may_write": bool(granting(self.user, "stock.write")),
            "may_serve": row["kind"] == "shop" and bool(granting(self.user, "shop.write")),
            "today": timezone.localdate(self.now),
            "typed": self.request.POST if refused else {},
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)


class Counter(Page):
    """The shop's counter: which family, how many points it has, what it takes home, who signs."""

    needs = ("shop.write",)
    template = "web/stores/counter.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Search for the family, then its points and the goods."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Goods for points."""
        body = {"family": request.GET.get("family", ""), "items": _pieces(request.POST)}
        body |= {name: request.POST.get(name, "") for name in ("received_by", "receipt")}
        try:
            made = command(request, StoresResource, "redeem", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("Redeemed: %(number)s, %(points)s points.") % made)
        return redirect(f"{reverse('web:counter', args=[pk])}?family={body['family']}")

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        store = read(self.request, StoresResource, "retrieve", pk=pk)
        text, family = (self.request.GET.get(name, "").strip() for name in ("q", "family"))
        points = read(self.request, StoresResource, "points", pk=pk, query={"family": family}) if family else None
        last = {"store": str(pk), "page_size": 10} | ({"family": family} if family else {})
        told = {
            "title": _("Counter of the charity shop"),
            "store": store,
            "articles": [
                {**each, "typed": self.request.POST.get(f"pieces-{each['id']}", "0") if refused else "0"}
                for each in store["articles"]
                if each["points"]
            ],
            "q": text,
            "families": read(self.request, Families, query={"q": text, "page_size": 20})["results"] if text else [],
            "customer": points,
            "redemptions": read(self.request, Redemptions, query=last)["results"],
            "receivers": list(codes.entries("gift_receiver")),
            "receipts": list(codes.entries("gift_receipt")),
            "typed": self.request.POST if refused else {},
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)


class Count(Page):
    """A month's count of a store: every lot, what should be there, what is."""

    needs = ("stock.read",)
    template = "web/stores/count.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The sheet."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What was counted; lots left empty are counted later."""
        rows = [
            {"lot": name.removeprefix("lot-"), "counted": value}
            for name, value in request.POST.items()
            if name.startswith("lot-") and value != ""
        ]
        try:
            command(request, StockCounts, "lines", pk=pk, body={"rows": rows}, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("Recorded. When all is counted, finish it in the inbox."))
        return redirect("web:count", pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, StockCounts, "retrieve", pk=pk)
        store = read(self.request, StoresResource, "retrieve", pk=row["store"])
        lines = {str(line["lot"]): line for line in row["lines"]}
        lots = [
            {
                **lot,
                "article": article["name"],
                "measure": article["measure"],
                "line": lines.get(str(lot["id"])),
                "typed": self.request.POST.get(f"lot-{lot['id']}") if refused else None,
            }
            for article in store["articles"]
            for lot in article["lots"]
        ]
        told = {
            "title": _("Count"),
            "count": row,
            "store": store,
            "lots": lots,
            "may_count": row["state"] == "open" and bool(granting(self.user, "stock.write")),
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)


def _pieces(posted: QueryDict) -> list[dict[str, Any]]:
    """The articles of which some are wanted."""
    return [
        {"article": name.removeprefix("pieces-"), "quantity": value}
        for name, value in posted.items()
        if name.startswith("pieces-") and value not in {"", "0"}
    ]
