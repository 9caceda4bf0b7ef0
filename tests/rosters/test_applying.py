"""What an applied roster leaves on file; done again it changes nothing, corrected it changes what was corrected."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from backend.audit.models import Event
from backend.cases.families import record_death
from backend.cases.models import Family, Person, Roster, RosterPart
from backend.cases.rosters import services
from backend.cases.rosters.problems import RosterState
from backend.cases.rosters.synthetic import Place, families
from backend.core.crypto import blind_index
from backend.org.models import Unit
from tests import factories
from tests.rosters.sheets import applied, certificate, checked, people_csv, person, uploaded, written, wrong_certificate

pytestmark = pytest.mark.django_db
WIFE = {"姓名": "李秀英", "与户主关系码": "12", "证件号码": certificate("19520709", 2)}
HOME = {
    "户籍地址": "天津市武清区大黄堡镇赵庄村",
    "居住地址": "二排5号",
    "居住状况": "在家",
    "户籍性质": "农",
    "子女状况": "在外",
    "紧急联系人": "王建国",
    "紧急联系人电话": "154-0000-0009",
    "风险等级": "B",
    "是否同意探访": "同意",
    "同意日期": "2026-02-18",
    "帮扶类型": "兵儿子",
    "帮扶人编号": "jd0001",
    "更新日期": "2026-02-20",
    "填表人": "网格员",
}


@pytest.fixture(autouse=True)
def _village() -> Unit:
    return factories.village()


def states() -> list[dict[str, object]]:
    """All that is on file, without when it was written."""
    leave = {"updated_at", "created_at"}
    rows = [*Family.objects.order_by("id").values(), *Person.objects.order_by("id").values()]
    return [{name: value for name, value in row.items() if name not in leave} for row in rows]


def test_a_family_as_the_roster_tells_it(now: datetime) -> None:
    about_him = {"联系电话": "15400000001", "健康码": "31", "自理等级": "2", "民族码": "汉族"}
    about_her = {"残疾类别": "肢体", "残疾等级": "三级", "备注": "听力差"}
    people = (
        person(**HOME, **about_him, 类别1="空巢", 需求1="精神慰藉", 享受政策1="奖励扶助"),
        person(**WIFE, **about_her, 类别1="留守老人", 类别2="空巢", 需求1="家务"),
    )
    roster = applied(people_csv(*people), now)
    family = Family.objects.get()
    assert roster.counts["applied"] == {
        "families_new": 1, "families_changed": 0, "families_unchanged": 0, "persons_new": 2, "persons_changed": 0,
        "persons_unchanged": 0, "failed": 0,
    }  # fmt: skip
    assert (family.unit.code, family.number, family.label, family.status) == (factories.VILLAGE, "1", "王德福", "draft")
    assert (family.live_address, family.hukou_kind, family.residence, family.child_state) == (
        "二排5号",
        "farm",
        "home",
        "away",
    )
    assert (family.declared_categories, family.categories) == (["empty_nest", "left_behind_elder"], [])
    assert (family.needs, family.policies) == (["comfort", "housework"], ["奖励扶助"])
    assert (family.willingness, family.consented_on, family.risk_tier) == ("agreed", date(2026, 2, 18), "B")
    assert (family.emergency_contact, family.emergency_phone) == ("王建国", "15400000009")
    assert (family.helper_kind, family.helper_number) == ("soldier_son", "JD0001")
    assert family.notes == {"更新日期": "2026-02-20", "填表人": "网格员"}
    assert (
        list(Family.objects.filter(search__contains="wdf"))
        == list(Family.objects.filter(search__contains="二排5号"))
        == [family]
    )
    head, wife = family.persons.order_by("id")
    assert (head.name, head.relation, head.is_head, head.sex, head.birth_date) == (
        "王德福",
        "02",
        True,
        "1",
        date(1950, 3, 5),
    )
    assert (head.certificate, head.certificate_tail, head.certificate_kind) == (certificate(), certificate()[-4:], "id")
    assert bytes(head.certificate_index or b"") == blind_index(certificate())
    assert (head.phone, head.health, head.self_care, head.ethnicity, head.initials) == (
        "15400000001",
        "31",
        2,
        "01",
        "wdf",
    )
    assert (wife.is_head, wife.disability_kind, wife.disability_grade, wife.notes) == (
        False,
        "4",
        3,
        {"备注": "听力差"},
    )


def test_nothing_readable_of_what_is_sensitive(now: datetime) -> None:
    applied(people_csv(person(**HOME, 联系电话="15400000001", 健康码="41")), now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT certificate, phone, health FROM cases_person")
        stored = [bytes(value) for value in cursor.fetchone()]
        cursor.execute("SELECT string_agg(body, '') FROM audit_event")
        told = cursor.fetchone()[0]
    assert not any(secret in value for value in stored for secret in (certificate().encode(), b"15400000001", b"41"))
    assert certificate() not in told
    assert "15400000001" not in told


def test_a_name_in_traditional_characters_is_kept_beside(now: datetime) -> None:
    applied(people_csv(person(姓名="劉德華")), now)
    someone = Person.objects.get()
    assert (someone.name, someone.alias) == ("刘德华", "劉德華")
    assert Family.objects.filter(search__contains="劉德華").exists()


def test_a_new_village_is_added_under_its_township(now: datetime) -> None:
    applied(people_csv(person(**{"村(居)代码": "120114122288", "村(居)名称": "新立村"})), now)
    village = Unit.objects.get(code="120114122288")
    assert (village.name, village.kind, village.path) == ("新立村", "village", "12.01.14.122.288.")
    assert village.parent == factories.town()
    assert Event.objects.filter(action="unit.added", object_id=str(village.pk)).count() == 1


def test_history_tells_who_took_in_each_family(now: datetime) -> None:
    roster = applied(people_csv(person(), person(**WIFE)), now)
    event = Event.objects.get(action="family.created")
    family = Family.objects.get()
    assert (event.family_id, event.actor, event.at, event.unit_path) == (family.pk, "测试员", now, family.unit.path)
    assert (event.data["roster"], event.data["persons"]) == (str(roster.pk), 2)
    assert list(Event.objects.filter(action__startswith="roster.").order_by("id").values_list("action", flat=True)) == [
        "roster.uploaded", "roster.applied"
    ]  # fmt: skip


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_repeating_a_file_changes_nothing(ending: str, tmp_path: Path, now: datetime) -> None:
    content = written(families(rows=400, place=Place(villages=3), seed=8, mess=0.5), tmp_path, ending)
    first = applied(content, now)
    before, events = states(), Event.objects.exclude(action__startswith="roster.").count()
    again = applied(content, now + timedelta(days=1))
    counts = again.counts["applied"]
    assert states() == before
    assert Event.objects.exclude(action__startswith="roster.").count() == events
    assert (counts["families_unchanged"], counts["persons_unchanged"]) == (first.counts["groups"], first.counts["rows"])
    assert sum(counts.values()) == counts["families_unchanged"] + counts["persons_unchanged"]


def test_what_differs_is_changed_and_told(now: datetime) -> None:
    applied(people_csv(person(**HOME, 联系电话="15400000001"), person(**WIFE)), now)
    moved = {**HOME, "居住地址": "三排1号"}
    roster = applied(people_csv(person(**moved, 联系电话="15400000002"), person(**WIFE)), now + timedelta(days=1))
    family = Family.objects.get()
    assert (family.live_address, family.version) == ("三排1号", 2)
    assert "三排1号" in family.search
    assert family.persons.get(is_head=True).phone == "15400000002"
    counts = roster.counts["applied"]
    assert (counts["families_changed"], counts["persons_changed"], counts["persons_unchanged"]) == (1, 1, 1)
    told = Event.objects.get(action="family.updated").data
    assert told["live_address"] == {"from": "二排5号", "to": "三排1号"}
    assert Event.objects.get(action="person.updated").data["phone"] == "changed"


def test_of_a_child_history_tells_that_something_changed_only(now: datetime) -> None:
    """PIPL 28 and 31; a household whose head is a child is called after it."""
    child = {"与户主关系码": "20", "证件号码": certificate("20180501", 3)}
    applied(people_csv(person(), person(**child, 姓名="王小杰")), now)
    applied(people_csv(person(), person(**child, 姓名="王小宝")), now + timedelta(days=1))
    assert Event.objects.get(action="person.updated").data["name"] == "changed"
    assert not Event.objects.filter(Q(body__contains="王小杰") | Q(body__contains="王小宝")).exists()
    alone = person(**{**child, "与户主关系码": "02", "姓名": "王小宝"})
    applied(people_csv(alone), now + timedelta(days=2))
    assert Family.objects.get().label == "王小宝"
    assert Event.objects.get(action="family.updated", data__has_key="label").data["label"] == "changed"


def test_an_empty_cell_erases_nothing(now: datetime) -> None:
    applied(people_csv(person(**HOME, 联系电话="15400000001", 备注="听力差")), now)
    before = states()
    applied(people_csv(person()), now)
    assert states() == before


def test_a_new_member_joins_the_household(now: datetime) -> None:
    applied(people_csv(person()), now)
    applied(people_csv(person(), person(**WIFE)), now)
    family = Family.objects.get()
    assert set(family.persons.values_list("name", flat=True)) == {"王德福", "李秀英"}
    assert "李秀英" in family.search
    assert Event.objects.filter(action="person.added").count() == 1


def test_other_people_under_a_number_on_file(now: datetime) -> None:
    """Two households got one number: the roster's must not be mixed into the one on file."""
    applied(people_csv(person()), now)
    roster = applied(people_csv(person(姓名="赵军", 证件号码=certificate("19700101", 3))), now)
    assert {problem["detail"] for problem in roster.problems} == {"others"}
    assert Person.objects.count() == 1


