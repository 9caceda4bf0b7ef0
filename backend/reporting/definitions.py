"""What each number of a month's report means: one sentence that stands beside it wherever it is told."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Definition:
    """A number: its name in programs, its heading, the group it stands in, and what it counts."""

    name: str
    label: str | Promise
    group: str
    text: str | Promise


def _label(text: str) -> str | Promise:
    """A heading: the same English words mean other things on other pages."""
    return pgettext_lazy("month", text)


GROUPS = {
    "families": _("Families and cases"),
    "helpers": _("Helpers"),
    "visits": _("Visits"),
    "alarms": _("Red flags"),
    "work": _("Work"),
}

DEFINITIONS = (
    Definition("families", _label("on file"), "families", _("Households on file at the month's end, paused ones too.")),
    Definition("cases", _label("open cases"), "families", _("Cases not closed at the month's end, paused ones too.")),
    Definition("filed", _label("newly filed"), "families", _("Households put on file in the month.")),
    Definition("closed", _label("closed"), "families", _("Cases closed in the month and not reopened since.")),
    Definition("died", _label("died"), "families", _("Persons whose death was recorded in the month.")),
    Definition("moved", _label("moved away"), "families", _("Households recorded in the month as moved away.")),
    Definition(
        "seeking",
        _label("waiting for a helper"),
        "helpers",
        _("Families for whose open case a helper was looked for at the month's end."),
    ),
    Definition("paired", _label("paired"), "helpers", _("Families that had a helper on the last day of the month.")),
    Definition("begun", _label("pairings begun"), "helpers", _("Pairings whose first day lies in the month.")),
    Definition(
        "unpaired", _label("pairings ended"), "helpers", _("Pairings that ended on a day of the month.")
    ),
    Definition("due", _label("due"), "visits", _("Visits planned for a day of the month, as they stand today.")),
    Definition(
        "made",
        _label("made"),
        "visits",
        _("Planned visits at which somebody of the family was met, or that another visit stood for."),
    ),
    Definition("late", _label("made late"), "visits", _("Those of them that were made after their day.")),
    Definition("missed", _label("missed"), "visits", _("Nobody went by the end of the day, nor has gone since.")),
    Definition("not_met", _label("nobody met"), "visits", _("Somebody went and met nobody.")),
    Definition("refused", _label("refused"), "visits", _("The family did not want it; it counts against nobody.")),
    Definition("undecided", _label("not over"), "visits", _("Still in time, or recorded too late and held back.")),
    Definition(
        "visit_rate",
        _label("visit rate in %"),
        "visits",
        _("Made, of those due that were not refused and are over. Visits that nobody had planned do not raise it."),
    ),
    Definition("alarms", _label("raised"), "alarms", _("Visits recorded in the month that raised a red flag.")),
    Definition("alarms_soon", _label("within 24 hours"), "alarms", _("Followed up within 24 hours of the record.")),
    Definition("alarms_later", _label("later"), "alarms", _("Followed up after more than 24 hours.")),
    Definition("alarms_open", _label("not yet"), "alarms", _("Not followed up until today.")),
    Definition("in_time", _label("done in time"), "work", _("Work about these families, done in the month in time.")),
    Definition("too_late", _label("done late"), "work", _("The same, after its due time.")),
    Definition("overdue", _label("overdue"), "work", _("Open at the month's end and past its due time.")),
)  # fmt: skip
