"""The demo: a township with invented people, rosters imported as everybody imports them, and cases at every stage.

Everything goes through the verbs of daily life, at times in the past, so that inboxes hold new, due and overdue work
and histories have something to tell. One transaction: all of it, or nothing when it is interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backend.administration import second_factors
from backend.administration.memberships import grant_membership
from backend.administration.units import add_unit
from backend.administration.users import create_user
from backend.cases import cases
from backend.cases.models import Case, Family, Programme
from backend.cases.programmes import load_programmes
from backend.cases.rosters import services as rosters
from backend.cases.rosters import synthetic
from backend.helpers import register
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper, Pairing
from backend.ops import (
    demo_activities,
    demo_assessment,
    demo_condolence,
    demo_documents,
    demo_emergencies,
    demo_funds,
    demo_group,
    demo_health,
    demo_honours,
    demo_loans,
    demo_payments,
    demo_rights,
    demo_study_aid,
    demo_subsidies,
    demo_survey,
)
from backend.ops.demo_volunteers import play_volunteers
from backend.ops.rehearsal import Rehearsal
from backend.org.access import SYSTEM, Actor, actor_of
from backend.org.codes import load_codes
from backend.org.models import Unit, User
from backend.org.parameters import load_parameters, set_parameter
from backend.org.regions import load_regions
from backend.reminders import sending
from backend.services.catalogue import load_catalogue
from workflows import deployment
from workflows.models import Process
from workflows.reminders import Book, remind_items, remind_visits

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being made, how much is done and how much there is."""

TOWN = "120114122000"
ELSEWHERE = "210403007000"
"""万新街道 of another province: where the account `stranger` works."""
VILLAGES = 6
PERSONS = 165
"""Rows of the families roster: about sixty households."""
HELPERS = 30
SEED = 11
YEARS_BACK = timedelta(days=3 * 365)
PROGRAMME = "jmgj"
SPECIAL = ("bereaved", "disabled_child")

STAFF: Mapping[str, tuple[str, str]] = {
    "caseworker": ("陈秀梅", "caseworker"),
    "supervisor": ("王建国", "supervisor"),
    "village": ("李晓燕", "village"),
    "liaison": ("周联络员", "liaison"),
    "deputy": ("赵国强", "supervisor"),
    "committee": ("孙长顺", "committee"),
    "leading": ("郑和平", "leading_group"),
    "head": ("马书记", "head"),
    "county": ("冯审核", "county"),
    "finance": ("杜会计", "finance"),
    "cashier": ("孟出纳", "finance"),
    "auditor": ("刘明", "auditor"),
    "inspector": ("吴正", "auditor"),
    "dpo": ("孙护", "dpo"),
    "sysadmin": ("孙工", "sysadmin"),
    "secadmin": ("何静", "secadmin"),
    "auditadmin": ("钱卫", "auditadmin"),
    "stranger": ("赵外", "caseworker"),
}
"""User name → name, role. The accounts `volunteer` and `soldier` belong to helpers of the roster, `hospital` is in
backend.ops.demo_health."""


@dataclass(frozen=True)
class Cast:
    """Who plays: users by user name, helpers by user name (`league` has no account)."""

    users: Mapping[str, User]
    helpers: Mapping[str, Helper]

    def actor(self, username: str) -> Actor:
        """The user as history tells it."""
        return actor_of(self.users[username])


def load_demo(*, password: str, now: datetime, progress: Progress) -> bool:
    """Make the demo, once. False when it is there already. Needs the tables, nothing else."""
    if User.objects.filter(is_demo=True).exists():
        return False
    with transaction.atomic():
        _load_ground(now)
        town = Unit.objects.get(code=TOWN)
        staff = _staff(town, password, now)
        _import_rosters(actor_of(staff["caseworker"]), town, now, progress)
        cast = _cast(staff, town, password, now)
        _play(cast, now, progress)
        play_volunteers(users=cast.users, helpers=cast.helpers, town=town, now=now)
        demo_activities.play(town, now)
        demo_emergencies.play(town, now)
        demo_health.play_health(cast.users, Unit.objects.get(code=demo_health.HOSPITAL[0]), _working_hour(now))
        demo_condolence.play(cast.users, town, now)
        demo_funds.play(cast.users, town, now)
        demo_honours.play(town, now)
        demo_loans.play(town, now)
        demo_payments.play(town, now)
        demo_study_aid.play(town, now)
        demo_group.play(cast.users, town, now)
        demo_subsidies.play(town, now)
        demo_documents.play(town, now)
        demo_survey.play(cast.users, town, now)
        demo_rights.play(cast.users, town, now)
        demo_assessment.play(cast.users, town, now)
        _remind(now)
    return True


