"""Persons: the members of families. Identity numbers, telephone numbers and health leave only through `reveal`.

Whoever reads people without working with them (auditors, the data protection officer) sees neither a child's name nor
anybody's disability: `closed` names what is not shown, and an access ticket opens it field by field.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities.certificates import masked
from backend.api.fields import Day, Reason, RowSerializer, StrictSerializer, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.families import REVEALABLE, add_person, update_person
from backend.cases.masks import closed_fields, masked_phone, named_like, of_age, works_with_all
from backend.cases.models import Family, Person
from backend.cases.rosters.codes import CERTIFICATE
from backend.core.errors import NotAllowed
from backend.org.access import in_subtree, may
from workflows.deaths import record_death
from workflows.tickets import look


class PersonFilters(Filters):
    """What the list of persons is narrowed by."""

    q = django_filters.CharFilter(
        method="by_text", max_length=60, label="Name or its initials, the family's number, or its address."
    )
    family = django_filters.UUIDFilter(field_name="family_id")
    unit = Subtree(field_name="family__unit__path", label="Id or code of a unit: its people and those below it.")
    status = django_filters.ChoiceFilter(choices=[(code, code) for code in ("present", "left", "dead")])
    sex = django_filters.ChoiceFilter(choices=[(code, code) for code in "0129"])

    def by_text(self, queryset: QuerySet[Person], name: str, value: str) -> QuerySet[Person]:
        """People by their own name or initials, where it is shown, or by the family's number or address.

        All of that stands in the family's search text as well, whose index finds the few families to look at.
        """
        text, user = value.strip(), self.request.user
        own = named_like(text)
        if not works_with_all(user):
            own &= of_age(timezone.localdate()) | in_subtree(user, "person.care", "family__unit__path")
        place = Q(family__number=text) | Q(family__live_address__contains=text)
        return queryset.filter(own | place, family__search__contains=text.lower())


WITHOUT_EMPTY = frozenset({"birth_date", "self_care", "disability_grade"})
"""Fields that are null where there is nothing, not an empty text."""


class PersonSerializer(RowSerializer[Person]):
    """A person as lists show them. Of the certificate's number only the last characters are told."""

    family = FamilyOfItem()
    phone_masked = serializers.SerializerMethodField(help_text="The first three and the last four digits.")
    closed = serializers.SerializerMethodField(help_text="Fields that the caller sees by an access ticket only.")

    class Meta:
        model = Person
        fields = (
            "id", "family", "relation", "is_head", "name", "alias", "certificate_kind", "certificate_tail", "sex",
            "birth_date", "birth_is_lunar", "phone_masked", "closed", "status", "version",
        )  # fmt: skip

    def get_phone_masked(self, person: Person) -> str:
        """Enough to know it again, not to call it; empty when there is none."""
        return masked_phone(person.phone)

    def get_closed(self, person: Person) -> list[str]:
        """What does not concern the caller: a minor's identity, and what care goes by."""
        view = self.context["view"]
        cares = may(view.user, "person.care", path=person.unit_path)
        fields = closed_fields(person, cares=cares, day=timezone.localdate(view.now))
        return [name for name in fields if name in self.fields]

    def to_representation(self, instance: Person) -> dict[str, Any]:
        """Without what is closed to the caller; of a child's name the first character."""
        shown: dict[str, Any] = super().to_representation(instance)
        for name in shown["closed"]:
            shown[name] = masked(instance.name) if name == "name" else None if name in WITHOUT_EMPTY else ""
        return shown


class PersonDetailSerializer(PersonSerializer):
    """A person. Health, the whole identity number and the whole telephone number: see reveal."""

    class Meta(PersonSerializer.Meta):
        fields = (
            *PersonSerializer.Meta.fields, "ethnicity", "marriage", "self_care", "disability_kind",
            "disability_grade", "died_on", "updated_at",
        )  # type: ignore[assignment]  # fmt: skip


class PersonChangeSerializer(StrictSerializer):
    """What may be corrected by hand."""

    relation = serializers.RegexField(r"^\d{1,2}\Z", required=False, help_text="GB/T 4761-2008")
    name = serializers.CharField(max_length=60, required=False)
    alias = serializers.CharField(max_length=60, required=False, allow_blank=True)
    certificate_kind = serializers.ChoiceField(choices=sorted(CERTIFICATE.proper), required=False)
    certificate = serializers.CharField(max_length=40, required=False, allow_blank=True, write_only=True)
    sex = serializers.ChoiceField(choices=["0", "1", "2", "9"], required=False, help_text="GB/T 2261.1")
    birth_date = Day(required=False, allow_null=True)
    birth_is_lunar = serializers.BooleanField(required=False)
    ethnicity = serializers.RegexField(r"^\d{2}\Z", required=False, allow_blank=True, help_text="GB/T 3304")
    marriage = serializers.RegexField(r"^\d{2}\Z", required=False, allow_blank=True, help_text="GB/T 2261.2")
    phone = serializers.CharField(max_length=30, required=False, allow_blank=True, write_only=True)
    health = serializers.RegexField(
        r"^\d{2}\Z", required=False, allow_blank=True, write_only=True, help_text="GB/T 2261.3"
    )
    self_care = serializers.IntegerField(min_value=1, max_value=3, required=False, allow_null=True)
    disability_kind = serializers.CharField(max_length=20, required=False, allow_blank=True)
    disability_grade = serializers.IntegerField(min_value=1, max_value=4, required=False, allow_null=True)
    reason = Reason(required=False, allow_blank=True)


