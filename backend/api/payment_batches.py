"""Payment batches: orders to the bank, their lines, the file that goes out and the answer that comes back.

A batch is drawn up and released as work items (process `payment_batch`), by two people, neither of whom confirmed a
right that it pays; here one is begun, its file fetched and the bank's answer read in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.rosters import XLSX, WorkbookRenderer
from backend.api.uploads import FormParser
from backend.core.crypto import decrypt_bytes
from backend.core.errors import DomainError, NotAllowed, NotFound
from backend.org.access import may
from backend.org.models import Unit
from backend.payments import answers, batches, posting
from backend.payments.models import Batch, BatchFile, Transfer
from backend.payments.programmes import programme_name
from workflows import payments

if TYPE_CHECKING:
    from django.http import HttpResponseBase

MOST_BYTES = 10_000_000
"""Of a bank's answer: 50,000 lines have 4 MB as .csv."""


class AnswerTooLarge(DomainError):
    """No bank answers at such length."""

    code = "bank_answer_too_large"
    status = 413
    message = _("The file is larger than any bank's answer.")


class AnswerForm(FormParser):
    """A form with the bank's answer."""

    most_bytes = MOST_BYTES
    too_large = AnswerTooLarge


class BatchFilters(Filters):
    """What the list of batches is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Batch.State.choices)
    programme = django_filters.CharFilter(max_length=40)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: batches of it and those below it.")


class PaymentBatchSerializer(RowSerializer[Batch]):
    """A batch. `count` and `total`: its lines in number and yuan."""

    unit = UnitRef()
    programme_name = serializers.SerializerMethodField()
    drawn_by = serializers.CharField(source="drawn_label")
    released_by = serializers.CharField(source="released_label")

    class Meta:
        model = Batch
        fields = (
            "id", "number", "unit", "programme", "programme_name", "pay_on", "state", "count", "total", "drawn_by",
            "released_by", "released_at", "settled_at", "created_at", "version",
        )  # fmt: skip

    def get_programme_name(self, row: Batch) -> str:
        """In the caller's language; empty for a batch of all programmes."""
        return programme_name(row.programme) if row.programme else ""


class BatchProgressSerializer(serializers.Serializer[Any]):
    """How far the bank has answered, and how much of that stands in the ledger."""

    lines = serializers.IntegerField()
    answered = serializers.IntegerField()
    posted = serializers.IntegerField()
    paid = serializers.IntegerField()
    returned = serializers.IntegerField()


class BatchFileSerializer(RowSerializer[BatchFile]):
    """A file. `digest`: its SHA-256."""

    by = serializers.CharField(source="label")

    class Meta:
        model = BatchFile
        fields = ("id", "kind", "name", "digest", "count", "total", "by", "created_at")


class PaymentBatchInFullSerializer(PaymentBatchSerializer):
    """A batch with its files and how far it is."""

    progress = BatchProgressSerializer(source="told_progress")
    files = BatchFileSerializer(source="told_files", many=True)

    class Meta(PaymentBatchSerializer.Meta):
        fields = (*PaymentBatchSerializer.Meta.fields, "progress", "files")  # type: ignore[assignment]


class BeginBatchSerializer(serializers.Serializer[Any]):
    """Whose budget pays; without a programme everything that it owes."""

    unit = VisibleField(Unit)
    programme = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


class BegunSerializer(serializers.Serializer[Any]):
    """The work item with which it begins."""

    work_item = serializers.UUIDField(allow_null=True)


class BankAnswerSerializer(serializers.Serializer[Any]):
    """The bank's file."""

    file = serializers.FileField(allow_empty_file=True, help_text=".xlsx, .xls, .csv")


