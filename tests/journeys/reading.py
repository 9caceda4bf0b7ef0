"""An independent reading of a story: what the rules (domain.md P01 to P03, D02, D03, D05, D06, D07) make of it.

Written from the rules, not from the diagrams: it knows no process engine and no database, only days and people. Given
what people say and when they work, it tells which steps each person does, how often the family is visited, who is
paired with it and why that ends, how each phase and the case end, and how often each thing happens.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from tests.journeys.rosters import CHECKED_ON, Household
from tests.journeys.scenarios import Pool, Story
from tests.journeys.township import LOCAL

YEAR = 12
ROLES = {
    "survey_family": "village", "collect_by_contact": "village", "record_consent": "village",
    "resolve_duplicates": "caseworker", "check_file": "caseworker", "confirm_file": "supervisor",
    "pick_helper": "caseworker", "answer_for_unit": "liaison", "answer_offer": "helper", "ask_helper": "village",
    "ask_family": "village", "fix_gate": "caseworker", "hold_first_meeting": "village",
    "sign_agreement": "caseworker", "confirm_pairing": "supervisor", "record_visit": "helper",
    "visit_instead": "village", "allow_late_record": "supervisor",
    "follow_up": "caseworker", "call_back": "caseworker", "ask_family_wish": "village",
    "prepare_review": "caseworker", "decide_review": "supervisor", "interim_visit": "village", "ask_again": "village",
}  # fmt: skip
"""Step → who is to do it."""
MESSAGES = {"moved": "family_moved", "died": "family_died", "closed": "case_closed"}
PERIODS = {"A": 7, "B": 30, "C": 90}
CADENCES = {"weekly": 7, "fortnightly": 14, "monthly": 30, "quarterly": 90}


class Over(Exception):
    """The tale ends here: the last working day has come."""


class Interrupted(Exception):
    """Something came from outside before this could happen."""


@dataclass
class Phase:
    """One phase of the case: its process, how it ended (empty: it has not), and the steps that people did."""

    process: str
    outcome: str = ""
    steps: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Spell:
    """A helper with the family."""

    begun: date
    pool: Pool
    accompanied: bool
    ended: date | None = None
    reason: str = ""
    review_on: date = date.max


@dataclass
class Calendar:
    """The moments at which people work."""

    rounds: Sequence[datetime]

    def from_(self, moment: datetime) -> datetime:
        """The first working moment at or after this one. Raises Over when there is none."""
        place = bisect_left(self.rounds, moment)
        if place == len(self.rounds):
            raise Over
        return self.rounds[place]

    def after(self, moment: datetime, count: int = 1) -> datetime:
        """The working moment so many after this one, which is one itself."""
        place = bisect_left(self.rounds, moment) + count
        if place >= len(self.rounds):
            raise Over
        return self.rounds[place]

    def week(self, number: int) -> datetime:
        """The first working moment so many weeks after the beginning."""
        moment = self.rounds[0] + timedelta(weeks=number)
        return next((each for each in self.rounds if each >= moment), moment)


@dataclass
class Reading:
    """The story of one family, told to the end. `sampled`: which of its visits, by place, are called back (drawn)."""

    story: Story
    household: Household
    calendar: Calendar
    sampled: Sequence[bool]
    twin: bool = False
    """Whether another file of this household is open while it is surveyed."""

    phases: list[Phase] = field(default_factory=list)
    umbrella: list[tuple[str, str]] = field(default_factory=list)
    """Steps between the phases."""
    spells: list[Spell] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    state: str = "open"
    close_reason: str = ""
    outcome: str = ""
    tier: str = ""
    categories: list[str] = field(default_factory=list)

    _said: Counter[str] = field(default_factory=Counter)
    _asked: int = 0
    _records: int = 0
    _filed: bool = False
    _willing: str = ""
    _met: date | None = None
    _tried: date | None = None
    _unanswered: int = 0
    _last_round: datetime | None = None
    _planned: bool = False
    _missed: bool = False
    _promised: bool = False
    _refused_on: date | None = None
    _happened: bool = False
    _checked_on: date = CHECKED_ON
    """Of the background check of the helper of today."""

    def tell(self) -> Reading:
        """The whole story."""
        self.t = self.calendar.week(self.story.week)
        self.events["case.opened"] += 1
        self.events["instance.started"] += 1
        try:
            self._whole_way()
        except Over:
            if self._planned:
                self.visits["missed" if self._missed else "planned"] += 1
        return self

    # --- time and people

    def _reach(self, moment: datetime) -> None:
        """Time goes on to this moment, unless something comes from outside first."""
        if self.story.happens and not self._happened:
            at = self.calendar.week(self.story.happens[0])
            if at <= moment and self.t < at:
                self.t, self._happened = at, True
                raise Interrupted
        if moment > self.calendar.rounds[-1]:
            raise Over
        self.t = max(self.t, moment)

    @property
    def today(self) -> date:
        return self.t.date()

    def _answer(self, step: str, usual: str, *, role: str = "") -> str:
        """What is said at this step, at the time it is said. "nothing": never. `role`: who else than usual says it."""
        key = "survey" if step in {"survey_family", "collect_by_contact"} else step
        script = self.story.says.get(key, ())
        told = script[self._said[key]] if self._said[key] < len(script) else ""
        value, _, rounds = told.partition("*")
        self._said[key] += 1
        if value == "nothing":
            return value
        self._reach(self.calendar.after(self.calendar.from_(self.t), int(rounds or 1) - 1))
        self.events["work_item.completed"] += 1
        entry = (step, role or ROLES[step])
        (self.umbrella if step in {"interim_visit", "ask_again"} else self.phases[-1].steps).append(entry)
        return value or usual

    def _begin(self, process: str) -> None:
        self.phases.append(Phase(process))
        self.events["instance.started"] += 1

    def _end(self, outcome: str) -> str:
        self.phases[-1].outcome = outcome
        self.events["instance.ended"] += 1
        return outcome

    # --- the case

    def _whole_way(self) -> None:
        following = "intake"
        while following:
            try:
                following = getattr(self, f"_{following}")()
            except Interrupted:
                following = self._interruption()

    def _interruption(self) -> str:
        """What comes from outside, and what follows from it."""
        assert self.story.happens is not None
        what = self.story.happens[1]
        if what == "phone_only":
            self._willing = "phone"
            return "again"
        if what == "helper_available":
            return "pairing"
        if what in MESSAGES:
            return self._stopped(what)
        if what == "refused":
            self._cancel_plan()
            self._end_spell("family_refused")
            self._refuse()
            self._end("family_refused")
            return "pause"
        if self._promised:
            self.events["offer.withdrawn"] += 1
            self._promised = False
        self._cancel_plan()
        self._end_spell("family_wish" if what == "not_this_helper" else what)
        self._end("helper_ended")
        return "pairing"

    def _stopped(self, what: str) -> str:
        self._cancel_plan()
        self._end_spell({"moved": "family_moved", "died": "family_died"}.get(what, "case_closed"))
        self._end(MESSAGES[what])
        return self._close(
            "other" if what == "closed" else what,
            {"moved": "family_moved_out", "died": "family_gone"}.get(what, "closed_by_office"),
        )

    def _close(self, reason: str, outcome: str) -> str:
        self.state, self.close_reason, self.outcome = "closed", reason, outcome
        self.events["case.closed"] += 1
        self.events["instance.ended"] += 1
        return ""

    def _pause(self) -> str:
        """Nobody is bothered for half a year, then asked once."""
        self._end_spell("family_refused")
        if self.state != "paused":
            self.events["case.paused"] += 1
        self.state = "paused"
        return "ask"

    def _ask(self) -> str:
        asked_from = (self._refused_on or self.today) + timedelta(days=182)
        self._reach(datetime.combine(asked_from, time(9), LOCAL))
        answer = self._answer("ask_again", "willing")
        if answer == "never":
            self._refuse()
            return self._close("refused", "ended")
        if answer == "refused":
            self._refuse()
            return "pause"
        self._willing, self._refused_on = "agreed", None
        self.events["case.resumed"] += 1
        self.state = "open"
        return "pairing" if self._filed else "intake"

    def _refuse(self) -> None:
        self._willing, self._refused_on = "refused", self.today

    # --- P01

    def _intake(self) -> str:
        self._begin("household_intake")
        attempts = 0
        while True:
            step = "collect_by_contact" if self.household.is_special else "survey_family"
            result = self._answer(step, "surveyed")
            self.events["family.surveyed"] += 1
            if result == "not_found":
                attempts += 1
                if attempts == 3:
                    self._end("not_located")
                    return "pause"
                self._reach(datetime.combine(self.today + timedelta(days=7), time(9), LOCAL))
                continue
            if result == "moved":
                self._end("moved")
                return self._close("moved", "not_opened")
            if result == "refused":
                self._refuse()
                self._end("refused")
                return "pause"
            self._willing = self._answer("record_consent", "agreed")
            if self._willing == "refused":
                self._refuse()
                self._end("refused")
                return "pause"
            self._refused_on = None
            self.events["decision.made"] += 1  # D01, whatever it says
            if self.twin and self._answer("resolve_duplicates", "keep") == "merge":
                self._end("merged")
                return self._close("merged", "not_opened")
            following = self._file()
            if following != "again":
                return following

    def _file(self) -> str:
        """Classified, checked by one person and confirmed by another."""
        self.events["decision.made"] += 2
        self.tier, self.categories = tier(self.household, self.today), categories(self.household, self.today)
        while True:
            checked = self._answer("check_file", "submit")
            if checked == "return":
                return "again"
            self.events["review.opened"] += 1
            confirmed = self._answer("confirm_file", "confirm")
            self.events["review.decided"] += 1
            if confirmed == "return":
                continue
            if confirmed == "confirm":
                self._filed = True
                self._end("filed")
                return "pairing"
            self._end("not_target")
            return self._close("not_target", "not_opened")

    # --- P02

    def _pairing(self) -> str:
        self._begin("pairing")
        while True:
            if self._answer("pick_helper", "pick") == "none":
                self._end("waiting")
                return self._wait()
            pool = self.story.asks[min(self._asked, len(self.story.asks) - 1)]
            self._asked += 1
            self._checked_on = CHECKED_ON
            self.events["offer.made"] += 1
            if not self._accepted(pool):
                continue
            self._promised = True
            found = self._agreed(pool)
            self._promised = False
            if found == "next":
                self.events["offer.withdrawn"] += 1
                continue
            return found

    def _wait(self) -> str:
        """Nobody was found: the village worker visits meanwhile, the supervisor hears of it after 14 days."""
        since = self.t
        try:
            met = self._answer("interim_visit", "met")
        finally:
            if self.t - since >= timedelta(days=14):
                self.events["case.gap_reported"] += 1
        if met == "nothing":
            self._reach(self.calendar.rounds[-1] + timedelta(days=1))
        self.visits["done"] += 1
        self.events["visit.recorded"] += 1
        self._met = self.today
        return "pairing"

    def _accepted(self, pool: Pool) -> bool:
        """Whether the helper says yes, asked in the way that fits."""
        steps = {"unit": ["answer_for_unit"], "unit_account": ["answer_for_unit", "answer_offer"]}
        until = self.t + timedelta(days=7)
        for step in steps.get(pool, ["ask_helper" if pool == "village" else "answer_offer"]):
            answer = self._answer(step, "accept")
            if answer == "nothing":
                self._reach(until)
                self.events["offer.lapsed"] += 1
                return False
            if answer == "decline":
                self.events["offer.declined"] += 1
                return False
        self.events["offer.accepted"] += 1
        return True

    def _agreed(self, pool: Pool) -> str:
        """From the family's word to the confirmed agreement. "next": somebody else is looked for."""
        family = self._answer("ask_family", "agree")
        if family == "refuse":
            self.events["offer.withdrawn"] += 1
            self._refuse()
            self._end("refused")
            return "pause"
        if family == "other_helper":
            return "next"
        self.events["decision.made"] += 1
        if self._gate(pool) == "stop":
            if self._answer("fix_gate", "fixed") == "give_up":
                return "next"
            if pool != "uninsured":
                self._checked_on = self.today
            self.events["decision.made"] += 1
        if self._answer("hold_first_meeting", "go_on") != "go_on":
            return "next"
        while True:
            self._answer("sign_agreement", "signed")
            begun = self.today
            confirmed = self._answer("confirm_pairing", "confirm")
            self.events["review.decided"] += 1
            if confirmed == "confirm":
                break
        accompanied = pool == "untrained" or self.household.has_minor(self.today)
        self.spells.append(Spell(begun, pool, accompanied, review_on=years_later(begun)))
        self.events["pairing.started"] += 1
        self._end("paired")
        return "care"

    def _gate(self, pool: Pool) -> str:
        """D05, as far as these helpers and families differ. Where minors live, a background check holds for a year."""
        unchecked = pool == "unchecked" or self.today >= CHECKED_ON + timedelta(days=365)
        return "stop" if pool == "uninsured" or (unchecked and self.household.has_minor(self.today)) else "go"

    def _end_spell(self, reason: str) -> None:
        if self.spells and self.spells[-1].ended is None:
            self.spells[-1].ended, self.spells[-1].reason = self.today, reason
            self.events["pairing.ended"] += 1

    # --- P03

    def _care(self) -> str:
        self._begin("care_visit")
        return self._visits()

    def _again(self) -> str:
        """What may be made already stays; else it is planned anew, no later: how one comes is another matter."""
        if not self._planned or self.t >= self._opens:
            return self._visit_planned()
        self._cancel_plan()
        return self._visits(no_later=self._day)

    def _visits(self, *, no_later: date = date.max) -> str:
        spell = self.spells[-1]
        while True:
            self.events["decision.made"] += 1
            period = self._period()
            day = min(self._next_day(spell, period), no_later) if period else spell.review_on
            no_later = date.max
            if day >= spell.review_on:
                begins = spell.review_on - timedelta(days=30)
                if self.today >= begins:
                    return self._period_over()
                self._reach(datetime.combine(begins, time(8), LOCAL))
                continue
            self.events["visit.planned"] += 1
            self._planned, self._missed, self._day = True, False, day
            wait = (day - self.today).days
            lead = wait if wait <= 1 else min(wait // 4, 14)
            self._opens = datetime.combine(day - timedelta(days=lead), time(8), LOCAL)
            self._due = datetime.combine(day + timedelta(days=1), time(0), LOCAL)
            self._visit()

    def _visit_planned(self) -> str:
        self._visit()
        return self._visits()

    def _period_over(self) -> str:
        self._end("period_over")
        return "review"

    def _period(self) -> int:
        """D06 in ordinary times: the stricter of tier and agreement."""
        if self._willing == "festival":
            return 0
        return min(PERIODS[self.story.tier], CADENCES[self.story.cadence])

    def _next_day(self, spell: Spell, period: int) -> date:
        if self._met is None and self._tried is None:
            day = spell.begun + timedelta(days=period)
        elif self._tried is not None and (self._met is None or self._tried > self._met):
            day = self._tried + timedelta(days=min(period, 1 if self.story.tier == "A" else 7))
        else:
            assert self._met is not None
            day = self._met + timedelta(days=period)
        return max(day, self.today)

    def _visit(self) -> None:
        """One planned visit: by the helper in time, else by the village worker. Where the background check runs out
        after the item has opened, the item goes from the one to the other."""
        how = self.story.visits[self._records] if self._records < len(self.story.visits) else "good"
        pool = self.spells[-1].pool
        by_helper = pool not in {"village", "unit"} and not self._is_suspended(max(self._opens, self.t).date())
        at = self.calendar.from_(max(self._opens, self.t))
        if self._last_round == at:  # nobody goes to the same door twice a day
            at = self.calendar.after(at)
        if by_helper and (how == "missed" or at >= self._due):
            self._reach(self._due)
            if not self._missed:
                self.events["visit.missed"] += 1
            self._missed = True
            at = self.calendar.from_(max(self._due, self.t))
            by_helper = False
        if not by_helper and at >= self._due + timedelta(days=2):
            self._reach(self._due + timedelta(days=2))
            self.events["visit.missed_reported"] += 1
        self._reach(at)
        handed_over = by_helper and self._is_suspended(at.date())
        step = "record_visit" if by_helper else "visit_instead"
        self._record(how, step, role="village" if handed_over else ROLES[step])

    def _is_suspended(self, day: date) -> bool:
        """Where minors live, a helper whose background check is over does not come; the village worker does."""
        return day >= self._checked_on + timedelta(days=365) and self.household.has_minor(day)

    def _record(self, how: str, step: str, role: str) -> None:
        self._answer(step, how, role=role)
        self._last_round, self._planned = self.t, False
        sampled = self.sampled[self._records] if self._records < len(self.sampled) else False
        self._records += 1
        self.events["visit.recorded"] += 1
        day = self.today - timedelta(days={"late": 3, "blocked": 8}.get(how, 0))
        if how == "blocked":
            if self._answer("allow_late_record", "allow") == "refuse":
                self.events["visit.late_record_refused"] += 1
                self.visits["missed"] += 1
                self._tried = max(self._tried or self._day, self._day)
                return
            self.events["visit.late_record_allowed"] += 1
        if how == "not_met":
            self._tried, self._unanswered = day, self._unanswered + 1
            self.visits["not_met"] += 1
        else:
            self._met, self._unanswered = day, 0
            self.visits["done"] += 1
        self._flags(how)
        if sampled:
            self._answer("call_back", "confirmed")
            self.events["visit.call_back_recorded"] += 1

    def _flags(self, how: str) -> None:
        """D07, and what follows from it."""
        self.events["decision.made"] += 1
        if how == "emergency" or self._unanswered >= 3:
            self.events["visit.alarm_raised"] += 1
        elif how not in {"need", "ill"}:
            return
        self._answer("follow_up", "advice")
        self.events["visit.follow_up_recorded"] += 1

    def _cancel_plan(self) -> None:
        if self._planned and not self._missed:
            self.visits["cancelled"] += 1
            self.events["visit.cancelled"] += 1
        elif self._planned:
            self.visits["missed"] += 1
        self._planned = False

    # --- the yearly review

    def _review(self) -> str:
        self._begin("yearly_review")
        self.events["review.opened"] += 1
        if self._answer("ask_family_wish", "continue") == "stop":
            self._end_spell("family_refused")
            self._refuse()
            self._end("refused")
            return "pause"
        while True:
            self._answer("prepare_review", "renew")
            decision = self._answer("decide_review", "approve")
            if decision != "return":
                break
        self.events["review.decided"] += 1
        if decision == "approve":
            self.events["pairing.renewed"] += 1
            spell = self.spells[-1]
            spell.review_on = years_later(max(self.today, spell.review_on))
            self._end("renewed")
            return "care"
        if decision == "repair":
            self._end_spell("replaced")
            self._end("repair")
            return "pairing"
        self._end_spell("need_met")
        self._end("ended")
        return self._close("ended", "ended")


CLOSING_WORDS = "因行政区划调整结案"
"""What the office writes when it closes a case."""


def years_later(day: date) -> date:
    """The same day a year later; 28 February after a leap day."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def children_of(household: Household) -> str:
    """What the village worker finds out about the children: what the roster says, else that they are at home."""
    return {"在外": "away", "无存活": "none_living"}.get(household.children, "home")


def tier(household: Household, day: date) -> str:
    """D03, as far as these families differ: nobody is ill, needs care, or has lost somebody lately."""
    ages = household.ages(day)
    children = children_of(household)
    empty_nest = min(ages) >= 60 and children in {"away", "none_living"}
    if max(ages) >= 80 and (len(ages) == 1 or empty_nest):
        return "A"
    return "B" if household.is_special or children == "none_living" else "C"


def categories(household: Household, day: date) -> list[str]:
    """D02, as far as these families differ."""
    oldest, children = max(household.ages(day)), children_of(household)
    found = set()
    if oldest >= 60 and children in {"away", "none_living"}:
        found.add("empty_nest")
    if children == "none_living":
        found.add("bereaved")
    if oldest >= 60 and children == "away":
        found.add("left_behind_elder")  # all of these villages are rural
    return sorted(found)
