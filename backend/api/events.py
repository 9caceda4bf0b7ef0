"""Events: what happened, who did it, and whether the record is whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

import django_filters
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Moment, RowSerializer, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.audit.models import Event
from backend.audit.timeline import reason, sentence
from backend.audit.verification import PORTION, verify
from backend.cases.models import Case
from backend.org.access import may

TECHNICAL = ("timer.fired", "decision.made", "message.received", "instance.started", "instance.ended")
"""What the engine tells of itself; every one of them also shows in what it caused."""

ABOUT: Mapping[str, tuple[str, ...]] = {
    "work": ("work_item.",),
    "people": ("family.", "person.", "consent."),
    "helpers": ("offer.", "pairing.", "helpers.", "helper.", "difference.", "round."),
    "visits": ("visit.",),
    "decisions": ("review.", "decision."),
    "audits": ("finding.", "sample."),
    "course": ("case.", "instance.", "message.", "timer."),
    "reads": (
        "person.revealed", "access_ticket.", "roster.downloaded", "case.exported", "visit.photo_seen",
        "round.downloaded",
    ),
}  # fmt: skip
"""What a history is narrowed to → how the actions begin. `reads`: somebody looked at or took away what is sensitive."""

ABOUT_EVENTS: Mapping[str, tuple[str, ...]] = {
    **ABOUT,
    "accounts": ("user.", "login.", "token.", "password.", "second_factor.", "membership.", "deputy."),
    "system": ("unit.", "process.", "roster.", "parameter.", "code.", "job."),
}
"""The same for all events: also what is about no family."""


def about(subject: str) -> Q:
    """The condition "the event is about this"."""
    return reduce(or_, (Q(action__startswith=begin) for begin in ABOUT_EVENTS[subject]))


class EventFilters(Filters):
    """What the list of events is narrowed by."""

    case = django_filters.UUIDFilter(field_name="case_id")
    family = django_filters.UUIDFilter(field_name="family_id")
    actor = django_filters.UUIDFilter(field_name="actor_id")
    action = django_filters.CharFilter(max_length=60)
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: what happened there and below it.")
    object = django_filters.CharFilter(field_name="object_id", max_length=40)
    others = YesNo(method="by_others", label="true: what the caller did not do.")
    technical = YesNo(method="by_technical", label="false: without what the engine tells of itself.")
    about = django_filters.ChoiceFilter(choices=[(name, name) for name in ABOUT_EVENTS], method="by_subject")
    at_from = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    at_before = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")
    about_case = YesNo(method="by_about_case", label="true: what belongs to a case.")

    def by_others(self, queryset: Any, name: str, value: bool) -> Any:
        """What others did, or the caller."""
        own = Q(actor_id=self.request.user.pk)
        return queryset.exclude(own) if value else queryset.filter(own)

    def by_technical(self, queryset: Any, name: str, value: bool) -> Any:
        """What the engine tells of itself, or the rest."""
        return queryset.filter(action__in=TECHNICAL) if value else queryset.exclude(action__in=TECHNICAL)

    def by_about_case(self, queryset: Any, name: str, value: bool) -> Any:
        """With or without a case."""
        return queryset.filter(case_id__isnull=not value)

    def by_subject(self, queryset: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """Events of one kind."""
        return queryset.filter(about(value))


class SentenceFilters(Filters):
    """What a history in sentences is narrowed by; who reads it sees all of it."""

    open_to_all = frozenset({"about", "at_from", "at_before"})

    about = django_filters.ChoiceFilter(choices=[(name, name) for name in ABOUT], method="by_subject")
    at_from = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    at_before = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")

    def by_subject(self, queryset: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """Events of one kind."""
        return queryset.filter(about(value))


class SentenceSerializer(RowSerializer[Event]):
    """An event as a sentence in the caller's language."""

    sentence = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = ("id", "at", "action", "actor", "role", "unit", "sentence", "reason")

    def get_reason(self, event: Event) -> str:
        """Why, in words."""
        return reason(event, language=get_language() or "zh-hans")

    def get_sentence(self, event: Event) -> str:
        """Who did what; why a table decided as it did, to who works with the family."""
        works_there = may(self.context["view"].user, "person.care", path=event.unit_path)
        return sentence(event, language=get_language() or "", opened=works_there)


