"""A process compiled from its files: checked, parsed, ready to run, shared by all its runs."""

from __future__ import annotations

import hashlib
import posixpath
import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from workflows.engine import xmlfile
from workflows.engine.checks import Checker
from workflows.engine.decisions import Table, TableRefused, read_table
from workflows.engine.forms import FormRefused, read_form
from workflows.engine.model import ModelRefused, Node, Problem
from workflows.engine.parser import parse_processes
from workflows.engine.reading import Diagram, node_of, read_diagrams

__all__ = ["Definition", "ModelRefused", "Node", "Problem", "cached", "called_processes", "compile_definition"]


@dataclass(frozen=True)
class Definition:
    """A compiled process. Nothing of it changes; any number of runs and threads use it at once."""

    process_id: str
    digest: str  # SHA-256 over the files it needs
    name: str
    name_en: str
    beside: bool  # runs beside the phases of a case: whoever started it does not wait for its end
    nodes: Mapping[str, Node]  # by id; those of sub-processes and called processes too
    lanes: Mapping[str, str]  # role → Chinese name of its lane
    forms: Mapping[str, dict[str, Any]]  # by name
    decisions: Mapping[str, Table]  # by id
    steps: frozenset[str]  # names of all steps it calls
    messages: frozenset[str]  # names of all messages it waits for
    pausable: frozenset[str]  # ids of the user tasks and timers whose time stands still while a run is paused
    xml: str  # the diagram
    diagrams: Mapping[str, str] = field(repr=False)  # XML by process id: the diagram and those of called processes
    files: Mapping[str, bytes] = field(repr=False)  # exactly what it was compiled from
    spec: Any = field(repr=False)  # SpiffWorkflow's; for the runner
    inner: Mapping[str, Any] = field(repr=False)  # specs of sub-processes and called processes


def called_processes(diagram: bytes) -> frozenset[str]:
    """The ids of the processes that a diagram calls; none when it cannot be read."""
    diagrams, _ = read_diagrams({"diagram.bpmn": diagram})
    return frozenset(name for each in diagrams.values() for name in each.called() if name)


def compile_definition(
    files: Mapping[str, bytes],
    *,
    process_id: str,
    steps: Container[str] | None = None,
    roles: Container[str] | None = None,
) -> Definition:
    """Check and compile a process from its files (relative path → content; more may be given than it needs).

    With `steps` and `roles` the names in the diagram must be among them. Raises ModelRefused with every problem found.
    """
    return _Compiler(files, process_id).compile(steps, roles)