def _load_ground(now: datetime) -> None:
    """What every installation has."""
    load_codes()
    load_parameters()
    # The demo's accounts have a known password and no device of anybody's.
    set_parameter(key=second_factors.ROLES, value=[], from_date=timezone.localdate(), source="demo")
    load_kinds()
    load_programmes()
    load_catalogue()
    if not Unit.objects.filter(code=TOWN).exists():
        load_regions(now=now)
    if not Process.objects.exists():
        deployment.deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=now)


# --- people -----------------------------------------------------------------------------------------------------------


def _staff(town: Unit, password: str, now: datetime) -> dict[str, User]:
    """The accounts of the contract, apart from the helpers'."""
    made = {}
    for username, (name, role) in STAFF.items():
        made[username] = _user(username, name, password, now)
        if role in ("liaison", "village", "committee"):
            continue  # their units come with the rosters
        _member(made[username], role, _place(username, role, town), now)
    return made


def _place(username: str, role: str, town: Unit) -> Unit:
    """Where somebody works: the county's people at the county, the stranger elsewhere, everybody else in the town."""
    if username == "stranger":
        return Unit.objects.get(code=ELSEWHERE)
    county = town.parent
    # The inspector: what the township itself decided is looked into by somebody who does not work there.
    above = role in ("county", "finance", "dpo") or username == "inspector"
    return county if county is not None and above else town


def _user(username: str, name: str, password: str, now: datetime) -> User:
    """All have the password of the first, as it is stored: that is slow to make on purpose, and known to everybody."""
    first = User.objects.filter(is_demo=True).first()
    made = create_user(
        username=username,
        name=name,
        password=None if first else password,
        is_demo=True,
        must_change_password=False,
        actor=SYSTEM,
        now=now,
    )
    if first:
        made.password = first.password
        made.save(update_fields=["password"])
    return made


def _member(user: User, role: str, unit: Unit, now: datetime) -> None:
    since = timezone.localdate(now - YEARS_BACK)
    grant_membership(user=user, role=role, unit=unit, from_date=since, actor=SYSTEM, now=now)


def _import_rosters(actor: Actor, town: Unit, now: datetime, progress: Progress) -> None:
    """Both rosters, by the functions that the upload uses."""
    place = synthetic.Place(code=TOWN, name=town.name, villages=VILLAGES)
    today = timezone.localdate(now)
    sheets = {
        "families": synthetic.families(rows=PERSONS, place=place, today=today, seed=SEED, mess=0.1),
        "helpers": synthetic.helpers(rows=HELPERS, place=place, today=today, seed=SEED),
    }
    for kind, sheet in sheets.items():
        name = f"{kind}.xlsx"
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            synthetic.write(sheet, path)
            content = BytesIO(path.read_bytes())
        roster = rosters.upload(kind=kind, file=content, name=name, actor=actor, now=now, unit=town)
        rosters.dry_run(roster=roster, now=now)
        rosters.apply(roster=roster, now=now, progress=lambda done, of, kind=kind: progress(kind, done, of))  # type: ignore[misc]


def _cast(staff: dict[str, User], town: Unit, password: str, now: datetime) -> Cast:
    """Villages for the village worker, accounts for a volunteer and a soldier, their unit for the liaison."""
    for village in Unit.objects.filter(parent=town, kind=Unit.Kind.VILLAGE):
        _member(staff["village"], "village", village, now)
        _member(staff["committee"], "committee", village, now)
    helpers = {
        "volunteer": _ready_helper("volunteer", now),
        "soldier": _ready_helper("soldier_son", now),
        "league": _ready_helper("league_child", now),
    }
    for username in ("volunteer", "soldier"):
        helper = helpers[username]
        staff[username] = _user(username, helper.name, password, now)
        _member(staff[username], "helper", town, now)
        changes = {"user": staff[username]}
        helpers[username] = register.update_helper(helper=helper, changes=changes, actor=SYSTEM, now=now)
    unit = helpers["soldier"].partner_unit or town
    _member(staff["liaison"], "liaison", unit, now)
    department = add_unit(
        parent=town, code="BM-01", name="文卫科", kind="department", sort="culture_health", actor=SYSTEM, now=now
    )
    _member(staff["liaison"], "liaison", department, now)
    _member(staff["head"], "head", department, now)
    username, name, role = demo_health.ACCOUNT
    staff[username] = _user(username, name, password, now)
    _member(staff[username], role, demo_health.add_hospital(town, now), now)
    return Cast(users=staff, helpers=helpers)


