"""Every kind of problem, where it stands, and whether the household waits."""

from datetime import datetime

import pytest

from backend.cases.models import Family
from backend.org.models import Unit
from tests import factories
from tests.rosters.sheets import certificate, checked, found, levels, people_csv, person

pytestmark = pytest.mark.django_db
WIFE = {"姓名": "李秀英", "与户主关系码": "12", "证件号码": certificate("19520709", 2)}


@pytest.fixture(autouse=True)
def _village() -> Unit:
    return factories.village()


def test_a_household_without_problems(now: datetime) -> None:
    roster = checked(people_csv(person(), person(**WIFE)), now)
    assert (roster.problems, roster.counts["ready"], roster.counts["families_new"]) == ([], 1, 1)


@pytest.mark.parametrize("column", ["村(居)代码", "户编号", "与户主关系码", "姓名"])
def test_missing(column: str, now: datetime) -> None:
    roster = checked(people_csv(person(**{column: None}), person(户编号="2", 证件号码=certificate(sequence=3))), now)
    assert (2, column, "missing") in found(roster)
    assert levels(roster)["missing"] == "error"
    assert (roster.counts["waiting"], roster.counts["ready"]) == (1, 1)


def test_a_missing_id_is_only_marked(now: datetime) -> None:
    """E18: old people and children without an id exist; digits are never invented."""
    roster = checked(people_csv(person(证件号码=None)), now)
    assert found(roster) == {(2, "证件号码", "missing")}
    assert roster.counts["ready"] == 1
    assert found(checked(people_csv(person(证件号码=None, 证件类型="无")), now)) == set()


def test_another_certificate_is_taken_as_it_is(now: datetime) -> None:
    roster = checked(people_csv(person(证件类型="护照", 证件号码="e 1234567")), now)
    assert roster.problems == []


@pytest.mark.parametrize("number", ["120199195003050011", "12019919500305", 1.20199195003050e17])
def test_id_checksum(number: object, now: datetime) -> None:
    roster = checked(people_csv(person(证件号码=number)), now)  # type: ignore[arg-type]
    assert found(roster) == {(2, "证件号码", "id_checksum")}
    assert roster.counts["waiting"] == 1


def test_id_disagrees_with_one_column(now: datetime) -> None:
    roster = checked(
        people_csv(person(性别码="2"), person(户编号="2", 证件号码=certificate(sequence=3), 出生日期="1950-04-05")), now
    )
    assert found(roster) == {(2, "性别码", "id_disagrees"), (3, "出生日期", "id_disagrees")}
    assert (levels(roster), roster.counts["ready"]) == ({"id_disagrees": "warning"}, 2)


def test_id_that_disagrees_with_both_is_somebody_elses(now: datetime) -> None:
    roster = checked(people_csv(person(性别码="2", 出生日期="1952-07-09")), now)
    assert (2, "证件号码", "id_disagrees") in found(roster)
    assert roster.counts["waiting"] == 1


@pytest.mark.parametrize("born", ["1950年3月", "1950", "1950-03", 1950.3])
def test_a_birth_date_that_says_less_than_the_id_agrees_with_it(born: object, now: datetime) -> None:
    assert checked(people_csv(person(出生日期=born)), now).problems == []  # type: ignore[arg-type]


def test_unknown_village(now: datetime) -> None:
    people = (person(**{"村(居)代码": code, "户编号": code, "证件号码": certificate(sequence=place * 2 + 1)})
              for place, code in enumerate(["120114999201", factories.TOWN, factories.VILLAGE]))  # fmt: skip
    roster = checked(people_csv(*people), now)
    assert found(roster) == {(2, "村(居)代码", "unknown_village"), (3, "村(居)代码", "unknown_village")}


def test_a_new_village_of_a_known_township(now: datetime) -> None:
    named = person(**{"村(居)代码": "120114122288", "村(居)名称": "新立村"})
    assert checked(people_csv(named), now).problems == []
    nameless = checked(people_csv({**named, "村(居)名称": None}), now)
    assert (found(nameless), levels(nameless)) == ({(2, "村(居)名称", "missing")}, {"missing": "warning"})


def test_the_code_tells_the_village_not_the_name(now: datetime) -> None:
    roster = checked(people_csv(person(**{"村(居)名称": "李庄村"})), now)
    assert (found(roster), levels(roster)) == ({(2, "村(居)名称", "bad_code")}, {"bad_code": "warning"})