class _Compiler:
    def __init__(self, files: Mapping[str, bytes], process_id: str) -> None:
        self.files = files
        self.process_id = process_id
        self.problems: list[Problem] = []
        self.used: set[str] = set()
        self.forms: dict[str, dict[str, Any]] = {}
        self.tables: dict[str, Table] = {}

    def compile(self, steps: Container[str] | None, roles: Container[str] | None) -> Definition:
        diagrams = self._diagrams()
        nodes: dict[str, Node] = {}
        for diagram in diagrams:
            own = {name: node_of(diagram, element) for name, element in diagram.elements.items()}
            self._references(diagram, own.values())
            self.problems += Checker(diagram, own, self.forms, self.tables).problems()
            self._known(diagram, own.values(), steps, roles)
            self._add(diagram, own, nodes)
        names = {name for node in nodes.values() for name in (node.step, node.facts) if name}
        if self.problems:
            raise ModelRefused(_sorted(self.problems))
        spec, inner = self._parse(diagrams)
        used = {path: self.files[path] for path in sorted(self.used)}
        main = diagrams[0]
        return Definition(
            process_id=self.process_id,
            digest=_digest(self.process_id, used),
            name=main.process.get("name", ""),
            name_en=xmlfile.properties(main.process).get("name_en", ""),
            beside=xmlfile.properties(main.process).get("beside", "") == "true",
            nodes=nodes,
            lanes=_lanes(diagrams),
            forms=self.forms,
            decisions=self.tables,
            steps=frozenset(names),
            messages=frozenset(node.message for node in nodes.values() if node.message),
            pausable=frozenset(node.id for node in nodes.values() if node.pausable),
            xml=_text(main.root),
            diagrams={diagram.id: _text(diagram.root) for diagram in diagrams},
            files=used,
            spec=spec,
            inner=inner,
        )

    def _diagrams(self) -> list[Diagram]:
        """The process's own diagram, then those of all processes it calls."""
        known, problems = read_diagrams(self.files)
        if self.process_id not in known:
            raise ModelRefused([*problems, Problem(self.process_id, "unknown_process", "there is no such process")])
        found: dict[str, Diagram] = {}
        todo = [(self.process_id, "")]
        while todo:
            name, caller = todo.pop(0)
            if name in found:
                continue
            if name not in known:
                self.problems.append(Problem(caller, "unknown_process", f"there is no process {name!r} to call"))
                continue
            found[name] = known[name]
            self.used.add(known[name].path)
            todo += [(called, name) for called in known[name].called()]
        # A file that cannot be read matters only if it may be one that is needed.
        if problems and self.problems:
            self.problems += problems
        self.problems += _circles(found)
        return list(found.values())

    def _add(self, diagram: Diagram, own: Mapping[str, Node], nodes: dict[str, Node]) -> None:
        """Work items and history name a node by its id alone, so it must be the only one in all the diagrams."""
        for name, node in own.items():
            if name in nodes:
                reason = f"{nodes[name].process} has a node of this id"
                self.problems.append(Problem(name, "duplicate_id", reason, diagram.path))
            nodes.setdefault(name, node)

    def _references(self, diagram: Diagram, nodes: Iterable[Node]) -> None:
        for node in nodes:
            if node.form and node.form not in self.forms:
                self._form(diagram, node.form)
            if node.decision and node.decision not in self.tables:
                self._table(diagram, node.decision)

    def _find(self, diagram: Diagram, name: str) -> str | None:
        """A file beside the diagram, or else the only one of that name beside another diagram."""
        own = posixpath.join(diagram.folder, name)
        if own in self.files:
            return own
        others = [path for path in self.files if path.endswith(f"/{name}")]
        return others[0] if len(others) == 1 else None

    def _form(self, diagram: Diagram, name: str) -> None:
        path = self._find(diagram, f"forms/{name}.json")
        if path is None:
            return  # the check of the node says so
        self.used.add(path)
        try:
            self.forms[name] = read_form(self.files[path])
        except FormRefused as error:
            self.forms[name] = {}
            self.problems += [Problem(where, "bad_form", reason, path) for where, reason in error.problems]

    def _table(self, diagram: Diagram, name: str) -> None:
        path = self._find(diagram, f"{name}.dmn")
        if path is None:
            return
        self.used.add(path)
        try:
            table = read_table(self.files[path])
        except TableRefused as error:
            self.problems += [Problem(where, "bad_decision", reason, path) for where, reason in error.problems]
            return
        if table.id == name:
            self.tables[name] = table
        else:
            self.problems.append(Problem(table.id, "bad_id", "the decision must be called as its file is", path))

    def _known(
        self, diagram: Diagram, nodes: Iterable[Node], steps: Container[str] | None, roles: Container[str] | None
    ) -> None:
        for node in nodes:
            for name in (node.step, node.facts):
                if name and steps is not None and name not in steps:
                    self.problems.append(Problem(node.id, "unknown_step", f"there is no step {name}", diagram.path))
            if node.role and roles is not None and node.role not in roles:
                reason = f"there is no role {node.role}"
                self.problems.append(Problem(node.id, "unknown_role", reason, diagram.path))

    def _parse(self, diagrams: Iterable[Diagram]) -> tuple[Any, dict[str, Any]]:
        try:
            return parse_processes([diagram.root for diagram in diagrams], self.process_id)
        except ValidationException as error:
            raise ModelRefused([Problem(error.id, "bad_model", str(error), error.file_name)]) from error
        except RecursionError as error:
            raise ModelRefused([Problem(self.process_id, "too_large", "too many nodes in a row")]) from error


def _circles(diagrams: Mapping[str, Diagram]) -> list[Problem]:
    """Processes that would call themselves."""
    problems = []
    for name, diagram in diagrams.items():
        todo, seen = list(diagram.called()), set()
        while todo:
            called = todo.pop()
            if called in diagrams and called not in seen:
                seen.add(called)
                todo += diagrams[called].called()
        if name in seen:
            problems.append(Problem(name, "calls_itself", "the process calls itself", diagram.path))
    return problems


def _lanes(diagrams: Iterable[Diagram]) -> dict[str, str]:
    lanes: dict[str, str] = {}
    for diagram in diagrams:
        for lane in diagram.process.iter("{*}lane"):
            lanes.setdefault(xmlfile.properties(lane).get("role", ""), lane.get("name", ""))
    return lanes


def _text(root: etree._Element) -> str:
    return etree.tostring(root, encoding="unicode")


def _digest(process_id: str, files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(process_id.encode())
    for path, content in files.items():
        digest.update(f"\n{path}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (problem.file, problem.node, problem.code, problem.message))


# -- kept in memory -------------------------------------------------------------------------------------------------

MAX_CACHED = 64
_cache: OrderedDict[str, Definition] = OrderedDict()
_lock = threading.Lock()


def cached(digest: str, loader: Callable[[], Definition]) -> Definition:
    """The definition with this digest from memory, or loaded and kept; the least used make room.

    Two threads may load the same one at the same time; one of them is kept, and both are good.
    """
    with _lock:
        found = _cache.get(digest)
        if found is not None:
            _cache.move_to_end(digest)
            return found
    loaded = loader()
    with _lock:
        kept = _cache.setdefault(digest, loaded)
        while len(_cache) > MAX_CACHED:
            _cache.popitem(last=False)
        return kept
