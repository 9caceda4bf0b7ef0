"""Whoever reads the repository sees each process: two pictures, as many nodes and the same words as the diagram.

Drawn by `python -m tests.bpmn.picture`; drawing all of them takes too long to do it here again.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from tests.bpmn.layout import BPMN
from workflows.engine.xmlfile import properties

FOLDER = Path(__file__).parents[2] / "bpmn"
CATALOGUE = (FOLDER / "README.md").read_text("utf-8")
DIAGRAMS = sorted(FOLDER.glob("*/*.bpmn"))
SVG = "{http://www.w3.org/2000/svg}"


def squeezed(words: str | None) -> str:
    """Lines are broken where they fit: only the letters count."""
    return "".join((words or "").split())


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda path: path.stem)
def test_the_catalogue_shows_it_as_it_is(diagram: Path) -> None:
    assert f"({diagram.stem}/{diagram.stem}.en.svg)" in CATALOGUE
    root = etree.parse(diagram).getroot()
    named = [*root.iter(f"{BPMN}process", f"{BPMN}lane"), *root.iterfind(f".//{BPMN}userTask")]
    for ending, names in (
        (".svg", [node.get("name") for node in named]),
        (".en.svg", [properties(node).get("name_en") for node in named]),
    ):
        picture = etree.parse(diagram.with_suffix(ending)).getroot()
        drawn = squeezed("".join(each.text or "" for each in picture.iter(f"{SVG}text")))
        assert [name for name in names if squeezed(name) not in drawn] == []
        boxes = [each for each in picture.iter(f"{SVG}rect") if "user" in each.get("class", "")]
        assert len(boxes) == len(list(root.iter(f"{BPMN}userTask")))
