"""Decision tables (DMN): read once, evaluated in the sandbox, alone or by a business rule node.

SpiffWorkflow's parser reads the file; it knows the hit policies UNIQUE (without checking it) and COLLECT only. Here
UNIQUE is checked, FIRST and PRIORITY are added (PRIORITY by the order of an output's allowed values), and every result
tells which rules of which version of the table gave it: tables advise, and who signs must be able to see why.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.dmn.parser.DMNParser import DMNParser
from SpiffWorkflow.dmn.specs.model import InputEntry

from workflows.engine import xmlfile
from workflows.engine.expressions import Expression, ExpressionFailed, ExpressionRefused, parse

POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "COLLECT")
_CELL = "cell"  # the name a cell's test reads the input's value by
_QUESTION_MARK = re.compile(r"\?(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)")  # outside quotes


class TableRefused(Exception):
    """The file is not a decision table of the supported kind; `problems` are (element id, reason)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{element}: {reason}" for element, reason in problems))
        self.problems = problems


class DecisionFailed(Exception):
    """A table could not decide: a fact is missing, or two rules of a UNIQUE table fit."""

    def __init__(self, table: str, reason: str) -> None:
        super().__init__(f"decision table {table}: {reason}")
        self.table = table
        self.reason = reason


@dataclass(frozen=True)
class Made:
    """One decision, with all that is needed to explain it later."""

    table: str
    version: str  # digest of the table's file
    inputs: Mapping[str, Any]  # the facts the table names, as they were
    outputs: Mapping[str, Any]  # one value per output; one list per output for COLLECT
    rules: tuple[str, ...]  # ids of the rules that gave the outputs


@dataclass(frozen=True)
class Input:
    label: str
    expression: Expression


@dataclass(frozen=True)
class Output:
    name: str
    label: str
    values: tuple[Any, ...]  # allowed values, the most important first; empty when the table names none


@dataclass(frozen=True)
class Rule:
    id: str
    description: str
    tests: tuple[Expression | None, ...]  # per input; None fits everything
    results: tuple[Expression | None, ...]  # per output


@dataclass(frozen=True)
class Table:
    """A decision table, ready to decide."""

    id: str
    version: str
    name: str
    name_en: str
    policy: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    @property
    def facts(self) -> frozenset[str]:
        """The names the table reads."""
        used = [item.expression for item in self.inputs]
        used += [e for rule in self.rules for e in (*rule.tests, *rule.results) if e is not None]
        return frozenset(name for expression in used for name in expression.names) - {_CELL}


class _Parser(DMNParser):  # type: ignore[misc]  # the library is untyped
    """The library's parser, which also keeps the allowed values of outputs and leaves it to us to check cells."""

    def _parse_output(self, element: etree._Element) -> Any:
        output = super()._parse_output(element)
        text = element.findtext("./{*}outputValues/{*}text")
        output.values = text.strip() if text else ""
        return output

    def _parse_input_output_element(self, table: Any, element: etree._Element, cls: Any, idx: int) -> Any:
        entry = cls(element.get("id"), (table.inputs if cls is InputEntry else table.outputs)[idx])
        entry.text = (element.findtext("./{*}text") or "").strip()
        return entry


@lru_cache(maxsize=64)
def read_table(content: bytes) -> Table:
    """The table in a DMN file. Raises TableRefused."""
    try:
        root = xmlfile.read(content)
    except xmlfile.XmlRefused as error:
        raise TableRefused([("", str(error))]) from error
    decision, hit_policy = _parse(root)
    return _Reader(content, root, decision, hit_policy).table()


def _parse(root: etree._Element) -> tuple[Any, str]:
    if len(root.findall(".//{*}decision")) != 1:
        raise TableRefused([("", "exactly one decision is expected")])
    namespaces = {prefix or "dmn": uri for prefix, uri in root.nsmap.items()}
    namespaces.setdefault("dmn", etree.QName(root).namespace or "none")
    parser = _Parser(None, root, namespaces)
    try:
        parser.parse()
    except (ValidationException, KeyError, IndexError) as error:
        raise TableRefused([("", str(error))]) from error
    if len(parser.decision.decisionTables) != 1:
        raise TableRefused([(parser.decision.id, "exactly one decision table is expected")])
    table = parser.decision.decisionTables[0]
    element = root.find(".//{*}decisionTable")
    if element is not None and element.get("aggregation"):
        raise TableRefused([(table.id, "aggregation is not supported")])
    return parser.decision, table.hit_policy


