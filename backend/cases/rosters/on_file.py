"""What the register knows about the villages, households and people of a roster: a handful of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from backend.cases.models import Family, Person
from backend.cases.rosters.checking import Key, Known, OnFile, Village
from backend.cases.rosters.rows import Row
from backend.core.crypto import blind_index
from backend.org.models import Unit

AT_ONCE = 5000
"""Values in one query."""
GONE = (Family.Status.MOVED, Family.Status.CLOSED)
"""A roster neither changes nor revives such a household: that is a person's decision (domain.md E1, E2)."""


def known(rows: Sequence[Row], unit: Unit) -> Known:
    """What the register knows about the villages, households and people of these rows."""
    codes = {row.text("village") for row in rows} - {""}
    merged = _merged(codes)
    codes |= {code for code, _ in merged.values()}
    villages = {
        code: Village(name, path)
        for some in _pieces(sorted(codes))
        for code, name, path in Unit.objects.filter(code__in=some, kind=Unit.Kind.VILLAGE).values_list(
            "code", "name", "path"
        )
    }
    towns = {f"{code[:9]}000" for code in codes}
    townships = dict(Unit.objects.filter(code__in=towns, kind=Unit.Kind.TOWN).values_list("code", "path"))
    numbers = {row.text("certificate") for row in rows} - {""}
    return Known(
        villages=villages,
        townships={code[:9]: path for code, path in townships.items()},
        people=_people_on_file(numbers, unit.path),
        merged=merged,
        members=_members(codes, {(row.text("village"), row.text("household")) for row in rows} | set(merged.values())),
        gone=_gone(codes),
        within=unit.path,
    )


def _people_on_file(numbers: set[str], within: str) -> dict[str, OnFile]:
    """Where people with these ids are on file; who left a household may turn up in another."""
    found: dict[str, OnFile] = {}
    for some in _pieces(sorted(numbers)):
        by_index = {blind_index(number): number for number in some}
        on_file = (
            Person.objects.filter(certificate_index__in=list(by_index))
            .exclude(status="left")
            .values_list(
                "certificate_index", "family__unit__code", "family__number", "family__unit__name", "family__unit__path"
            )
        )
        for index, code, number, name, path in on_file:
            found[by_index[bytes(index or b"")]] = OnFile(code, number, name if path.startswith(within) else "")
    return found


def _merged(codes: set[str]) -> dict[Key, Key]:
    """Households that were merged into another: their old village and number → those of the household kept."""
    found: dict[Key, Key] = {}
    for some in _pieces(sorted(codes)):
        gone = Family.objects.filter(unit__code__in=some, merged_into__isnull=False)
        for family in gone.select_related("unit", "merged_into__unit", "merged_into__merged_into__unit"):
            kept = family.merged_into
            while kept is not None and kept.merged_into is not None:
                kept = kept.merged_into
            if kept is not None:
                found[family.unit.code, family.number] = (kept.unit.code, kept.number)
    return found


def _members(codes: set[str], keys: set[Key]) -> Mapping[Key, set[str]]:
    """Names of the members of those of these households that are on file."""
    found: dict[Key, set[str]] = defaultdict(set)
    for some in _pieces(sorted(codes)):
        people = Person.objects.filter(family__unit__code__in=some).exclude(status="left")
        for code, number, name in people.values_list("family__unit__code", "family__number", "name").iterator():
            if (code, number) in keys:
                found[code, number].add(name)
    return found


def _gone(codes: set[str]) -> set[Key]:
    return {
        key
        for some in _pieces(sorted(codes))
        for key in Family.objects.filter(unit__code__in=some, status__in=GONE).values_list("unit__code", "number")
    }


def _pieces(things: Sequence[str]) -> Iterable[Sequence[str]]:
    return (things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE))
