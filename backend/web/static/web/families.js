// Pages of families, cases, helpers and rosters: tables that become cards on a telephone, the drop field, printing.

// Each cell gets its column's name, which the style sheet shows when a row becomes a card.
function label(table) {
  const named = (heading) => (heading.querySelector(".visually-hidden") ? "" : heading.textContent.trim());
  const names = [...table.querySelectorAll("thead th")].map(named);
  for (const row of table.tBodies[0]?.rows ?? []) {
    [...row.cells].forEach((cell, place) => {
      if (cell.tagName === "TD" && cell.colSpan === 1 && names[place]) cell.dataset.label = names[place];
      if (cell.tagName === "TD" && !cell.textContent.trim() && !cell.querySelector("input, meter")) cell.replaceChildren();
    });
  }
  table.classList.add("labelled");
}

function labelAll() {
  document.querySelectorAll("table.stacked:not(.labelled)").forEach(label);
}

labelAll();
document.addEventListener("htmx:afterSwap", labelAll);

// On a narrow screen: the chosen tab and the end of the time axis, which is today, come into view.
document.querySelector(".tabs .active")?.scrollIntoView({ block: "nearest", inline: "center" });
document.querySelectorAll(".spells-box").forEach((box) => (box.scrollLeft = box.scrollWidth));

const drop = document.getElementById("drop");
if (drop) {
  const file = document.getElementById("file");
  const over = (is) => (event) => {
    event.preventDefault();
    drop.classList.toggle("is-over", is);
  };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    file.files = event.dataTransfer.files;
  });
  document.getElementById("upload").addEventListener("submit", (event) => {
    document.getElementById("uploading").hidden = false;
    event.submitter?.setAttribute("disabled", "");
  });
}

const print = document.getElementById("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
