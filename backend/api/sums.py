"""What a list comes to: its rows counted and their amounts added up, narrowed by the list's own filters.

A page of fifty rows says nothing about the sum; whoever audits asks for it before anything else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Count, QuerySet, Sum
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.resource import Resource


class TotalSerializer(serializers.Serializer[Any]):
    """So many rows, so many yuan."""

    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=16, decimal_places=2)


class Summed(Resource):
    """A resource whose rows are amounts."""

    summed: ClassVar[str] = "amount"
    """The column with the yuan."""

    @extend_schema(summary="What the list comes to", responses=TotalSerializer, filters=True)
    @action(detail=False, methods=["get"], pagination_class=None)
    def sum(self, request: Request) -> Response:
        """The number of rows that the same filters leave, and what they come to in yuan."""
        found = self.added_up(self.filter_queryset(self.get_queryset()).order_by())
        return Response(TotalSerializer(found).data)

    def added_up(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """`count` and `amount` of the rows."""
        return rows.aggregate(count=Count("pk"), amount=Sum(self.summed, default=Decimal(0)))
