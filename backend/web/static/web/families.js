// Pages of families, cases, helpers and rosters: the drop field, printing.

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
