"""Decision tables: hit policies, cells, and what a decision tells about itself."""

from __future__ import annotations

import pytest

from tests.engine.drawing import table
from workflows.engine.decisions import DecisionFailed, Made, TableRefused, decide, read_table

TIERS = [
    (["-", "'unattended'"], ["'A'", "'child alone'"]),
    ([">= 80", "-"], ["'A'", "'very old'"]),
    ([">= 60", "-"], ["'B'", "'old'"]),
    (["-", "-"], ["'C'", "'otherwise'"]),
]


def made(policy: str, rules: list[tuple[list[str], list[str]]], facts: dict[str, object], **values: str) -> Made:
    return decide(read_table(table("risk", policy, ["age", "child"], ["tier", "reason"], rules, **values)), facts)


def test_first_takes_the_first_rule_that_fits() -> None:
    decision = made("FIRST", TIERS, {"age": 85, "child": "none"})
    assert decision.outputs == {"tier": "A", "reason": "very old"}
    assert decision.rules == ("r2",)


def test_first_does_not_look_at_rules_behind_the_one_that_fits() -> None:
    rules = [(["> 80", "-"], ["'A'", ""]), (["-", "> 3"], ["'B'", ""])]
    assert made("FIRST", rules, {"age": 85, "child": "no number"}).outputs["tier"] == "A"


def test_unique_takes_the_only_rule_that_fits() -> None:
    rules = [(["< 60", "-"], ["'C'", ""]), ([">= 60", "-"], ["'B'", "-"])]
    decision = made("UNIQUE", rules, {"age": 60, "child": None})
    assert decision.outputs == {"tier": "B", "reason": None}
    assert decision.rules == ("r2",)


def test_unique_fails_when_two_rules_fit() -> None:
    with pytest.raises(DecisionFailed, match="r2, r3, r4"):
        made("UNIQUE", TIERS, {"age": 85, "child": "none"})


def test_priority_takes_the_rule_with_the_most_important_output() -> None:
    rules = [TIERS[3], TIERS[2], TIERS[1], TIERS[0]]
    for facts, tier, rule in (
        ({"age": 85, "child": "none"}, "A", "r3"),
        ({"age": 70, "child": "none"}, "B", "r2"),
        ({"age": 5, "child": "unattended"}, "A", "r4"),
        ({"age": 5, "child": "none"}, "C", "r1"),
    ):
        decision = made("PRIORITY", rules, facts, tier='"A","B","C","D"')
        assert (decision.outputs["tier"], decision.rules) == (tier, (rule,))


def test_priority_takes_the_first_of_equals_and_compares_further_outputs() -> None:
    rules = [(["-", "-"], ["'A'", "'second'"]), (["-", "-"], ["'A'", "'first'"]), (["-", "-"], ["'A'", "'first'"])]
    assert made("PRIORITY", rules, {"age": 1, "child": 1}, tier='"A","B"').rules == ("r1",)
    values = {"tier": '"A","B"', "reason": '"first","second"'}
    assert made("PRIORITY", rules, {"age": 1, "child": 1}, **values).rules == ("r2",)


def test_collect_gives_a_list_for_each_output() -> None:
    decision = made("COLLECT", TIERS, {"age": 85, "child": "none"})
    assert decision.outputs == {"tier": ["A", "B", "C"], "reason": ["very old", "old", "otherwise"]}
    assert decision.rules == ("r2", "r3", "r4")


@pytest.mark.parametrize(
    ("policy", "empty"),
    [("UNIQUE", None), ("FIRST", None), ("PRIORITY", None), ("COLLECT", [])],
)
def test_without_a_fitting_rule_the_outputs_are_empty(policy: str, empty: object) -> None:
    decision = made(policy, [(["> 200", "-"], ["'A'", "'x'"])], {"age": 1, "child": 1}, tier='"A"')
    assert decision.outputs == {"tier": empty, "reason": empty}
    assert decision.rules == ()


