"""Names, telephone numbers, codes and keys as people type them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.cases.rosters import codes
from backend.cases.rosters.codes import CodeList
from backend.cases.rosters.values import Cell, clean, code, count, key, name, phone, region, text, unsimplified
from backend.org.codes import FILE

LISTS: dict[str, CodeList] = {
    "sex": codes.SEX,
    "marriage": codes.MARRIAGE,
    "health": codes.HEALTH,
    "ethnicity": codes.ETHNICITY,
    "relation": codes.RELATION,
    "certificate": codes.CERTIFICATE,
    "hukou": codes.HUKOU,
    "residence": codes.RESIDENCE,
    "self_care": codes.SELF_CARE,
    "disability": codes.DISABILITY,
    "disability_grade": codes.DISABILITY_GRADE,
    "child_state": codes.CHILD_STATE,
    "category": codes.CATEGORY,
    "risk_tier": codes.RISK,
    "willingness": codes.WILLINGNESS,
    "need": codes.NEED,
}


@pytest.mark.parametrize(
    ("cell", "value", "how"),
    [
        ("王德福", "王德福", ""),
        ("劉德華", "刘德华", "traditional"),
        ("劉 德　華", "刘德华", "traditional"),
        (" 王 德 福 ", "王德福", "spaces"),
        ("王 德 福", "王德福", "spaces"),
        ("阿依古丽•买买提", "阿依古丽·买买提", "width"),
        ("阿依古丽．买买提", "阿依古丽·买买提", "width"),
        ("Zhang  San", "Zhang San", "spaces"),
        ("王\u200b德福", "王德福", "width"),
        ("", None, ""),
        (None, None, ""),
    ],
)
def test_names(cell: Cell, value: str | None, how: str) -> None:
    assert name(cell)[:2] == (value, how)


def test_the_traditional_form_of_a_name_can_be_kept() -> None:
    assert unsimplified(" 劉　德華") == "劉德華"


def test_full_width_spaces_are_mended() -> None:
    assert text("天津市　武清区").value == "天津市武清区"
    assert text("Flat 3  B").value == "Flat 3 B"


@given(some.text())
def test_clean_text_stays_as_it_is(said: str) -> None:
    plain, _ = clean(said)
    assert clean(plain) == (plain, "")
    assert "\x00" not in plain


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("15400001234", "15400001234"),
        (15400001234.0, "15400001234"),
        ("154-0000-1234", "15400001234"),
        ("+86 154 0000 1234", "15400001234"),
        ("008615400001234", "15400001234"),
        ("１５４００００１２３４", "15400001234"),
        ("022-29612345", "022-29612345"),
        ("(022) 29612345", "022-29612345"),
        (2229612345.0, "022-29612345"),
        (7552961234.0, "0755-2961234"),
        ("29612345转801", "29612345-801"),
        ("4008001234", "4008001234"),
        ("15400001234、022-29612345", "15400001234/022-29612345"),
        ("无", None),
    ],
)
def test_phones(cell: Cell, value: str | None) -> None:
    assert (phone(cell).value, phone(cell).problem) == (value, "")


@pytest.mark.parametrize("cell", ["12345", "1540000123", "154000012345", "电话不通", "15400001234/12", 0.5, True])
def test_bad_phones(cell: Cell) -> None:
    assert phone(cell).problem == "bad_phone"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("120114122201", "120114122201"),
        (120114122201.0, "120114122201"),
        ("１２０１１４１２２２０１", "120114122201"),
        ("120114 122201", "120114122201"),
    ],
)
def test_village_codes(cell: Cell, value: str) -> None:
    assert (region(cell).value, region(cell).problem) == (value, "")


@pytest.mark.parametrize("cell", ["120114122", "赵庄村", 1.2e10, "12011412220A"])
def test_bad_village_codes(cell: Cell) -> None:
    assert region(cell)[2:] == ("bad_code", "region_form")


def test_keys_and_counts() -> None:
    assert key(12.0).value == key("12").value == "12"
    assert key("jd 001").value == "JD001"
    assert count("3户").value == count(3.0).value == count("三").value == "3"
    assert count("很多").problem == "bad_code"


def test_words_stand_for_codes() -> None:
    sex = code(codes.SEX)
    assert sex("男")[:2] == ("1", "code")
    assert sex(1.0)[:2] == ("1", "")
    assert sex("x").problem == "bad_code"
    category = code(codes.CATEGORY)
    assert category("空巢")[:2] == ("empty_nest", "")
    assert category("空巢老人")[:2] == ("empty_nest", "code")
    assert code(codes.NEED)("想有人下棋")[:2] == ("other", "code")


@pytest.mark.parametrize("kind", LISTS)
def test_rosters_speak_the_codes_of_the_shipped_lists(kind: str) -> None:
    shipped = json.loads(FILE.read_text(encoding="utf-8"))[kind]["entries"]
    mine = LISTS[kind]
    assert set(mine.proper) - {"0"} == set(shipped) - {"0"}
    for entry, (label, _) in shipped.items():
        assert code(mine)(label).value == entry, label


def test_no_word_has_two_meanings() -> None:
    """A form listed for two codes would silently mean the later one."""
    for kind in LISTS.values():
        for entry, form in kind.proper.items():
            assert kind.known[form.casefold()] == entry
