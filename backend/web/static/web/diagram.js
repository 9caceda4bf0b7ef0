// One run of a process on its diagram: what waits and what was passed is coloured and labelled with when and by whom.

import { drawn, note } from "./viewer.js";

const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "short" });

// A node may have been passed many times: its last time is shown, and how often.
function passed(done) {
  const nodes = new Map();
  for (const each of done) {
    const times = (nodes.get(each.node)?.times ?? 0) + 1;
    nodes.set(each.node, { ...each, times });
  }
  return nodes;
}

async function draw(stage, { bpmn, active, done }) {
  const viewer = await drawn(stage, bpmn);
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  const waiting = new Set(active.map((each) => each.node));
  for (const [node, last] of passed(done)) {
    if (!registry.get(node) || waiting.has(node)) continue;
    canvas.addMarker(node, "is-done");
    if (!last.by) continue;
    const often = last.times > 1 ? ` ×${last.times}` : "";
    overlays.add(node, { position: { bottom: -2, left: 0 }, html: note(`${day.format(new Date(last.at))} ${last.by}${often}`) });
  }
  for (const each of active) {
    if (!registry.get(each.node)) continue;
    canvas.addMarker(each.node, "is-active");
    if (each.since) overlays.add(each.node, { position: { top: -18, left: 0 }, html: note(day.format(new Date(each.since)), true) });
  }
}

function start() {
  const stage = document.getElementById("diagram");
  if (!stage || stage.hasChildNodes()) return;
  const told = JSON.parse(document.getElementById("drawn").textContent);
  draw(stage, told).catch(() => stage.replaceChildren(stage.dataset.ended));
}

start();
// A part of the page that came later may hold another diagram.
document.addEventListener("htmx:afterSettle", start);
