"""Public notices: masked by D19, counted where nobody may be listed, taken down, and checkable afterwards."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from backend.org import codes
from backend.org.forbidden_words import LIST, ForbiddenWord
from backend.org.models import CodeEntry, Unit
from backend.org.parameters import set_parameter
from backend.publicity import notices
from backend.publicity.masking import KINDS, NoticeRow
from backend.publicity.models import Figure, Line, Notice, Sheet, Subject
from backend.publicity.texts import text_of
from tests import factories

pytestmark = pytest.mark.django_db
ID_NUMBER = "120114195001013021"


@pytest.fixture(autouse=True)
def rules() -> None:
    for code, forbidden in (("bereaved", "失独"), ("disabled_child", "伤残"), ("infertile", "不孕")):
        CodeEntry.objects.create(list=LIST, code=code, label=forbidden, label_en=code)
    for kind in ("subsidy", "study_aid", "honour", "condolence", "health"):
        CodeEntry.objects.create(list=KINDS, code=kind, label=kind, label_en=kind, data={"health": kind == "health"})
    for name in (LIST, KINDS):
        codes.forget(name)


def row(name: str = "孙桂英", **fields: object) -> NoticeRow:
    given = {"village": factories.village(), "identity": ID_NUMBER, "amount": Decimal("960.00"), **fields}
    return NoticeRow(name=name, **given)  # type: ignore[arg-type]


def announce(now: datetime, *rows: NoticeRow, kind: str = "subsidy", **fields: object) -> Notice:
    given = {"unit": factories.village(), "title": "2026年扶助对象公示", "days": 7, "stage": "village", **fields}
    return notices.announce(kind=kind, rows=rows, actor=factories.actor(), now=now, **given)  # type: ignore[arg-type]


def lines(notice: Notice, place: str = "board") -> list[tuple[str, str, str, Decimal | None]]:
    found = Line.objects.filter(sheet__notice=notice, sheet__place=place).order_by("position")
    return [(line.name, line.identity, line.locality, line.amount) for line in found]


def text(notice: Notice, place: str = "board") -> str:
    sheet = notice.sheets.get(place=place)
    return text_of(notice, sheet, sheet.lines.order_by("position"), notice.figures.order_by("label"))


def test_board_and_web_show_what_d19_says(now: datetime) -> None:
    made = announce(now, row())
    assert lines(made) == [("孙*英", "", "赵庄村", Decimal("960.00"))]
    assert lines(made, "web") == [("孙*英", "", "大黄堡镇", None)]
    set_parameter(key="publicity.board", value={"full_name": True, "identity": True}, from_date=date(2026, 1, 1))
    asked = announce(now, row())
    assert lines(asked) == [("孙桂英", "****3021", "赵庄村", Decimal("960.00"))]
    assert lines(asked, "web") == [("孙*英", "", "大黄堡镇", None)]


@pytest.mark.parametrize(
    ("kind", "fields", "shown"),
    [
        ("study_aid", {"school": "大黄堡中学"}, [("孙*", "", "大黄堡中学", None)]),
        ("honour", {"consented": True}, [("孙桂英", "", "赵庄村", None)]),
        ("honour", {}, [("×××", "", "赵庄村", None)]),
        ("health", {"consented": True}, []),
        ("condolence", {"consented": True}, []),
        ("subsidy", {"identity": "", "birth_date": date(2008, 3, 3)}, []),
        ("subsidy", {"identity": "", "birth_date": date(2008, 3, 2)}, [("孙*英", "", "赵庄村", Decimal("960.00"))]),
        ("subsidy", {"identity": ""}, []),
        ("subsidy", {"name": "孙桂英（13820001234）"}, [("孙*英", "", "赵庄村", Decimal("960.00"))]),
    ],
    ids=["study aid", "consented", "not consented", "health", "figures only", "minor tomorrow", "18 today",
         "age unknown", "number in the name"],
)  # fmt: skip
def test_who_is_listed_and_how(now: datetime, kind: str, fields: dict[str, object], shown: list[object]) -> None:
    assert lines(announce(now, replace(row(), **fields), kind=kind)) == shown  # type: ignore[arg-type]


def test_those_not_listed_are_counted_from_five_on(now: datetime) -> None:
    child = row(identity="", birth_date=date(2015, 1, 1))
    assert not announce(now, row(), *[child] * 4).figures.filter(number__isnull=False)
    made = announce(now, row(), *[child] * 5)
    assert [figure.number for figure in made.figures.all()] == [5]
    assert "5" in text(made).replace("5.", "")


def test_figures_of_health_by_village_keep_small_ones_back(now: datetime) -> None:
    """E32."""
    counts = {"赵庄村": 4, "后蒲棒村": 3, "李庄村": 9, "王庄村": 12}
    made = notices.announce_counts(
        kind="health",
        unit=factories.town(),
        title="健康服务公示",
        counts=counts,
        days=7,
        actor=factories.actor(),
        now=now,
    )
    told = {figure.label: figure.number for figure in made.figures.all()}
    assert told == {"": 28, "赵庄村": None, "后蒲棒村": None, "李庄村": 9, "王庄村": 12}
    # A month later three more came in one village and one less in another: nothing may be told of either.
    later = notices.announce_counts(
        kind="health", unit=factories.town(), title="健康服务公示", counts={**counts, "李庄村": 12, "王庄村": 11},
        days=7, actor=factories.actor(), now=now + timedelta(days=30),
    )  # fmt: skip
    assert {figure.number for figure in later.figures.all()} == {None}
    with pytest.raises(notices.ToldElsewhere):
        notices.announce_counts(
            kind="health", unit=factories.village(), title="健康服务公示", counts={"检查": 20}, days=7,
            actor=factories.actor(), now=now,
        )  # fmt: skip


def test_total_of_a_list_only_where_no_amount_follows_from_it(now: datetime) -> None:
    student = row(school="大黄堡中学", amount=Decimal("2000.00"))
    four, five, six = (announce(now, *[student] * number, kind="study_aid") for number in (4, 5, 6))
    totals = [notice.sheets.get(place="web").total_amount for notice in (four, five, six)]
    assert totals == [None, None, None]
    ten = announce(now, *[student] * 11, kind="study_aid")
    assert ten.sheets.get(place="web").total_amount == Decimal("22000.00")


def test_taken_down_nothing_is_left_but_the_digest(now: datetime) -> None:
    family = factories.family()
    made = announce(now, row(family_id=family.pk))
    paper = text(made)
    notices.take_down(notice=made, actor=factories.actor(), now=now)
    assert not Line.objects.exists()
    assert not Subject.objects.exists()
    assert set(Sheet.objects.values_list("salt", flat=True)) == {""}
    assert notices.is_genuine(made, paper + "\r\n")
    assert not notices.is_genuine(made, paper.replace("960", "961"))


def test_over_it_is_not_public_and_taken_down_by_the_night(now: datetime) -> None:
    made = announce(now, row(), days=7)
    last, after = now + timedelta(days=7), now + timedelta(days=8)
    assert Notice.objects.public(last).filter(pk=made.pk).exists()
    assert not Notice.objects.public(after).exists()
    assert notices.take_down_what_is_over(actor=factories.actor(), now=last) == 0
    assert notices.take_down_what_is_over(actor=factories.actor(), now=after) == 1


@pytest.mark.parametrize("title", ["失独家庭扶助公示", "失 独家庭", "傷殘家庭", "关于失-独家庭", "不孕"])
def test_words_that_never_stand_in_public(now: datetime, title: str) -> None:
    with pytest.raises(ForbiddenWord):
        announce(now, row(), title=title)
    with pytest.raises(DatabaseError), transaction.atomic():
        Notice.objects.create(
            number="GS", kind="subsidy", unit=factories.village(), title=title, contact="村委会", from_date=now.date(),
            until=now.date(), covered=0, decided_by="", made_label="",
        )  # fmt: skip


@pytest.mark.parametrize("title", ["关于孙桂英的公示", "公示，联系13820001234", "公示 138 2000 1234"])
def test_nobody_stands_in_a_title(now: datetime, title: str) -> None:
    with pytest.raises(notices.PersonInText):
        announce(now, row(), title=title)


@pytest.mark.parametrize("days", [0, 91])
def test_neither_for_no_day_nor_for_ever(now: datetime, days: int) -> None:
    with pytest.raises(notices.BadNotice):
        announce(now, row(), days=days)


def test_the_database_refuses_what_must_not_be_shown(now: datetime) -> None:
    sheet = announce(now, row()).sheets.get(place="web")
    health = announce(now, row(), kind="health").sheets.get(place="web")
    for wrong in (
        Line(sheet=sheet, position=2, name="孙13820001234"),
        Line(sheet=sheet, position=2, name="孙", identity="19500101"),
        Line(sheet=sheet, position=2, name="孙", locality="电话13820001234"),
        Line(sheet=sheet, position=2, name="孙", locality="失独家庭"),
        Line(sheet=health, position=1, name="孙*"),
        Figure(notice=sheet.notice, label="x", number=4),
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            wrong.save(force_insert=True)
    for rows, change in (
        (Line.objects.all(), {"name": "孙桂英"}),
        (Notice.objects.all(), {"until": date(2099, 1, 1)}),
        (Sheet.objects.all(), {"digest": "0" * 64}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)


def test_a_number_that_was_drawn_before_is_drawn_again(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand notices of one unit on one day are nothing unusual: every application has one of its own."""
    unit = factories.partner("GJ-0123456789-ABCDEF")
    drawn = iter("AAAABBBB" + "AAAABBBB" + "AAAACCCC")
    monkeypatch.setattr(secrets, "choice", lambda _letters: next(drawn))
    told = [announce(now, row(), unit=unit).number for _notice in range(2)]
    assert told == [f"GS-{unit.code}-260302-AAAA-BBBB", f"GS-{unit.code}-260302-AAAA-CCCC"]


def test_who_is_shown_leads_to_nobody() -> None:
    """What the public reads has no key to a person, a family or a case."""
    for model in (Notice, Sheet, Line, Figure):
        found = {field.related_model for field in model._meta.get_fields() if field.many_to_one or field.one_to_one}
        assert found <= {Unit, Notice, Sheet}
