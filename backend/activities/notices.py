"""What a volunteer hears of the own papers, hours and certificates, and an office of what it has to decide: through the
outbox, without a name in it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import override

from backend.helpers.models import Helper
from backend.org.models import Unit
from backend.reminders.outbox import intend, one_helper, role_at


def notify(*, helper: Helper, text: str | Promise, about: models.Model, key: str, page: str, now: datetime) -> None:
    """Tell the volunteer, once for this key. `text`: translatable; `page`: where a click leads."""
    chinese, english = _said(text)
    intend(
        "notice", to=one_helper(helper.pk), key=key, now=now, about=about, label=chinese, label_en=english, page=page
    )


def notify_supervisors(
    *, unit: Unit, text: str | Promise, about: models.Model, key: str, page: str, closed_to: UUID | None, now: datetime
) -> None:
    """Tell the unit's supervisors, or the nearest above; not whom it is about."""
    chinese, english = _said(text)
    intend(
        "notice", to=role_at("supervisor", unit), key=key, now=now, about=about, label=chinese, label_en=english,
        page=page, closed_to=closed_to,
    )  # fmt: skip


def _said(text: str | Promise) -> tuple[str, str]:
    """A text in Chinese and in English."""
    said = []
    for language in ("zh-hans", "en"):
        with override(language):
            said.append(str(text))
    return said[0], said[1]
