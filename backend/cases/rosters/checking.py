"""Rows of a families roster → households, with the problems that only show when rows are looked at together. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from backend.cases.rosters.codes import HEADS, RELATION, STRICTEST_WILLINGNESS
from backend.cases.rosters.problems import Problem
from backend.cases.rosters.rows import Row

Key = tuple[str, str]
"""Village code and household number."""


@dataclass(frozen=True)
class Village:
    """A village on file."""

    name: str
    path: str


@dataclass(frozen=True)
class OnFile:
    """Where a person already is on file. `name` of the village is empty when the uploader may not know it."""

    village: str
    household: str
    name: str = ""


@dataclass(frozen=True)
class Known:
    """What the register knows about the places and people of a roster."""

    villages: Mapping[str, Village] = field(default_factory=dict)
    """Code → village, for the codes in the roster."""
    townships: Mapping[str, str] = field(default_factory=dict)
    """First nine digits → path, for the codes in the roster."""
    people: Mapping[str, OnFile] = field(default_factory=dict)
    """Id number → where that person is on file."""
    members: Mapping[Key, Set[str]] = field(default_factory=dict)
    """Names of the members of households on file."""
    merged: Mapping[Key, Key] = field(default_factory=dict)
    """A household that was merged into another → the household kept (E7)."""
    gone: Set[Key] = frozenset()
    """Households that moved away or whose file is closed."""
    within: str = ""
    """Path of the uploader's unit."""

    def path(self, village: str) -> str | None:
        """The path of a village, on file or new in a known township; None when even the township is unknown."""
        if known := self.villages.get(village):
            return known.path
        township = self.townships.get(village[:9])
        return f"{township}{village[9:]}." if township and village[9:] != "000" else None