def _ready_helper(kind: str, now: datetime) -> Helper:
    """A helper of the roster who has served for over a year and stays for one more."""
    helper = Helper.objects.filter(kind=kind).order_by("number").first()
    assert helper is not None, "the demo's roster has helpers of every kind"
    today = timezone.localdate(now)
    changes: dict[str, Any] = {
        "from_date": today - timedelta(days=450),
        "trained_on": today - timedelta(days=440),
        "checked_on": today - timedelta(days=20),
        "insured_until": today + timedelta(days=300),
        "max_families": 5,
    }
    if kind == "soldier_son":
        changes["to_date"] = today + timedelta(days=400)
    return register.update_helper(helper=helper, changes=changes, actor=SYSTEM, now=now)


# --- cases ------------------------------------------------------------------------------------------------------------


class Township(Rehearsal):
    """The township at work on one case, from some day in the past until now."""

    def __init__(self, cast: Cast, begin: datetime, family: Family) -> None:
        super().__init__(begin)
        self.cast = cast
        programme = Programme.objects.get(code=PROGRAMME)
        actor = cast.actor("caseworker")
        self.case: Case = cases.start_case(family=family, programme=programme, actor=actor, now=begin)
        self.work()

    def act(self, step: str, username: str, answers: Mapping[str, Any]) -> None:
        """Complete the case's item of this step, two hours later."""
        self.pass_case_time(hours=2)
        self.do(self.case, step, self.cast.users[username], answers)

    def pass_case_time(self, **span: float) -> None:
        """Let time pass for this case alone."""
        self.go_to(self.now + timedelta(**span), case=self.case)

    def survey(self) -> None:
        """The village worker's visit."""
        elders = ["survey_family", "collect_by_contact"]
        step = next(name for name in elders if name in self.waiting(self.case))
        answers: dict[str, Any] = {
            "surveyed_on": self.today.isoformat(),
            "survey_result": "surveyed",
            "child_state": self.case.family.child_state or "away",
            "lives_alone": self.case.family.persons.count() == 1,
            "self_care": 1,
            "disease": "none",
            "low_income": False,
            "needs": ["comfort", "health"],
        }
        if step == "survey_family":
            answers |= {"method": "home", "residence": "home", "minor": "none", "helper_reality": "none"}
        self.act(step, "village", answers)

    def consent(self) -> None:
        """Notice and consent."""
        answers = {
            "consent": "agreed",
            "notice_version": "2026-01",
            "given_by": "self",
            "given_on": self.today.isoformat(),
            "items": ["basics", "contact", "health", "photo", "share_helper"],
            "proof": "signature",
        }
        self.act("record_consent", "village", answers)
        if "resolve_duplicates" in self.waiting(self.case):
            self.act("resolve_duplicates", "caseworker", {"resolution": "keep", "reason": "同名,不是一户"})

    def check(self, tier: str = "") -> None:
        """The caseworker follows the advice, or has a reason to choose another tier."""
        advised = self.form(self.case, "check_file", self.cast.users["caseworker"]).values
        answers = {"check_result": "submit", **advised}
        answers["categories"] = list(answers["categories"]) or ["ordinary"]
        if tier and tier != answers["tier"]:
            answers |= {"tier": tier, "override_reason": "同院亲属每天照看"}
        self.act("check_file", "caseworker", answers)

    def file(self, tier: str = "", *, plan: bool = False) -> None:
        """From the survey to the confirmed file; what is needed beyond visits is seen to already, or waits."""
        self.survey()
        self.consent()
        self.check(tier)
        self.act("confirm_file", "supervisor", {"confirm_result": "confirm"})
        if not plan:
            self.act("assess_needs", "caseworker", {"assessment": "no_need", "evidence": "女儿每周陪同看病"})

    def plan(self) -> None:
        """From the needs to the family's yes: a department is asked, the village has something to give."""
        needs = {"assessment": "needs", "needs": ["health"], "level": "ordinary", "evidence": "腿脚不便，想在家看病"}
        self.act("assess_needs", "caseworker", needs)
        self.act("compose_plan", "caseworker", {"services": ["family_doctor", "escort", "card_close"]})
        self.act("confirm_plan", "supervisor", {"confirmation": "confirm"})
        agreed = {"consent": "agree", "may_share": True, "given_by": "self", "asked_on": self.today.isoformat()}
        self.act("ask_family", "village", agreed)

    def offer(self, username: str) -> None:
        """Ask one of the demo's own helpers."""
        helper = self.cast.helpers[username]
        answers = {"pick_result": "pick", "helper": str(helper.pk), "override": True, "reason": "住得近,说话投缘"}
        self.act("pick_helper", "caseworker", answers)

    def accept(self, username: str) -> None:
        """The unit or the helper says yes."""
        waiting = self.waiting(self.case)
        if "answer_for_unit" in waiting:
            alias = f"小{self.cast.helpers[username].name[:1]}"
            self.act("answer_for_unit", "liaison", {"answer": "accept", "alias": alias})
        elif "ask_helper" in waiting:
            self.act("ask_helper", "village", {"answer": "accept", "asked_on": self.today.isoformat()})
        else:
            self.act("answer_offer", username, {"answer": "accept"})

    def meet(self) -> None:
        """The family agrees, both meet."""
        day = self.today.isoformat()
        answers = {"family_answer": "agree", "given_by": "self", "given_on": day, "method": "home"}
        self.act("ask_family", "village", answers)
        if "fix_gate" in self.waiting(self.case):
            done = ["training", "insurance", "background_check"]
            self.act("fix_gate", "caseworker", {"fix_result": "fixed", "done": done})
        met = {"meeting_result": "go_on", "met_on": day, "present": ["family", "helper", "village"]}
        self.act("hold_first_meeting", "village", met)

    def sign(self) -> None:
        """The agreement."""
        values = self.form(self.case, "sign_agreement", self.cast.users["caseworker"]).values
        answers = {
            **values,
            "items": ["comfort", "housework"],
            "no_money_clause": True,
            "emergency_plan": "先拨打120,再通知村里和紧急联系人",
            "signed_by_family": True,
            "signed_by_helper": True,
        }
        self.act("sign_agreement", "caseworker", answers)

    def pair(self, username: str) -> None:
        """From the shortlist to the spell."""
        self.offer(username)
        self.accept(username)
        self.meet()
        self.sign()
        self.act("confirm_pairing", "supervisor", {"confirm_result": "confirm"})

    def visit(self, username: str, **found: Any) -> None:
        """The helper's record, an hour after the visit."""
        answers = {
            "visit_result": "met",
            "started_at": (self.now - timedelta(hours=1)).isoformat(),
            "ended_at": self.now.isoformat(),
            "channel": "home",
            "persons_met": ["elder"],
            "physical": "well",
            "mental": "calm",
            "done_items": ["comfort"],
            **found,
        }
        self.act("record_visit", username, answers)

    def care_until(self, moment: datetime, username: str) -> None:
        """Visit by visit up to a moment, each on the day after its window opens; what is called back is confirmed."""
        while self.now < moment:
            waiting = self.waiting(self.case)
            if "call_back" in waiting:
                self.act("call_back", "caseworker", {"call_result": "confirmed"})
            elif "record_visit" in waiting:
                self.pass_case_time(days=1)
                self.visit(username)
            elif "ask_family_wish" in waiting:
                return
            else:
                timer = self.next_timer(self.case) or moment
                self.go_to(min(max(timer, self.now), moment), case=self.case)


