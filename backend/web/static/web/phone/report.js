// The form for whoever has no account: what is written is kept first, then sent; the answer is a receipt.

import { fill } from "./elements.js";
import { newId } from "./ids.js";
import { keep, sendKept } from "./reports.js";

const words = JSON.parse(document.getElementById("report-words").textContent);
const form = document.getElementById("report");
const told = document.getElementById("told");

function say(text, kind) {
  const line = document.createElement("p");
  line.className = `alert alert-${kind} fs-5`;
  line.textContent = text;
  told.replaceChildren(line);
  told.scrollIntoView({ block: "nearest" });
}

function answer(found, kept) {
  const status = found?.status ?? 0;
  if (status === 201) return say(fill(words.sent, { receipt: found.body.receipt }), "success");
  if (status >= 400 && status < 500) return say(fill(words.refused, { why: reasons(found.body) }), "danger");
  return say(kept ? words.kept : words.not_kept, "warning");
}

function reasons(problem) {
  return [problem.detail, ...(problem.errors ?? []).map((each) => each.message)].join(" ");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const typed = [...new FormData(form)].filter(([name, value]) => name !== "key" && value.trim());
  const report = { ...Object.fromEntries(typed), id: newId(), found_at: new Date().toISOString() };
  const kept = await keep(report);
  const answers = await sendKept();
  const found = answers.get(report.id);
  answer(found, kept);
  // What the server refused is mended in the form; all else must not stand there for the next one to read.
  if (!found || found.status < 400 || found.status >= 500) form.reset();
});