BEGIN = OpenApiExample(
    "begin",
    value={"unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "programme": "special_support"},
    request_only=True,
)


@extend_schema_view(list=extend_schema(summary="Payment batches"))
class PaymentBatches(Resource):
    """Orders to the bank."""

    model = Batch
    serializer_class = PaymentBatchSerializer
    filterset_class = BatchFilters
    related = ("unit",)
    orderings = {"created_at": "created_at"}
    ordering = "-created_at"
    required_actions = {
        "list": "batch.read",
        "retrieve": "batch.read",
        "create": "batch.write",
        "file": "batch.write",
        "answer": "batch.write",
    }

    def get_parsers(self) -> list[Any]:
        """A file comes as a form, everything else as JSON."""
        uploads = getattr(self, "action_map", {}).get("post") == "answer"
        return [AnswerForm()] if uploads else super().get_parsers()

    @extend_schema(summary="One batch", responses=PaymentBatchInFullSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With its files and progress."""
        return self._in_full(self.find())

    @extend_schema(
        summary="Begin a batch", request=BeginBatchSerializer, responses={201: BegunSerializer}, examples=[BEGIN]
    )
    def create(self, request: Request) -> Response:
        """It waits in the finance officers' inbox to be drawn up."""
        asked = self.given(BeginBatchSerializer)
        path = asked["unit"].path
        if not may(self.user, "batch.write", path=path):
            raise NotAllowed
        instance = payments.start_batch(**asked, actor=self.actor("batch.write", path), now=self.now)
        item = instance.work_items.first()
        return Response({"work_item": item.pk if item else None}, status=201)

    @extend_schema(summary="The file for the bank", responses={(200, XLSX): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], renderer_classes=[JSONRenderer, WorkbookRenderer])
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """Account numbers in full: only for who pays there, and itself an event."""
        row = self.get_object()
        if not self.may_here(row):
            raise NotAllowed
        found = row.files.filter(kind=BatchFile.Kind.ORDER).select_related("batch__unit").first()
        if found is None:
            raise NotFound
        batches.downloaded(file=found, actor=self.actor("batch.write", row.unit.path), now=self.now)
        kind = XLSX if found.name.endswith(".xlsx") else "text/csv; charset=utf-8"
        response = HttpResponse(decrypt_bytes(found.content), content_type=kind)
        response["Content-Disposition"] = f'attachment; filename="{found.name}"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @extend_schema(
        summary="Read in the bank's answer",
        request={"multipart/form-data": BankAnswerSerializer},
        responses={202: PaymentBatchInFullSerializer},
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Compared line by line; a job posts it portion by portion, see `progress`. The same file twice is one."""
        row = self.get_object()
        file = self.given(BankAnswerSerializer)["file"]
        actor = self.actor("batch.write", row.unit.path)
        answers.take(batch=row, name=file.name, content=file.read(), actor=actor, now=self.now)
        return self._in_full(row, status=202)

    def _in_full(self, row: Batch, status: int = 200) -> Response:
        row.told_progress = posting.progress(row)  # type: ignore[attr-defined]
        row.told_files = row.files.defer("content").order_by("created_at", "id")  # type: ignore[attr-defined]
        return Response(PaymentBatchInFullSerializer(row, context=self.get_serializer_context()).data, status=status)


class TransferFilters(Filters):
    """What the lines of batches are narrowed by."""

    batch = django_filters.UUIDFilter(field_name="batch_id")
    payable = django_filters.UUIDFilter(field_name="payable_id")
    state = django_filters.ChoiceFilter(choices=Transfer.State.choices)


class TransferSerializer(RowSerializer[Transfer]):
    """A line of a batch. `state`: `waiting` is not received yet, whatever `answer` says before it is posted."""

    payee = serializers.CharField(source="payee_label")
    account = serializers.CharField(source="account_tail")

    class Meta:
        model = Transfer
        fields = (
            "id", "batch", "number", "payable", "payee", "account", "amount", "state", "answer", "answered_on",
            "reason",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="Lines of payment batches"), retrieve=extend_schema(summary="One line of a batch")
)
class Transfers(Resource):
    """What each line of a batch pays to whom, and what the bank said."""

    model = Transfer
    serializer_class = TransferSerializer
    filterset_class = TransferFilters
    orderings = {"number": "number"}
    ordering = "number"
    required_actions = {"list": "batch.read", "retrieve": "batch.read"}
