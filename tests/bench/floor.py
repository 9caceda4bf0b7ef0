"""The floor: the least that a view of this project can do that still authenticates, locks, changes, adds, commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.cases.models import CaseNumber
from workflows.models import Trace

SCOPE = "floor"


class Floor(APIView):
    """Authenticates as every view does, locks one row, updates it, inserts another and commits: nothing else."""

    permission_classes = (IsAuthenticated,)

    def post(self, request: Request, number: int) -> Response:
        """Lock and count up the row of this number, and note it for an instance (the body names it)."""
        row = CaseNumber.objects.select_for_update().get(scope=f"{SCOPE}:{number}")
        row.last += 1
        row.save(update_fields=["last"])
        body: Mapping[str, Any] = request.data  # type: ignore[assignment]
        note = Trace.objects.create(instance_id=body["instance"], node="floor", kind="floor")
        return Response({"last": row.last, "id": note.pk})