def test_a_widow_becomes_head(now: datetime) -> None:
    applied(people_csv(person(), person(**WIFE)), now)
    applied(people_csv(person(**{**WIFE, "与户主关系码": "02"})), now)
    assert Person.objects.get(is_head=True).name == Family.objects.get().label == "李秀英"


def test_somebody_not_listed_any_more_stays(now: datetime) -> None:
    """Leaving a row out says nothing: somebody may have died, moved, or been forgotten."""
    applied(people_csv(person(), person(**WIFE)), now)
    applied(people_csv(person()), now)
    assert Person.objects.count() == 2


def test_an_id_found_later_is_added_to_the_same_person(now: datetime) -> None:
    applied(people_csv(person(证件号码=None, 出生日期="1950-03-05")), now)
    applied(people_csv(person()), now)
    assert Person.objects.get().certificate == certificate()


def test_a_corrected_name_is_the_same_person(now: datetime) -> None:
    applied(people_csv(person(姓名="王得福")), now)
    applied(people_csv(person()), now)
    assert (Person.objects.get().name, Family.objects.get().label) == ("王德福", "王德福")
    assert not Family.objects.filter(search__contains="王得福").exists()


def test_once_on_file_willingness_and_risk_belong_to_the_process(now: datetime) -> None:
    """An old roster must not turn a refusal into agreement."""
    applied(people_csv(person(**HOME)), now)
    Family.objects.update(status="registered", willingness="refused", risk_tier="A", consented_on=None)
    applied(people_csv(person(**{**HOME, "居住地址": "三排1号"})), now)
    family = Family.objects.get()
    assert (family.willingness, family.risk_tier, family.consented_on) == ("refused", "A", None)
    assert family.live_address == "三排1号"