class NewPersonSerializer(PersonChangeSerializer):
    """A new member of a household. What an identity number tells (birth, sex) need not be said again."""

    family = VisibleField(Family)
    relation = serializers.RegexField(r"^\d{1,2}\Z", help_text="To the head: GB/T 4761-2008")
    name = serializers.CharField(max_length=60)
    reason = None  # type: ignore[assignment]


class RevealSerializer(serializers.Serializer[Any]):
    """Which field, and why."""

    field = serializers.ChoiceField(choices=sorted(REVEALABLE))
    reason = Reason()


class DeathSerializer(StrictSerializer):
    """On which day. Nobody is asked of what."""

    died_on = Day()


class RevealedSerializer(serializers.Serializer[Any]):
    """The field in full."""

    field = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


MEMBER = OpenApiExample(
    "member",
    value={
        "family": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11",
        "relation": "02",
        "name": "孙桂兰",
        "certificate": "120114195001153528",
        "phone": "13800000000",
    },
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Persons"),
    retrieve=extend_schema(summary="One person", responses=PersonDetailSerializer),
)
class Persons(Resource):
    """Members of families."""

    model = Person
    serializer_class = PersonSerializer
    filterset_class = PersonFilters
    related = ("family__unit",)
    orderings = {"updated_at": "updated_at"}
    required_actions = {
        "list": "person.read",
        "retrieve": "person.read",
        "create": "person.write",
        "partial_update": "person.write",
        "reveal": ("person.reveal", "access_ticket.write"),
        "died": "death.write",
    }
    never_kept = frozenset({"reveal"})

    def get_queryset(self) -> QuerySet[Any]:
        """Visible persons; what is encrypted is read only by who needs it."""
        sealed = ("certificate", "health") if self.action == "list" else ()
        return super().get_queryset().defer("notes", "family__search", "family__notes", *sealed)

    def place_of(self, row: Person) -> str:
        """Where the family lives."""
        return row.family.unit.path

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One person."""
        return Response(self._whole(self.get_object()))

    @extend_schema(
        summary="Enter a member of a family",
        request=NewPersonSerializer,
        responses={201: PersonDetailSerializer},
        examples=[MEMBER],
    )
    def create(self, request: Request) -> Response:
        """Whose certificate is on file already is not entered again: 409 `duplicate_person` says where they are."""
        given = self.given(NewPersonSerializer)
        family: Family = given.pop("family")
        path = family.unit.path
        if not may(self.user, "person.write", path=path):
            raise NotAllowed
        person = add_person(family=family, changes=given, actor=self.actor("person.write", path), now=self.now)
        return Response(self._whole(person), status=201)

    @extend_schema(summary="Correct a person", request=PersonChangeSerializer, responses=PersonDetailSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Only what is named changes."""
        person = self.get_object()
        changes = self.given(PersonChangeSerializer)
        reason = changes.pop("reason", "")
        actor = self.actor("person.write", self.place_of(person))
        changed = update_person(
            person=person, changes=changes, actor=actor, now=self.now, version=self.version(), reason=reason
        )
        return Response(self._whole(changed))

    @extend_schema(summary="See a sensitive field in full", request=RevealSerializer, responses=RevealedSerializer)
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, pk: UUID) -> Response:
        """Needs a reason, and the right of the own office or an access ticket in force (403 `ticket_needed`); the
        history tells who looked, at what, and why."""
        person = self.get_object()
        given = self.given(RevealSerializer)
        place = self.place_of(person)
        right = "person.reveal" if may(self.user, "person.reveal", path=place) else "access_ticket.write"
        value = look(
            person=person, field=given["field"], reason=given["reason"], user=self.user,
            actor=self.actor(right, place), now=self.now,
        )  # fmt: skip
        return Response({"field": given["field"], "value": value})

    @extend_schema(summary="Somebody has died", request=DeathSerializer, responses=PersonDetailSerializer)
    @action(detail=True, methods=["post"])
    def died(self, request: Request, pk: UUID) -> Response:
        """No visit, letter or greeting to the dead any more; who is left is visited soon, and quietly for a year."""
        person = self.get_object()
        actor = self.actor("death.write", self.place_of(person))
        dead = record_death(person=person, died_on=self.given(DeathSerializer)["died_on"], actor=actor, now=self.now)
        return Response(self._whole(dead))

    def _whole(self, person: Person) -> dict[str, Any]:
        return dict(PersonDetailSerializer(person, context=self.get_serializer_context()).data)