class _Reader:
    """Turns what the library parsed into a Table, collecting all problems."""

    def __init__(self, content: bytes, root: etree._Element, decision: Any, policy: str) -> None:
        self.version = hashlib.sha256(content).hexdigest()[:16]
        self.root = root
        self.decision = decision
        self.source = decision.decisionTables[0]
        self.policy = policy
        self.problems: list[tuple[str, str]] = []

    def table(self) -> Table:
        if self.policy not in POLICIES:
            self.problems.append((self.source.id, f"hit policy {self.policy} is not supported"))
        outputs = tuple(self._output(output) for output in self.source.outputs)
        inputs = tuple(self._input(entry) for entry in self.source.inputs)
        rules = tuple(self._rule(rule) for rule in self.source.rules)
        self._check(outputs, rules)
        if self.problems:
            raise TableRefused(self.problems)
        element = self.root.find(".//{*}decision")
        return Table(
            id=self.decision.id,
            version=self.version,
            name=self.decision.name,
            name_en=xmlfile.properties(element).get("name_en", "") if element is not None else "",
            policy=self.policy,
            inputs=inputs,
            outputs=outputs,
            rules=rules,
        )

    def _check(self, outputs: tuple[Output, ...], rules: tuple[Rule, ...]) -> None:
        if not outputs or not rules:
            self.problems.append((self.source.id, "a table needs outputs and rules"))
        names = [output.name for output in outputs]
        if len(set(names)) < len(names):
            self.problems.append((self.source.id, "two outputs have the same name"))
        if self.policy == "PRIORITY" and not any(output.values for output in outputs):
            self.problems.append((self.source.id, "PRIORITY needs the allowed values of an output, in their order"))
        for rule in rules:
            for output, result in zip(outputs, rule.results, strict=True):
                literal = isinstance(result.tree, ast.Constant) if result else False
                if result and literal and output.values and result.evaluate({}) not in output.values:
                    self.problems.append((rule.id, f"{result.text} is not among the allowed values of {output.name}"))

    def _expression(self, element: str, text: str) -> Expression:
        try:
            return parse(text)
        except ExpressionRefused as error:
            self.problems.append((element, str(error)))
            return parse("null")

    def _input(self, entry: Any) -> Input:
        if not entry.expression:
            self.problems.append((entry.id, "an input needs an expression"))
        return Input(entry.label, self._expression(entry.id, entry.expression or "null"))

    def _output(self, output: Any) -> Output:
        name = output.name or ""
        if not name.isidentifier():
            self.problems.append((output.id, "an output needs a name"))
        values: Any = ()
        if output.values:
            try:
                values = self._expression(output.id, f"[{output.values}]").evaluate({})
            except ExpressionFailed as error:
                self.problems.append((output.id, str(error)))
        return Output(name, output.label, tuple(values))

    def _rule(self, rule: Any) -> Rule:
        if len(rule.inputEntries) != len(self.source.inputs) or len(rule.outputEntries) != len(self.source.outputs):
            self.problems.append((rule.id, "a rule needs one cell per input and output"))
        tests = [self._test(entry) for entry in rule.inputEntries]
        results = [
            self._expression(entry.id, entry.text) if entry.text not in ("", "-") else None
            for entry in rule.outputEntries
        ]
        width = len(self.source.outputs)
        return Rule(rule.id, rule.description or "", tuple(tests), tuple((results + [None] * width)[:width]))

    def _test(self, entry: Any) -> Expression | None:
        text = entry.text
        if text in ("", "-"):
            return None
        if _QUESTION_MARK.search(text):
            return self._expression(entry.id, _QUESTION_MARK.sub(_CELL, text))
        try:
            tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            return self._expression(entry.id, f"{_CELL} {text}")  # `>= 80`, `in ['A', 'B']`
        return self._expression(entry.id, f"{_CELL} {'in' if isinstance(tree, ast.Tuple) else '=='} ({text})")


def decide(table: Table | bytes, facts: Mapping[str, Any]) -> Made:
    """Evaluate a table, or the table in a DMN file. `facts` must hold every name the table reads.

    Raises DecisionFailed, and TableRefused for a file that is none.
    """
    if isinstance(table, bytes):
        table = read_table(table)
    missing = sorted(table.facts - facts.keys())
    if missing:
        raise DecisionFailed(table.id, f"no value for {', '.join(missing)}")
    snapshot = {name: facts[name] for name in sorted(table.facts)}
    try:
        hits = _hits(table, snapshot)
        results = [
            [result.evaluate(snapshot) if result is not None else None for result in rule.results] for rule in hits
        ]
    except ExpressionFailed as error:
        raise DecisionFailed(table.id, str(error)) from error
    chosen, outputs = _by_policy(table, hits, results)
    return Made(table.id, table.version, snapshot, outputs, tuple(rule.id for rule in chosen))


def _hits(table: Table, facts: Mapping[str, Any]) -> list[Rule]:
    values = [item.expression.evaluate(facts) for item in table.inputs]
    hits = []
    for rule in table.rules:
        tests = zip(values, rule.tests, strict=True)
        if all(test is None or test.evaluate({**facts, _CELL: value}) for value, test in tests):
            hits.append(rule)
            if table.policy == "FIRST":
                break
    return hits


def _by_policy(table: Table, hits: list[Rule], results: list[list[Any]]) -> tuple[list[Rule], dict[str, Any]]:
    names = [output.name for output in table.outputs]
    if table.policy == "COLLECT":
        return hits, {name: [result[index] for result in results] for index, name in enumerate(names)}
    if not hits:
        return [], dict.fromkeys(names)
    if table.policy == "UNIQUE" and len(hits) > 1:
        raise DecisionFailed(table.id, f"rules {', '.join(rule.id for rule in hits)} fit at once")
    best = min(range(len(hits)), key=lambda index: _rank(table, results[index]))  # only PRIORITY has several here
    return [hits[best]], dict(zip(names, results[best], strict=True))


def _rank(table: Table, result: list[Any]) -> tuple[int, ...]:
    return tuple(
        output.values.index(value) if value in output.values else len(output.values)
        for output, value in zip(table.outputs, result, strict=True)
        if output.values
    )
