// A diagram in a page, in the reader's language, with its buttons for larger and smaller; pages add what they mark on it.

// Diagrams carry their labels in Chinese, and in English as a property beside it.
function inLanguage(xml) {
  if (!document.documentElement.lang.startsWith("en")) return xml;
  const parsed = new DOMParser().parseFromString(xml, "application/xml");
  for (const property of parsed.getElementsByTagNameNS("*", "property")) {
    if (property.getAttribute("name") !== "name_en") continue;
    const extensions = property.parentElement.parentElement;
    extensions.parentElement.setAttribute("name", property.getAttribute("value"));
  }
  return new XMLSerializer().serializeToString(parsed);
}

/** A small label on a node; text only, whatever a name may hold. */
export function note(text, waiting) {
  const element = document.createElement("div");
  element.className = waiting ? "note is-waiting" : "note";
  element.textContent = text;
  return element;
}

/** Draws the diagram into the element and returns its viewer. Rejects when the XML cannot be drawn. */
export async function drawn(stage, bpmn) {
  const viewer = new window.BpmnJS({ container: stage });
  await viewer.importXML(inLanguage(bpmn));
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  const buttons = document.getElementById("zoom");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const how = event.target.closest("button")?.dataset.zoom;
    if (how === "fit") canvas.zoom("fit-viewport", "auto");
    else if (how) viewer.get("zoomScroll").stepZoom(how === "in" ? 1 : -1);
  });
  return viewer;
}
