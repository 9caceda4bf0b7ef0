"""Submissions: visits' records as telephones sent them, and what to do when two of them say different things."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.answers import VISITS, WHOLE_RECORD, check_form, plain, pointing, visit_form
from backend.api.fields import Answers, Reason, RowSerializer
from backend.api.filters import Filters
from backend.api.resource import Resource
from backend.api.visits import ContactSerializer
from backend.api.work_item_shapes import FamilyOfItem, VersionedSerializer
from backend.cases.models import visible_families
from backend.cases.surveys import answers_of
from backend.core.errors import NotAllowed
from backend.org.access import granting, in_subtree, may
from backend.visits.models import Submission
from backend.visits.submissions import decide_conflict, submit


class SubmissionFilters(Filters):
    """What the list of submissions is narrowed by."""

    open_to_all = frozenset({"state", "visit"})

    state = django_filters.ChoiceFilter(choices=Submission.State.choices)
    visit = django_filters.UUIDFilter(field_name="visit_id")


class SubmissionSerializer(RowSerializer[Submission]):
    """A record as a telephone sent it. `version`: that of the visit that came of it; `visit_version`: that of today."""

    visit = serializers.UUIDField(source="visit_id")
    family = serializers.SerializerMethodField()
    visit_version = serializers.IntegerField(source="visit.version")
    may_decide = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = (
            "id", "visit", "family", "state", "based_on", "version", "visit_version", "may_decide", "sent_by_label",
            "device_at", "created_at", "decided_by_label", "decided_at",
        )  # fmt: skip

    @extend_schema_field(FamilyOfItem(allow_null=True))
    def get_family(self, row: Submission) -> dict[str, Any] | None:
        """{id, label} while the caller may know the family."""
        view = self.context["view"]
        if not (view.is_in_subtree(row) or getattr(row, "family_is_own", False)):
            return None
        return {"id": str(row.visit.family_id), "label": row.visit.family.label}

    def get_may_decide(self, row: Submission) -> bool:
        """It is a conflict, and the caller may see and change both records."""
        return row.state == Submission.State.CONFLICT and self.context["view"].may_decide(row)


class SubmissionDetailSerializer(SubmissionSerializer):
    """A submission with what it says, and what the visit's record says now (null for who may not read that)."""

    sent = serializers.SerializerMethodField()
    recorded = serializers.SerializerMethodField()

    class Meta(SubmissionSerializer.Meta):
        fields = (*SubmissionSerializer.Meta.fields, "sent", "recorded")  # type: ignore[assignment]

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_sent(self, row: Submission) -> dict[str, Any]:
        """The answers that came in: all of them for whoever sent them or works with the family."""
        view = self.context["view"]
        said = answers_of(row.answers)
        return said if view.may_know(row) or row.sent_by_id == view.user.pk else plain(VISITS, WHOLE_RECORD, said)

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def get_recorded(self, row: Submission) -> dict[str, Any] | None:
        """The answers of the record: all of somebody's own word, or of a family that one works with; of another in the
        own subtree those that are not sensitive."""
        view = self.context["view"]
        is_known = view.may_know(row) or row.visit.is_written_by(view.user)
        if not (is_known or view.is_in_subtree(row)):
            return None
        said = answers_of(row.visit.answers)
        return said if is_known else plain(VISITS, WHOLE_RECORD, said)


class SubmitSerializer(ContactSerializer):
    """A visit's record from a telephone. `id` is the record's own, `visit` the planned visit's or a new one's."""

    id = serializers.UUIDField()
    visit = serializers.UUIDField()
    based_on = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=999_999_999,
        help_text="The version of the visit's record that the telephone knew; null: it knew of no record.",
    )
    reason = Reason(required=False, help_text="Why a record is corrected.")


class DecisionSerializer(VersionedSerializer):
    """What the record is to say from now on, in full. `version`: the visit's version that was shown."""

    answers = Answers()