@dataclass(slots=True)
class Group:
    """Rows that go in together or wait together: a household, or one helper."""

    key: Key
    rows: list[Row] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether an error keeps it out."""
        return any(row.is_wrong for row in self.rows)

    @property
    def problems(self) -> list[Problem]:
        """Everything wrong with it, in the order of the sheet."""
        return [problem for row in self.rows for problem in row.problems]


def check_families(rows: Iterable[Row], known: Known) -> list[Group]:
    """The households of a roster in the order of their first rows; every problem is noted in its row."""
    groups = _households(rows, known)
    settle_relations(groups)
    for group in groups:
        _check_village(group, known)
        _check_heads(group)
        _check_agreement(group)
        _check_on_file(group, known)
    everybody = [row for group in groups for row in group.rows]
    check_repeated(everybody, "certificate")
    _check_namesakes(everybody)
    return groups


def _households(rows: Iterable[Row], known: Known) -> list[Group]:
    """Rows joined by village and household number; a row without one of them stands alone (and is in error)."""
    found: dict[Key, Group] = {}
    for row in rows:
        key = (row.text("village"), row.text("household"))
        if not all(key):
            key = (key[0], f"#{row.number}")
        key = known.merged.get(key, key)
        found.setdefault(key, Group(key)).rows.append(row)
    return list(found.values())


def settle_relations(groups: Sequence[Group]) -> None:
    """Decide what single digits in the relation column mean.

    GB/T 4761-2008 has one-digit codes (0 head, 1 spouse, 2 son …), and a spreadsheet turns the two-digit 01 and 02 into
    1 and 2. Where the village writes 0 for its heads, or the household has its head, a digit is a one-digit code;
    otherwise the household's first 1 or 2 is its head.
    """
    coarse = {group.key[0] for group in groups if any(row["relation"] == "0" for row in group.rows)}
    for group in groups:
        headless = group.key[0] not in coarse and not any(row["relation"] in HEADS for row in group.rows)
        for row in group.rows:
            digit = row.text("relation")
            if len(digit) != 1:
                continue
            if headless and digit in "12":
                row.settle("relation", f"0{digit}", "code")
                headless = False
            elif digit in RELATION.known:
                row["relation"] = RELATION.known[digit]
            else:
                row.add("relation", "bad_code")


def _check_village(group: Group, known: Known) -> None:
    code = group.key[0]
    if not code:
        return
    path = known.path(code)
    if path is None:
        detail = "township" if code.endswith("000") else ""
        for row in group.rows:
            row.add("village", "unknown_village", detail, township=code[:9])
    elif not path.startswith(known.within):
        for row in group.rows:
            row.add("village", "outside_unit")
    elif village := known.villages.get(code):
        for row in group.rows:
            if row["village_name"] not in {None, village.name}:
                row.add("village_name", "bad_code", "village_name", name=village.name)
    elif not any(row["village_name"] for row in group.rows):
        group.rows[0].add("village_name", "missing", "village_name")


def _check_heads(group: Group) -> None:
    heads = [row for row in group.rows if row["relation"] in HEADS]
    if len(heads) > 1:
        numbers = _numbers(heads)
        for row in heads:
            row.add("relation", "household_conflict", "heads", rows=numbers)
    elif not heads and not any(row["relation"] is None for row in group.rows):
        group.rows[0].add("relation", "missing", "head", level="warning")


def _check_agreement(group: Group) -> None:
    """Members who are away may live elsewhere; the others live at one address."""
    homes = {row.text("live_address").replace(" ", "") for row in group.rows if row["residence"] != "away"} - {""}
    if len(homes) > 1:
        for row in group.rows:
            if row["live_address"] is not None:
                row.add("live_address", "household_conflict", "addresses")
    answers = {row["willingness"] for row in group.rows} - {None, "unknown"}
    if len(answers) > 1:
        for row in group.rows:
            if row["willingness"] is not None:
                row.add("willingness", "household_conflict", "willingness", level="warning")


def check_repeated(rows: Iterable[Row], field: str, detail: str = "") -> None:
    """What has to be unique in a roster stands in one row only."""
    for same in _repeated(rows, lambda row: row[field]):
        for row in same:
            row.add(field, "duplicate_person", detail, level="error", rows=_numbers(same, row))


def _repeated(rows: Iterable[Row], key: Callable[[Row], object]) -> list[list[Row]]:
    """The rows that share a key, where more than one does; rows whose key is None share nothing."""
    first: dict[object, Row] = {}
    more: dict[object, list[Row]] = {}
    for row in rows:
        value = key(row)
        if value is None:
            continue
        earlier = first.setdefault(value, row)
        if earlier is not row:
            more.setdefault(value, [earlier]).append(row)
    return list(more.values())


def _check_namesakes(rows: Sequence[Row]) -> None:
    """Without an id number, name and birth date in one township may tell the same person: never for certain (E7)."""
    unsure = {_person(row) for row in rows if row["certificate"] is None} - {None}
    for same in _repeated(rows, lambda row: key if (key := _person(row)) in unsure else None):
        for row in same:
            if row["certificate"] is not None:
                continue
            at_home = [other for other in same if _home(other) == _home(row)]
            if len(at_home) > 1:
                row.add("name", "duplicate_person", level="error", rows=_numbers(at_home, row))
            elif row["birth_date"] is not None:
                row.add("name", "duplicate_person", "perhaps", level="warning", rows=_numbers(same, row))


def _person(row: Row) -> tuple[str, str, object] | None:
    return (row.text("village")[:9], row.text("name"), row["birth_date"]) if row["name"] is not None else None


def _home(row: Row) -> tuple[object, object]:
    return row["village"], row["household"]


def _check_on_file(group: Group, known: Known) -> None:
    """Who is on file in another household has moved there, married there or been entered twice: a person decides."""
    if group.key in known.gone:
        group.rows[0].add("household", "household_conflict", "gone", level="warning")
    elif group.key in known.members and not any(_is_member(row, group.key, known) for row in group.rows):
        for row in group.rows:
            row.add("household", "household_conflict", "others")
    for row in group.rows:
        place = known.people.get(row.text("certificate"))
        if place is None or (place.village, place.household) == group.key:
            continue
        if place.name:
            row.add("certificate", "duplicate_person", "on_file", household=place.household, village=place.name)
        else:
            row.add("certificate", "duplicate_person", "elsewhere")


def _is_member(row: Row, key: Key, known: Known) -> bool:
    place = known.people.get(row.text("certificate"))
    return row["name"] in known.members[key] or (place is not None and (place.village, place.household) == key)


def _numbers(rows: Sequence[Row], without: Row | None = None) -> str:
    """Row numbers for a sentence; of many the first five."""
    numbers = [str(row.number) for row in rows if row is not without]
    return "、".join(numbers[:5]) + ("…" if len(numbers) > 5 else "")


def strictest_willingness(rows: Iterable[Row]) -> str:
    """What the household answered: whoever wants the least decides."""
    answers = {row.text("willingness") for row in rows}
    return next((answer for answer in STRICTEST_WILLINGNESS if answer in answers), "unknown")
