// The diagram of a version as it was drawn, with nothing marked on it.
import { drawn } from "./viewer.js";

const stage = document.getElementById("diagram");
const { bpmn } = JSON.parse(document.getElementById("drawn").textContent);

drawn(stage, bpmn).catch(() => stage.replaceChildren(stage.dataset.ended));
