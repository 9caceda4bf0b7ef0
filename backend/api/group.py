"""The leading group (W25, Q1, Q2, G3, S13): member units, papers by number, communities linked to leaders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, PersonRef, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.coordination import members, papers
from backend.coordination.models import Duty, GroupDocument, Link, Member
from backend.core.errors import NotAllowed
from backend.org.access import granting, may
from backend.org.models import Unit, User


class GroupEndSerializer(serializers.Serializer[Any]):
    """Until when, excluded."""

    to_date = Day()


# --- member units


class MemberFilters(Filters):
    """What the register is narrowed by."""

    office = Subtree(field_name="office__path", label="Id or code of a township.")
    ended = YesNo(field_name="to_date", lookup_expr="isnull", exclude=True, label="true: no members any more.")


class MemberSerializer(RowSerializer[Member]):
    """A member unit; its correspondents and heads by name, as of today."""

    office = UnitRef()
    unit = UnitRef()
    department = serializers.CharField(source="unit.sort", help_text="A code of the list department; or empty.")
    correspondents = serializers.SerializerMethodField()
    heads = serializers.SerializerMethodField()

    class Meta:
        model = Member
        fields = (
            "id", "office", "unit", "department", "correspondents", "heads", "from_date", "to_date", "version",
        )  # fmt: skip

    def get_correspondents(self, member: Member) -> list[str]:
        """One each, usually; none: nobody can report."""
        return self._people(member)["correspondent"]

    def get_heads(self, member: Member) -> list[str]:
        """Who signs."""
        return self._people(member)["head"]

    def _people(self, member: Member) -> dict[str, list[str]]:
        view = self.context["view"]
        found: dict[UUID, dict[str, list[str]]] = view.__dict__.setdefault("people", {})
        if member.unit_id not in found:
            found |= members.people_of([member.unit_id], timezone.localdate(view.now))
        return found[member.unit_id]


class MemberEntrySerializer(serializers.Serializer[Any]):
    """A unit that joins."""

    office = VisibleField(Unit, help_text="The township whose leading group it is.")
    unit = VisibleField(Unit, help_text="A community or department there.")
    from_date = Day()


@extend_schema_view(list=extend_schema(summary="Member units"), retrieve=extend_schema(summary="One member unit"))
class GroupMembers(Resource):
    """The units of a leading group, each with one correspondent and its head."""

    model = Member
    serializer_class = MemberSerializer
    filterset_class = MemberFilters
    related = ("unit", "office")
    orderings = {"from_date": "from_date"}
    required_actions = {
        "list": "group_member.read",
        "retrieve": "group_member.read",
        "create": "group_member.write",
        "end": "group_member.write",
    }

    @extend_schema(summary="Add a member unit", request=MemberEntrySerializer, responses={201: MemberSerializer})
    def create(self, request: Request) -> Response:
        """It reports from the next month on."""
        given = self.given(MemberEntrySerializer)
        office: Unit = given["office"]
        if not may(self.user, "group_member.write", path=office.path):
            raise NotAllowed
        made = members.add_member(**given, actor=self.actor("group_member.write", office.path), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End a membership", request=GroupEndSerializer, responses=MemberSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """What it reported stays."""
        row: Member = self.get_object()
        actor = self.actor("group_member.write", row.unit_path)
        done = members.end_member(member=row, **self.given(GroupEndSerializer), actor=actor, now=self.now)
        return Response(self.represent(done))

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page, with the people of all its units by one statement."""
        page = super().paginate_queryset(queryset)
        units = [row.unit_id for row in page or ()]
        self.__dict__["people"] = members.people_of(units, timezone.localdate(self.now)) if units else {}
        return page


# --- papers


