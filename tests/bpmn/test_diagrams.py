"""Diagrams are well drawn and complete: linted, every shape and flow in the picture, nothing on top of anything, every
name in both languages, every reference resolved, nothing lying about unused, every node passed by some scenario."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from bpmn_io.bpmn_moddle.simple import create_moddle
from bpmn_io.check import check
from bpmn_io.lint import Linter
from bpmn_io.lint.linter import Resolver
from bpmn_io.lint.resolver import NodeResolver
from bpmn_io.moddle.base import ModdleElement
from lxml import etree

from backend.org.roles import ROLE_NAMES
from tests.bpmn.layout import BPMN, BPMNDI, DC, DI, Rect, drawn, overlap
from tests.bpmn.picture import pictures
from tests.thoroughness import THOROUGH
from workflows.engine.definition import Definition, compile_definition
from workflows.engine.scenarios import play
from workflows.engine.xmlfile import properties

FOLDER = Path(__file__).parents[2] / "bpmn"
VISITS = 200 if THOROUGH else 50
DIAGRAMS = sorted(FOLDER.glob("*/*.bpmn"))
FORMS = sorted(FOLDER.glob("*/forms/*.json"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")

LINT = {
    "extends": "bpmnlint:all",
    "rules": {
        # Flows that meet at an activity, or at a gateway that forks again, are common in loops ("asked once more"), and
        # one token at a time passes there; a diamond before each would half as much again to the pictures.
        "fake-join": "off",
        "no-gateway-join-fork": "off",
    },
}

for_each_diagram = pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)


@cache
def root_of(path: Path) -> etree._Element:
    return etree.parse(path).getroot()


@cache
def definition_of(path: Path) -> Definition:
    patterns = ("*.bpmn", "*.dmn", "forms/*.json")
    files = [file for pattern in patterns for file in path.parent.glob(pattern)]
    return compile_definition(
        {file.relative_to(FOLDER).as_posix(): file.read_bytes() for file in files}, process_id=path.stem
    )


def elements(path: Path, *names: str) -> Iterator[etree._Element]:
    for name in names:
        yield from root_of(path).iter(f"{BPMN}{name}")


def nodes(path: Path) -> list[etree._Element]:
    """Events, activities, gateways."""
    kinds = ("Event", "Task", "Gateway", "subProcess", "callActivity")
    return [element for element in root_of(path).iter(f"{BPMN}*") if str(element.tag).endswith(kinds)]


def rectangles(path: Path) -> dict[str, Rect]:
    """Where each shape is drawn, by the id of what it shows."""
    found = {}
    for shape in root_of(path).iter(f"{BPMNDI}BPMNShape"):
        bounds = shape.find(f"{DC}Bounds")
        assert bounds is not None
        x, y, width, height = (float(bounds.get(side, "")) for side in ("x", "y", "width", "height"))
        found[shape.get("bpmnElement", "")] = (x, y, width, height)
    return found


def ways(path: Path) -> dict[str, list[tuple[float, float]]]:
    """The points of each flow, by its id."""
    return {
        edge.get("bpmnElement", ""): [
            (float(point.get("x", "")), float(point.get("y", ""))) for point in edge.iter(f"{DI}waypoint")
        ]
        for edge in root_of(path).iter(f"{BPMNDI}BPMNEdge")
    }


# -- drawing ------------------------------------------------------------------------------------------------------


@for_each_diagram
def test_lint(path: Path) -> None:
    text = path.read_text("utf-8")
    report = check(text)
    assert report.ok, report.errors
    assert not report.warnings
    linter = Linter(config=LINT, resolver=cast("Resolver", NodeResolver()))
    assert linter.lint(cast("ModdleElement", create_moddle().from_xml(text).root_element)) == {}


@for_each_diagram
def test_folder_file_and_process_have_one_name(path: Path) -> None:
    (process,) = elements(path, "process")
    assert path.stem == path.parent.name == process.get("id")


@for_each_diagram
def test_everything_is_in_the_picture(path: Path) -> None:
    shown = [*nodes(path), *elements(path, "participant", "lane")]
    assert rectangles(path).keys() == {element.get("id") for element in shown}
    assert ways(path).keys() == {flow.get("id") for flow in elements(path, "sequenceFlow")}


@for_each_diagram
def test_every_node_lies_in_its_lane(path: Path) -> None:
    places = rectangles(path)
    in_lanes = set()
    for lane in elements(path, "lane"):
        band = places[lane.get("id", "")]
        for ref in lane.iter(f"{BPMN}flowNodeRef"):
            key = (ref.text or "").strip()
            in_lanes.add(key)
            x, y, width, height = places[key]
            assert band[0] <= x <= x + width <= band[0] + band[2], key
            assert band[1] <= y <= y + height <= band[1] + band[3], key
    assert in_lanes == {node.get("id") for node in nodes(path)}


@for_each_diagram
def test_no_shape_covers_another(path: Path) -> None:
    places = rectangles(path)
    boxes = {box.get("id"): {inner.get("id") for inner in box.iter()} for box in elements(path, "subProcess")}
    hosts = {node.get("id"): node.get("attachedToRef") for node in elements(path, "boundaryEvent")}
    for one, other in combinations([node.get("id", "") for node in nodes(path)], 2):
        if hosts.get(one) == other or hosts.get(other) == one:
            continue
        if other in boxes.get(one, ()) or one in boxes.get(other, ()):
            continue
        assert not overlap(places[one], places[other]), f"{one} and {other}"


@for_each_diagram
def test_flows_join_their_ends_and_cross_no_shape(path: Path) -> None:
    places = rectangles(path)
    points = ways(path)
    tasks = {key: places[key] for key in (node.get("id", "") for node in nodes(path))}
    boxes = {box.get("id"): {inner.get("id") for inner in box.iter()} for box in elements(path, "subProcess")}
    for flow in elements(path, "sequenceFlow"):
        way = points[flow.get("id", "")]
        ends = (flow.get("sourceRef", ""), flow.get("targetRef", ""))
        for point, end in zip((way[0], way[-1]), ends, strict=True):
            assert touches(point, places[end]), f"{flow.get('id')} does not touch {end}"
        for (x1, y1), (x2, y2) in pairwise(way):
            assert x1 == x2 or y1 == y2, f"{flow.get('id')} is not drawn at right angles"
            stretch = (min(x1, x2), min(y1, y2), max(abs(x1 - x2), 0.1), max(abs(y1 - y2), 0.1))
            for key, place in tasks.items():
                if key not in ends and flow.get("id") not in boxes.get(key, ()):
                    assert not overlap(stretch, place), f"{flow.get('id')} runs through {key}"


def touches(point: tuple[float, float], place: Rect) -> bool:
    """On the border of a rectangle."""
    x, y, width, height = place
    return (point[0] in (x, x + width) and y <= point[1] <= y + height) or (
        point[1] in (y, y + height) and x <= point[0] <= x + width
    )


def test_drawing_again_changes_nothing() -> None:
    """What is committed is what the tool draws, so that nobody has to move boxes by hand."""
    path = FOLDER / "yearly_review" / "yearly_review.bpmn"
    assert drawn(path.read_bytes()) == path.read_bytes()


def test_the_picture_of_the_readme_is_up_to_date() -> None:
    path = FOLDER / "family_case" / "family_case.bpmn"
    for ending, content in pictures(path.read_bytes()):
        assert path.with_suffix(ending).read_bytes() == content


# -- names --------------------------------------------------------------------------------------------------------


@for_each_diagram
def test_names_in_both_languages(path: Path) -> None:
    named = [*elements(path, "process", "lane"), *nodes(path), *elements(path, "sequenceFlow")]
    for element in named:
        name, english = element.get("name"), properties(element).get("name_en", "")
        if name or not str(element.tag).endswith(("sequenceFlow", "Gateway")):
            assert CHINESE.search(name or ""), element.get("id")
            assert english.strip(), element.get("id")
            assert not CHINESE.search(english), element.get("id")


@for_each_diagram
def test_lanes_are_roles(path: Path) -> None:
    for lane in elements(path, "lane"):
        role = properties(lane)["role"]
        assert role in {*ROLE_NAMES, "system"}
        assert lane.get("id") == f"lane_{role}"


@for_each_diagram
def test_ids_are_words(path: Path) -> None:
    for node in nodes(path):
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", node.get("id", "")), node.get("id")


@for_each_diagram
def test_steps_are_named_after_their_process(path: Path) -> None:
    for name in definition_of(path).steps:
        assert re.fullmatch(rf"{path.stem}\.[a-z_]+", name), name


@pytest.mark.parametrize("path", FORMS, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_forms_in_both_languages(path: Path) -> None:
    for labelled in labels(json.loads(path.read_text("utf-8"))):
        assert not CHINESE.search(labelled["title_en"]), labelled
        assert CHINESE.search(labelled["title"]), labelled
        assert ("description" in labelled) == ("description_en" in labelled), labelled


def labels(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a form that a person reads."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            yield schema
        for value in schema.values():
            yield from labels(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from labels(value)


SENSITIVE = {
    # health (PIPL art. 28)
    "self_care", "disease", "event", "event_on", "infertility_help", "physical", "mental",
    # minors
    "minor", "parents_away", "other_parent_fit", "worries",
    # special identity, and what would mark a family: a lost child, neglect, that the police was told
    "child_state", "single_mother", "kin_support", "avoid", "reported_to",
    # what they live on
    "low_income", "economy",
    # how to reach others, and why a helper says no: nobody's business (志愿服务条例 art. 25)
    "emergency_contact", "emergency_phone", "decline_reason", "helper_absent",
    # free text in which any of it may stand
    "actions", "summary", "requests", "diff_with_file",
}  # fmt: skip
"""Answers that are marked in whatever form they are asked."""
NOTES = {"household_intake/*survey", "care_visit/*", "family_case/interim_visit", "yearly_review/family_wish"}
"""Forms that are filled in about a family: what is noted there may tell anything of it."""


@pytest.mark.parametrize("path", FORMS, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_what_is_sensitive_is_marked_wherever_it_is_asked(path: Path) -> None:
    fields = json.loads(path.read_text("utf-8"))["properties"]
    about_family = any(fnmatch(f"{path.parent.parent.name}/{path.stem}", pattern) for pattern in NOTES)
    wanted = {name for name in fields if name in SENSITIVE or (name == "note" and about_family)}
    assert {name for name in wanted if not fields[name].get("x-sensitive")} == set()


# -- completeness -------------------------------------------------------------------------------------------------


@for_each_diagram
def test_references_resolve(path: Path) -> None:
    definition = definition_of(path)
    for node in definition.nodes.values():
        if node.kind != "user":
            continue
        fields = definition.forms[node.form]["properties"]
        assert {*node.keep, *([node.outcome] if node.outcome else [])} <= fields.keys(), node.id
        assert all(definition.nodes[other].kind == "user" for other in node.not_same_as), node.id
        assert node.step, node.id
        if node.outcome:
            assert fields[node.outcome].get("oneOf"), f"{node.id}: an outcome is one of a few words"


@for_each_diagram
def test_nothing_lies_about_unused(path: Path) -> None:
    definition = definition_of(path)
    assert {form.stem for form in path.parent.glob("forms/*.json")} == definition.forms.keys()
    assert {table.stem for table in path.parent.glob("*.dmn")} == definition.decisions.keys()
    used = {event.get("messageRef") for event in elements(path, "messageEventDefinition")}
    assert {message.get("id") for message in elements(path, "message")} == used


@for_each_diagram
def test_supervisors_decide_on_other_peoples_work(path: Path) -> None:
    """Four eyes: what a supervisor confirms somebody else did (domain.md 3.0). A disaster is led, not confirmed. What
    somebody is complained about for is looked into by anybody else: the item is closed to whom it is about."""
    definition = definition_of(path)
    for node in definition.nodes.values():
        if node.kind == "user" and node.role == "supervisor" and node.id != "lead_roll":
            assert node.not_same_as or node.closed_to, node.id


def test_many_visits_leave_the_state_as_small_as_one() -> None:
    definition = definition_of(FOLDER / "care_visit" / "care_visit.bpmn")
    scenario = json.loads((FOLDER / "care_visit" / "scenarios" / "one_year.json").read_text("utf-8"))
    plan = {**scenario["steps"]["care_visit.plan_next"][0]["returns"], "open_at": scenario["start"]}
    over = {**plan, "care_over": True, "visit": None}
    visit = next(move for move in scenario["play"] if move.get("complete") == "record_visit")
    scenario["steps"]["care_visit.plan_next"] = [{"returns": plan}] * VISITS + [{"returns": over}]
    story = play(definition, {**scenario, "play": [visit] * VISITS})
    assert story.passed.count("record_visit") == VISITS
    assert story.sizes[-1] <= story.sizes[1] * 1.1
