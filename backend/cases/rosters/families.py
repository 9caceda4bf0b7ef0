"""The families roster: one row per person, households joined by village and number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Family, Person
from backend.cases.rosters.checking import Group, check_families
from backend.cases.rosters.columns import FAMILIES
from backend.cases.rosters.kinds import Kind, Upload, Written
from backend.cases.rosters.on_file import known
from backend.cases.rosters.planning import FAMILY_TEXTS, OWNED_BY_PROCESS, PERSON_TEXTS, Plan, plan_families
from backend.cases.rosters.rows import Layout, Row
from backend.core import bulk
from backend.org.models import Unit

_FAMILY_FIELDS = (
    *FAMILY_TEXTS, *OWNED_BY_PROCESS, "label", "declared_categories", "needs", "policies", "notes", "search",
    "updated_at", "version",
)  # fmt: skip
_PERSON_FIELDS = (
    *PERSON_TEXTS, "is_head", "alias", "certificate_kind", "certificate", "birth_date", "self_care", "disability_kind",
    "disability_grade", "notes", "status", "certificate_index", "certificate_tail", "initials", "updated_at", "version",
)  # fmt: skip


class Families(Kind):
    """One row per person, households joined by village and number."""

    code = "families"
    layout = Layout(FAMILIES)
    counted = (
        "families_new", "families_changed", "families_unchanged", "persons_new", "persons_changed", "persons_unchanged",
    )  # fmt: skip

    def check(self, rows: Iterable[Row], *, unit: Unit) -> list[Group]:
        """See Kind."""
        everybody = list(rows)
        return check_families(everybody, known(everybody, unit))

    def write(self, groups: Sequence[Group], upload: Upload) -> Written:
        """See Kind. One history event per new household, one per changed household or person."""
        plan = plan_families(groups, upload)
        bulk.insert(plan.new_families)
        bulk.insert(plan.new_persons)
        _save_changed(plan)
        if plan.named:
            Family.objects.filter(pk__in=plan.named).update(helper_named_on=timezone.localdate(upload.now))
        for family in plan.new_families:
            _tell_creation(family, plan, upload)
        for person in plan.added:
            record(action="person.added", object=person, unit_path=plan.paths[person.family_id], actor=upload.actor,
                   now=upload.now, data={"roster": str(upload.roster_id)})  # fmt: skip
        for thing, told in plan.changed:
            kind, family_id = ("family", thing.pk) if isinstance(thing, Family) else ("person", thing.family_id)
            record(action=f"{kind}.updated", object=thing, unit_path=plan.paths[family_id], actor=upload.actor,
                   now=upload.now, data={**told, "roster": str(upload.roster_id)})  # fmt: skip
        return Written(plan.counts, [family.pk for family in plan.new_families])

    def compare(self, groups: Sequence[Group], upload: Upload) -> Counter[str]:
        """See Kind."""
        return plan_families(groups, upload, dry=True).counts


def _save_changed(plan: Plan) -> None:
    families = [thing for thing, _ in plan.changed if isinstance(thing, Family)]
    persons = [thing for thing, _ in plan.changed if isinstance(thing, Person)]
    Family.objects.bulk_update(families, _FAMILY_FIELDS, batch_size=200)
    Person.objects.bulk_update(persons, _PERSON_FIELDS, batch_size=200)


def _tell_creation(family: Family, plan: Plan, upload: Upload) -> None:
    data = {
        "number": family.number,
        "persons": len(plan.members[family.pk]),
        "categories": family.declared_categories,
        "roster": str(upload.roster_id),
    }
    record(
        action="family.created",
        object=family,
        unit_path=plan.paths[family.pk],
        actor=upload.actor,
        now=upload.now,
        data=data,
    )
