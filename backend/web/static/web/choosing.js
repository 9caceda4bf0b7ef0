// Choosing rows: one box for all of them, the chosen ones marked; what became of a command comes into view.

const all = document.getElementById("all");
const boxes = [...document.querySelectorAll("input[name=ids][type=checkbox]:not(:disabled)")];

function shown() {
  for (const box of boxes) box.closest("tr, li").classList.toggle("chosen", box.checked);
  if (!all) return;
  const chosen = boxes.filter((box) => box.checked).length;
  all.checked = chosen > 0 && chosen === boxes.length;
  all.indeterminate = chosen > 0 && !all.checked;
}

document.addEventListener("change", (event) => {
  if (event.target === all) for (const box of boxes) box.checked = all.checked;
  shown();
});
shown();
document.getElementById("results")?.focus();
