"""What the system tells of each case, through the API, beside what the rules alone make of its story."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from tests.journeys import scenarios
from tests.journeys.journey import Journey
from tests.journeys.office import File
from tests.journeys.reading import Calendar, Reading
from workflows.models import Instance, WorkItem

TOLD = frozenset(
    {
        "case.opened", "case.paused", "case.resumed", "case.closed", "case.gap_reported", "decision.made",
        "family.surveyed", "instance.started", "instance.ended", "offer.made", "offer.accepted", "offer.declined",
        "offer.lapsed", "offer.withdrawn", "pairing.started", "pairing.renewed", "pairing.ended", "review.opened",
        "review.decided", "visit.planned", "visit.recorded", "visit.missed", "visit.missed_reported",
        "visit.cancelled", "visit.late_record_allowed", "visit.late_record_refused", "visit.alarm_raised",
        "visit.follow_up_recorded",
        "visit.call_back_recorded", "work_item.completed",
    }
)  # fmt: skip
"""What the reading counts; history tells more."""


Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Id of a case → its rows of one kind."""


def differences(journey: Journey, calendar: Calendar) -> list[str]:
    """Where the system and the rules tell a family's story differently, each in a line: seen, then expected."""
    clerk = journey.supervisor
    visits, pairings = (_by_case(clerk.all(address)) for address in ("/api/visits/", "/api/pairings/"))
    found = []
    for file in journey.files.values():
        seen = observed(journey, file, visits[file.case], pairings[file.case])
        expected = predicted(file, calendar, seen.pop("sampled"))
        for name, rule in expected.items():
            if seen[name] != rule:
                found.append(f"{file.number} {file.story.kind}: {name}: {_unlike(seen[name], rule)}")
    return found


def _unlike(seen: Any, expected: Any) -> list[tuple[Any, ...]]:
    """The parts that are not the same."""
    if isinstance(seen, dict):
        names = sorted(seen.keys() | expected.keys())
        return [(name, *pair) for name in names if len(set(pair := (seen.get(name), expected.get(name)))) > 1]
    if isinstance(seen, list):
        return [pair for pair in zip_longest(seen, expected) if pair[0] != pair[1]]
    return [(seen, expected)]


def _by_case(rows: Sequence[Mapping[str, Any]]) -> Rows:
    found = defaultdict(list)
    for row in rows:
        found[row["case"]["id"]].append(row)
    return found


def observed(
    journey: Journey, file: File, visits: Sequence[Mapping[str, Any]], pairings: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the API tells of a case, brought into the words of the reading."""
    clerk = journey.supervisor
    roles = {person.name: person.role for person in journey.people}
    case = clerk.get(f"/api/cases/{file.case}/")
    instances = clerk.get(f"/api/cases/{file.case}/diagram/")
    steps = {
        entry["instance"]: [(node["node"], roles[node["by"]]) for node in entry["done"] if node["by"]]
        for entry in instances
    }
    records = sorted(
        (row for row in visits if row["recorded_at"] and row["pairing"]), key=lambda row: row["recorded_at"]
    )
    history = clerk.all(f"/api/cases/{file.case}/history/")
    umbrella = next(entry for entry in instances if entry["process"] == "family_case")
    return {
        "state": (case["state"], case["close_reason"], umbrella["outcome"]),
        "umbrella": steps[umbrella["instance"]],
        "phases": [
            (entry["process"], entry["outcome"], steps[entry["instance"]])
            for entry in instances
            if entry is not umbrella
        ],
        "visits": dict(Counter(row["state"] for row in visits)),
        "spells": [
            (row["from_date"], row["to_date"], row["end_reason"], row["accompanied"], row["review_on"])
            for row in sorted(pairings, key=lambda row: row["number"])
        ],
        "events": dict(Counter(row["action"] for row in history if row["action"] in TOLD)),
        "advised": file.advised,
        "sampled": [row["is_sampled"] for row in records],
    }


def predicted(file: File, calendar: Calendar, sampled: list[bool]) -> dict[str, Any]:
    """The same by the rules alone."""
    twin = file.story.kind in {scenarios.MERGED.kind, scenarios.KEPT.kind}
    told = Reading(file.story, file.household, calendar, sampled, twin=twin).tell()
    return {
        "state": (told.state, told.close_reason, told.outcome),
        "umbrella": told.umbrella,
        "phases": [(phase.process, phase.outcome, phase.steps) for phase in told.phases],
        "visits": dict(told.visits),
        "spells": [
            (
                spell.begun.isoformat(),
                spell.ended.isoformat() if spell.ended else None,
                spell.reason,
                spell.accompanied,
                spell.review_on.isoformat(),
            )
            for spell in told.spells
        ],
        "events": dict(told.events),
        "advised": [told.tier, told.categories],
    }


def left_hanging() -> list[str]:
    """Running instances that nothing will ever move: no open work item, no timer, no phase to wait for; and open work
    items of instances that do not run."""
    running = Instance.objects.filter(state="running")
    parents = set(running.filter(parent_id__isnull=False).values_list("parent_id", flat=True))
    at_work = set(WorkItem.objects.filter(state="open").values_list("instance", flat=True))
    found = [
        f"{row.process.key} of {row.case}"
        for row in running.select_related("process", "case")
        if row.pk not in parents and row.pk not in at_work and row.wake_at is None
    ]
    orphans = WorkItem.objects.filter(state="open").exclude(instance__in=running)
    return found + [f"{row.step} of {row.case_number}" for row in orphans]


def seen_too_much(journey: Journey) -> list[str]:
    """What helpers see of families with whom they are not paired today, or whose pairing is suspended."""
    today = journey.clock.today.isoformat()
    spells = journey.supervisor.all("/api/pairings/")
    own: dict[str, set[str]] = {}
    for row in spells:
        in_force = row["from_date"] <= today and (row["to_date"] is None or row["to_date"] > today)
        if in_force and not row["suspended"]:
            own.setdefault(row["helper"]["id"], set()).add(row["family"]["id"])
    found = []
    for person in journey.people:
        if person.role != "helper" or person.username not in journey.lying:
            continue
        families = {row["id"] for row in person.all("/api/families/")}
        mine = own.get(journey.ids[person.username.upper()], set())
        named = {row["family"]["id"] for row in person.all("/api/work-items/") if row["family"]}
        if families != mine or not named <= mine:
            found.append(person.username)
    return found
