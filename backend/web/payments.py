"""The payment desk: what waits to be paid, batches with the bank's answers, who received nothing; and the ledger."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from backend.api.ledger import LedgerAccounts, LedgerEntries
from backend.api.payables import Payables as PayablesResource
from backend.api.payment_batches import MOST_BYTES, AnswerTooLarge, PaymentBatches, Transfers
from backend.api.uploads import FORM_AROUND, InMemory
from backend.org.access import granting
from backend.payments.programmes import programmes
from backend.web.door import Refused, command, cursor_of, download, read, upload
from backend.web.pages import Page
from backend.web.waiting import waiting

AT_ONCE = 50
TABS: tuple[tuple[str, str | Promise], ...] = (
    ("not_received", gettext_lazy("Not received")),
    ("overdue", gettext_lazy("Past their last day")),
    ("open", gettext_lazy("To be paid")),
    ("without_account", gettext_lazy("Without an account")),
    ("held", gettext_lazy("Stopped")),
    ("batched", gettext_lazy("In a batch")),
    ("paid", gettext_lazy("Arrived in the account")),
    ("", gettext_lazy("All")),
)
FLAGS = frozenset({"not_received", "overdue", "without_account", "held"})
"""Tabs that are filters of their own, not states."""
ASKED = ("q", "programme", "period")
"""By what the list of payables is narrowed beside its tab."""
BATCHES_OVER = frozenset({"settled", "dropped"})
LINES = {"": "", "waiting": "waiting", "returned": "returned", "paid": "paid"}


class Payments(Page):
    """What waits for a batch, by unit and programme, and the newest batches."""

    needs = ("batch.read",)
    template = "web/payments/desk.html"
    title = gettext_lazy("Payment desk")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The desk."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Begin a batch: to the work item with which it is drawn up."""
        body = {name: request.POST.get(name, "") for name in ("unit", "programme")}
        try:
            begun = command(request, PaymentBatches, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(refused)
        messages.success(request, _("It waits to be drawn up; somebody else releases it after that."))
        return redirect("web:work_item", pk=begun["work_item"])

    def _page(self, refused: Refused | None = None) -> HttpResponse:
        cursor = self.request.GET.get("cursor", "")
        found = read(self.request, PaymentBatches, query={"page_size": AT_ONCE, "cursor": cursor})
        told = {
            "due": read(self.request, PayablesResource, "due"),
            "batches": found["results"],
            "next": cursor_of(found["next"]),
            "may_begin": bool(granting(self.user, "batch.write")),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class Payables(Page):
    """What is owed to whom, by whether it was received."""

    needs = ("payable.read",)
    template = "web/payments/payables.html"
    title = gettext_lazy("Who is paid")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The payables found; without a choice those that were not received."""
        shown = request.GET.get("show", TABS[0][0])
        asked = {name: request.GET.get(name, "").strip()[:60] for name in ASKED}
        told: dict[str, Any] = {"tabs": TABS, "shown": shown, "asked": asked, "programmes": programmes()}
        told["may_read_batches"] = bool(granting(self.user, "batch.read"))
        narrowed = {**asked, **({shown: "true"} if shown in FLAGS else {"state": shown})}
        query = {"page_size": AT_ONCE, "cursor": request.GET.get("cursor", ""), **narrowed}
        try:
            found = read(request, PayablesResource, query=query)
        except Refused as refused:
            return self.show({**told, "refused": refused}, status=refused.status)
        told |= {"payables": found["results"], "next": cursor_of(found["next"])}
        if found["results"]:
            told["sum"] = read(request, PayablesResource, "sum", query=narrowed)
        return self.show(told)


class Payable(Page):
    """One amount owed, with every try to pay it."""

    needs = ("payable.read",)
    template = "web/payments/payable.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Stop it, let it go, or see the account in full."""
        body = {"reason": request.POST.get("reason", "")}
        verb = "reveal" if request.POST.get("verb") == "reveal" else "hold"
        try:
            done = command(request, PayablesResource, verb, pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, refused=refused)
        if verb == "reveal":
            return self._page(pk, account=done["account_number"])
        messages.success(request, _("Stopped.") if done["is_held"] else _("Let go."))
        return redirect("web:payable", pk=pk)

    def _page(self, pk: UUID, *, refused: Refused | None = None, account: str = "") -> HttpResponse:
        row = read(self.request, PayablesResource, "retrieve", pk=pk)
        told = {
            "title": f"{row['payee']} {row['period']}",
            "payable": row,
            "items": waiting(self.request, process="returned_payment", about=row["number"]),
            "account": account,
            "may_hold": bool(granting(self.user, "payable.hold")) and row["state"] not in {"paid", "cancelled"},
            "may_reveal": bool(granting(self.user, "payable.reveal")) and bool(row["account"]),
            "refused": refused,
            "typed": self.request.POST if refused else {},
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


@method_decorator(csrf_exempt, name="dispatch")
class PaymentBatch(Page):
    """One batch: its figures, files and lines, and where the bank's answer is read in.

    The form token is checked in `post`, after it is settled that the file stays in memory (see backend.web.rosters).
    """

    needs = ("batch.read",)
    template = "web/payments/batch.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it, a page of its lines."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Read in the bank's answer."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES + FORM_AROUND:
            return self._page(pk, error=str(AnswerTooLarge.message), status=413)
        request.upload_handlers = [InMemory(request)]
        return self._receive(request, pk)

    @method_decorator(csrf_protect)
    def _receive(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        try:
            upload(request, PaymentBatches, "answer", pk=pk)
        except Refused as refused:
            return self._page(pk, refused=refused, status=refused.status)
        messages.success(request, _("Read in. It is being posted; you may leave this page."))
        return redirect("web:payment_batch", pk=pk)

    def _page(self, pk: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
        row = read(self.request, PaymentBatches, "retrieve", pk=pk)
        is_live = row["state"] not in BATCHES_OVER
        shown = LINES.get(self.request.GET.get("show", ""), "")
        query = {"batch": pk, "state": shown, "page_size": AT_ONCE, "cursor": self.request.GET.get("cursor", "")}
        lines = read(self.request, Transfers, query=query)
        told = {
            "title": row["number"],
            "batch": row,
            "items": waiting(self.request, process="payment_batch", about=row["number"]) if is_live else [],
            "lines": lines["results"],
            "next": cursor_of(lines["next"]),
            "shown": shown,
            "may_write": bool(granting(self.user, "batch.write")),
            "is_sent": row["state"] in {"released", "settled"},
        }
        return self.show(told | more, status=status)


class PaymentFile(Page):
    """The file for the bank."""

    needs = ("batch.write",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """As it was made at the release."""
        return download(request, PaymentBatches, "file", pk=pk)


class Ledger(Page):
    """The trial balance of the reader's place."""

    needs = ("ledger.read",)
    template = "web/payments/ledger.html"
    title = gettext_lazy("Ledger")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Now, or at the end of a day."""
        on = request.GET.get("on", "")
        try:
            trial = read(request, LedgerAccounts, "trial_balance", query={"on": on})
        except Refused as refused:
            trial = read(request, LedgerAccounts, "trial_balance")
            return self.show({"trial": trial, "on": "", "refused": refused}, status=refused.status)
        return self.show({"trial": trial, "on": on})


class LedgerBook(Page):
    """The newest entries: of all accounts, or of those of one kind and code."""

    needs = ("ledger.read",)
    template = "web/payments/entries.html"
    title = gettext_lazy("Entries")

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page of them."""
        asked = {name: request.GET.get(name, "")[:60] for name in ("account", "kind", "reference", "unit", "cursor")}
        try:
            found = read(request, LedgerEntries, query={"page_size": AT_ONCE, **asked})
        except Refused as refused:
            return self.show({"entries": [], "refused": refused}, status=refused.status)
        return self.show({"entries": found["results"], "next": cursor_of(found["next"])})