class GroupDocumentFilters(Filters):
    """What the register of papers is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=GroupDocument.Kind.choices)
    number = django_filters.CharFilter(lookup_expr="icontains", max_length=60)


class GroupDutySerializer(RowSerializer[Duty]):
    """What the paper asks of a unit."""

    unit = UnitRef()

    class Meta:
        model = Duty
        fields = ("id", "unit", "text", "due_on")


class GroupDocumentSerializer(RowSerializer[GroupDocument]):
    """A paper of the register. `place`: where the paper itself is kept; `digest`: of a file that the system made."""

    office = UnitRef()
    duties = GroupDutySerializer(many=True)
    registered_by = serializers.CharField(source="registered_label")

    class Meta:
        model = GroupDocument
        fields = (
            "id", "office", "kind", "number", "title", "issuer", "issued_on", "place", "digest", "duties",
            "registered_by", "version",
        )  # fmt: skip


class GroupDocumentEntrySerializer(serializers.Serializer[Any]):
    """A paper that came from outside, or was made elsewhere."""

    office = VisibleField(Unit)
    kind = serializers.ChoiceField(choices=GroupDocument.Kind.choices)
    number = serializers.CharField(max_length=60, help_text="文号, as it stands on the paper.")
    title = serializers.CharField(max_length=160)
    issuer = serializers.CharField(max_length=80)
    issued_on = Day()
    place = serializers.CharField(max_length=160, required=False, allow_blank=True)


class DutyEntrySerializer(serializers.Serializer[Any]):
    """What it asks of one unit."""

    unit = VisibleField(Unit)
    text = serializers.CharField(max_length=400)
    due_on = Day(required=False)


PAPER = OpenApiExample(
    "paper",
    value={
        "office": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "kind": "guiding", "number": "甘人口委发〔2013〕2号",
        "title": "关于开展创建幸福家庭活动的通知", "issuer": "省人口委", "issued_on": "2013-01-10",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(list=extend_schema(summary="Papers of the group"), retrieve=extend_schema(summary="One paper"))
class GroupDocuments(Resource):
    """The register of papers with their document numbers, plans with the duties of each unit."""

    model = GroupDocument
    serializer_class = GroupDocumentSerializer
    filterset_class = GroupDocumentFilters
    related = ("office",)
    orderings = {"issued_on": "issued_on"}
    ordering = "-issued_on"
    required_actions = {
        "list": "group_document.read",
        "retrieve": "group_document.read",
        "create": "group_document.write",
        "duties": "group_document.write",
    }

    def get_queryset(self) -> QuerySet[GroupDocument]:
        """With what each asks of whom."""
        return super().get_queryset().prefetch_related(Prefetch("duties", _duties()))

    @extend_schema(
        summary="Register a paper",
        request=GroupDocumentEntrySerializer,
        responses={201: GroupDocumentSerializer},
        examples=[PAPER],
    )
    def create(self, request: Request) -> Response:
        """Each number once."""
        given = self.given(GroupDocumentEntrySerializer)
        office: Unit = given["office"]
        if not may(self.user, "group_document.write", path=office.path):
            raise NotAllowed
        made = papers.register_document(**given, actor=self.actor("group_document.write", office.path), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="Add a duty", request=DutyEntrySerializer, responses={201: GroupDocumentSerializer})
    @action(detail=True, methods=["post"])
    def duties(self, request: Request, pk: UUID) -> Response:
        """What the paper asks of a unit."""
        row: GroupDocument = self.get_object()
        actor = self.actor("group_document.write", row.unit_path)
        papers.add_duty(document=row, **self.given(DutyEntrySerializer), actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)


def _duties() -> QuerySet[Duty]:
    return Duty.objects.select_related("unit").order_by("unit__path", "created_at", "id")


# --- leaders and their communities


class LinkFilters(Filters):
    """What the list of links is narrowed by."""

    leader = django_filters.UUIDFilter(field_name="leader_id")
    unit = django_filters.UUIDFilter(field_name="unit_id")
    ended = YesNo(field_name="to_date", lookup_expr="isnull", exclude=True, label="true: those that ended.")


class LinkSerializer(RowSerializer[Link]):
    """A leader and the community that reports to that leader."""

    office = UnitRef()
    leader = PersonRef()
    unit = UnitRef()

    class Meta:
        model = Link
        fields = ("id", "office", "leader", "unit", "from_date", "to_date", "version")


class LinkEntrySerializer(serializers.Serializer[Any]):
    """Who, and which community."""

    office = VisibleField(Unit)
    leader = serializers.UUIDField(help_text="One of leader-links/leaders/.")
    unit = VisibleField(Unit)
    from_date = Day()

    default_error_messages = {"does_not_exist": _("There is no such entry, or it does not concern you.")}


class LeaderSerializer(serializers.Serializer[Any]):
    """Somebody who heads a unit."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    unit = serializers.CharField()


@extend_schema_view(list=extend_schema(summary="Leaders' communities"), retrieve=extend_schema(summary="One link"))
class LeaderLinks(Resource):
    """Leaders hear what their communities report, and decide on people, money and goods."""

    model = Link
    serializer_class = LinkSerializer
    filterset_class = LinkFilters
    related = ("office", "leader", "unit")
    orderings = {"from_date": "from_date"}
    required_actions = {
        "list": "leader_link.read",
        "retrieve": "leader_link.read",
        "leaders": "leader_link.write",
        "create": "leader_link.write",
        "end": "leader_link.write",
    }

    @extend_schema(summary="Who can be linked", responses=LeaderSerializer(many=True), filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def leaders(self, request: Request) -> Response:
        """Heads of units at and below the places of the caller."""
        return Response([{"id": user.pk, "name": user.name, "unit": unit} for user, unit in self._leaders()])

    @extend_schema(summary="Link a community", request=LinkEntrySerializer, responses={201: LinkSerializer})
    def create(self, request: Request) -> Response:
        """From that day on its reports go to the leader, too."""
        given = self.given(LinkEntrySerializer)
        office: Unit = given["office"]
        if not may(self.user, "leader_link.write", path=office.path):
            raise NotAllowed
        leader = next((user for user, _unit in self._leaders() if user.pk == given["leader"]), None)
        if leader is None:
            message = str(LinkEntrySerializer.default_error_messages["does_not_exist"])
            raise serializers.ValidationError({"leader": [message]}, code="does_not_exist")
        given["leader"] = leader
        made = members.link_leader(**given, actor=self.actor("leader_link.write", office.path), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End a link", request=GroupEndSerializer, responses=LinkSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """Another leader may follow."""
        row: Link = self.get_object()
        actor = self.actor("leader_link.write", row.unit_path)
        done = members.end_link(link=row, **self.given(GroupEndSerializer), actor=actor, now=self.now)
        return Response(self.represent(done))

    def _leaders(self) -> list[tuple[User, str]]:
        today, found = timezone.localdate(self.now), dict[UUID, tuple[User, str]]()
        for office in Unit.objects.filter(pk__in=self._offices()).order_by("path"):
            found |= {user.pk: (user, unit) for user, unit in members.leaders(office, today)}
        return list(found.values())

    def _offices(self) -> list[UUID]:
        return [grant.unit_id for grant in granting(self.user, "leader_link.write")]
