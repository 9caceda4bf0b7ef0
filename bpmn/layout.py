"""Lays out a process diagram: writes its DI (shapes, waypoints, labels) anew, lanes included.

    python bpmn/layout.py bpmn/<process>/<process>.bpmn …

What stands in the file besides the picture is left alone. Columns are the longest way from the start, bands are the
lanes in their order, event sub-processes stand in a strip below the nodes of their lane; flows are routed at right angles
around shapes, earlier flows and labels (A*). The automatic layout of bpmn.io and its Python port knows no lanes.
"""

from __future__ import annotations

import heapq
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"

STEP = 10
COLUMN, ROW = 200, 130
MARGIN = 30  # of the pool's and each lane's title strip, and of the sub-process boxes
SIZES = {"event": (36, 36), "gateway": (50, 50), "task": (100, 80)}
# What a route costs: a cell, a bend, a cell beside a shape, a crossing, a cell shared with another flow, a label's cell.
BEND, NEAR, CROSS, SHARE, LABEL = 6, 2, 12, 40, 15

Point = tuple[int, int]
Rect = tuple[float, float, float, float]  # x, y, width, height


@dataclass
class Box:
    """A shape: where its centre is and how large it is."""

    id: str
    kind: str
    name: str
    lane: str = ""
    column: int = 0
    row: int = 0
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    host: str = ""
    inner: list[Box] = field(default_factory=list)

    @property
    def rect(self) -> Rect:
        return (self.x - self.width / 2, self.y - self.height / 2, self.width, self.height)

    def reach(self, horizontal: bool) -> int:
        """Distance from the centre to the first free grid point outside."""
        half = (self.width if horizontal else self.height) // 2
        return (half // STEP + 1) * STEP


@dataclass
class Flow:
    """A sequence flow and the way it takes."""

    id: str
    source: str
    target: str
    name: str
    points: list[Point] = field(default_factory=list)


def tag(element: etree._Element) -> str:
    return etree.QName(element).localname


def kind_of(element: etree._Element) -> str:
    name = tag(element)
    if name.endswith("Event"):
        return "event"
    if name.endswith("Gateway"):
        return "gateway"
    return "box" if name == "subProcess" and element.get("triggeredByEvent") == "true" else "task"


class Diagram:
    """One process of a file, read for its layout."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.process = root.find(f"{{{BPMN}}}process")
        self.boxes: dict[str, Box] = {}
        self.flows: list[Flow] = []
        self.lanes: dict[str, tuple[str, list[str]]] = {}
        self.bands: dict[str, tuple[int, int]] = {}
        self._read()

    def _read(self) -> None:
        members = {}
        for lane in self.process.iter(f"{{{BPMN}}}lane"):
            refs = [ref.text.strip() for ref in lane.findall(f"{{{BPMN}}}flowNodeRef")]
            self.lanes[lane.get("id")] = (lane.get("name"), refs)
            members |= dict.fromkeys(refs, lane.get("id"))
        for element in self.process:
            if tag(element) == "sequenceFlow":
                self.flows.append(self._flow(element))
            elif element.get("id") and tag(element) != "laneSet":
                box = self._box(element)
                box.lane = members[box.id]
                self.boxes[box.id] = box
        for box in self.boxes.values():
            if box.host:
                box.lane = self.boxes[box.host].lane

    def _flow(self, element: etree._Element) -> Flow:
        return Flow(element.get("id"), element.get("sourceRef"), element.get("targetRef"), element.get("name") or "")

    def _box(self, element: etree._Element) -> Box:
        box = Box(element.get("id"), kind_of(element), element.get("name") or "", host=element.get("attachedToRef") or "")
        box.width, box.height = SIZES.get(box.kind, (0, 0))
        if box.kind == "box":
            flows = [self._flow(child) for child in element if tag(child) == "sequenceFlow"]
            steps = [child for child in element if child.get("id") and tag(child) != "sequenceFlow"]
            nodes = {child.get("id"): self._box(child) for child in steps}
            follows = {flow.source: flow.target for flow in flows}
            current: str | None = next(key for key in nodes if key not in {flow.target for flow in flows})
            while current:
                box.inner.append(nodes[current])
                current = follows.get(current)
            self.flows += flows
        return box

    def all_boxes(self) -> Iterator[Box]:
        for box in self.boxes.values():
            yield box
            yield from box.inner

    def find(self, key: str) -> Box:
        return next(box for box in self.all_boxes() if box.id == key)


def place(diagram: Diagram) -> None:
    """Gives every shape its column, row and coordinates, every lane its band."""
    main = {key: box for key, box in diagram.boxes.items() if box.kind != "box" and not box.host}
    assign_columns(diagram, main)
    top = MARGIN
    last = max(box.column for box in main.values())
    for lane, (_, refs) in diagram.lanes.items():
        rows = assign_rows(diagram, [main[ref] for ref in refs if ref in main], main)
        for box in (main[ref] for ref in refs if ref in main):
            box.x = 2 * MARGIN + COLUMN // 2 + box.column * COLUMN
            box.y = top + 60 + box.row * ROW
        boxes = [diagram.boxes[ref] for ref in refs if ref in diagram.boxes and diagram.boxes[ref].kind == "box"]
        rows_height = rows * ROW + (MARGIN if any(box.host in refs for box in diagram.boxes.values() if box.host) else 0)
        height = rows_height + place_strips(boxes, top + rows_height, last)
        diagram.bands[lane] = (top, height)
        top += height
    attach(diagram)


def place_strips(boxes: list[Box], top: int, last_column: int) -> int:
    """Sets event sub-processes side by side; returns the height they take."""
    if not boxes:
        return 0
    limit = 2 * MARGIN + (last_column + 1) * COLUMN
    x, y, line = 2 * MARGIN + STEP, top + STEP, 160
    for box in boxes:
        box.width = 40 + sum(node.width + 50 for node in box.inner) - 10
        box.height = line - 2 * STEP
        if x + box.width > limit and x > 2 * MARGIN + STEP:
            x, y = 2 * MARGIN + STEP, y + line
        box.x, box.y = x + box.width // 2, y + box.height // 2
        inner = x + 20
        for node in box.inner:
            node.x, node.y = inner + node.width // 2, box.y + STEP
            inner += node.width + 50
        x += box.width + 3 * STEP
    return y + line - top


def assign_columns(diagram: Diagram, main: dict[str, Box]) -> None:
    """Column = longest way along first exits; what only side exits lead to stands right behind the earliest of them.

    Flows that lead back count for nothing.
    """
    ahead: dict[str, list[str]] = defaultdict(list)
    hosted: list[tuple[str, str]] = []
    for flow in diagram.flows:
        if flow.source in main:
            ahead[flow.source].append(flow.target)
        elif flow.source in diagram.boxes:
            hosted.append((diagram.boxes[flow.source].host, flow.target))
    for source, target in hosted:  # after the host's own exit: what an attached event leads to is a side way
        ahead[source].append(target)
    first = {(source, targets[0]) for source, targets in ahead.items()}
    order, back = depth_first(list(main), ahead)
    before: dict[str, list[str]] = defaultdict(list)
    for source in order:
        for target in ahead[source]:
            if (source, target) not in back:
                before[target].append(source)
    for key in reversed(order):
        mains = [main[one].column + 1 for one in before[key] if (one, key) in first]
        sides = [main[one].column + 1 for one in before[key]]
        main[key].column = max(mains) if mains else min(sides, default=0)


def depth_first(keys: list[str], ahead: dict[str, list[str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """Keys in the order in which a depth-first walk leaves them, and the flows that lead back."""
    order: list[str] = []
    back: set[tuple[str, str]] = set()
    state: dict[str, int] = {}

    def visit(key: str) -> None:
        state[key] = 1
        for target in ahead[key]:
            if state.get(target) == 1:
                back.add((key, target))
            elif target not in state:
                visit(target)
        state[key] = 2
        order.append(key)

    for key in keys:
        if key not in state:
            visit(key)
    return order, back


def assign_rows(diagram: Diagram, boxes: list[Box], main: dict[str, Box]) -> int:
    """Rows within a lane: in line with the node before if that place is free, else the next free row below."""
    taken: set[tuple[int, int]] = set()
    before = defaultdict(list)
    for flow in diagram.flows:
        source = diagram.boxes.get(flow.source)
        if source and flow.target in main:
            before[flow.target].append(source)
    for box in sorted(boxes, key=lambda item: item.column):
        wanted = [one.row for one in before[box.id] if one.lane == box.lane and one.column < box.column and not one.host]
        hosted = [main[one.host].row + 1 for one in before[box.id] if one.host and main[one.host].lane == box.lane]
        row = min(wanted) if wanted else min(hosted, default=0)
        while (box.column, row) in taken:
            row += 1
        box.row = row
        taken.add((box.column, row))
    return max((box.row for box in boxes), default=0) + 1


def attach(diagram: Diagram) -> None:
    """Boundary events sit on the lower edge of their host, from right to left."""
    seen: dict[str, int] = defaultdict(int)
    for box in diagram.boxes.values():
        if box.host:
            host = diagram.boxes[box.host]
            box.x, box.y = host.x + 30 - 50 * seen[box.host], host.y + host.height // 2
            seen[box.host] += 1


class Router:
    """Finds ways on a grid, cheap ones first, and remembers what is taken."""

    def __init__(self, diagram: Diagram, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.blocked: dict[Point, set[str]] = defaultdict(set)
        self.near: set[Point] = set()
        self.used: dict[tuple[Point, bool], set[str]] = defaultdict(set)
        self.ports: dict[Point, set[str]] = defaultdict(set)
        self.labels: set[Point] = set()
        for box in diagram.boxes.values():
            self._block(box)

    def _block(self, box: Box) -> None:
        across, down = box.reach(True), box.reach(False)
        for x in range(box.x - across - STEP, box.x + across + 2 * STEP, STEP):
            for y in range(box.y - down - STEP, box.y + down + 2 * STEP, STEP):
                point = (x // STEP * STEP, y // STEP * STEP)
                if abs(point[0] - box.x) < across and abs(point[1] - box.y) < down:
                    self.blocked[point].add(box.id)
                else:
                    self.near.add(point)
        if box.kind in ("event", "gateway") and box.name and not box.host:
            for dx in range(-40, 50, STEP):
                for dy in (30, 40, 50):
                    self.labels.add((box.x + dx, box.y + dy))

    def route(self, flow: Flow, source: Box, target: Box) -> list[Point]:
        """The cheapest way from a side of the source to a side of the target."""
        goals: dict[Point, list[tuple[Point, int, Point]]] = defaultdict(list)
        for direction, price in ((1, 0), 0), ((0, 1), 3), ((0, -1), 3):
            entry, border = self._port(target, (-direction[0], -direction[1]))
            shared = 0 if not self.ports[border] or flow.target in self.ports[border] else 60
            goals[entry].append((direction, price + shared, border))
        heap: list[tuple[float, int, Point, Point]] = []
        cost: dict[tuple[Point, Point], float] = {}
        origin: dict[tuple[Point, Point], tuple[Point, Point] | None] = {}
        for direction, price in self._exits(source, target):
            start, border = self._port(source, direction)
            price += 60 if self.ports[border] else 0
            cost[(start, direction)] = price
            origin[(start, direction)] = None
            heapq.heappush(heap, (price + self._left(start, target), 0, start, direction))
        best: tuple[float, tuple[Point, Point], Point] | None = None
        count = 0
        while heap:
            bound, _, point, heading = heapq.heappop(heap)
            if best and bound >= best[0]:
                break
            so_far = cost[(point, heading)]
            if bound > so_far + self._left(point, target):
                continue
            for direction, price, border in goals.get(point, []):
                total = so_far + price + (0 if direction == heading else BEND)
                if (direction[0] + heading[0], direction[1] + heading[1]) != (0, 0) and (best is None or total < best[0]):
                    best = (total, (point, heading), border)
            for move in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                if (move[0] + heading[0], move[1] + heading[1]) == (0, 0):
                    continue
                after = (point[0] + move[0] * STEP, point[1] + move[1] * STEP)
                price = self._price(after, move, heading, flow, point)
                if price is None:
                    continue
                total = so_far + price
                if total < cost.get((after, move), 1e9):
                    cost[(after, move)] = total
                    origin[(after, move)] = (point, heading)
                    count += 1
                    heapq.heappush(heap, (total + self._left(after, target), count, after, move))
        if best is None:
            raise ValueError(f"no way for {flow.id}")
        return self._take(flow, source, best[1], best[2], origin)

    @staticmethod
    def _left(point: Point, target: Box) -> float:
        """At least so much is still to go."""
        gap = abs(point[0] - target.x) + abs(point[1] - target.y) - target.reach(True) - target.reach(False)
        return max(gap, 0) / STEP

    def _exits(self, source: Box, target: Box) -> list[tuple[Point, int]]:
        if source.host:
            return [((0, 1), 0)]
        back = target.x <= source.x
        side = 0 if source.kind == "gateway" else 4
        return [((1, 0), 4 if back and source.kind == "gateway" else 0), ((0, 1), side), ((0, -1), side)]

    def _port(self, box: Box, direction: Point) -> tuple[Point, Point]:
        """The grid point outside a side of the shape and the point on its border."""
        across = bool(direction[0])
        far, half = box.reach(across), (box.width if across else box.height) // 2
        return (
            (box.x + direction[0] * far, box.y + direction[1] * far),
            (box.x + direction[0] * half, box.y + direction[1] * half),
        )

    def _price(self, after: Point, move: Point, heading: Point, flow: Flow, point: Point) -> float | None:
        x, y = after
        if not (2 * MARGIN + STEP <= x <= self.width - STEP and MARGIN + STEP <= y <= self.height - STEP) or self.blocked.get(after):
            return None
        across = bool(move[0])
        price: float = 1
        if move != heading:
            price += BEND
            if any(key != flow.target for key in self.used.get((point, not across), set()) | self.used.get((point, across), set())):
                price += CROSS
        along, over = self.used.get((after, across), set()), self.used.get((after, not across), set())
        price += SHARE * len(along - {flow.target}) + CROSS * len(over - {flow.target})
        price += NEAR if after in self.near else 0
        price += LABEL if after in self.labels else 0
        return price

    def _take(
        self,
        flow: Flow,
        source: Box,
        end: tuple[Point, Point],
        border: Point,
        origin: dict[tuple[Point, Point], tuple[Point, Point] | None],
    ) -> list[Point]:
        way: list[tuple[Point, Point]] = []
        current: tuple[Point, Point] | None = end
        while current:
            way.append(current)
            current = origin[current]
        way.reverse()
        start = self._port(source, way[0][1])[1]
        for (point, heading), (_, following) in pairwise([*way, way[-1]]):
            self.used[(point, bool(heading[0]))].add(flow.target)
            self.used[(point, bool(following[0]))].add(flow.target)
        self.ports[start].add(flow.source)
        self.ports[border].add(flow.target)
        return straighten([start, *(point for point, _ in way), border])


def straighten(points: list[Point]) -> list[Point]:
    """Leaves out the points between which nothing turns."""
    kept = [points[0]]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        if not (before[0] == point[0] == after[0] or before[1] == point[1] == after[1]):
            kept.append(point)
    return [*kept, points[-1]]


def route_all(diagram: Diagram, width: int, height: int) -> None:
    """Routes the flows, the short and straight ones first."""
    router = Router(diagram, width, height)
    inner = {node.id: node for box in diagram.boxes.values() for node in box.inner}

    def length(flow: Flow) -> tuple[bool, int]:
        source, target = diagram.boxes[flow.source], diagram.boxes[flow.target]
        return target.x <= source.x, abs(target.x - source.x) + abs(target.y - source.y)

    for flow in diagram.flows:
        if flow.source in inner:
            source, target = inner[flow.source], inner[flow.target]
            flow.points = [(source.x + source.width // 2, source.y), (target.x - target.width // 2, target.y)]
    for flow in sorted((flow for flow in diagram.flows if flow.source not in inner), key=length):
        flow.points = router.route(flow, diagram.boxes[flow.source], diagram.boxes[flow.target])


def text_size(text: str, limit: int) -> tuple[int, int]:
    """Width and height of a label in the editor's 11 px type, wrapped at `limit` px."""
    width = sum(11 if ord(char) > 255 else 6 for char in text) + 6
    lines = -(-width // limit)
    return min(width, limit), 14 * lines


def overlap(one: Rect, other: Rect) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(across, 0) * max(down, 0)


def lines_of(points: Iterable[Point]) -> Iterator[Rect]:
    for one, other in pairwise(points):
        yield (min(one[0], other[0]) - 2, min(one[1], other[1]) - 2, abs(one[0] - other[0]) + 4, abs(one[1] - other[1]) + 4)


def label_all(diagram: Diagram) -> dict[str, Rect]:
    """Places for the names of events, gateways and flows, where they cover least."""
    busy = [box.rect for box in diagram.all_boxes() if box.kind != "box"]
    busy += [line for flow in diagram.flows for line in lines_of(flow.points)]
    placed: dict[str, Rect] = {}

    def settle(key: str, choices: list[Rect]) -> None:
        costs = [(sum(overlap(choice, other) for other in busy) + index * 8, choice) for index, choice in enumerate(choices)]
        placed[key] = min(costs)[1]
        busy.append(placed[key])

    for flow in diagram.flows:
        if flow.name:
            settle(flow.id, flow_choices(flow))
    for box in diagram.all_boxes():
        if box.name and box.kind in ("event", "gateway"):
            settle(box.id, box_choices(box))
    return placed


def flow_choices(flow: Flow) -> list[Rect]:
    width, height = text_size(flow.name, 90)
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
    width, height = text_size(box.name, 90)
    x, half = box.x - width / 2, box.height / 2
    if box.host:
        return [
            (box.x + half + 2, box.y + 4, width, height),
            (box.x - half - 2 - width, box.y + 4, width, height),
            (x, box.y + half + 4, width, height),
        ]
    return [
        (x, box.y + half + 4, width, height),
        (x, box.y - half - 4 - height, width, height),
        (box.x + half - 8, box.y + half - 8, width, height),
        (box.x - half + 8 - width, box.y + half - 8, width, height),
        (box.x + half - 8, box.y - half + 8 - height, width, height),
        (box.x - half + 8 - width, box.y - half + 8 - height, width, height),
    ]


def write(diagram: Diagram, labels: dict[str, Rect], width: int, height: int) -> None:
    """Replaces the file's picture."""
    root = diagram.root
    for old in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        root.remove(old)
    participant = root.find(f"{{{BPMN}}}collaboration/{{{BPMN}}}participant")
    picture = etree.SubElement(root, f"{{{BPMNDI}}}BPMNDiagram", id="diagram")
    plane = etree.SubElement(picture, f"{{{BPMNDI}}}BPMNPlane", id="plane", bpmnElement=participant.getparent().get("id"))
    shape(plane, participant.get("id"), (MARGIN, MARGIN, width - MARGIN, height - MARGIN), horizontal=True)
    for lane, (top, tall) in diagram.bands.items():
        shape(plane, lane, (2 * MARGIN, top, width - 2 * MARGIN, tall), horizontal=True)
    for box in diagram.all_boxes():
        extra = {"isExpanded": "true"} if box.kind == "box" else {}
        element = shape(plane, box.id, box.rect, **extra)
        if box.id in labels:
            label(element, labels[box.id])
    for flow in diagram.flows:
        edge = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNEdge", id=f"{flow.id}_di", bpmnElement=flow.id)
        for x, y in flow.points:
            etree.SubElement(edge, f"{{{DI}}}waypoint", x=str(x), y=str(y))
        if flow.id in labels:
            label(edge, labels[flow.id])


def shape(plane: etree._Element, key: str, rect: Rect, horizontal: bool = False, **extra: str) -> etree._Element:
    element = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNShape", id=f"{key}_di", bpmnElement=key, **extra)
    if horizontal:
        element.set("isHorizontal", "true")
    bounds(element, rect)
    return element


def label(element: etree._Element, rect: Rect) -> None:
    bounds(etree.SubElement(element, f"{{{BPMNDI}}}BPMNLabel"), rect)


def bounds(element: etree._Element, rect: Rect) -> None:
    keys = ("x", "y", "width", "height")
    etree.SubElement(element, f"{{{DC}}}Bounds", {key: f"{value:g}" for key, value in zip(keys, rect, strict=True)})


def lay_out(path: Path) -> None:
    """Lays out one file in place."""
    root = etree.parse(path, etree.XMLParser(remove_blank_text=True)).getroot()
    diagram = Diagram(root)
    place(diagram)
    width = 2 * MARGIN + (max(box.column for box in diagram.boxes.values()) + 1) * COLUMN
    width = max([width, *(int(box.rect[0] + box.width) + STEP for box in diagram.boxes.values())])
    height = sum(tall for _, tall in diagram.bands.values()) + MARGIN
    route_all(diagram, width, height)
    write(diagram, label_all(diagram), width, height)
    etree.indent(root, "  ")
    path.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        lay_out(Path(argument))
