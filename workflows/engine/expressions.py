"""The sandbox: small Python-like expressions from diagrams and tables, evaluated as data, never as code.

An expression reads names (process data or a table's inputs) and gives a plain value. It knows no attribute but a few
methods of texts and mappings, no import, no assignment, no lambda, no formatting, and the functions of ``FUNCTIONS``
only. Its text, its tree, the work it may do and the values it may build are bounded, so the worst expression ends
within milliseconds; the bound is counted in evaluated nodes, not in seconds, so that it is the same on every machine.
"""

from __future__ import annotations

import ast
import operator
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression, NameNotDefined

MAX_LENGTH = 2_000  # characters of source
MAX_NODES = 400  # nodes of the tree
MAX_DEPTH = 40  # nesting of the tree
MAX_WORK = 10_000  # nodes evaluated in one evaluation (comprehensions evaluate a node many times)
MAX_ITEMS = 10_000  # characters of a text or items of a list that is built
MAX_BITS = 1_024  # size of a whole number that is built
MAX_EXPONENT = 100


class ExpressionRefused(Exception):
    """The text is not an expression of the sandbox."""

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(f"{reason}: {expression[:200]!r}")
        self.expression = expression
        self.reason = reason


class ExpressionFailed(Exception):
    """The expression could not be evaluated with these names."""

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(f"{reason}: {expression[:200]!r}")
        self.expression = expression
        self.reason = reason


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise InvalidExpression("the number is too large")
    if isinstance(value, str | list | tuple | set | dict) and len(value) > MAX_ITEMS:
        raise InvalidExpression("the value is too long")
    return value


def _add(left: Any, right: Any) -> Any:
    return _bounded(left + right)


def _multiply(left: Any, right: Any) -> Any:
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | list | tuple) and isinstance(times, int) and len(value) * times > MAX_ITEMS:
            raise InvalidExpression("the value is too long")
    return _bounded(left * right)


def _power(base: Any, exponent: Any) -> Any:
    if not isinstance(exponent, int | float) or abs(exponent) > MAX_EXPONENT:
        raise InvalidExpression("the exponent is too large")
    if isinstance(base, int) and base.bit_length() * abs(exponent) > MAX_BITS:
        raise InvalidExpression("the number is too large")
    return base**exponent


def _modulo(left: Any, right: Any) -> Any:
    # On a text `%` formats, and a format can ask for a text of any length.
    if not isinstance(left, int | float):
        raise InvalidExpression("% needs numbers")
    return left % right


def _round(number: float, digits: int = 0) -> float | int:
    """Round to at most 15 digits; to a whole number without digits."""
    if abs(digits) > 15:
        raise InvalidExpression("too many digits")
    return round(number, digits) if digits else round(number)


def _sum(values: Iterable[float]) -> float | int:
    """Add numbers only: adding lists up would take quadratic time."""
    total: float | int = 0
    for value in values:
        if not isinstance(value, int | float):
            raise InvalidExpression("sum needs numbers")
        total += value
    return total


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values)


def _minimum(*values: Any) -> Any:
    return min(*values)


def _maximum(*values: Any) -> Any:
    return max(*values)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": len,
    "min": _minimum,
    "max": _maximum,
    "sum": _sum,
    "abs": abs,
    "round": _round,
    "any": any,
    "all": all,
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "sorted": _sorted,
}
"""All functions an expression may call, besides ``get(key, default)``, which reads a name that may be missing."""

METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({"lower", "upper", "strip", "startswith", "endswith"}),
    dict: frozenset({"get"}),
}

CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}

OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: operator.sub,
    ast.Mult: _multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}

_ALLOWED_NODES: tuple[type[ast.AST], ...] = (
    ast.Name,
    ast.Constant,
    ast.UnaryOp,
    ast.BinOp,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    ast.IfExp,
    ast.Call,
    ast.Subscript,
    ast.Slice,
    ast.Attribute,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.GeneratorExp,
    ast.comprehension,
    ast.Load,
    ast.Store,
    *OPERATORS,
)