def test_outside_unit(now: datetime) -> None:
    factories.village("120114101201")
    roster = checked(people_csv(person(**{"村(居)代码": "120114101201"})), now)
    assert (found(roster), levels(roster)) == ({(2, "村(居)代码", "outside_unit")}, {"outside_unit": "error"})
    county = Unit.objects.get(code="120114000000")
    assert (
        checked(people_csv(person(**{"村(居)代码": "120114101201", "村(居)名称": None})), now, unit=county).problems
        == []
    )


@pytest.mark.parametrize(
    ("column", "cell", "level"),
    [
        ("与户主关系码", "甲", "error"),
        ("村(居)代码", "1201", "error"),
        ("类别1", "富裕", "error"),
        ("是否同意探访", "看情况", "error"),
        ("民族码", "99", "warning"),
        ("自理等级", "5", "warning"),
        ("居住地址", "长" * 300, "warning"),
    ],
)
def test_bad_code(column: str, cell: str, level: str, now: datetime) -> None:
    roster = checked(people_csv(person(**{column: cell})), now)
    assert (found(roster), levels(roster)) == ({(2, column, "bad_code")}, {"bad_code": level})


def test_bad_date(now: datetime) -> None:
    roster = checked(people_csv(person(出生日期="不详年月", 更新日期="2099-01-01")), now)
    assert found(roster) == {(2, "出生日期", "bad_date"), (2, "更新日期", "bad_date")}
    assert roster.counts["ready"] == 1, "the id tells the birth date"
    for born in ("不详年月", "1950", "农历1950年3月5日", "2030-01-01", "1850-01-01"):
        unknown = checked(people_csv(person(证件号码=None, 证件类型="无", 出生日期=born)), now)
        assert (found(unknown), unknown.counts["waiting"]) == ({(2, "出生日期", "bad_date")}, 1), born


def test_consent_needs_a_readable_date(now: datetime) -> None:
    assert levels(checked(people_csv(person(同意日期="去年")), now)) == {"bad_date": "error"}


def test_bad_phone(now: datetime) -> None:
    roster = checked(people_csv(person(联系电话="12345", 紧急联系人电话="没有电话")), now)
    assert found(roster) == {(2, "联系电话", "bad_phone"), (2, "紧急联系人电话", "bad_phone")}
    assert levels(roster) == {"bad_phone": "warning"}


def test_one_household_entered_by_two_villages(now: datetime) -> None:
    """E7: both households wait, and each row names the other."""
    there = {"村(居)代码": "120114122202", "村(居)名称": "后蒲棒村", "户编号": "9"}
    roster = checked(people_csv(person(), person(**WIFE), person(**there), person(**WIFE, **there)), now)
    assert found(roster) == {(row, "证件号码", "duplicate_person") for row in (2, 3, 4, 5)}
    assert [dict(problem["params"]) for problem in roster.problems] == [
        {"rows": "4"},
        {"rows": "5"},
        {"rows": "2"},
        {"rows": "3"},
    ]
    assert (roster.counts["ready"], roster.counts["waiting"]) == (0, 2)


def test_the_same_person_in_another_written_form(now: datetime) -> None:
    old = certificate()[:6] + certificate()[8:17]
    roster = checked(people_csv(person(), person(户编号="2", 证件号码=old, 姓名="王德福 ")), now)
    assert {code for _, _, code in found(roster)} == {"duplicate_person"}


def test_namesakes_without_ids_are_only_marked(now: datetime) -> None:
    born = {"证件号码": None, "证件类型": "无", "出生日期": "1950-03-05"}
    apart = checked(people_csv(person(**born), person(户编号="2", **born)), now)
    assert (found(apart), levels(apart)) == (
        {(2, "姓名", "duplicate_person"), (3, "姓名", "duplicate_person")},
        {"duplicate_person": "warning"},
    )
    at_home = checked(people_csv(person(**born), person(与户主关系码="71", **born)), now)
    assert at_home.counts["waiting"] == 1


def test_on_file_in_another_household(now: datetime) -> None:
    other = factories.family(unit=factories.village("120114122202"), number="77")
    factories.person(other, certificate=certificate(), name="王德福")
    roster = checked(people_csv(person()), now)
    assert found(roster) == {(2, "证件号码", "duplicate_person")}
    assert roster.problems[0]["params"] == {"household": "77", "village": "后蒲棒村"}


