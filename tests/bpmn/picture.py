"""Pictures of diagrams for people who read the repository: draws what the diagram's own picture (DI) says as SVG.

    python -m tests.bpmn.picture bpmn/<process>/<process>.bpmn …

writes <process>.svg with Chinese and <process>.en.svg with English names beside the diagram. The editor and the running
system draw with bpmn-js; this needs no browser.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree

from tests.bpmn.layout import BPMN, LEFT, TITLE, Box, Diagram, Flow, Rect, label_all, local, place, route_all
from workflows.engine.xmlfile import properties

STYLE = """
text{font:11px 'Noto Sans CJK SC','PingFang SC','Microsoft YaHei','WenQuanYi Zen Hei',sans-serif;fill:#1f2933;
text-anchor:middle}.title{font-size:13px}.s{fill:#fff;stroke:#1f2933;stroke-width:1.5}.lane{fill:none;stroke:#9aa5b1}
.user{fill:#e3f0ff}.service{fill:#f3f4f6}.rule{fill:#fff3d1}.box{fill:#fbfbfb;stroke-dasharray:2 3}.end{stroke-width:4}
.soft{stroke-dasharray:4 3}.f{fill:none;stroke:#1f2933;stroke-width:1.5;marker-end:url(#tip)}.i{fill:none}
"""
TIP = (
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0,0L10,5L0,10Z" fill="#1f2933"/></marker></defs>'
)
FILLS = {"userTask": "user", "serviceTask": "service", "businessRuleTask": "rule"}
ENVELOPE = "M-9,-6H9V6H-9ZL0,2L9,-6"
CLOCK = "M-8,0A8,8 0 1 1 8,0A8,8 0 1 1 -8,0M0,-6V0L5,2"
CROSS = "M-7,-7L7,7M7,-7L-7,7"
PENTAGON = "M0,-8L8,-2L5,7H-5L-8,-2Z"


def pictures(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Endings of file names and SVGs of a diagram: Chinese, then English."""
    diagram = Diagram(etree.fromstring(content, etree.XMLParser(remove_blank_text=True)))
    place(diagram)
    route_all(diagram)
    nodes = {element.get("id", ""): element for element in diagram.root.iter(f"{BPMN}*")}
    yield ".svg", svg(diagram, nodes, {key: node.get("name", "") for key, node in nodes.items()})
    yield ".en.svg", svg(diagram, nodes, {key: properties(node).get("name_en", "") for key, node in nodes.items()})


def svg(diagram: Diagram, nodes: Mapping[str, etree._Element], names: Mapping[str, str]) -> bytes:
    items: list[Box | Flow] = [*diagram.shapes, *diagram.flows]
    for item in items:
        item.name = names[item.id]
    view = f"{TITLE - 10} {TITLE - 10} {diagram.width - TITLE + 20} {diagram.height - TITLE + 20}"
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}"><style>{STYLE}</style>{TIP}']
    parts += frames(diagram, names)
    for box in sorted(diagram.shapes, key=lambda box: bool(box.host)):
        parts += shape(box, nodes[box.id])
    parts += map(way, diagram.flows)
    for key, rect in label_all(diagram).items():
        parts += text(names[key], rect[0] + rect[2] / 2, rect[1] + rect[3] / 2, max(rect[2], 90))
    return "\n".join([*parts, "</svg>", ""]).encode()


def frames(diagram: Diagram, names: Mapping[str, str]) -> Iterator[str]:
    """Pool and lanes with their titles."""
    process = diagram.root.find(f"{BPMN}process")
    assert process is not None
    yield rectangle((TITLE, TITLE, diagram.width - TITLE, diagram.height - TITLE), "s")
    yield title(names[process.get("id", "")], TITLE + 15, TITLE + (diagram.height - TITLE) / 2)
    for lane, (top, height) in diagram.bands.items():
        yield rectangle((LEFT, top, diagram.width - LEFT, height), "s lane")
        yield title(names[lane], LEFT + 15, top + height / 2)


def title(name: str, x: float, y: float) -> str:
    return f'<text class="title" transform="translate({x:g} {y:g}) rotate(-90)">{escape(name)}</text>'


def shape(box: Box, element: etree._Element) -> Iterator[str]:
    """One node: its outline, its mark, and the name of an activity."""
    kind = local(element)
    if box.kind == "event":
        yield from event(box, element)
    elif box.kind == "gateway":
        x, y = box.x, box.y
        yield f'<path class="s" d="M{x - 25},{y}L{x},{y - 25}L{x + 25},{y}L{x},{y + 25}Z"/>'
        yield mark(box, PENTAGON if kind == "eventBasedGateway" else CROSS)
    elif box.kind == "box":
        yield rectangle(box.rect, "s box", 10)
        yield from text(box.name, box.x, box.rect[1] + 14, box.width)
    else:
        yield rectangle(box.rect, f"s {FILLS.get(kind, '')}".strip(), 8)
        yield from text(box.name, box.x, box.y, box.width - 8)


def event(box: Box, element: etree._Element) -> Iterator[str]:
    kind = local(element)
    soft = " soft" if "false" in (element.get("cancelActivity"), element.get("isInterrupting")) else ""
    yield f'<circle class="s{soft}{" end" if kind == "endEvent" else ""}" cx="{box.x}" cy="{box.y}" r="18"/>'
    if kind in ("boundaryEvent", "intermediateCatchEvent"):
        yield f'<circle class="s{soft}" cx="{box.x}" cy="{box.y}" r="14.5"/>'
    for definition, path in (("messageEventDefinition", ENVELOPE), ("timerEventDefinition", CLOCK)):
        if element.find(f"{BPMN}{definition}") is not None:
            yield mark(box, path)


def mark(box: Box, path: str) -> str:
    return f'<path class="s i" transform="translate({box.x} {box.y})" d="{path}"/>'


def way(flow: Flow) -> str:
    return f'<path class="f" d="M{"L".join(f"{x:g},{y:g}" for x, y in flow.points)}"/>'


def rectangle(rect: Rect, style: str, round_corner: int = 0) -> str:
    x, y, width, height = rect
    return f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_corner}"/>'


def text(name: str, x: float, y: float, width: float) -> Iterator[str]:
    """Lines centred on a point."""
    lines = list(wrapped(name, width))
    for number, line in enumerate(lines):
        yield f'<text x="{x:g}" y="{y + 4 + 14 * (number - (len(lines) - 1) / 2):g}">{escape(line)}</text>'


def wrapped(name: str, width: float) -> Iterator[str]:
    """English breaks between words, Chinese anywhere."""
    line = ""
    for word in pieces(name):
        if line and length(line + word) > width:
            yield line.strip()
            line = ""
        line += word
    yield line.strip()


def pieces(name: str) -> Iterable[str]:
    return [f"{word} " for word in name.split(" ")] if name.isascii() else name


def length(line: str) -> int:
    return sum(11 if ord(char) > 255 else 6 for char in line.strip())


if __name__ == "__main__":
    for argument in map(Path, sys.argv[1:]):
        for ending, content in pictures(argument.read_bytes()):
            argument.with_suffix(ending).write_bytes(content)
