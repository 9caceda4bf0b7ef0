"""The yearly survey: rounds village by village with their progress, and the families to be surveyed in them.

A family is asked through household intake: `begin` brings it to an inbox, completing that work item settles it here.
The round itself is closed by its work items (process `survey_round`).
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, PersonRef, ProgrammeField, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.families import ask_again_on, asked_too_soon
from backend.census import rounds, targets
from backend.census.models import LATE, SETTLED, SurveyRound, SurveyTarget
from backend.census.rounds import Progress
from backend.core.errors import NotAllowed, NotFound
from backend.org.access import Actor, may
from backend.org.models import Unit, User
from workflows import survey_rounds
from workflows.models import WorkItem

MOST = 200
"""Families in one call."""


class SurveyRoundFilters(Filters):
    """What the list of rounds is narrowed by."""

    state = django_filters.ChoiceFilter(choices=SurveyRound.State.choices)
    year = django_filters.NumberFilter()
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: villages there and below it.")


class SurveyRoundSerializer(RowSerializer[SurveyRound]):
    """A village's survey of a year. `settled` of `listed` families have a result; `behind`: fewer than `threshold`
    percent; `missed`: not reached, with a reason."""

    unit = UnitRef()
    listed = serializers.IntegerField()
    settled = serializers.IntegerField()
    missed = serializers.IntegerField()
    percent = serializers.SerializerMethodField()
    behind = serializers.SerializerMethodField()
    opened_by = serializers.CharField(source="opened_label")
    closed_by = serializers.CharField(source="closed_label")

    class Meta:
        model = SurveyRound
        fields = (
            "id", "unit", "year", "opens_on", "warn_on", "closes_on", "threshold", "state", "listed", "settled",
            "missed", "percent", "behind", "measure", "opened_by", "closed_at", "closed_by", "version",
        )  # fmt: skip

    def get_percent(self, row: SurveyRound) -> int:
        """Rounded down."""
        return _progress(row).percent

    def get_behind(self, row: SurveyRound) -> bool:
        """Whether it is below the threshold now."""
        return _progress(row).is_behind(row.threshold)


def _progress(row: Any) -> Progress:
    return Progress(row.listed, row.settled)


class SurveyFiguresSerializer(serializers.Serializer[Any]):
    """The closing report: families by state as they stood at the end; `reselect`: helpers to be chosen anew."""

    states = serializers.DictField(child=serializers.IntegerField())
    reselect = serializers.IntegerField()


class SurveyRoundInFullSerializer(SurveyRoundSerializer):
    """With its closing report; null while it is open."""

    figures = serializers.SerializerMethodField()

    class Meta(SurveyRoundSerializer.Meta):
        fields = (*SurveyRoundSerializer.Meta.fields, "figures")  # type: ignore[assignment]

    @extend_schema_field(SurveyFiguresSerializer(allow_null=True))
    def get_figures(self, row: SurveyRound) -> dict[str, Any] | None:
        """Numbers only."""
        return row.figures or None


class OpenSurveyRoundSerializer(serializers.Serializer[Any]):
    """Which village; `closes_on`: another last day than this year's, for instance when that has passed."""

    unit = VisibleField(Unit)
    closes_on = Day(required=False, allow_null=True, default=None)


OPEN = OpenApiExample("open", value={"unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11"}, request_only=True)


