"""Draws a process: writes the picture (DI) of a diagram anew, lanes included.

    python -m tests.bpmn.layout bpmn/<process>/<process>.bpmn …

Everything else in the file is left alone. A column is the longest way from the start, a band is a lane, event
sub-processes stand in a strip below the nodes of their lane. Flows run at right angles around shapes, other flows and
labels (A* on a grid). The automatic layout of bpmn.io and of its Python port knows no lanes, hence this.
"""

from __future__ import annotations

import heapq
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"

STEP = 10  # of the grid; every other length is a multiple
COLUMN, ROW, STRIP = 200, 130, 160
TITLE = 30  # width of the pool's and of a lane's title
LEFT = 2 * TITLE
SIZES = {"event": (36, 36), "gateway": (50, 50), "task": (100, 80), "box": (0, 0)}

# What a way costs: one cell is 1; then a bend, a cell beside a shape, a crossing, a cell along another flow or along
# the border of a lane, a cell where a label goes, a side of a shape that another flow uses already.
BEND, NEAR, CROSS, ALONG, LABEL, SHARED = 6, 2, 12, 40, 15, 60

Point = tuple[int, int]
Rect = tuple[float, float, float, float]  # x, y, width, height
State = tuple[Point, Point]  # where, and in which direction it was entered

EAST, WEST, SOUTH, NORTH = (1, 0), (-1, 0), (0, 1), (0, -1)