@pytest.mark.parametrize(
    ("cell", "fits", "does_not"),
    [
        ("-", 5, None),
        ("", 5, None),
        ("5", 5, 6),
        ("-5", -5, 5),
        ("'a'", "a", "b"),
        ("'a', 'b'", "b", "c"),
        (">= 5", 5, 4),
        ("!= 'x?'", "y", "x?"),
        ("in ['a', 'b']", "a", "c"),
        ("not in ['a', 'b']", "c", "a"),
        ("4 < ? < 6", 5, 6),
        ("? is None or ? > 3", None, 3),
        ("'a' in ?", ["a", "b"], ["b"]),
        ("True", True, False),
        ("true", True, False),
        ("None", None, 1),
        ("== other", 7, 8),
        ("is not None", 0, None),
    ],
)
def test_cells(cell: str, fits: object, does_not: object) -> None:
    source = read_table(table("cells", "FIRST", ["value", "other"], ["hit"], [([cell, "-"], ["True"])]))
    assert decide(source, {"value": fits, "other": 7}).rules == ("r1",)
    if cell not in ("", "-"):
        assert decide(source, {"value": does_not, "other": 7}).rules == ()


def test_inputs_and_outputs_may_be_computed() -> None:
    source = read_table(table("sum", "FIRST", ["age - 60", "len(needs)"], ["points"], [(["> 10", "> 1"], ["age * 2"])]))
    assert source.facts == {"age", "needs"}
    assert decide(source, {"age": 75, "needs": ["a", "b"]}).outputs == {"points": 150}


def test_a_missing_fact_is_named() -> None:
    with pytest.raises(DecisionFailed, match="no value for age, child"):
        made("FIRST", TIERS, {})


def test_facts_of_the_wrong_kind_are_told() -> None:
    with pytest.raises(DecisionFailed, match="risk"):
        made("FIRST", TIERS, {"age": "old", "child": None})


def test_a_decision_tells_only_the_facts_the_table_reads() -> None:
    decision = made("FIRST", TIERS, {"age": 85, "child": None, "name": "张三"})
    assert decision.inputs == {"age": 85, "child": None}


def test_the_version_changes_with_the_file() -> None:
    first = table("risk", "FIRST", ["age"], ["tier"], [(["-"], ["'A'"])])
    second = table("risk", "FIRST", ["age"], ["tier"], [(["-"], ["'B'"])])
    assert read_table(first).version == read_table(first).version != read_table(second).version


def test_what_a_table_is_called() -> None:
    source = read_table(table("risk", "FIRST", ["age"], ["tier"], [(["-"], ["'A'"])]))
    assert (source.id, source.name, source.policy) == ("risk", "表 risk", "FIRST")
    assert source.rules[0].description == "row 1"


GOOD = table("risk", "FIRST", ["age"], ["tier"], [(["> 1"], ["'A'"])])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Document is empty"),
        (b"<a/>", "exactly one decision"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + GOOD, "document type"),
        (b"x" * 2_000_001, "larger"),
        (GOOD.replace(b"FIRST", b"ANY"), "hit policy ANY"),
        (GOOD.replace(b"FIRST", b"RULE ORDER"), "hit policy RULE ORDER"),
        (GOOD.replace(b'hitPolicy="FIRST"', b'hitPolicy="COLLECT" aggregation="SUM"'), "aggregation"),
        (GOOD.replace(b"FIRST", b"PRIORITY"), "PRIORITY needs"),
        (GOOD.replace(b"&gt; 1", b"[1..5]"), "not an expression"),
        (GOOD.replace(b"&gt; 1", b"open('x')"), "unknown function"),
        (GOOD.replace(b"'A'", b"__import__('os')"), "unknown function"),
        (GOOD.replace(b"<text>age</text>", b"<text>a b</text>"), "not an expression"),
        (GOOD.replace(b"<text>age</text>", b"<text></text>"), "needs an expression"),
        (GOOD.replace(b'name="tier"', b'name=""'), "needs a name"),
        (table("risk", "FIRST", ["age"], ["tier", "tier"], [(["-"], ["1", "2"])]), "same name"),
        (table("risk", "FIRST", ["age"], ["tier"], []), "outputs and rules"),
        (table("risk", "FIRST", ["age"], ["tier"], [(["-"], ["'Z'"])], tier='"A","B"'), "allowed values"),
        (table("risk", "FIRST", ["age", "sex"], ["tier"], [(["-"], ["'A'"])]), "one cell per"),
    ],
)
def test_what_is_no_table_of_ours(content: bytes, reason: str) -> None:
    with pytest.raises(TableRefused, match=reason):
        read_table(content)


def test_all_problems_of_a_table_are_told_at_once() -> None:
    broken = table("risk", "FIRST", ["age"], ["tier"], [(["=>"], ["'A'"]), (["-"], ["a b"]), (["1 +"], ["1"])])
    with pytest.raises(TableRefused) as refused:
        read_table(broken)
    assert len(refused.value.problems) == 3
