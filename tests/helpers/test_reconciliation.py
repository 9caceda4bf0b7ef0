"""Comparing the register with reports: each rule by an example, all of them against a second statement of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.helpers.reconciliation import Claim, Comparison, Found, Load, Reality, Report, Rules, Spell, compare

DAY = date(2026, 4, 10)
FAMILY, OTHER_FAMILY = UUID(int=1), UUID(int=2)
SON, SECOND, THIRD = UUID(int=11), UUID(int=12), UUID(int=13)
OLD, NEW = date(2025, 1, 1), DAY - timedelta(days=3)
RULES = Rules(DAY, silent_days=60, per_family={"dual_contact": 2}, statutory=frozenset({"dual_contact"}))


def spell(number: int, helper: UUID = SON, **changes: Any) -> Spell:
    """A spell of a soldier son who came at least once."""
    given: dict[str, Any] = {"family": FAMILY, "kind": "soldier_son", "from_date": OLD, "visited": True, **changes}
    return Spell(id=UUID(int=100 + number), helper=helper, **given)


def said(reality: Any, of: Spell | None = None, **changes: Any) -> Report:
    given = {"family": FAMILY, "source": "village" if of else "survey", **changes}
    return Report(reality=reality, spell=of.id if of else None, **given)


def named(helper: UUID | None = None, name: str = "", **changes: Any) -> Claim:
    given = {"family": FAMILY, "source": "village", "kind": "soldier_son", **changes}
    return Claim(helper=helper, named=name, **given)


def compared(spells: Sequence[Spell] = (), reports: Sequence[Report] = (), claims: Sequence[Claim] = ()) -> Comparison:
    return compare(spells=spells, reports=reports, claims=claims, rules=RULES, loads={SON: Load(1)})


def told(comparison: Comparison) -> list[tuple[str, UUID | None, Any]]:
    return [(each.kind, each.spell, each.helper or each.named) for each in comparison.differences]


# --- each rule by an example -----------------------------------------------------------------------------------------


def test_still_helping_is_no_difference() -> None:
    one = spell(1)
    comparison = compared([one], [said("helping")])
    assert told(comparison) == []
    assert comparison.helping == {one.id}
    assert told(compared([one], claims=[named(SON, source="roster")])) == []


def test_interrupted_and_never_came() -> None:
    one, quiet = spell(1), spell(1, visited=False)
    since = date(2026, 1, 31)
    [found] = compared([one], [said("interrupted", one, since=since), said("interrupted")]).differences
    assert (found.kind, found.since, found.sources) == ("interrupted", since, ("survey", "village"))
    assert told(compared([quiet], [said("never")])) == [("never_came", quiet.id, "")]
    assert told(compared([quiet], [said("none")])) == [("never_came", quiet.id, "")]
    assert told(compared([one], [said("none")])) == [("interrupted", one.id, "")], "the file knows of a visit"
    assert told(compared([one], [said("helping"), said("interrupted", one)])) == [("interrupted", one.id, "")]


def test_nobody_says_anything_and_nobody_ever_came() -> None:
    silent = spell(1, visited=False)
    [found] = compared([silent]).differences
    assert (found.kind, found.sources) == ("never_came", ("visits",))
    begun = spell(1, visited=False, from_date=NEW)
    assert told(compared([begun])) == [], "it has just begun"
    assert told(compared([silent], [said("helping")])) == [], "visits nobody recorded are visits all the same"


def test_another_one_helps() -> None:
    one = spell(1)
    assert told(compared([one], [said("interrupted")], [named(SECOND)])) == [("replaced", one.id, SECOND)]
    assert told(compared([one], claims=[named(name="老刘")])) == [("replaced", one.id, "老刘")]


def test_unknown_to_the_file() -> None:
    assert told(compared(claims=[named(name="JD-77", source="roster")])) == [("not_on_file", None, "JD-77")]
    assert told(compared([spell(1, kind="volunteer")], [said("helping")], [named(SECOND)])) == [
        ("not_on_file", None, SECOND)
    ]


def test_two_for_one_place() -> None:
    one, two = spell(1), spell(2, SECOND, from_date=NEW)
    assert told(compared([one], [said("helping")], [named(SECOND)])) == [("two_for_one", one.id, SECOND)]
    assert told(compared([one, two])) == [("two_for_one", two.id, SECOND)]
    assert told(compared([one, spell(2, SECOND, seated=True, kind="dual_contact")])) == []
    overlap = spell(1, seated=False)
    assert told(compared([overlap, two])) == [], "the predecessor says good-bye"


def test_statutory_contacts_are_not_the_helper() -> None:
    contact = spell(1, kind="dual_contact")
    assert told(compared([contact], [said("interrupted")])) == []
    assert told(compared([contact], [said("interrupted", contact)])) == [("interrupted", contact.id, "")]


def test_over_capacity() -> None:
    here, there = spell(1), spell(2, family=OTHER_FAMILY, from_date=NEW)
    [found] = compared([here, there]).differences
    assert (found.kind, found.family, found.helper, found.count) == ("over_capacity", OTHER_FAMILY, SON, 2)
    assert told(compared([here, there], [said("interrupted")]))[0][0] == "interrupted"
    assert len(compared([here, there], [said("interrupted")]).differences) == 1, "one of the two is not helped"
    assert [each.count for each in compare(
        spells=[here], reports=[], claims=[], rules=RULES, loads={SON: Load(1, elsewhere=1)}
    ).differences] == [2]  # fmt: skip


def test_ended_on_paper() -> None:
    ended = spell(1, to_date=NEW)
    assert told(compared([ended], claims=[named(SON, source="roster")])) == [("ended_on_paper", ended.id, SON)]
    assert told(compared([ended], [said("helping")])) == []


def test_the_same_fact_has_the_same_name_and_another_a_different_one() -> None:
    one = spell(1)

    def fact(*reports: Report) -> Found:
        return compared([one], reports).differences[0]

    first, later = fact(said("interrupted", one, since=OLD)), fact(said("interrupted", one, since=NEW))
    assert first.fact == fact(said("interrupted", one, since=OLD), said("none")).fact, "one more who says so"
    assert first.fact != later.fact
    assert first.subject == later.subject


# --- all rules at once, said differently -----------------------------------------------------------------------------

HELPERS = (SON, SECOND, THIRD)
FAMILIES = (FAMILY, OTHER_FAMILY)
REALITIES: tuple[Reality, ...] = ("helping", "interrupted", "never", "none")
KINDS = ("soldier_son", "volunteer", "dual_contact")


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Two families, three helpers; no helper twice with a family at once, at most one stranger reported of each."""
    spells, claims, number = [], [], 0
    for family in FAMILIES:
        for helper in HELPERS:
            if draw(st.booleans()):
                number += 1
                ended = draw(st.sampled_from([None, None, NEW]))
                spells.append(
                    spell(
                        number,
                        helper,
                        family=family,
                        kind=draw(st.sampled_from(KINDS)),
                        to_date=ended,
                        from_date=draw(st.sampled_from([OLD, NEW - timedelta(days=1)])),
                        visited=draw(st.booleans()),
                    )
                )
        if draw(st.booleans()):
            who = draw(st.sampled_from([None, *HELPERS]))
            claims.append(named(who, "" if who else "老刘", family=family, kind=draw(st.sampled_from(KINDS))))
    about = [(each.family, each.id) for each in spells] + [(family, None) for family in FAMILIES]
    reports = [
        Report(family, "village" if id else "survey", reality, id)
        for family, id in about
        for reality in draw(st.lists(st.sampled_from(REALITIES), max_size=2))
    ]
    return {"spells": spells, "reports": reports, "claims": claims}