def test_the_dead_are_left_alone(now: datetime) -> None:
    applied(people_csv(person(), person(**WIFE)), now)
    Person.objects.filter(is_head=True).update(status="dead", died_on=date(2026, 1, 1))
    applied(people_csv(person(联系电话="15400000001"), person(**WIFE)), now)
    assert Person.objects.get(is_head=True).phone == ""


def test_an_older_list_does_not_give_a_household_the_name_of_the_dead_again(now: datetime) -> None:
    """E2: the widow heads it, whatever a roster from before the death says."""
    applied(people_csv(person(), person(**WIFE)), now)
    record_death(person=Person.objects.get(is_head=True), died_on=now.date(), actor=factories.actor(), now=now)
    applied(people_csv(person(), person(**{**WIFE, "联系电话": "15400000001"})), now)
    head = Person.objects.get(is_head=True)
    assert (head.name, head.phone, Family.objects.get().label) == ("李秀英", "15400000001", "李秀英")


def test_a_closed_household_is_left_alone(now: datetime) -> None:
    applied(people_csv(person()), now)
    Family.objects.update(status="moved")
    before = states()
    applied(people_csv(person(**HOME), person(**WIFE)), now)
    assert states() == before


def test_a_household_with_an_error_waits_as_a_whole(now: datetime) -> None:
    wrong = person(**{**WIFE, "证件号码": wrong_certificate()})
    roster = applied(people_csv(person(), wrong, person(户编号="2", 证件号码=certificate("19600101"))), now)
    assert list(Family.objects.values_list("number", flat=True)) == ["2"]
    assert Person.objects.count() == 1
    assert (roster.done, roster.total, roster.state) == (2, 2, Roster.State.APPLIED)


