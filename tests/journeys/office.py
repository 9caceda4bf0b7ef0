"""People at work: each finds items in the own inbox, reads the form and answers as the family's story has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.journeys.reading import children_of
from tests.journeys.rosters import Aide, Household
from tests.journeys.scenarios import Pool, Story
from tests.journeys.township import Clock, Person

Answers = dict[str, Any]
LEAVE: Answers = {}
NOTHING_TOLD: Answers = {"values": {}, "facts": {}, "schema": {"properties": {}}}
BY_HEART = frozenset({
    "record_consent", "ask_helper", "ask_family", "hold_first_meeting", "call_back", "ask_family_wish",
    "prepare_review", "decide_review", "interim_visit", "ask_again", "allow_late_record",
})  # fmt: skip
"""Steps whose form tells nothing that the answers depend on."""
VISITS = frozenset({"record_visit", "visit_instead"})


@dataclass
class File:
    """What the people who work with a family know and remember of it."""

    case: str
    number: str
    family: str
    household: Household
    story: Story
    asked: list[str] = field(default_factory=list)
    """Numbers of the helpers who were asked."""
    seen: dict[str, int] = field(default_factory=dict)
    """Work item → the how manieth it is of its step."""
    counts: Counter[str] = field(default_factory=Counter)
    looked: dict[str, list[datetime]] = field(default_factory=dict)
    advised: list[Any] = field(default_factory=lambda: ["", []])
    """Tier and categories that the tables advised."""
    visits: int = 0
    visited: datetime | None = None


@dataclass
class Office:
    """Everybody's answers. `files` by the number of the case: what one quotes on the telephone."""

    clock: Clock
    files: Mapping[str, File]
    aides: Mapping[Pool, list[Aide]]
    ids: Mapping[str, str]
    """Number of a helper → id."""
    known: set[tuple[str, str]] = field(default_factory=set)
    """Who knows the form of which step by heart."""
    used: Counter[str] = field(default_factory=Counter)
    done: list[tuple[str, str, str]] = field(default_factory=list)
    """Case number, step, who did it."""

    def work_off(self, person: Person) -> int:
        """Do what is in a person's inbox, as far as its story wants it done now. Returns how many items are left."""
        left = 0
        for item in person.inbox():
            assert item["role"] == person.role, item
            if item["process"] == "emergency_response":
                self._emergency(person, item)
                continue
            file = self.files[item["case"]["number"]]
            assert not item["overdue"] or self._is_left(file, item), item
            left += not self._do(person, file, item)
        return left

    @staticmethod
    def _emergency(person: Person, item: Mapping[str, Any]) -> None:
        """What a visit found turns out to be nothing; the rest of it waits for that word."""
        if item["step"] == "acknowledge":
            answers = {"acknowledgement": "false_alarm", "reason": "老人在邻居家"}
            person.post(f"/api/work-items/{item['id']}/complete/", answers=answers, version=item["version"])

    def _do(self, person: Person, file: File, item: Mapping[str, Any]) -> bool:
        step = item["step"]
        told = self._told(file, item)
        if told is None:
            return False
        form = self._form(person, item)
        answers = getattr(self, f"_{step}")(file, told, form)
        if answers is LEAVE:
            return False
        known = {key: value for key, value in form["values"].items() if key in form["schema"]["properties"]}
        person.post(f"/api/work-items/{item['id']}/complete/", answers={**known, **answers}, version=item["version"])
        self.done.append((file.number, step, person.username))
        if step in VISITS:
            file.visits += 1
            file.visited = self.clock.now
        return True

    def _form(self, person: Person, item: Mapping[str, Any]) -> Any:
        """The form of an item. One that asks only what was just seen or heard is read once and then known by heart."""
        address, key = f"/api/work-items/{item['id']}/form/", (person.username, item["step"])
        if item["step"] not in BY_HEART:
            return person.get(address)
        if key not in self.known:
            self.known.add(key)
            return person.get(address)
        return NOTHING_TOLD

    def _told(self, file: File, item: Mapping[str, Any]) -> str | None:
        """What the story has for this item: empty for the usual answer, None when it is not done now."""
        key = "survey" if item["step"] in {"survey_family", "collect_by_contact"} else item["step"]
        if item["id"] not in file.seen:
            file.seen[item["id"]] = file.counts[key]
            file.counts[key] += 1
        place, script = file.seen[item["id"]], file.story.says.get(key, ())
        value, _, rounds = (script[place] if place < len(script) else "").partition("*")
        looked = file.looked.setdefault(item["id"], [])
        if self.clock.now not in looked:
            looked.append(self.clock.now)
        if value == "nothing" or len(looked) < int(rounds or 1):
            return None
        return value

    @staticmethod
    def _is_left(file: File, item: Mapping[str, Any]) -> bool:
        """Whether the story has it that this waits."""
        return item["step"] in file.story.says or item["step"] in VISITS

    @property
    def _today(self) -> str:
        return self.clock.today.isoformat()

    # --- P01

    def _survey_family(self, file: File, told: str, form: Any) -> Answers:
        answers = self._collect_by_contact(file, told, form)
        answers["method"] = "home"
        if answers["survey_result"] == "surveyed":
            answers |= {"residence": "home", "minor": "none", "helper_reality": "none", "needs": ["comfort"]}
        return answers

    def _collect_by_contact(self, file: File, told: str, form: Any) -> Answers:
        answers: Answers = {"surveyed_on": self._today, "survey_result": told or "surveyed"}
        if answers["survey_result"] == "surveyed":
            answers |= {
                "child_state": children_of(file.household),
                "lives_alone": len(file.household.members) == 1,
                "self_care": 1,
                "disease": "none",
            }
        return answers

    def _record_consent(self, file: File, told: str, form: Any) -> Answers:
        return {
            "consent": told or "agreed",
            "notice_version": "2026-01",
            "given_by": "self",
            "given_on": self._today,
            "items": ["basics", "contact", "share_helper"],
            "proof": "signature",
        }

    def _resolve_duplicates(self, file: File, told: str, form: Any) -> Answers:
        [found] = form["facts"]["duplicates"]
        if told == "merge":
            return {"resolution": "merge", "other_family": found["family"], "reason": "两村重复录入"}
        return {"resolution": "keep", "reason": "同名,不是一户"}

    def _check_file(self, file: File, told: str, form: Any) -> Answers:
        advised = form["facts"]
        file.advised = [advised["tier"], sorted(set(advised["categories"]))]
        if told == "return":
            return {"check_result": "return", "return_reason": "missing_data"}
        if told == "not_target":
            return {"check_result": "not_target", "note": "不属于本项目"}
        answers: Answers = {"check_result": "submit", "tier": file.story.tier}
        return answers | ({"override_reason": "镇里人手有限"} if advised["tier"] != file.story.tier else {})

    def _confirm_file(self, file: File, told: str, form: Any) -> Answers:
        facts = form["facts"]
        if facts["proposed"] == "submit":
            assert facts["chosen"]["tier"] == file.story.tier
        if told == "return":
            return {"confirm_result": "return", "return_reason": "evidence_missing"}
        return {"confirm_result": told or "confirm", "note": "已核对"}

    # --- P02

    def _pick_helper(self, file: File, told: str, form: Any) -> Answers:
        if told == "none":
            return {"pick_result": "none", "reason": "暂无合适人选"}
        pool = self.aides[file.story.asks[min(len(file.asked), len(file.story.asks) - 1)]]
        free = [each for each in pool if self.used[each.number] < each.places and each.number not in file.asked]
        listed = {each["number"] for each in form["facts"]["shortlist"]}
        chosen = next((each for each in free if each.number in listed), free[0])
        self.used[chosen.number] += 1
        file.asked.append(chosen.number)
        answers = {"pick_result": "pick", "helper": self.ids[chosen.number], "reason": "离得近"}
        return answers if chosen.number in listed else answers | {"override": True}

    def _answer_for_unit(self, file: File, told: str, form: Any) -> Answers:
        self._knows_no_name(file, form)
        return {"answer": told or "accept", "alias": "小李"}

    def _answer_offer(self, file: File, told: str, form: Any) -> Answers:
        self._knows_no_name(file, form)
        return {"answer": told or "accept"}

    def _ask_helper(self, file: File, told: str, form: Any) -> Answers:
        return {"answer": told or "accept", "asked_on": self._today}

    @staticmethod
    def _knows_no_name(file: File, form: Any) -> None:
        """Before both have agreed nobody is told who it is about (P-5)."""
        said = str(form["facts"]) + str(form["values"])
        assert not [one.name for one in file.household.members if one.name in said]
        assert file.household.number not in said

    def _ask_family(self, file: File, told: str, form: Any) -> Answers:
        return {"family_answer": told or "agree", "given_by": "self", "given_on": self._today, "method": "home"}

    def _fix_gate(self, file: File, told: str, form: Any) -> Answers:
        if told == "give_up":
            return {"fix_result": "give_up", "note": "办不下来"}
        missing = {"not_insured": "insurance", "no_background_check": "background_check"}
        return {"fix_result": "fixed", "done": [missing[form["facts"]["gate_reason"]]]}

    def _hold_first_meeting(self, file: File, told: str, form: Any) -> Answers:
        present = ["family", "helper", "village"]
        return {"meeting_result": told or "go_on", "met_on": self._today, "present": present}

    def _sign_agreement(self, file: File, told: str, form: Any) -> Answers:
        return {
            "start_date": self._today,
            "cadence": file.story.cadence,
            "items": ["comfort"],
            "no_money_clause": True,
            "emergency_plan": "先打120,再通知村里",
            "signed_by_family": True,
            "signed_by_helper": True,
        }

    def _confirm_pairing(self, file: File, told: str, form: Any) -> Answers:
        assert form["facts"]["agreement"]["start_date"] == self._today
        if told == "return":
            return {"confirm_result": "return", "return_reason": "signature_missing"}
        return {"confirm_result": "confirm"}

    # --- P03

    def _record_visit(self, file: File, told: str, form: Any) -> Answers:
        if self._how(file) == "missed":
            return LEAVE
        return self._visit(file)

    def _visit_instead(self, file: File, told: str, form: Any) -> Answers:
        return self._visit(file)

    def _how(self, file: File) -> str:
        return file.story.visits[file.visits] if file.visits < len(file.story.visits) else "good"

    def _visit(self, file: File) -> Answers:
        if file.visited == self.clock.now:
            return LEAVE  # nobody goes to the same door twice a day
        how = self._how(file)
        ended = self.clock.now - timedelta(days={"late": 3, "blocked": 8}.get(how, 0), minutes=10)
        answers: Answers = {"started_at": (ended - timedelta(minutes=40)).isoformat(), "ended_at": ended.isoformat()}
        if how in {"late", "blocked"}:
            answers["late_reason"] = "手机坏了"
        if how == "not_met":
            return {**answers, "visit_result": "not_met"}
        found = {"emergency": "injured", "ill": "ill"}
        answers |= {
            "visit_result": "met",
            "persons_met": ["elder"],
            "physical": found.get(how, "well"),
            "mental": "calm",
        }
        return answers | ({"needs": ["health"]} if how == "need" else {})

    def _allow_late_record(self, file: File, told: str, form: Any) -> Answers:
        return {"late_decision": told or "allow", "reason": "情况属实"}

    def _follow_up(self, file: File, told: str, form: Any) -> Answers:
        assert form["facts"]["flags"]
        return {"follow_up_result": told or "advice", "note": "已电话联系"}

    def _call_back(self, file: File, told: str, form: Any) -> Answers:
        return {"call_result": told or "confirmed", "satisfied": 5}

    # --- review and what lies between

    def _ask_family_wish(self, file: File, told: str, form: Any) -> Answers:
        return {"wish": told or "continue", "given_by": "self", "given_on": self._today, "method": "home"}

    def _prepare_review(self, file: File, told: str, form: Any) -> Answers:
        return {"proposal": told or "renew", "summary": "一年来往正常"}

    def _decide_review(self, file: File, told: str, form: Any) -> Answers:
        answers = {"decision": told or "approve", "reason": "同意"}
        return answers | ({"return_reason": "facts_missing"} if told == "return" else {})

    def _interim_visit(self, file: File, told: str, form: Any) -> Answers:
        return {"visited_on": self._today, "met": told or "met", "channel": "home"}

    def _ask_again(self, file: File, told: str, form: Any) -> Answers:
        return {"willing": told or "willing", "asked_on": self._today, "method": "home"}
