"""Forms: what is wrong with answers, labels in two languages, and forms that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.engine.forms import (
    FieldProblem,
    FormRefused,
    choice_title,
    localise,
    read_form,
    required_now,
    validate,
)

VISIT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "走访记录",
    "title_en": "Visit",
    "additionalProperties": False,
    "required": ["visited_on", "met"],
    "properties": {
        "visited_on": {"type": "string", "format": "date", "title": "日期", "title_en": "Date"},
        "at": {"type": "string", "format": "time", "title": "时间", "title_en": "Time"},
        "recorded_at": {"type": "string", "format": "date-time", "title": "记录", "title_en": "Recorded"},
        "helper": {"type": "string", "format": "uuid", "title": "帮扶人", "title_en": "Helper"},
        "met": {
            "title": "见到",
            "title_en": "Met",
            "description": "是否见到本人",
            "description_en": "In person",
            "oneOf": [
                {"const": "met", "title": "见到", "title_en": "Met"},
                {"const": "not_met", "title": "未见到", "title_en": "Not met"},
            ],
        },
        "needs": {
            "type": "array",
            "title": "需求",
            "title_en": "Needs",
            "maxItems": 3,
            "uniqueItems": True,
            "items": {"oneOf": [{"const": need, "title": need, "title_en": need} for need in ("food", "care", "coal")]},
        },
        "note": {"type": "string", "maxLength": 10, "title": "备注", "title_en": "Note", "x-sensitive": True},
        "age": {"type": "integer", "minimum": 0, "maximum": 120, "title": "年龄", "title_en": "Age"},
        "title": {
            "type": "object",
            "title": "称呼",
            "title_en": "Salutation",
            "additionalProperties": False,
            "required": ["family"],
            "properties": {"family": {"type": "string", "maxLength": 5, "title": "姓", "title_en": "Family name"}},
        },
    },
}
GOOD = {"visited_on": "2026-03-01", "met": "met"}


def problems(**answers: object) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in validate(VISIT, {**GOOD, **answers})]


def test_answers_that_fit() -> None:
    assert problems(needs=["food", "coal"], note="好", age=80, title={"family": "张"}) == []
    assert (
        problems(at="09:30", recorded_at="2026-03-01T09:30:00+08:00", helper="0195a6f0-0000-7000-8000-000000000000")
        == []
    )


@pytest.mark.parametrize(
    ("answers", "pointer", "code"),
    [
        ({"visited_on": "1 March"}, "/visited_on", "format"),
        ({"visited_on": "2026-02-30"}, "/visited_on", "format"),
        ({"visited_on": "20260301"}, "/visited_on", "format"),
        ({"visited_on": 20260301}, "/visited_on", "type"),
        ({"at": "25:00"}, "/at", "format"),
        ({"recorded_at": "2026-03-01T09:30:00"}, "/recorded_at", "format"),
        ({"helper": "h1"}, "/helper", "format"),
        ({"met": "perhaps"}, "/met", "oneOf"),
        ({"met": ["met"]}, "/met", "oneOf"),
        ({"needs": ["gold"]}, "/needs/0", "oneOf"),
        ({"needs": ["food", "food"]}, "/needs", "uniqueItems"),
        ({"note": "x" * 11}, "/note", "maxLength"),
        ({"age": -1}, "/age", "minimum"),
        ({"age": 121}, "/age", "maximum"),
        ({"age": True}, "/age", "type"),
        ({"age": 1.5}, "/age", "type"),
        ({"title": {}}, "/title/family", "required"),
        ({"title": {"family": "张", "x": 1}}, "/title/x", "additionalProperties"),
        ({"a/b~c": 1}, "/a~1b~0c", "additionalProperties"),
        ({"note": "a\x00b"}, "/note", "nul"),
        ({"note": "\ud800"}, "/note", "bad_text"),
        ({"note": "x" * 20_001}, "/note", "too_long"),
        ({"age": 10**16}, "/age", "too_large"),
        ({"age": float("inf")}, "/age", "too_large"),
        ({"age": float("nan")}, "/age", "too_large"),
        ({"needs": ["food"] * 6_000}, "", "too_many"),
    ],
)
def test_what_is_wrong_is_told_by_place_and_code(answers: dict[str, object], pointer: str, code: str) -> None:
    assert (pointer, code) in problems(**answers)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = validate(VISIT, {"age": -1, "note": "x" * 11, "strange": 1})
    assert [(problem.pointer, problem.code) for problem in told] == [
        ("/age", "minimum"),
        ("/met", "required"),
        ("/note", "maxLength"),
        ("/strange", "additionalProperties"),
        ("/visited_on", "required"),
    ]


def test_a_limit_is_told() -> None:
    assert validate(VISIT, {**GOOD, "note": "x" * 11}) == [FieldProblem("/note", "maxLength", {"limit": 10})]


@pytest.mark.parametrize("answers", [None, [], "text", 5, True])
def test_answers_that_are_no_object(answers: object) -> None:
    assert [(problem.pointer, problem.code) for problem in validate(VISIT, answers)] == [("", "type")]


def test_answers_nested_too_deep_are_refused_without_looking_further() -> None:
    nested: Any = "x"
    for _ in range(100_000):
        nested = [nested]
    assert [problem.code for problem in validate(VISIT, {"needs": nested})] == ["too_deep"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON | st.dictionaries(st.sampled_from(sorted(VISIT["properties"])), JSON))
@settings(max_examples=100, deadline=None)
def test_any_answers_are_judged_without_failing(answers: object) -> None:
    for problem in validate(VISIT, answers):
        assert problem.code
        assert problem.pointer == "" or problem.pointer.startswith("/")


def test_labels_in_chinese() -> None:
    shown = localise(VISIT, "zh-hans")
    assert shown["title"] == "走访记录"
    assert shown["properties"]["met"]["description"] == "是否见到本人"
    assert shown["properties"]["met"]["oneOf"][1] == {"const": "not_met", "title": "未见到"}
    assert "_en" not in json.dumps(shown)


def test_labels_in_english() -> None:
    shown = localise(VISIT, "en")
    assert shown["title"] == "Visit"
    assert shown["properties"]["met"]["description"] == "In person"
    assert shown["properties"]["met"]["oneOf"][1] == {"const": "not_met", "title": "Not met"}
    assert shown["properties"]["title"]["properties"]["family"]["title"] == "Family name"
    assert "_en" not in json.dumps(shown)


def test_a_field_called_title_stays_a_field() -> None:
    for language in ("zh-hans", "en"):
        assert localise(VISIT, language)["properties"]["title"]["type"] == "object"


def test_without_an_english_label_the_chinese_one_is_shown() -> None:
    assert localise({"title": "表"}, "en") == {"title": "表"}


def test_localising_changes_nothing_but_labels() -> None:
    before = json.dumps(VISIT)
    assert validate(localise(VISIT, "en"), GOOD) == []
    assert json.dumps(VISIT) == before


def changed(**changes: object) -> bytes:
    return json.dumps({**VISIT, **changes}).encode()


def with_field(**field: object) -> bytes:
    return changed(properties={**VISIT["properties"], "field": {"title": "甲", "title_en": "A", **field}})


def test_a_form_that_is_one() -> None:
    assert read_form(json.dumps(VISIT).encode()) == VISIT


@pytest.mark.parametrize(
    ("content", "pointer", "reason"),
    [
        (b"", "", "not JSON"),
        (b"\xff", "", "not JSON"),
        (b"[" * 100_000, "", "not JSON"),
        (b"[]", "", "not an object"),
        (changed(type="array"), "", "a form is an object"),
        (changed(additionalProperties=True), "", "additionalProperties must be false"),
        (changed(title_en=""), "", "title_en is missing"),
        (changed(required=["nothing"]), "", "required field nothing"),
        (changed(type="thing"), "/type", "is not valid"),
        (with_field(type="string"), "/properties/field", "a text needs maxLength"),
        (with_field(title=""), "/properties/field", "title is missing"),
        (with_field(type="string", format="email"), "/properties/field", "format email"),
        (with_field(oneOf=[{"const": "a", "title": "甲"}]), "/properties/field/oneOf/0", "title_en is missing"),
        (with_field(oneOf=[{"title": "甲"}]), "/properties/field/oneOf/0", "a choice needs const"),
        (with_field(type="array"), "/properties/field/items", "described by an object"),
        (with_field(type="array", items={"type": "string"}), "/properties/field/items", "a text needs maxLength"),
        (with_field(type="object", properties={}), "/properties/field", "additionalProperties must be false"),
    ],
)
def test_what_is_no_form_of_ours(content: bytes, pointer: str, reason: str) -> None:
    with pytest.raises(FormRefused) as refused:
        read_form(content)
    assert any(where == pointer and reason in why for where, why in refused.value.problems), refused.value.problems


@pytest.mark.parametrize(
    ("value", "language", "title"),
    [("not_met", "zh-hans", "未见到"), ("not_met", "en", "Not met"), ("gone", "en", "gone")],
)
def test_a_choice_has_a_name_in_each_language(value: str, language: str, title: str) -> None:
    assert choice_title(VISIT, "met", value, language) == title


def test_what_is_required_follows_what_was_answered() -> None:
    asks = {"if": {"properties": {"met": {"const": "not_met"}}, "required": ["met"]}, "then": {"required": ["at"]}}
    form = {**VISIT, "allOf": [asks]}
    assert required_now(form, {}) == {"visited_on", "met"}
    assert required_now(form, {"met": "met"}) == {"visited_on", "met"}
    assert required_now(form, {"met": "not_met"}) == {"visited_on", "met", "at"}