class _Evaluator(EvalWithCompoundTypes):  # type: ignore[misc]  # the library is untyped
    """simpleeval with our operators, functions and a budget of work."""

    def __init__(self) -> None:
        allowed = {kind: set(names) for kind, names in METHODS.items()}
        super().__init__(operators=dict(OPERATORS), functions={}, names={}, allowed_attrs=allowed)
        self.functions = dict(FUNCTIONS) | {"get": self._get}
        self.names: _Names = _Names({})
        self.work = 0

    def _get(self, key: str, default: Any = None) -> Any:
        return self.names.get(key, default)

    def _eval(self, node: ast.AST) -> Any:
        self.work += 1
        if self.work > MAX_WORK:
            raise InvalidExpression("too much work")
        return super()._eval(node)

    def _eval_name(self, node: ast.Name) -> Any:
        # The library would also give functions as values.
        try:
            return self.names[node.id]
        except KeyError:
            raise NameNotDefined(node.id, self.expr) from None

    def evaluate(self, text: str, tree: ast.expr, names: Mapping[str, Any]) -> Any:
        self.expr = text
        self.work = 0
        self._max_count = 0
        self.names = _Names(names)
        try:
            return self._eval(tree)
        finally:
            self.names = _Names({})


class _Names:
    """What an expression may read: the given names over the constants."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def __getitem__(self, key: str) -> Any:
        return self._names[key] if key in self._names else CONSTANTS[key]

    def get(self, key: str, default: Any) -> Any:
        return self._names.get(key, default)


_local = threading.local()


def _evaluator() -> _Evaluator:
    # Building one costs more than most evaluations, and it keeps state while it works: one per thread.
    evaluator: _Evaluator | None = getattr(_local, "evaluator", None)
    if evaluator is None:
        evaluator = _local.evaluator = _Evaluator()
    return evaluator


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InvalidExpression("the result is not a plain value")


@dataclass(frozen=True)
class Expression:
    """A checked expression. Hold on to it and evaluate it as often as you like, from any thread."""

    text: str
    tree: ast.expr
    names: frozenset[str]  # the names it reads

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value, made of None, bool, int, float, str, list and dict. Raises ExpressionFailed."""
        try:
            return _plain(_evaluator().evaluate(self.text, self.tree, names))
        except InvalidExpression as error:
            raise ExpressionFailed(self.text, str(error)) from error
        except Exception as error:  # whatever Python says about these values: types, keys, zero division
            raise ExpressionFailed(self.text, f"{type(error).__name__}: {error}"[:300]) from error


def _depth(node: ast.AST) -> int:
    deepest, level = 0, [node]
    while level:
        deepest += 1
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
    return deepest


def _check(text: str, tree: ast.expr) -> None:
    nodes = list(ast.walk(tree))
    if len(nodes) > MAX_NODES or _depth(tree) > MAX_DEPTH:
        raise ExpressionRefused(text, "the expression is too large")
    for node in nodes:
        if not isinstance(node, _ALLOWED_NODES):
            raise ExpressionRefused(text, f"{type(node).__name__} is not allowed")
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            raise ExpressionRefused(text, "names starting with _ are not allowed")
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes | complex | type(...)):
            raise ExpressionRefused(text, "this constant is not allowed")
        if isinstance(node, ast.Attribute) and not any(node.attr in names for names in METHODS.values()):
            raise ExpressionRefused(text, f"unknown method {node.attr}")
        if isinstance(node, ast.Call):
            _check_call(text, node)


def _check_call(text: str, call: ast.Call) -> None:
    if call.keywords:
        raise ExpressionRefused(text, "named arguments are not allowed")
    if isinstance(call.func, ast.Name):
        if call.func.id not in FUNCTIONS and call.func.id != "get":
            raise ExpressionRefused(text, f"unknown function {call.func.id}")
    elif not isinstance(call.func, ast.Attribute):
        raise ExpressionRefused(text, "only functions and methods are called")


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Check an expression and keep it ready. Raises ExpressionRefused."""
    if len(text) > MAX_LENGTH:
        raise ExpressionRefused(text, "the expression is too long")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise ExpressionRefused(text, f"not an expression ({error})"[:200]) from error
    _check(text, tree)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = frozenset(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in called
        and node.id not in CONSTANTS
    )
    return Expression(text, tree, names)


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """Parse (cached) and evaluate. Raises ExpressionRefused or ExpressionFailed."""
    return parse(text).evaluate(names)
