"""What needs the caseworker: pairings suspended today, and special families whose contacts are not complete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import PersonRef, UnitRef
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.helpers import attention
from backend.helpers.models import Pairing

SHOWN = 20
"""Rows of each list; `number` counts all."""


class SuspendedSerializer(serializers.Serializer[Any]):
    """A pairing whose helper may not go today. `reason`: of `suspension_reason`, or `helper_suspended`."""

    id = serializers.UUIDField()
    family = FamilyOfItem()
    helper = PersonRef()
    reason = serializers.CharField(source="why")


class ContactsMissingSerializer(serializers.Serializer[Any]):
    """A special family, and how many posts of its statutory contacts nobody holds."""

    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = UnitRef()
    missing = serializers.IntegerField()


class SuspendedListSerializer(serializers.Serializer[Any]):
    """How many, and the oldest of them."""

    number = serializers.IntegerField()
    rows = SuspendedSerializer(many=True)


class ContactsMissingListSerializer(serializers.Serializer[Any]):
    """How many, and those that miss most."""

    number = serializers.IntegerField()
    rows = ContactsMissingSerializer(many=True)


@extend_schema_serializer(many=False)
class AttentionSerializer(serializers.Serializer[Any]):
    """What needs the caller today."""

    suspended = SuspendedListSerializer()
    without_contacts = ContactsMissingListSerializer()


class Attention(Resource):
    """What follows from dates and rows, and no work item stands for."""

    model = Pairing
    serializer_class = AttentionSerializer
    pagination_class = None
    filterset_class = None
    required_actions = {"list": attention.MAY}

    @extend_schema(summary="What needs the caseworker", responses=AttentionSerializer, filters=False)
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Each list in one statement, at the caller's own places."""
        today = timezone.localdate(self.now)
        found = {
            "suspended": _counted(attention.suspended_pairings(self.user, today)[:SHOWN]),
            "without_contacts": _counted(attention.families_without_contacts(self.user, today)[:SHOWN]),
        }
        return Response(AttentionSerializer(found).data)


def _counted(rows: Iterable[Any]) -> dict[str, Any]:
    """The rows, and how many there are beyond those shown."""
    read = list(rows)
    return {"number": read[0].number_of_all if read else 0, "rows": read}