def test_corrected_it_goes_in(now: datetime) -> None:
    applied(people_csv(person(姓名=None)), now)
    assert not Family.objects.exists()
    applied(people_csv(person()), now)
    assert Family.objects.count() == 1


def test_a_roster_is_applied_once(now: datetime) -> None:
    roster = applied(people_csv(person()), now)
    with pytest.raises(RosterState):
        services.apply(roster=roster, now=now)
    with pytest.raises(RosterState):
        services.start_applying(roster=roster, actor=factories.actor(), now=now)


def test_what_changed_after_the_dry_run_counts(now: datetime) -> None:
    """The file is checked again: somebody entered this person elsewhere in the meantime."""
    roster = checked(people_csv(person()), now)
    factories.person(factories.family(number="77"), certificate=certificate())
    services.apply(roster=roster, now=now)
    assert not Family.objects.filter(number="1").exists()


def test_statements_do_not_grow_with_households(tmp_path: Path, now: datetime) -> None:
    """A batch costs the same statements whether it has 20 households or 120."""
    used = []
    for rows, seed in ((50, 1), (300, 2)):
        roster = checked(written(families(rows=rows, place=Place(villages=1), seed=seed), tmp_path), now)
        with CaptureQueriesContext(connection) as statements:
            services.apply(roster=roster, now=now)
        used.append(len(statements))
        Person.objects.all().delete()
        Family.objects.all().delete()
    assert used[1] <= used[0] < 25


def test_cases_of_new_families_are_started_by_jobs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, now: datetime
) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    factories.programme()
    monkeypatch.setattr(services, "CASES_AT_ONCE", 10)
    content = written(families(rows=60, place=Place(villages=2), seed=8), tmp_path)
    applied(content, now, start_programme="jmgj")
    jobs = list(ProcrastinateJob.objects.filter(task_name="processes.start_cases"))
    queued = [id for job in jobs for id in job.args["family_ids"]]
    assert sorted(queued) == sorted(str(id) for id in Family.objects.values_list("id", flat=True))
    assert all(job.args["programme"] == "jmgj" and len(job.args["family_ids"]) <= 10 for job in jobs)
    applied(content, now, start_programme="jmgj")
    assert ProcrastinateJob.objects.filter(task_name="processes.start_cases").count() == len(jobs)


def test_files_are_deleted_after_thirty_days(now: datetime) -> None:
    roster = applied(people_csv(person()), now)
    waiting = uploaded(people_csv(person()), now + timedelta(days=25))
    assert services.remove_files(now=now + timedelta(days=29)) == 0
    assert services.remove_files(now=now + timedelta(days=31)) == 1
    assert not RosterPart.objects.filter(roster=roster).exists()
    assert RosterPart.objects.filter(roster=waiting).exists()
    assert services.remove_files(now=now + timedelta(days=60)) == 1
