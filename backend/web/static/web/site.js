// What every page does in the browser, beside what htmx and the framework do by attributes.

// A refused part (422, 409, 401 …) is shown like any other: it says what is wrong and holds what was typed.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.status < 500 && xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A page that outlived its session goes on after a log-in in another window: with a new token against forgery.
const loggedOut = () => document.querySelector("#logged-out .alert");

async function goOn() {
  if (!loggedOut()) return;
  const answer = await fetch("/log-in/token/", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const { token } = await answer.json();
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
  document.getElementById("logged-out").replaceChildren();
  document.dispatchEvent(new CustomEvent("jieqin:logged-in"));
}

new BroadcastChannel("jieqin").addEventListener("message", goOn);
window.addEventListener("focus", goOn);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && goOn());

// Tables become cards on a telephone: each cell gets its column's name, which the style sheet shows there.
function label(table) {
  const named = (heading) => (heading.querySelector(".visually-hidden") ? "" : heading.textContent.trim());
  const names = [...table.querySelectorAll("thead th")].map(named);
  for (const row of table.tBodies[0]?.rows ?? []) {
    let place = 0;
    for (const cell of row.cells) {
      if (cell.tagName === "TD" && cell.colSpan === 1 && names[place]) cell.dataset.label = names[place];
      if (cell.tagName === "TD" && !cell.textContent.trim() && !cell.querySelector("input, meter")) cell.replaceChildren();
      place += cell.colSpan;
    }
  }
  table.classList.add("labelled");
}

function labelAll() {
  document.querySelectorAll("table.stacked:not(.labelled)").forEach(label);
}

labelAll();
document.addEventListener("htmx:afterSwap", labelAll);