Scene: TypeAlias = Callable[[Township, datetime], None]


def _surveying(play: Township, now: datetime) -> None:
    """Waits for the village worker."""


def _consenting(play: Township, now: datetime) -> None:
    play.survey()


def _checking(play: Township, now: datetime) -> None:
    play.survey()
    play.consent()


def _confirming(play: Township, now: datetime) -> None:
    _checking(play, now)
    play.check()


def _picking(play: Township, now: datetime) -> None:
    play.file()


def _served(play: Township, now: datetime) -> None:
    """A department has to answer, the village to deliver."""
    play.file(plan=True)
    play.plan()


def _assessing(play: Township, now: datetime) -> None:
    """The survey found a need; the caseworker looks at it."""
    play.file(plan=True)


def _asking_soldier(play: Township, now: datetime) -> None:
    play.file()
    play.offer("soldier")


def _asking_volunteer(play: Township, now: datetime) -> None:
    play.file()
    play.offer("volunteer")


def _asking_family(play: Township, now: datetime) -> None:
    """A helper without an account, asked in person, has said yes."""
    play.file()
    play.offer("league")
    play.accept("league")


def _signing(play: Township, now: datetime) -> None:
    _asking_family(play, now)
    play.meet()


def _confirming_pair(play: Township, now: datetime) -> None:
    _signing(play, now)
    play.sign()


def _cared_by_volunteer(play: Township, now: datetime) -> None:
    """Visits by the volunteer; one is due."""
    play.file(MONTHLY)
    play.pair("volunteer")
    play.care_until(now - BEFORE_WINDOW, "volunteer")


def _cared_by_soldier(play: Township, now: datetime) -> None:
    """Visits by the soldier; one is due."""
    play.file(MONTHLY)
    play.pair("soldier")
    play.care_until(now - BEFORE_WINDOW, "soldier")