SENT = OpenApiExample(
    "submission",
    value={
        "id": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11",
        "visit": "0198a3c2-6b10-7f00-9c3d-000000000002",
        "pairing": "0198a3c2-6b10-7f00-9c3d-000000000001",
        "based_on": None,
        "answers": {"visit_result": "not_met", "started_at": "2026-03-02T09:00:00+08:00", "channel": "home"},
    },
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Records sent by telephones"),
    retrieve=extend_schema(summary="One record as it was sent", responses=SubmissionDetailSerializer),
)
class Submissions(Resource):
    """Visits' records as telephones sent them."""

    model = Submission
    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilters
    related = ("visit__family", "visit__case", "visit__helper")
    orderings = {"created_at": "created_at"}
    ordering = "-id"
    required_actions = {
        "list": ("visit.read", "own.visit.read"),
        "retrieve": ("visit.read", "own.visit.read"),
        "create": ("visit.write", "own.visit.write"),
        "decide": ("visit.write", "own.visit.write"),
    }

    def get_queryset(self) -> Any:
        """Visible submissions; for a helper each with whether its family may be named."""
        rows = super().get_queryset().defer(
            *(("answers", "visit__answers") if self.action == "list" else ()),
            "visit__family__emergency_phone", "visit__family__notes", "visit__family__search",
            "visit__helper__certificate", "visit__helper__phone", "visit__helper__notes", "visit__helper__search",
        )  # fmt: skip
        if getattr(self, "swagger_fake_view", False) or not granting(self.user, "own.case.read"):
            return rows
        return rows.annotate(family_is_own=visible_families(self.user, "visit__family__", "case.read"))

    def seen_in_full(self) -> Q:
        """Submissions about families in the own subtree."""
        return in_subtree(self.user, "visit.read", "visit__case__unit_path")

    def is_in_subtree(self, row: Submission) -> bool:
        """The same for one row."""
        return may(self.user, "visit.read", path=row.unit_path)

    def may_know(self, row: Submission) -> bool:
        """Whether the caller works with the family."""
        return may(self.user, "person.care", path=row.unit_path)

    def is_own(self, row: Submission) -> bool:
        """What one has sent oneself, about a visit that says nothing but one's own word."""
        return row.sent_by_id == self.user.pk and row.visit.is_written_by(self.user)

    def may_decide(self, row: Submission) -> bool:
        """Who may see both may choose between them."""
        own = bool(granting(self.user, "own.visit.write")) and self.is_own(row)
        return own or may(self.user, "visit.write", path=row.unit_path)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """What was sent, and what the record says."""
        return Response(self._in_detail(self.get_object()))

    @extend_schema(
        summary="Send a visit's record",
        request=SubmitSerializer,
        responses={200: SubmissionDetailSerializer, 201: SubmissionDetailSerializer},
        examples=[SENT],
    )
    def create(self, request: Request) -> Response:
        """201: `state` says whether it was taken over or stands against another record; 200: it had come in before."""
        given = self.given(SubmitSerializer)
        pairing = given.get("pairing")
        case = pairing.case if pairing else given["case"]
        own = pairing is not None and pairing.helper.user_id == self.user.pk and granting(self.user, "own.visit.write")
        if not own and not may(self.user, "visit.write", path=case.unit_path):
            raise NotAllowed
        with pointing("/answers"):
            check_form(VISITS, visit_form(self.user), given["answers"])
            row = submit(
                id=given["id"],
                visit_id=given["visit"],
                case=case,
                pairing=pairing,
                answers=given["answers"],
                based_on=given.get("based_on"),
                reason=given.get("reason") or str(_("Corrected by who made the visit.")),
                device_at=given.get("device_at"),
                actor=self.actor("own.visit.write" if own else "visit.write", None if own else case.unit_path),
                now=self.now,
            )
        fresh = row.created_at == self.now
        return Response(self._in_detail(self.get_queryset().get(pk=row.pk)), status=201 if fresh else 200)

    @extend_schema(
        summary="Decide between two records", request=DecisionSerializer, responses=SubmissionDetailSerializer
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: UUID) -> Response:
        """The record says from now on what the answers say; the history keeps both, sealed."""
        row = self.get_object()
        given = self.given(DecisionSerializer)
        with pointing("/answers"):
            check_form(VISITS, visit_form(self.user), given["answers"])
            decide_conflict(
                submission=row,
                answers=given["answers"],
                actor=self.actor("visit.write" if self.is_in_subtree(row) else "own.visit.write"),
                now=self.now,
                version=self.version(),
            )
        return Response(self._in_detail(self.get_queryset().get(pk=row.pk)))

    def _in_detail(self, row: Submission) -> dict[str, Any]:
        shown: dict[str, Any] = SubmissionDetailSerializer(context=self.get_serializer_context()).to_representation(row)
        return shown
