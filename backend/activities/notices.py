"""What a volunteer hears of the own papers, hours and certificates: through the outbox, without a name in it."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import override

from backend.helpers.models import Helper
from backend.reminders.outbox import intend, one_helper


def notify(*, helper: Helper, text: str | Promise, about: models.Model, key: str, page: str, now: datetime) -> None:
    """Tell the volunteer, once for this key. `text`: translatable; `page`: where a click leads."""
    said = {}
    for language in ("zh-hans", "en"):
        with override(language):
            said[language] = str(text)
    intend(
        "notice", to=one_helper(helper.pk), key=key, now=now, about=about, label=said["zh-hans"], label_en=said["en"],
        page=page,
    )  # fmt: skip
