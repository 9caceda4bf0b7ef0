// The inbox by keyboard, and choosing rows.
const form = document.getElementById("chosen");
const rows = () => [...document.querySelectorAll("#rows tr[data-id]")];
const boxes = () => [...form.querySelectorAll("input[name=ids]")];
const bulk = document.getElementById("bulk");
const all = document.getElementById("all");

function count() {
  const chosen = boxes().filter((box) => box.checked);
  for (const box of boxes()) box.closest("tr").classList.toggle("chosen", box.checked);
  if (bulk) {
    bulk.classList.toggle("d-none", chosen.length === 0);
    bulk.classList.toggle("d-flex", chosen.length > 0);
    document.getElementById("chosen-count").textContent = chosen.length;
  }
  if (all) {
    all.checked = chosen.length > 0 && chosen.length === boxes().length;
    all.indeterminate = chosen.length > 0 && !all.checked;
  }
}

form.addEventListener("change", (event) => {
  if (event.target === all) for (const box of boxes()) box.checked = all.checked;
  count();
});
// After a command its rows are new: nothing is chosen any more, and the keyboard stays where it was.
document.body.addEventListener("htmx:afterSettle", () => {
  count();
  if (currentId) current()?.classList.add("current");
});
// One of the two little forms at a time.
form.addEventListener("toggle", (event) => {
  if (event.target.matches("details.verb") && event.target.open) {
    for (const other of form.querySelectorAll("details.verb[open]")) if (other !== event.target) other.open = false;
  }
}, true);
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt === form && event.detail.successful) {
    for (const open of form.querySelectorAll("details.verb[open]")) open.open = false;
  }
});
// Fields that say nothing stay out of the address; an address that says nothing would be the usual view.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-drop-empty]")) return;
  const fields = [...event.target.elements].filter((field) => field.name);
  const said = fields.filter((field) => field.value);
  for (const field of fields) if (!field.value && (said.length || field.name !== "doable")) field.disabled = true;
  setTimeout(() => fields.forEach((field) => { field.disabled = false; }));
});

let currentId = "";
const current = () => rows().find((row) => row.dataset.id === currentId);

function go(row) {
  current()?.classList.remove("current");
  if (!row) return;
  currentId = row.dataset.id;
  row.classList.add("current");
  row.querySelector("a.title").focus();
  row.scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => go(rows()[rows().indexOf(current()) + 1]),
  k: () => go(rows()[Math.max(rows().indexOf(current()) - 1, 0)]),
  c: () => {
    // The row alone, whatever else is chosen.
    const box = current()?.querySelector("input[name=ids]");
    const button = form.querySelector("button[value=claim]");
    if (!box || !button) return;
    const others = boxes().filter((other) => other.checked && other !== box);
    for (const other of others) other.checked = false;
    box.checked = true;
    button.click();
    for (const other of others) other.checked = true;
  },
  x: () => {
    const box = current()?.querySelector("input[name=ids]");
    if (box) { box.checked = !box.checked; count(); }
  },
  "/": () => document.getElementById("search").focus(),
  "?": () => window.bootstrap.Modal.getOrCreateInstance(document.getElementById("keys")).toggle(),
};

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("#rows tr[data-id]");
  if (row && row.dataset.id !== currentId) {
    current()?.classList.remove("current");
    currentId = row.dataset.id;
    row.classList.add("current");
  }
});
document.addEventListener("keydown", (event) => {
  const types = event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (types || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  if (document.querySelector(".modal.show") && event.key !== "?") return;
  event.preventDefault();
  keys[event.key]();
});
count();