@dataclass
class Box:
    """A shape: the centre is at (x, y)."""

    id: str
    kind: str
    name: str
    host: str  # the activity that a boundary event sits on
    lane: str = ""
    column: int = 0
    row: int = 0
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    inner: list[Box] = field(default_factory=list)  # of an event sub-process, in order

    @property
    def rect(self) -> Rect:
        return (self.x - self.width / 2, self.y - self.height / 2, self.width, self.height)

    def reach(self, direction: Point) -> int:
        """From the centre to the first grid point outside."""
        return ((self.width if direction[0] else self.height) // 2 // STEP + 1) * STEP

    def port(self, direction: Point) -> tuple[Point, Point]:
        """The grid point outside a side, and the point on the border."""
        far, half = self.reach(direction), (self.width if direction[0] else self.height) // 2
        return (
            (self.x + direction[0] * far, self.y + direction[1] * far),
            (self.x + direction[0] * half, self.y + direction[1] * half),
        )


@dataclass
class Flow:
    """A sequence flow and the way it takes."""

    id: str
    source: str
    target: str
    name: str
    points: list[Point] = field(default_factory=list)


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def kind_of(element: etree._Element) -> str:
    name = local(element)
    for ending, kind in (("Event", "event"), ("Gateway", "gateway")):
        if name.endswith(ending):
            return kind
    return "box" if element.get("triggeredByEvent") == "true" else "task"


class Diagram:
    """One process of a file, read for its layout."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        process = root.find(f"{BPMN}process")
        assert process is not None
        self.lanes: dict[str, list[str]] = {
            lane.get("id", ""): [(ref.text or "").strip() for ref in lane.iter(f"{BPMN}flowNodeRef")]
            for lane in process.iter(f"{BPMN}lane")
        }
        self.flows = [
            Flow(flow.get("id", ""), flow.get("sourceRef", ""), flow.get("targetRef", ""), flow.get("name", ""))
            for flow in process.iter(f"{BPMN}sequenceFlow")
        ]
        self.boxes = {child.get("id", ""): self._box(child) for child in process if self._is_node(child)}
        self.bands: dict[str, tuple[int, int]] = {}  # lane → top and height
        self.width = self.height = 0
        for lane, members in self.lanes.items():
            for key in members:
                if key in self.boxes:
                    self.boxes[key].lane = lane

    @property
    def shapes(self) -> Iterator[Box]:
        """All shapes, those inside event sub-processes too."""
        for box in self.boxes.values():
            yield box
            yield from box.inner

    @staticmethod
    def _is_node(element: etree._Element) -> bool:
        return element.get("id") is not None and local(element) not in ("laneSet", "sequenceFlow")

    def _box(self, element: etree._Element) -> Box:
        kind = kind_of(element)
        box = Box(element.get("id", ""), kind, element.get("name", ""), element.get("attachedToRef", ""))
        box.width, box.height = SIZES[kind]
        if kind == "box":
            nodes = {child.get("id", ""): self._box(child) for child in element if self._is_node(child)}
            follows = {flow.source: flow.target for flow in self.flows if flow.source in nodes}
            key: str | None = next(key for key in nodes if key not in follows.values())
            while key:
                box.inner.append(nodes[key])
                key = follows.get(key)
        return box


# -- places -------------------------------------------------------------------------------------------------------


def place(diagram: Diagram) -> None:
    """Gives every shape its coordinates and every lane its band."""
    boxes = diagram.boxes.values()
    main = {box.id: box for box in boxes if box.kind != "box" and not box.host}
    assign_columns(diagram, main)
    diagram.width = LEFT + (max(box.column for box in main.values()) + 1) * COLUMN
    top = TITLE
    for lane in diagram.lanes:
        members = [box for box in main.values() if box.lane == lane]
        rows = assign_rows(diagram, members)
        for box in members:
            box.x = LEFT + COLUMN // 2 + box.column * COLUMN
            box.y = top + 60 + box.row * ROW
        height = rows * ROW + (TITLE if any(box.host and box.lane == lane for box in boxes) else 0)
        height += place_strip([box for box in boxes if box.kind == "box" and box.lane == lane], top + height, diagram)
        diagram.bands[lane] = (top, height)
        top += height
    diagram.height = top
    attach(diagram)


def place_strip(boxes: list[Box], top: int, diagram: Diagram) -> int:
    """Sets event sub-processes side by side; returns the height they take."""
    x, y = LEFT + STEP, top + STEP
    for box in boxes:
        box.width = sum(node.width + 50 for node in box.inner) + 30
        box.height = STRIP - 2 * STEP
        if x + box.width > diagram.width and x > LEFT + STEP:
            x, y = LEFT + STEP, y + STRIP
        box.x, box.y = x + box.width // 2, y + box.height // 2
        left = x + 40
        for node in box.inner:
            node.x, node.y = left + node.width // 2, box.y + STEP
            left += node.width + 50
        x += box.width + 3 * STEP
        diagram.width = max(diagram.width, x)
    return y + STRIP - STEP - top if boxes else 0


def assign_columns(diagram: Diagram, main: Mapping[str, Box]) -> None:
    """Column = longest way along first exits; what only other exits lead to stands right behind the earliest of them.

    Flows that lead back count for nothing. What a boundary event leads to counts as a later exit of its host.
    """
    ahead: dict[str, list[str]] = defaultdict(list)
    for flow in diagram.flows:
        if flow.source in main:
            ahead[flow.source].append(flow.target)
    first = {(source, targets[0]) for source, targets in ahead.items()}
    for flow in diagram.flows:
        if flow.source in diagram.boxes and diagram.boxes[flow.source].host:
            ahead[diagram.boxes[flow.source].host].append(flow.target)
    order, back = depth_first(main, ahead)
    before: dict[str, list[str]] = defaultdict(list)
    for source in order:
        for target in ahead[source]:
            if (source, target) not in back:
                before[target].append(source)
    for key in reversed(order):
        sides = {one: main[one].column + 1 for one in before[key]}
        mains = [column for one, column in sides.items() if (one, key) in first]
        main[key].column = max(mains) if mains else min(sides.values(), default=0)


def depth_first(keys: Iterable[str], ahead: Mapping[str, list[str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """Keys in the order in which a depth-first walk leaves them, and the flows that lead back."""
    order: list[str] = []
    back: set[tuple[str, str]] = set()
    left: dict[str, bool] = {}

    def visit(key: str) -> None:
        left[key] = False
        for target in ahead[key]:
            if target not in left:
                visit(target)
            elif not left[target]:
                back.add((key, target))
        left[key] = True
        order.append(key)

    for key in keys:
        if key not in left:
            visit(key)
    return order, back


def assign_rows(diagram: Diagram, members: list[Box]) -> int:
    """Rows within a lane: in line with the node before, or below the host of the event before, else the next free."""
    taken: set[Point] = set()
    before: dict[str, list[Box]] = defaultdict(list)
    for flow in diagram.flows:
        if flow.source in diagram.boxes:
            before[flow.target].append(diagram.boxes[flow.source])
    for box in sorted(members, key=lambda item: item.column):
        near = [one for one in before[box.id] if one.lane == box.lane]
        wanted = [one.row for one in near if not one.host and one.column < box.column]
        box.row = min(wanted or [diagram.boxes[one.host].row + 1 for one in near if one.host], default=0)
        while (box.column, box.row) in taken:
            box.row += 1
        taken.add((box.column, box.row))
    return max((box.row for box in members), default=0) + 1


def attach(diagram: Diagram) -> None:
    """Boundary events sit on the lower edge of their host, from right to left."""
    seen: dict[str, int] = defaultdict(int)
    for box in diagram.boxes.values():
        if box.host:
            host = diagram.boxes[box.host]
            box.x, box.y = host.x + 30 - 50 * seen[box.host], host.y + host.height // 2
            seen[box.host] += 1


# -- ways ---------------------------------------------------------------------------------------------------------


class Router:
    """Finds the cheapest ways and remembers where they run."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.blocked: set[Point] = set()
        self.near: set[Point] = set()
        self.labels: set[Point] = set()
        self.used: dict[tuple[Point, bool], set[str]] = defaultdict(set)  # cell and whether across → targets
        self.ports: dict[Point, str] = {}
        self.borders = {top for top, _ in diagram.bands.values()}
        for box in diagram.boxes.values():
            self._block(box)

    def _block(self, box: Box) -> None:
        across, down = box.reach(EAST), box.reach(SOUTH)
        left, top = (box.x - across) // STEP * STEP, (box.y - down) // STEP * STEP
        for x in range(left, box.x + across + STEP, STEP):
            for y in range(top, box.y + down + STEP, STEP):
                inside = abs(x - box.x) < across and abs(y - box.y) < down
                (self.blocked if inside else self.near).add((x, y))
        if box.name and not box.host and box.kind in ("event", "gateway"):
            self.labels |= {(box.x + dx, box.y + dy) for dx in range(-40, 50, STEP) for dy in (30, 40, 50)}

    def route(self, flow: Flow) -> list[Point]:
        """The cheapest way from a side of the source to a side of the target. Raises ValueError when there is none."""
        source, target = self.diagram.boxes[flow.source], self.diagram.boxes[flow.target]
        goals = self._goals(target)
        cost: dict[State, float] = {}
        origin: dict[State, State | None] = {}
        queue: list[tuple[float, int, State]] = []
        best: tuple[float, State, Point] = (float("inf"), ((0, 0), EAST), (0, 0))

        def reach(state: State, price: float, came_from: State | None) -> None:
            if price < cost.get(state, float("inf")):
                cost[state], origin[state] = price, came_from
                heapq.heappush(queue, (price + self._left(state[0], target), len(origin), state))

        for direction, price in self._exits(source, target):
            reach((source.port(direction)[0], direction), price, None)
        while queue and queue[0][0] < best[0]:
            state = heapq.heappop(queue)[2]
            point, heading = state
            for direction, price, border in goals.get(point, []):
                total = cost[state] + price + (BEND if direction != heading else 0)
                if not is_opposite(direction, heading) and total < best[0]:
                    best = (total, state, border)
            for move in (EAST, WEST, SOUTH, NORTH):
                after = (point[0] + move[0] * STEP, point[1] + move[1] * STEP)
                if not is_opposite(move, heading) and self._is_free(after):
                    reach((after, move), cost[state] + self._price(state, (after, move), flow.target), state)
        if best[0] == float("inf"):
            raise ValueError(f"no way for {flow.id}")
        return self._take(flow, best[1], best[2], origin)

    def _goals(self, target: Box) -> dict[Point, list[tuple[Point, int, Point]]]:
        goals: dict[Point, list[tuple[Point, int, Point]]] = defaultdict(list)
        for direction, price in ((EAST, 0), (SOUTH, 3), (NORTH, 3)):
            entry, border = target.port((-direction[0], -direction[1]))
            shared = SHARED if self.ports.get(border, target.id) != target.id else 0
            goals[entry].append((direction, price + shared, border))
        return goals

    def _exits(self, source: Box, target: Box) -> Iterator[tuple[Point, int]]:
        if source.host:
            yield SOUTH, 0
            return
        is_gateway = source.kind == "gateway"
        ahead = 4 if is_gateway and target.x <= source.x else 0
        for direction, price in ((EAST, ahead), (SOUTH, 0 if is_gateway else 4), (NORTH, 0 if is_gateway else 4)):
            yield direction, price + (SHARED if source.port(direction)[1] in self.ports else 0)

    def _left(self, point: Point, target: Box) -> float:
        """At least so much is still to go."""
        gap = abs(point[0] - target.x) + abs(point[1] - target.y) - target.reach(EAST) - target.reach(SOUTH)
        return max(gap, 0) / STEP

    def _is_free(self, point: Point) -> bool:
        inside = LEFT < point[0] < self.diagram.width and TITLE < point[1] < self.diagram.height
        return inside and point not in self.blocked

    def _price(self, before: State, after: State, target: str) -> float:
        point, move = after
        across = bool(move[0])
        price: float = 1 + (NEAR if point in self.near else 0) + (LABEL if point in self.labels else 0)
        price += ALONG if across and point[1] in self.borders else 0
        price += ALONG * self._others((point, across), target) + CROSS * self._others((point, not across), target)
        if move != before[1]:
            at_bend = sum(self._others((before[0], way), target) for way in (True, False))
            price += BEND + (CROSS if at_bend else 0)
        return price

    def _others(self, cell: tuple[Point, bool], target: str) -> int:
        """Flows to other targets in a cell; flows to the same target may run together."""
        return len(self.used.get(cell, set()) - {target})

    def _take(self, flow: Flow, end: State, border: Point, origin: Mapping[State, State | None]) -> list[Point]:
        way: list[State] = []
        state: State | None = end
        while state:
            way.append(state)
            state = origin[state]
        way.reverse()
        for (point, heading), (_, following) in pairwise([*way, way[-1]]):
            self.used[(point, bool(heading[0]))].add(flow.target)
            self.used[(point, bool(following[0]))].add(flow.target)
        start = self.diagram.boxes[flow.source].port(way[0][1])[1]
        self.ports[start], self.ports[border] = flow.source, flow.target
        return straighten([start, *(point for point, _ in way), border])


def is_opposite(one: Point, other: Point) -> bool:
    return (one[0] + other[0], one[1] + other[1]) == (0, 0)


def straighten(points: list[Point]) -> list[Point]:
    """Leaves out the points where nothing turns."""
    kept = [points[0]]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        if not (before[0] == point[0] == after[0] or before[1] == point[1] == after[1]):
            kept.append(point)
    return [*kept, points[-1]]


def route_all(diagram: Diagram) -> None:
    """Finds the ways of all flows, short ones first and those that lead back last."""
    router = Router(diagram)
    inner = {node.id: node for box in diagram.boxes.values() for node in box.inner}

    def effort(flow: Flow) -> tuple[bool, int]:
        source, target = diagram.boxes[flow.source], diagram.boxes[flow.target]
        return target.x <= source.x, abs(target.x - source.x) + abs(target.y - source.y)

    for flow in diagram.flows:
        if flow.source in inner:
            flow.points = [inner[flow.source].port(EAST)[1], inner[flow.target].port(WEST)[1]]
    for flow in sorted((flow for flow in diagram.flows if flow.source not in inner), key=effort):
        flow.points = router.route(flow)


# -- labels -------------------------------------------------------------------------------------------------------


def label_all(diagram: Diagram) -> dict[str, Rect]:
    """Places for the names of events, gateways and flows, where they cover least."""
    busy = [box.rect for box in diagram.shapes if box.kind != "box"]
    busy += [line for flow in diagram.flows for line in lines_of(flow.points)]
    placed: dict[str, Rect] = {}
    choices = [(flow.id, flow_choices(flow)) for flow in diagram.flows if flow.name]
    choices += [(box.id, box_choices(box)) for box in diagram.shapes if box.name and box.kind in ("event", "gateway")]
    for key, rects in choices:
        covered = [sum(overlap(rect, other) for other in busy) + 8 * index for index, rect in enumerate(rects)]
        placed[key] = rects[covered.index(min(covered))]
        busy.append(placed[key])
    return placed


def text_size(text: str) -> tuple[int, int]:
    """Width and height in the editor's 11 px type, wrapped at 90 px."""
    width = sum(11 if ord(char) > 255 else 6 for char in text) + 6
    return min(width, 90), 14 * -(-width // 90)


def flow_choices(flow: Flow) -> list[Rect]:
    width, height = text_size(flow.name)
    choices: list[Rect] = []
    for one, other in list(pairwise(flow.points))[:3]:
        if one[1] == other[1]:
            x = one[0] + 4 if other[0] > one[0] else one[0] - width - 4
            choices += [(x, one[1] - height - 2, width, height), (x, one[1] + 3, width, height)]
        else:
            y = one[1] + 4 if other[1] > one[1] else one[1] - height - 4
            choices += [(one[0] + 4, y, width, height), (one[0] - width - 4, y, width, height)]
    return choices


def box_choices(box: Box) -> list[Rect]:
    width, height = text_size(box.name)
    half = box.height / 2
    x, left, right = box.x - width / 2, box.x - half - width, box.x + half
    below, above = box.y + half + 4, box.y - half - 4 - height
    if box.host:
        corners = [(box.x + half + 2, box.y + 4), (box.x - half - 2 - width, box.y + 4), (x, below)]
    else:
        low, high = below - 12, above + 12
        corners = [(x, below), (x, above), (right, low), (left, low), (right, high), (left, high)]
    return [(*corner, width, height) for corner in corners]


def lines_of(points: Iterable[Point]) -> Iterator[Rect]:
    """The stretches of a way as narrow rectangles."""
    for (x1, y1), (x2, y2) in pairwise(points):
        yield (min(x1, x2) - 2, min(y1, y2) - 2, abs(x1 - x2) + 4, abs(y1 - y2) + 4)


def overlap(one: Rect, other: Rect) -> float:
    """The area that two rectangles share."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(across, 0) * max(down, 0)


# -- the file -----------------------------------------------------------------------------------------------------


def write(diagram: Diagram, labels: Mapping[str, Rect]) -> None:
    """Replaces the picture in the file's tree."""
    root = diagram.root
    for old in root.findall(f"{BPMNDI}BPMNDiagram"):
        root.remove(old)
    collaboration = root.find(f"{BPMN}collaboration")
    assert collaboration is not None
    picture = etree.SubElement(root, f"{BPMNDI}BPMNDiagram", {"id": "diagram"})
    plane = etree.SubElement(picture, f"{BPMNDI}BPMNPlane", {"id": "plane"})
    plane.set("bpmnElement", collaboration.get("id", ""))
    pool = (TITLE, TITLE, diagram.width - TITLE, diagram.height - TITLE)
    shape(plane, collaboration[0].get("id", ""), pool, isHorizontal="true")
    for lane, (top, height) in diagram.bands.items():
        shape(plane, lane, (LEFT, top, diagram.width - LEFT, height), isHorizontal="true")
    for box in diagram.shapes:
        extra = {"isExpanded": "true"} if box.kind == "box" else {}
        label(shape(plane, box.id, box.rect, **extra), labels.get(box.id))
    for flow in diagram.flows:
        edge = etree.SubElement(plane, f"{BPMNDI}BPMNEdge", {"id": f"{flow.id}_di", "bpmnElement": flow.id})
        for x, y in flow.points:
            etree.SubElement(edge, f"{DI}waypoint", {"x": str(x), "y": str(y)})
        label(edge, labels.get(flow.id))


def shape(plane: etree._Element, key: str, rect: Rect, **extra: str) -> etree._Element:
    element = etree.SubElement(plane, f"{BPMNDI}BPMNShape", {"id": f"{key}_di", "bpmnElement": key, **extra})
    bounds(element, rect)
    return element


def label(element: etree._Element, rect: Rect | None) -> None:
    if rect:
        bounds(etree.SubElement(element, f"{BPMNDI}BPMNLabel"), rect)


def bounds(element: etree._Element, rect: Rect) -> None:
    sides = zip(("x", "y", "width", "height"), rect, strict=True)
    etree.SubElement(element, f"{DC}Bounds", {name: f"{value:g}" for name, value in sides})


def drawn(content: bytes) -> bytes:
    """The file's content with its picture drawn anew."""
    root = etree.fromstring(content, etree.XMLParser(remove_blank_text=True))
    diagram = Diagram(root)
    place(diagram)
    route_all(diagram)
    write(diagram, label_all(diagram))
    etree.indent(root, "  ")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_bytes(drawn(path.read_bytes()))
