"""What a compiled definition tells, what its digest depends on, and the cache."""

from __future__ import annotations

import threading
from dataclasses import FrozenInstanceError, replace

import pytest

from tests.engine.drawing import FORM, call, catch, event_sub, process, rule, service, table, user
from tests.engine.plays import compiled, started
from workflows.engine import definition as module
from workflows.engine.definition import (
    Definition,
    ModelRefused,
    cached,
    called_processes,
    compile_definition,
)

TABLE = table("tier", "FIRST", ["age"], ["tier"], [(["-"], ["'C'"])])
FILES = {
    **process(
        "whole",
        "start -> choose -> check -> work -> pause -> phase -> done",
        rule("choose", "tier", facts="steps.facts"),
        user(
            "work",
            due="10wd",
            priority="80",
            not_same_as="check, work",
            assignee="helper",
            keep="answer, number",
            outcome="answer",
            step="steps.note",
            unit="partner:partner_unit",
        ),
        user("check"),
        catch("pause", "message:go_on"),
        call("phase", "part"),
        event_sub("on_died", "message:died", "died -> wind_up -> gone"),
    ),
    **process("part", "part_start -> visit -> part_done", user("visit"), role="village"),
    **process("other", "other_start -> other_done"),
    "whole/tier.dmn": TABLE,
}


def test_nodes_tell_what_the_diagram_says() -> None:
    node = compiled(FILES).nodes["work"]
    assert (node.kind, node.name, node.name_en, node.role) == ("user", "名 work", "The work", "caseworker")
    assert (node.form, node.due, node.due_working_days, node.priority) == ("form", "10wd", 10, 80)
    assert (node.not_same_as, node.keep) == (("check", "work"), ("answer", "number"))
    assert (node.assignee, node.outcome, node.step, node.unit) == (
        "helper",
        "answer",
        "steps.note",
        "partner:partner_unit",
    )


def test_what_is_not_said_has_its_default() -> None:
    node = compiled(FILES).nodes["check"]
    assert (node.priority, node.not_same_as, node.assignee, node.keep, node.outcome, node.step, node.unit) == (
        50,
        (),
        "",
        (),
        "",
        "",
        "own",
    )


def test_kinds_of_nodes() -> None:
    kinds = {node.id: node.kind for node in compiled(FILES).nodes.values()}
    assert kinds["choose"] == "rule"
    assert kinds["pause"] == "catch"
    assert kinds["phase"] == "call"
    assert kinds["on_died"] == "event_subprocess"
    assert kinds["died"] == "start"
    assert kinds["gone"] == "end"


def test_a_definition_tells_what_it_needs() -> None:
    definition = compiled(FILES)
    assert definition.steps == {"steps.facts", "steps.note", "steps.wind_up"}
    assert definition.messages == {"go_on", "died"}
    assert definition.forms.keys() == {"form"}
    assert definition.decisions.keys() == {"tier"}
    assert definition.lanes == {"caseworker": "专干", "village": "专干"}
    assert (definition.name, definition.name_en) == ("流程 whole", "Process whole")
    assert 'id="whole"' in definition.xml


def test_only_files_that_are_needed_belong_to_it() -> None:
    definition = compiled(FILES)
    assert set(definition.files) == {
        "whole/whole.bpmn", "whole/forms/form.json", "whole/tier.dmn", "part/part.bpmn",
    }  # fmt: skip
    again = compile_definition(definition.files, process_id="whole")
    assert again.digest == definition.digest


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("whole/whole.bpmn", b"The work", b"Thy work"),
        ("whole/forms/form.json", b"Number", b"Nummer"),
        ("whole/tier.dmn", b"row 1", b"row 7"),
        ("part/part.bpmn", b"Process part", b"Process pert"),
    ],
)
def test_the_digest_changes_with_every_file_that_is_needed(path: str, old: bytes, new: bytes) -> None:
    assert old in FILES[path]
    changed = {**FILES, path: FILES[path].replace(old, new)}
    assert compiled(changed, "whole").digest != compiled(FILES, "whole").digest


def test_the_digest_does_not_change_with_files_that_are_not() -> None:
    changed = {**FILES, "other/other.bpmn": b"broken", "whole/scenarios/a.json": b"{}", "whole/notes.txt": b""}
    assert compiled(changed, "whole").digest == compiled(FILES, "whole").digest


def test_a_form_or_table_of_another_folder_is_found_if_only_one_has_its_name() -> None:
    files = process("alone", "start -> choose -> work -> done", rule("choose", "tier"), user("work"))
    shared = {"alone/alone.bpmn": files["alone/alone.bpmn"], "shared/forms/form.json": FORM, "shared/tier.dmn": TABLE}
    assert set(compiled(shared).files) == set(shared)
    with pytest.raises(ModelRefused, match="unknown_form"):
        compiled({**shared, "other/forms/form.json": FORM})


def test_called_processes_are_named() -> None:
    assert called_processes(FILES["whole/whole.bpmn"]) == {"part"}
    assert called_processes(b"broken") == frozenset()


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(ModelRefused, match="unknown_process"):
        compile_definition(FILES, process_id="nothing")


def test_nothing_of_a_definition_can_be_set() -> None:
    definition = compiled(FILES)
    with pytest.raises(FrozenInstanceError):
        definition.name = "x"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        definition.nodes["work"].due = "P1D"  # type: ignore[misc]


def test_the_cache_loads_a_definition_once() -> None:
    definition = compiled(process("kept", "start -> done"))
    loads: list[Definition] = []

    def load() -> Definition:
        loads.append(definition)
        return definition

    assert cached(definition.digest, load) is cached(definition.digest, load) is definition
    assert len(loads) == 1


def test_the_cache_is_bounded_and_drops_the_least_used() -> None:
    definition = compiled(process("kept", "start -> done"))
    first = cached("first", lambda: definition)
    for number in range(module.MAX_CACHED - 1):
        cached(f"filler {number}", lambda: definition)
    assert cached("first", lambda: replace(definition)) is first  # and it is used again
    cached("one too many", lambda: definition)
    assert cached("first", lambda: replace(definition)) is first
    assert cached("filler 0", lambda: replace(definition)) is not definition
    assert len(module._cache) == module.MAX_CACHED


def test_threads_that_load_at_once_get_one_definition() -> None:
    barrier = threading.Barrier(6)
    found: list[Definition] = []
    files = process("raced", "start -> work -> done", user("work"))

    def load() -> Definition:
        barrier.wait()
        return compiled(files)

    threads = [threading.Thread(target=lambda: found.append(cached("raced", load))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(definition) for definition in found}) == 1


def test_a_hundred_nodes_in_a_row_run() -> None:
    names = [f"n{number}" for number in range(98)]
    definition = compiled(process("long", " -> ".join(["start", *names, "done"]), *[service(name) for name in names]))
    run = started(definition)
    assert run.outcome == "done"
    assert len(run.passed) == 100