def _missed(play: Township, now: datetime) -> None:
    """The last visit was missed: the village worker goes instead."""
    play.file(MONTHLY)
    play.pair("volunteer")
    play.care_until(now - timedelta(days=10), "volunteer")


def _in_need(play: Township, now: datetime) -> None:
    """The last visit found something: the caseworker follows up."""
    _cared_by_volunteer(play, now)
    play.go_to(now - timedelta(days=1), case=play.case)
    play.visit("volunteer", physical="ill", needs=["health", "daily_care"], requests="想去县医院复查")


def _alarmed(play: Township, now: datetime) -> None:
    """An accident at home: the supervisor acts at once."""
    _cared_by_soldier(play, now)
    play.go_to(now - timedelta(hours=3), case=play.case)
    play.visit("soldier", physical="injured", note="在院子里滑倒,已陪同去卫生院")


def _reviewed(play: Township, now: datetime) -> None:
    """A year of visits; the supervisor decides about the next."""
    play.file()
    play.pair("soldier")
    play.care_until(now - timedelta(days=2), "soldier")
    wish = {"wish": "continue", "given_by": "self", "given_on": play.today.isoformat(), "method": "home"}
    play.act("ask_family_wish", "village", wish)
    play.act("prepare_review", "caseworker", {"proposal": "renew", "summary": "一年来按时上门,老人满意"})


def _refused(play: Township, now: datetime) -> None:
    """The family wants nobody; asked again in half a year."""
    answers = {"surveyed_on": play.today.isoformat(), "survey_result": "refused", "method": "home"}
    play.act("survey_family", "village", answers)


MONTHLY = "C"
"""In this tier the agreement's month is the period."""
ROUND, TO_WINDOW = 24, 25
"""A monthly visit made on the day after its window opened comes round every 24 days; 25 days after a beginning (or any
number of rounds later) the window of the next one has been open for two days."""
BEFORE_WINDOW = timedelta(days=2, hours=12)

SCENES: tuple[tuple[float, Scene], ...] = (
    (383, _reviewed),
    (TO_WINDOW + 5 * ROUND, _cared_by_volunteer),
    (TO_WINDOW + 4 * ROUND, _cared_by_soldier),
    (TO_WINDOW + 3 * ROUND, _in_need),
    (TO_WINDOW + 2 * ROUND, _alarmed),
    (TO_WINDOW + 2 * ROUND + 7, _missed),
    (60, _refused),
    (9, _confirming_pair),
    (8, _signing),
    (6, _asking_family),
    (5, _asking_soldier),
    (4, _asking_soldier),
    (4, _asking_volunteer),
    (5, _served),
    (3, _assessing),
    (3, _picking),
    (7, _confirming),
    (3, _confirming),
    (9, _checking),
    (2, _checking),
    (12, _consenting),
    (2, _consenting),
    (16, _surveying),
    (12, _surveying),
    (3, _surveying),
    (0.1, _surveying),
)
"""How many days ago a case was opened, and how far it has come."""


def _play(cast: Cast, now: datetime, progress: Progress) -> None:
    families = _families()
    for number, (days, scene) in enumerate(SCENES, start=1):
        play = Township(cast, _working_hour(now - timedelta(days=days)), next(families))
        scene(play, now)
        play.go_to(now, case=play.case)
        progress("cases", number, len(SCENES))
    assert Pairing.objects.exists()


def _remind(now: datetime) -> None:
    """What people have to be reminded of by now stands behind their bell."""
    remind_items(now)
    remind_visits(now)
    sending.show(now=now, book=Book())


def _families() -> Iterator[Family]:
    """Families on the roster whom the programme is for: elders first, none that refuses or must not be called upon."""
    rows = Family.objects.exclude(willingness=Family.Willingness.REFUSED).select_related("unit")
    elders = rows.filter(declared_categories__overlap=["empty_nest", "left_behind_elder"])
    ordinary = elders.exclude(declared_categories__overlap=SPECIAL).exclude(child_state__in=["none_living", "disabled"])
    yield from ordinary.order_by("number", "id")
    others = rows.exclude(pk__in=elders).exclude(declared_categories__overlap=SPECIAL)
    yield from others.exclude(child_state__in=["none_living", "disabled"]).order_by("number", "id")


def _working_hour(moment: datetime) -> datetime:
    """Nine in the morning of that day, or the moment itself when that lies ahead of it."""
    nine = timezone.localtime(moment).replace(hour=9, minute=0, second=0, microsecond=0)
    return min(nine, moment)