@extend_schema_view(list=extend_schema(summary="Yearly surveys, village by village"))
class SurveyRounds(Resource):
    """One for each village and year; they begin by themselves on the day of the parameter `survey_round.days`."""

    model = SurveyRound
    serializer_class = SurveyRoundSerializer
    filterset_class = SurveyRoundFilters
    related = ("unit",)
    orderings = {"closes_on": "closes_on"}
    ordering = "-closes_on"
    required_actions = {
        "list": "survey_round.read",
        "retrieve": "survey_round.read",
        "create": "survey_round.write",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """With their progress."""
        return super().get_queryset().counted()  # type: ignore[attr-defined, no-any-return]

    @extend_schema(summary="One yearly survey", responses=SurveyRoundInFullSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With its closing report."""
        return self._in_full(self.find())

    @extend_schema(
        summary="Begin a village's yearly survey by hand",
        request=OpenSurveyRoundSerializer,
        responses={201: SurveyRoundInFullSerializer},
        examples=[OPEN],
    )
    def create(self, request: Request) -> Response:
        """Before its day, or for a village that had no families then."""
        asked = self.given(OpenSurveyRoundSerializer)
        unit = asked["unit"]
        if not may(self.user, "survey_round.write", path=unit.path):
            raise NotAllowed
        actor = self.actor("survey_round.write", unit.path)
        row = survey_rounds.start_round(**asked, actor=actor, now=self.now)
        return self._in_full(self.get_queryset().get(pk=row.pk), status=201)

    def _in_full(self, row: SurveyRound, status: int = 200) -> Response:
        context = self.get_serializer_context()
        return Response(SurveyRoundInFullSerializer(row, context=context).data, status=status)


class SurveyTargetFilters(Filters):
    """What the list of families is narrowed by."""

    round = django_filters.UUIDFilter(field_name="round_id")
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: families there and below it.")
    family = django_filters.UUIDFilter(field_name="family_id")
    state = django_filters.ChoiceFilter(choices=SurveyTarget.State.choices)
    open = YesNo(method="by_open", label="Without a result, also those marked as not reached.")
    reselect = YesNo(method="by_reselect", label="Those whose helper does not come any more: to be chosen anew.")

    def by_open(self, queryset: QuerySet[SurveyTarget], name: str, value: bool) -> QuerySet[SurveyTarget]:
        """Whether a survey is still wanted."""
        return queryset.filter(state__in=LATE if value else SETTLED)

    def by_reselect(self, queryset: QuerySet[SurveyTarget], name: str, value: bool) -> QuerySet[SurveyTarget]:
        """Whether the survey found that the helper of the file does not help."""
        changed = rounds.to_reselect(timezone.localdate())
        return queryset.filter(changed) if value else queryset.exclude(changed)


class SurveyTargetSerializer(RowSerializer[SurveyTarget]):
    """A family to be surveyed. `first`: it has no file yet; `by_contact`: only its contact asks it, and only the
    contact reads this row; `work_item`: where the asking goes on; `ask_again_on`: it refused, and is asked on that
    day, not sooner (E5)."""

    family = FamilyOfItem()
    number = serializers.CharField(source="family.number")
    address = serializers.CharField(source="family.live_address")
    contact = PersonRef(allow_null=True)
    case = serializers.SerializerMethodField()
    surveyed_on = serializers.DateField(source="survey.surveyed_on", default=None, allow_null=True)
    helper_reality = serializers.CharField(source="survey.helper_reality", default="")
    settled_by = serializers.CharField(source="settled_label")
    work_item = serializers.SerializerMethodField()
    ask_again_on = serializers.SerializerMethodField()

    class Meta:
        model = SurveyTarget
        fields = (
            "id", "round", "family", "number", "address", "first", "by_contact", "contact", "case", "state", "reason",
            "note", "surveyed_on", "helper_reality", "settled_at", "settled_by", "work_item", "ask_again_on",
            "version",
        )  # fmt: skip

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_case(self, row: SurveyTarget) -> str | None:
        """The case that the survey belongs to."""
        return str(row.case_id) if row.case_id else None

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_work_item(self, row: SurveyTarget) -> str | None:
        """The open item of the survey; told for a single row and in lists."""
        found = self.context["view"].work_items.get(row.case_id) if row.case_id else None
        return str(found) if found else None

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_ask_again_on(self, row: SurveyTarget) -> str | None:
        """Null when it may be asked today."""
        if row.state not in LATE or not asked_too_soon(row.family, timezone.localdate(self.context["view"].now)):
            return None
        day = ask_again_on(row.family)
        return day.isoformat() if day else None


class BeginSurveySerializer(serializers.Serializer[Any]):
    """The programme in which a family without any case gets its file."""

    programme = ProgrammeField(required=False, allow_null=True, default=None)


class SurveyMissedSerializer(serializers.Serializer[Any]):
    """Why these families were not reached; all or none."""

    targets = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)
    reason = serializers.CharField(max_length=20, help_text="A code of the list survey_missed.")
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class SurveyMissedCountSerializer(serializers.Serializer[Any]):
    """How many were written."""

    recorded = serializers.IntegerField()


class SurveyContactSerializer(serializers.Serializer[Any]):
    """Who asks from now on, and why."""

    contact = VisibleField(User)
    reason = Reason()


MISSED = OpenApiExample(
    "missed",
    value={"targets": ["0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c13"], "reason": "away"},
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Families to be surveyed"), retrieve=extend_schema(summary="One family to be surveyed")
)
class SurveyTargets(Resource):
    """The families of yearly surveys. Bereaved families are shown to the contact they know, and to nobody else."""

    model = SurveyTarget
    serializer_class = SurveyTargetSerializer
    filterset_class = SurveyTargetFilters
    related = ("family__unit", "contact", "survey")
    orderings = {"place": "unit_path"}
    ordering = "id"
    required_actions = {
        "list": "survey_round.read",
        "retrieve": "survey_round.read",
        "begin": "survey_round.ask",
        "missed": ("survey_round.ask", "survey_contact.write"),
        "contact": "survey_contact.write",
    }

    @property
    def work_items(self) -> dict[Any, Any]:
        """Case → the open item of its survey, of the rows at hand; one statement."""
        if not hasattr(self, "_items"):
            self._items = self._open_items()
        return self._items

    def _open_items(self) -> dict[Any, Any]:
        rows = getattr(self, "_rows", ())
        cases = [row.case_id for row in rows if row.case_id]
        if not cases:
            return {}
        open_items = WorkItem.objects.visible_to(self.user).filter(case__in=cases, process=survey_rounds.INTAKE)
        found = open_items.filter(state=WorkItem.State.OPEN).order_by("created_at", "id")
        return dict(found.values_list("case_id", "pk"))

    def paginate_queryset(self, queryset: Any) -> Any:
        """The page's rows are known before they are shown."""
        self._rows = super().paginate_queryset(queryset) or []
        return self._rows

    def represent(self, row: Any) -> dict[str, Any]:
        """A single row brings its item along, too."""
        if not hasattr(self, "_rows"):
            self._rows = [row]
        return super().represent(row)

    @extend_schema(summary="Begin to ask the family", request=BeginSurveySerializer, responses=SurveyTargetSerializer)
    @action(detail=True, methods=["post"])
    def begin(self, request: Request, pk: str) -> Response:
        """Household intake for it: its first file, or the file looked through again. One under way goes on."""
        row, programme = self.get_object(), self.given(BeginSurveySerializer)["programme"]
        actor = self._actor(row)
        survey_rounds.begin_survey(target=row, programme=programme, actor=actor, now=self.now)
        return self._again(row)

    @extend_schema(
        summary="Say why families were not reached",
        request=SurveyMissedSerializer,
        responses=SurveyMissedCountSerializer,
        examples=[MISSED],
    )
    @action(detail=False, methods=["post"])
    def missed(self, request: Request) -> Response:
        """Signed by whoever says so. A later survey still counts."""
        asked = self.given(SurveyMissedSerializer)
        wanted = set(asked.pop("targets"))
        mine = SurveyTarget.objects.reached(self.user, "survey_round.ask").filter(pk__in=wanted)
        rows = list(mine.order_by("id"))
        if len(rows) != len(wanted):
            raise NotFound
        told = targets.give_reason(targets=rows, **asked, actor=self.actor(), now=self.now)
        return Response({"recorded": len(told)})

    @extend_schema(summary="Name who asks the family", request=SurveyContactSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def contact(self, request: Request, pk: str) -> Response:
        """Whom the family knows. From then on only this person reads the row."""
        row, asked = self.get_object(), self.given(SurveyContactSerializer)
        actor = self.actor("survey_contact.write", row.unit_path)
        survey_rounds.name_contact(target=row, **asked, actor=actor, now=self.now)
        return Response(status=204)

    def _actor(self, row: SurveyTarget) -> Actor:
        return self.actor("survey_round.ask", row.unit_path)

    def _again(self, row: SurveyTarget) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.represent(fresh))
