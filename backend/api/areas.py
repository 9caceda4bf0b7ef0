"""Rows that hold for an area: the unit that it belongs to, by its path."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from backend.api.fields import reference
from backend.org.models import Unit


class Areas:
    """For a resource whose rows have a `path`. All names are read once: areas with rows of their own are few."""

    model: ClassVar[type[models.Model]]

    def area(self, path: str) -> dict[str, Any] | None:
        """A row's unit; None for everywhere."""
        if not path:
            return None
        if not hasattr(self, "_areas"):
            used = self.model._default_manager.exclude(path="").values("path")
            self._areas = {unit.path: unit for unit in Unit.objects.filter(path__in=used).only("id", "name", "path")}
        unit = self._areas.get(path)
        return reference(unit.pk, unit.name) if unit else None