def expected(world: dict[str, Any], places: int) -> set[tuple[str, UUID, UUID | None]]:  # noqa: C901  # all rules in one place
    """The rules once more, fact by fact: {(kind, family, spell)}."""
    out = set()
    lived: dict[UUID, set[UUID]] = {helper: set() for helper in HELPERS}
    for family in FAMILIES:
        here = [each for each in world["spells"] if each.family == family]
        now = sorted((each for each in here if each.to_date is None), key=lambda each: (each.from_date, each.id))
        words = {
            each.id: {r.reality for r in world["reports"] if r.family == family
                      and (r.spell == each.id or (r.spell is None and each.kind != "dual_contact"))}
            for each in now
        }  # fmt: skip
        people = [claim for claim in world["claims"] if claim.family == family]
        for each in now:
            if any(claim.helper == each.helper for claim in people) and not words[each.id]:
                words[each.id] = {"helping"}
        bad = {each.id for each in now if words[each.id] & {"interrupted", "never", "none"}}
        good = {each.id for each in now if words[each.id] == {"helping"}}
        taken = set()
        for claim in people:
            if claim.helper in {each.helper for each in now}:
                continue
            past = [each for each in here if each.helper == claim.helper]
            same = [each for each in now if each.kind == claim.kind]
            free = [each for each in same if each.id in bad] or [each for each in same if each.id not in good]
            crowd = [each for each in same if each.id not in bad]
            if past:
                out.add(("ended_on_paper", family, past[0].id))
            elif free:
                out.add(("replaced", family, free[0].id))
                taken.add(free[0].id)
            elif crowd and len(crowd) >= (2 if claim.kind == "dual_contact" else 1):
                out.add(("two_for_one", family, crowd[0].id))
            else:
                out.add(("not_on_file", family, None))
            if claim.helper:
                lived[claim.helper].add(family)
        for each in now:
            silent = each.id not in bad | good and not each.visited and each.from_date == OLD
            came = each.visited or "interrupted" in words[each.id]
            if each.id in bad - taken:
                out.add(("interrupted" if came else "never_came", family, each.id))
            elif silent and each.id not in taken:
                out.add(("never_came", family, each.id))
            crowd = [other for other in now if other.kind == each.kind and other.id not in bad | taken]
            late = each in crowd[2 if each.kind == "dual_contact" else 1 :]
            if late and not silent:
                out.add(("two_for_one", family, each.id))
            if each.id not in bad:
                lived[each.helper].add(family)
    return out | {("over_capacity", family, helper) for helper, families in lived.items()
                  for family in families if len(families) > places}  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds(), order=st.randoms(use_true_random=False))
def test_every_world_against_the_second_statement(world: dict[str, Any], order: Any) -> None:
    shuffled = {name: order.sample(rows, len(rows)) for name, rows in world.items()}
    loads = dict.fromkeys(HELPERS, Load(1))
    comparison = compare(**shuffled, rules=RULES, loads=loads)
    assert comparison == compare(**world, rules=RULES, loads=loads), "the order tells nothing"
    overloaded = {each.helper for each in comparison.differences if each.kind == "over_capacity"}
    rest = {(each.kind, each.family, each.spell) for each in comparison.differences if each.kind != "over_capacity"}
    wanted = expected(world, places=1)
    assert rest == {each for each in wanted if each[0] != "over_capacity"}
    assert overloaded == {helper for kind, _, helper in wanted if kind == "over_capacity"}
    facts = [each.fact for each in comparison.differences]
    assert len(facts) == len(set(facts)), "each once"
    subjects = [each.subject for each in comparison.differences if each.kind not in {"over_capacity", "two_for_one"}]
    assert len(subjects) == len(set(subjects)), "of a spell there is one difference at a time"