class AboutSerializer(serializers.Serializer[Any]):
    """The case that an event belongs to, for whoever sees it."""

    number = serializers.CharField()
    family_label = serializers.CharField()


class EventSerializer(SentenceSerializer):
    """An event with everything it tells, its place in its chain, and its seal."""

    about = serializers.SerializerMethodField()
    digest = serializers.SerializerMethodField(help_text="SHA-256, hexadecimal.")

    class Meta(SentenceSerializer.Meta):
        fields = (
            *SentenceSerializer.Meta.fields, "actor_id", "unit_id", "case_id", "family_id", "about", "object_kind",
            "object_id", "object_label", "data", "request_id", "chain", "seq", "digest",
        )  # type: ignore[assignment]  # fmt: skip

    @extend_schema_field(AboutSerializer(allow_null=True))
    def get_about(self, event: Event) -> dict[str, str] | None:
        """Its case's number and family."""
        number = getattr(event, "case_number", None)
        return {"number": number, "family_label": event.family_label} if number else None  # type: ignore[attr-defined]

    def get_digest(self, event: Event) -> str:
        """Hexadecimal."""
        return bytes(event.digest).hex()


def sentences_of(events: Iterable[Event], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events as sentences, as the caller may read them."""
    presenter = SentenceSerializer(context=context)
    return [presenter.to_representation(event) for event in events]


class FaultSerializer(serializers.Serializer[Any]):
    """One thing that is not as it was written: altered, missing, reordered, foreign, unlinked, head, seal."""

    chain = serializers.CharField()
    seq = serializers.IntegerField(allow_null=True)
    id = serializers.UUIDField(allow_null=True)
    what = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    """Whether what was read is as it was written; `faults` names the first hundred of `count`."""

    ok = serializers.BooleanField()
    next = serializers.CharField(
        allow_null=True, help_text="The next request's `after`; null: this was the end, and all of it was read."
    )
    chains = serializers.IntegerField()
    events = serializers.IntegerField()
    count = serializers.IntegerField()
    faults = FaultSerializer(many=True)


class ExtentSerializer(serializers.Serializer[Any]):
    """How much to verify: one case's chain, or what happened since a time; by default everything, by portions."""

    case = VisibleField(Case, required=False)
    since = Moment(required=False)
    after = serializers.CharField(
        required=False, max_length=80, trim_whitespace=False, help_text="`next` of the portion before."
    )

    default_error_messages = {"place": _("This is no place that an answer named as `next`.")}

    def validate_after(self, place: str) -> str:
        """A chain's name or a seal's #number. Raises ValidationError."""
        if re.match(r"#(?!\d{1,9}\Z)", place):
            raise serializers.ValidationError(self.error_messages["place"], code="place")
        return place


@extend_schema_view(list=extend_schema(summary="Events"), retrieve=extend_schema(summary="One event"))
class Events(Resource):
    """What happened. Events can only be added; each is sealed to the one before it."""

    model = Event
    serializer_class = EventSerializer
    filterset_class = EventFilters
    orderings = {"at": "at"}
    ordering = "-at"
    required_actions = {
        "list": ("event.read", "event.system"),
        "retrieve": ("event.read", "event.system"),
        "verify": "event.verify",
    }

    def get_queryset(self) -> Any:
        """Events, each with the number and family of its case."""
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        case = Case.objects.visible_to(self.user).filter(pk=OuterRef("case_id"))
        number, label = case.values("number")[:1], case.values("family__label")[:1]
        return rows.annotate(case_number=Subquery(number), family_label=Subquery(label))

    @extend_schema(
        summary="Is the history as it was written?", parameters=[ExtentSerializer], responses=VerdictSerializer
    )
    @action(detail=False, filterset_class=None, pagination_class=None)
    def verify(self, request: Request) -> Response:
        """Checks of every event its content, its place and its seal.

        One request reads about ten thousand events; the history of years takes many. It is whole when the last of them
        (`next` is null) and all before it were `ok`. At one go: `manage.py verify_history`.
        """
        asked = ExtentSerializer(data=request.query_params, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        extent = asked.validated_data
        verdict = verify(
            chain=f"case:{extent['case'].pk}" if "case" in extent else "",
            since=extent.get("since"),
            after=extent.get("after", ""),
            enough=PORTION,
        )
        return Response({**VerdictSerializer(verdict).data, "next": verdict.next or None})
