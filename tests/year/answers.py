"""What people answer. A form says what has to be answered; what it leaves open is said here, by an independent rule:
most visits go well, some are missed, find something, or find nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q
from django.utils import timezone

from backend.helpers.models import Helper
from tests.year.chance import Chance
from workflows import services, store
from workflows.engine.forms import required_now
from workflows.models import WorkItem

Answers = dict[str, Any]
Key = tuple[str, str]
"""Process and step."""

SHARES: Mapping[str, float] = {"not_met": 0.02, "ill": 0.015, "injured": 0.002, "late": 0.02, "very_late": 0.004}
"""Of visits, what is not as usual."""
MISSED = 0.02
"""Of visits, those that the helper never makes."""
REFUSED = 0.01
"""Of families, those that do not consent."""
SOLDIERS = 0.8
"""Of the old who live alone, those for whom the office looks for a soldier first."""
GOODS = ("大米10公斤", "食用油5升")

USUAL: Mapping[Key, Answers] = {
    ("household_intake", "survey_family"): {"helper_reality": "none", "needs": ["comfort"]},
    ("household_intake", "collect_by_contact"): {"needs": ["comfort"]},
    ("household_intake", "record_consent"): {"items": ["basics", "contact", "share_helper"]},
    ("household_intake", "confirm_file"): {"confirm_result": "confirm"},
    ("household_intake", "check_file"): {"check_result": "submit"},
    ("pairing", "answer_for_unit"): {"answer": "accept", "alias": "小李"},
    ("pairing", "fix_gate"): {"fix_result": "fixed", "done": ["training", "insurance", "background_check"]},
    ("pairing", "hold_first_meeting"): {"present": ["family", "helper", "village"]},
    ("care_visit", "follow_up"): {"follow_up_result": "advice"},
    ("emergency_response", "acknowledge"): {"acknowledgement": "false_alarm"},
    ("subsidy_application", "village_review"): {"participants": 7, "recused": 0, "votes_for": 7, "votes_against": 0},
    ("subsidy_exit", "confirm_exit"): {"decision": "exit", "collect": "no"},
    ("festival_condolence", "plan_condolence"): {
        "budget": 9_000_000, "special": 500, "hardship": 400, "mother": 300, "elder": 200, "goods": "、".join(GOODS),
    },
    ("subsidy_annual_review", "decide_unchecked"): {"measure": "hold"},
}  # fmt: skip
"""What the first choice of a form would not say."""

READ: frozenset[Key] = frozenset({
    ("household_intake", "survey_family"), ("household_intake", "collect_by_contact"),
    ("household_intake", "check_file"), ("pairing", "pick_helper"), ("pairing", "sign_agreement"),
    ("service_plan_referral", "compose_plan"), ("subsidy_application", "decide"), ("care_visit", "follow_up"),
    ("recovery", "receive_instalment"), ("returned_payment", "check_account"),
})  # fmt: skip
"""Steps whose answers depend on what the form tells: it is read first. The others are known by heart."""


class People:
    """Everybody's answers. `chance`: who is lucky; `fortnightly`: the share of families visited so often, the others
    monthly."""

    def __init__(self, chance: Chance, *, fortnightly: float) -> None:
        self.chance, self.fortnightly = chance, fortnightly
        self.tried: dict[UUID, set[str]] = defaultdict(set)
        """Item → helpers who were picked and refused."""
        self.special: Mapping[Key, Callable[[WorkItem, Answers, Mapping[str, Any], datetime], Answers]] = {
            ("care_visit", "record_visit"): self._visit,
            ("care_visit", "visit_instead"): self._visit,
            ("household_intake", "record_consent"): self._consent,
            ("household_intake", "check_file"): self._check,
            ("pairing", "pick_helper"): self._pick,
            ("pairing", "sign_agreement"): self._agree,
            ("returned_payment", "ask_payee"): self._account,
        }

    def answers(self, item: WorkItem, user: Any, now: datetime) -> Answers:
        """What this person answers to this item now: never nothing that the form asks for."""
        key = (item.process, item.step)
        schema = store.definition(item.instance.process).forms[item.form]
        facts: Mapping[str, Any] = {}
        given: Answers = dict(USUAL.get(key, {}))
        if key in READ:
            form = services.form_of(item, user=user, language="zh-hans", now=now)
            facts = form.facts
            known = {name: value for name, value in form.values.items() if name in schema["properties"]}
            given = {**known, **given}
        if key in self.special:
            given = self.special[key](item, given, facts, now)
        return filled(schema, given, now)

    def is_missed(self, item: WorkItem) -> bool:
        """Whether the helper never comes."""
        return item.step == "record_visit" and self.chance("missed", item.pk) < MISSED

    def _visit(self, item: WorkItem, given: Answers, facts: Mapping[str, Any], now: datetime) -> Answers:
        drawn, how = self.chance("visit", item.case_number, item.created_at), "usual"
        for name, share in SHARES.items():
            if drawn < share:
                how = name
                break
            drawn -= share
        ago = {"late": timedelta(days=3), "very_late": timedelta(days=8)}.get(how, timedelta(0))
        ended = now - ago - timedelta(minutes=10)
        given |= {"started_at": (ended - timedelta(minutes=40)).isoformat(), "ended_at": ended.isoformat()}
        if ago:
            given["late_reason"] = "手机坏了"
        if how == "not_met":
            return {**given, "visit_result": "not_met"}
        met = {"visit_result": "met", "persons_met": ["elder"], "mental": "calm", "done_items": ["comfort"]}
        return {**given, **met, "physical": how if how in {"ill", "injured"} else "well"}

    def _consent(self, item: WorkItem, given: Answers, facts: Mapping[str, Any], now: datetime) -> Answers:
        refuses = self.chance("consent", item.case_number) < REFUSED
        return {**given, "consent": "refused" if refuses else "agreed"}

    def _check(self, item: WorkItem, given: Answers, facts: Mapping[str, Any], now: datetime) -> Answers:
        return {**given, "categories": list(given.get("categories") or ["ordinary"])}

    def _pick(self, item: WorkItem, given: Answers, facts: Mapping[str, Any], now: datetime) -> Answers:
        """For many of the old a soldier, else the first of the list; whoever had no place after all is not tried again,
        and then anybody else who has one is asked."""
        tried, soldier = self.tried[item.pk], self._wants_soldier(item)
        listed = [row["helper"] for row in facts["shortlist"]]
        if soldier or tried:
            kind = "soldier_son" if soldier and not tried else "volunteer"
            others = [pk for pk in self._free(kind, item, now) if pk not in tried]
            listed = others[:1] or ([] if tried else listed)
        if not listed:
            return {"pick_result": "none", "reason": "暂无合适人选"}
        tried.add(listed[0])
        is_other = listed[0] not in {row["helper"] for row in facts["shortlist"]}
        answers = {"pick_result": "pick", "helper": listed[0], "reason": "离得近，说话投缘"}
        return {**answers, "override": True} if is_other else answers

    def _wants_soldier(self, item: WorkItem) -> bool:
        """Old people alone, and luck."""
        family = item.family
        is_old = family is not None and "empty_nest" in family.categories
        return is_old and self.chance("soldier", item.case_number) < SOLDIERS

    def _free(self, kind: str, item: WorkItem, now: datetime) -> list[str]:
        """Helpers of this kind in the township with a free place and months of service left, in an order of chance."""
        today = timezone.localdate(now)
        there = Helper.objects.filter(kind=kind, unit__path__startswith=item.unit_path, status="active")
        stays = there.filter(Q(to_date=None) | Q(to_date__gt=today + timedelta(days=200)), from_date__lte=today)
        spells = Count("pairings", filter=Q(pairings__to_date=None), distinct=True)
        asked = Count("offers", filter=Q(offers__state__in=("open", "accepted"), offers__pairing=None), distinct=True)
        free = stays.annotate(taken=spells + asked).filter(taken__lt=F("max_families")).values_list("pk", flat=True)
        return sorted(map(str, free), key=lambda pk: self.chance("which", item.case_number, pk))

    def _agree(self, item: WorkItem, given: Answers, facts: Mapping[str, Any], now: datetime) -> Answers:
        often = "fortnightly" if self.chance("cadence", item.case_number) < self.fortnightly else "monthly"
        return {**given, "cadence": often, "items": ["comfort", "housework"]}

    def _account(self, item: WorkItem, given: Answers, facts: Mapping[str, Any], now: datetime) -> Answers:
        digits = int(self.chance("account", item.pk) * 10**11)
        return {**given, "finding": "new_account", "account_number": f"62170000{digits:011d}"}


# --- forms ------------------------------------------------------------------------------------------------------------


def filled(schema: Mapping[str, Any], given: Answers, now: datetime) -> Answers:
    """The answers, and to whatever else has to be answered the first thing that the form offers."""
    answers = dict(given)
    while missing := [name for name in sorted(_asked(schema, answers)) if answers.get(name) in (None, "", [])]:
        before = len(answers)
        for name in missing:
            answers.setdefault(name, None)
            answers[name] = _first(schema["properties"][name], now)
        if len(answers) == before and any(answers[name] in (None, "", []) for name in missing):
            raise ValueError(f"no answer for {missing}")
    return answers


def _asked(schema: Mapping[str, Any], answers: Answers) -> frozenset[str]:
    if not schema.get("allOf"):
        return frozenset(schema.get("required", ()))
    return required_now(schema, answers)


def _first(field: Mapping[str, Any], now: datetime) -> Any:
    if "const" in field:
        return field["const"]
    if "oneOf" in field:
        return field["oneOf"][0]["const"]
    kind = field.get("type")
    if kind == "array":
        return [_first(field["items"], now)]
    if kind == "boolean":
        return True
    if kind in {"integer", "number"}:
        return max(1, int(field.get("minimum", 1)))
    formats = {"date": timezone.localdate(now).isoformat(), "date-time": now.isoformat(), "time": "10:00"}
    return formats.get(str(field.get("format")), _words(int(field.get("minLength", 1)), int(field.get("maxLength", 9))))


@lru_cache
def _words(least: int, most: int) -> str:
    return ("情况属实" * least)[: max(least, min(most, 4))]