def test_on_file_elsewhere_tells_nothing_about_it(now: datetime) -> None:
    stranger = factories.family(unit=factories.village(factories.OTHER_TOWN[:9] + "201"), number="77")
    factories.person(stranger, certificate=certificate())
    roster = checked(people_csv(person()), now)
    assert (roster.problems[0]["detail"], roster.problems[0]["params"]) == ("elsewhere", {})


def test_who_left_a_household_may_stand_in_another(now: datetime) -> None:
    factories.person(factories.family(number="77"), certificate=certificate(), status="left")
    assert checked(people_csv(person()), now).problems == []


def test_a_merged_household_goes_by_its_new_number(now: datetime) -> None:
    kept = factories.family(unit=factories.village("120114122202"), number="77")
    factories.person(kept, certificate=certificate(), name="王德福", is_head=True, relation="02")
    factories.family(number="1", merged_into=kept)
    roster = checked(people_csv(person(**{"村(居)名称": None})), now)
    assert (roster.problems, roster.counts["families_new"]) == ([], 0)


def test_household_conflict(now: datetime) -> None:
    two_heads = checked(people_csv(person(), person(姓名="赵军", 证件号码=certificate("19700101", 3))), now)
    assert found(two_heads) == {(2, "与户主关系码", "household_conflict"), (3, "与户主关系码", "household_conflict")}
    assert levels(two_heads) == {"household_conflict": "error"}
    homes = checked(people_csv(person(居住地址="1排1号"), person(**WIFE, 居住地址="9排9号")), now)
    assert {code for _, _, code in found(homes)} == {"household_conflict"}
    answers = checked(people_csv(person(是否同意探访="同意"), person(**WIFE, 是否同意探访="拒绝")), now)
    assert levels(answers) == {"household_conflict": "warning"}


def test_who_is_away_may_live_elsewhere(now: datetime) -> None:
    people = person(居住地址="1排1号"), person(**WIFE, 居住地址="深圳市", 居住状况="外出")
    assert checked(people_csv(*people), now).problems == []


def test_no_head(now: datetime) -> None:
    roster = checked(people_csv(person(与户主关系码="20")), now)
    assert (found(roster), levels(roster)) == ({(2, "与户主关系码", "missing")}, {"missing": "warning"})


def test_a_household_that_moved_away_is_left_alone(now: datetime) -> None:
    factories.family(number="1", status=Family.Status.MOVED)
    roster = checked(people_csv(person()), now)
    assert (found(roster), levels(roster)) == ({(2, "户编号", "household_conflict")}, {"household_conflict": "warning"})


@pytest.mark.parametrize(
    ("relations", "meant"),
    [
        (["0", "1", "2"], ["02", "10", "20"]),  # one digit
        (["02", "12", "21"], ["02", "12", "21"]),  # two digits
        ([2, 12, 21], ["02", "12", "21"]),  # two digits whose zero the spreadsheet took away
        ([1, 12], ["01", "12"]),
        (["户主", 1, 2], ["02", "10", "20"]),
        (["户主", "妻", "独生子"], ["02", "12", "21"]),
    ],
)
def test_codes_of_relation(relations: list[object], meant: list[str], now: datetime) -> None:
    """GB/T 4761 has codes of one digit and of two; spreadsheets eat the zero of the latter."""
    from backend.cases.rosters.parts import spool_of
    from backend.cases.rosters.services import examined

    people = [person(与户主关系码=relation, 姓名=f"王{place}", 证件号码=certificate(f"19{50 + place}0305"))  # type: ignore[arg-type]
              for place, relation in enumerate(relations)]  # fmt: skip
    roster = checked(people_csv(*people), now)
    _, (group,) = examined(roster, spool_of(roster), now)
    assert [row["relation"] for row in group.rows] == meant
    assert roster.problems == []


def test_what_is_mended_is_listed_without_a_problem(now: datetime) -> None:
    roster = checked(
        people_csv(
            person(姓名="王德 福", 证件号码=certificate().lower(), 性别码="男", 出生日期="1950.3.5", 民族码="漢族")
        ),
        now,
    )
    assert roster.problems == []
    assert {(each["row"], each["column"]) for each in roster.mended} >= {
        (2, "姓名"), (2, "性别码"), (2, "出生日期"), (2, "民族码")
    }  # fmt: skip
    assert roster.counts["mended"] == len(roster.mended)
