"""Reading events: by case, actor, time, and only what the reader's role and place allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from backend.org.access import granting, in_subtree

if TYPE_CHECKING:
    from backend.audit.models import Event  # noqa: F401
    from backend.org.access import Viewer


class EventQuerySet(models.QuerySet["Event"]):
    """Events by who may read them."""

    def visible_to(self, user: Viewer) -> EventQuerySet:
        """Events of one's subtree; the audit administrator reads those without a case or family."""
        allowed = in_subtree(user, "event.read", "unit_path")
        if granting(user, "event.system"):
            allowed |= Q(case_id__isnull=True, family_id__isnull=True)
        return self.filter(allowed)
