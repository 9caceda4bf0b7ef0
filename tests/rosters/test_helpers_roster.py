"""The helpers roster: found again by number, partner units by opaque codes, never a military designation."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from backend.audit.models import Event
from backend.cases.rosters.synthetic import Place, helpers
from backend.cases.rosters.values import Cell
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper
from backend.org.models import Unit
from tests import factories
from tests.queueing import messages
from tests.rosters import sheets
from tests.rosters.sheets import HELPER_HEADINGS, certificate, found, levels, people_csv, written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _place() -> None:
    factories.town()
    load_kinds()


def helper(**cells: Cell) -> dict[str, Cell]:
    return {
        "帮扶人编号": "jd 00001",
        "帮扶类型": "兵儿子",
        "姓名": "赵卫国",
        "证件号码": certificate("20040501"),
        "单位代码": "jd-122-1",
        "单位名称": "共建单位一",
        "服务开始": "2024-09-01",
        "服务结束": "2026-09-01",
        **cells,
    }


def applied(now: datetime, *people: dict[str, Cell]) -> dict[str, int]:
    content = people_csv(*people, headings=HELPER_HEADINGS)
    counts: dict[str, int] = sheets.applied(content, now, kind="helpers").counts["applied"]
    return counts


def problems(now: datetime, *people: dict[str, Cell]) -> tuple[set[tuple[int, str, str]], dict[str, str]]:
    roster = sheets.checked(people_csv(*people, headings=HELPER_HEADINGS), now, kind="helpers")
    return found(roster), levels(roster)


def test_a_helper_as_the_roster_tells_it(now: datetime) -> None:
    more: dict[str, Cell] = {
        "技能": "理发，家电维修",
        "语言": "普通话 天津话",
        "最多户数": "2户",
        "联系电话": 15400000003,
        "培训日期": "2024.9.10",
        "保险到期": "2027-01-01",
        "联络员": "钱联络员",
        "居住地址": "大黄堡镇",
        "备注": "周末有空",
    }
    assert applied(now, helper(**more)) == {"helpers_new": 1, "helpers_changed": 0, "helpers_unchanged": 0, "failed": 0}
    one = Helper.objects.select_related("partner_unit").get()
    assert (one.number, one.kind_id, one.name, one.unit) == ("JD00001", "soldier_son", "赵卫国", factories.town())
    assert (one.certificate, one.sex, one.birth_date) == (certificate("20040501"), "1", date(2004, 5, 1))
    assert (one.skills, one.languages, one.max_families) == (["理发", "家电维修"], ["普通话", "天津话"], 2)
    assert (one.from_date, one.to_date, one.trained_on) == (date(2024, 9, 1), date(2026, 9, 1), date(2024, 9, 10))
    assert (one.phone, one.notes, one.initials) == ("15400000003", {"备注": "周末有空"}, "zwg")
    partner = one.partner_unit
    assert partner
    assert (partner.code, partner.name, partner.kind, partner.sort) == ("JD-122-1", "共建单位一", "partner", "soldiers")
    assert partner.path == "12.01.14.122.jd-122-1."
    assert Event.objects.filter(action="helper.registered").count() == 1


def test_repeating_a_file_changes_nothing(tmp_path: Path, now: datetime) -> None:
    content = written(helpers(rows=120, place=Place(), seed=2, mess=0.5), tmp_path)
    first = sheets.applied(content, now, kind="helpers")
    assert first.counts["applied"]["helpers_new"] == 120
    before = list(Helper.objects.order_by("id").values())
    again = sheets.applied(content, now + timedelta(days=1), kind="helpers")
    assert again.counts["applied"]["helpers_unchanged"] == 120
    assert list(Helper.objects.order_by("id").values()) == before
    assert Unit.objects.filter(kind="partner").count() > 2


def test_what_differs_is_changed_and_told(now: datetime) -> None:
    applied(now, helper())
    counts = applied(now, helper(服务结束="2027-09-01", 联系电话="15400000003"))
    assert counts["helpers_changed"] == 1
    told = Event.objects.get(action="helper.updated").data
    assert told["to_date"] == {"from": "2026-09-01", "to": "2027-09-01"}
    assert told["phone"] == "changed"


def test_everything_wrong_is_found(tmp_path: Path, now: datetime) -> None:
    sheet = helpers(rows=300, seed=3, mess=0.4, faults=0.2)
    roster = sheets.checked(written(sheet, tmp_path, ".xlsx"), now, kind="helpers")
    assert found(roster) == {(each.row, each.column, each.code) for each in sheet.expected}
    assert len(sheet.expected) > 30


@pytest.mark.parametrize("name", ["93456部队", "某集团军第三旅", "武警某中队", "第12团三连", "番号不详"])
def test_military_designations_are_refused(name: str, now: datetime) -> None:
    """Finding 6 of the domain research: not stored, not even as a note."""
    where, level = problems(now, helper(单位名称=name))
    assert (where, level) == ({(2, "单位名称", "bad_code")}, {"bad_code": "error"})
    applied(now, helper(单位名称=name))
    assert not Helper.objects.exists()
    assert not Unit.objects.filter(kind="partner").exists()


@pytest.mark.parametrize("name", ["共青团武清区委", "天津师范大学第二团支部", "大黄堡镇中心小学", "志愿服务队"])
def test_ordinary_names_are_not(name: str, now: datetime) -> None:
    assert problems(now, helper(单位名称=name)) == (set(), {})


def test_unknown_kind_dates_out_of_order_and_twice(now: datetime) -> None:
    assert problems(now, helper(帮扶类型="邻居")) == ({(2, "帮扶类型", "bad_code")}, {"bad_code": "error"})
    assert problems(now, helper(服务结束="2020-01-01")) == ({(2, "服务结束", "bad_date")}, {"bad_date": "error"})
    where, _ = problems(now, helper(), helper(证件号码=certificate("20040502")))
    assert where == {(2, "帮扶人编号", "duplicate_person"), (3, "帮扶人编号", "duplicate_person")}
    where, _ = problems(now, helper(), helper(帮扶人编号="JD2"))
    assert where == {(2, "证件号码", "duplicate_person"), (3, "证件号码", "duplicate_person")}


def test_the_same_person_under_another_number_on_file(now: datetime) -> None:
    applied(now, helper())
    where, _ = problems(now, helper(帮扶人编号="JD2"))
    assert where == {(2, "证件号码", "duplicate_person")}


def test_numbers_and_units_of_other_places_are_theirs(now: datetime) -> None:
    other = factories.town(factories.OTHER_TOWN)
    factories.helper(number="JD00001", unit=other)
    where, _ = problems(now, helper())
    assert where == {(2, "帮扶人编号", "duplicate_person")}
    factories.partner("GJ-99", parent=other)
    where, _ = problems(now, helper(帮扶人编号="JD2", 单位代码="GJ-99"))
    assert where == {(2, "单位代码", "outside_unit")}
    where, _ = problems(now, helper(帮扶人编号="JD2", 单位代码=factories.TOWN))
    assert where == {(2, "单位代码", "bad_code")}


def test_new_helpers_wake_as_many_waiting_cases(now: datetime) -> None:
    waiting = [
        factories.case(
            factories.family(categories=["empty_nest"]), phase="waiting", opened_at=now - timedelta(days=days)
        )
        for days in (30, 20, 10)
    ]
    people = [
        helper(帮扶人编号=f"JD{number}", 证件号码=certificate(f"2004050{number}"), 服务结束="2027-09-01")
        for number in (1, 2)
    ]
    applied(now, *people)
    assert [told["case_id"] for told in messages("helper_available")] == [str(case.pk) for case in waiting[:2]]
