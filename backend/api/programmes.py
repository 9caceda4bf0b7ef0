"""Programmes: what families are helped by."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from backend.api.fields import ProgrammeRef, RowSerializer
from backend.api.resource import Resource
from backend.cases.models import Programme


class ProgrammeSerializer(RowSerializer[Programme]):
    """A programme. It is in force from `from_date` on and before `to_date`."""

    name = serializers.SerializerMethodField()
    get_name = ProgrammeRef.get_name

    class Meta:
        model = Programme
        fields = ("id", "code", "name", "process", "helper_kinds", "from_date", "to_date")


@extend_schema_view(list=extend_schema(summary="Programmes"), retrieve=extend_schema(summary="One programme"))
class Programmes(Resource):
    """What a case can be started in. They name nobody: whoever works with cases reads all of them."""

    model = Programme
    serializer_class = ProgrammeSerializer
    orderings = {"code": "code"}
    ordering = "code"
    required_actions = {"list": ("case.read", "own.case.read"), "retrieve": ("case.read", "own.case.read")}

    def get_queryset(self) -> QuerySet[Any]:
        """All of them."""
        return Programme.objects.all()
