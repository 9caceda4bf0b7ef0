// How much waits at each node of a process: the warmer, the more of it is overdue. A number leads to its items.
import { drawn } from "./viewer.js";

const stage = document.getElementById("diagram");
const { bpmn, marks } = JSON.parse(document.getElementById("drawn").textContent);

function mark(each) {
  const link = document.createElement("a");
  link.className = each.overdue ? "heat heat-late" : "heat heat-open";
  link.href = each.link;
  link.textContent = each.overdue ? `${each.overdue} / ${each.open}` : each.open;
  link.title = each.title;
  return link;
}

async function draw() {
  const viewer = await drawn(stage, bpmn);
  const registry = viewer.get("elementRegistry");
  const links = new Map(marks.map((each) => [each.node, each.link]));
  for (const each of marks) {
    if (!registry.get(each.node)) continue; // an older version's node: only the table tells of it
    viewer.get("canvas").addMarker(each.node, each.overdue ? "is-late" : "is-active");
    viewer.get("overlays").add(each.node, { position: { top: -14, right: 14 }, scale: { min: 0.9 }, html: mark(each) });
  }
  viewer.get("eventBus").on("element.click", ({ element }) => {
    const link = links.get(element.id);
    if (link) window.location.assign(link);
  });
}

draw().catch(() => stage.replaceChildren(stage.dataset.ended));
