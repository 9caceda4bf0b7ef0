// The form of a work item: it tells as one types what is needed and what is wrong, and keeps what was typed.
const PAUSE = 700; // ms without a key before something is sent
const AGAIN = 10_000; // ms until it is tried again without a connection
const LONGEST = 1000; // ms for which a press keeps the form as it is

let timer = 0;
let unsent = false; // something was typed that the server does not have
let sending = null;
let completing = false;
const touched = new Set();

const form = () => document.getElementById("answers");
const status = () => document.getElementById("saved");

function tell(state, more = "") {
  const place = status();
  if (!place) return;
  place.textContent = `${place.dataset[state]} ${more}`.trim();
  place.classList.toggle("unsent", ["offline", "ended", "failed"].includes(state));
}

function later(pause = PAUSE) {
  clearTimeout(timer);
  timer = setTimeout(send, pause);
}

function showState({ shown, required, errors }) {
  for (const field of form().querySelectorAll(".field")) {
    const { name } = field.dataset;
    field.hidden = !shown.includes(name);
    field.querySelector(".needed").hidden = !required.includes(name);
    const texts = touched.has(name) ? errors[name] ?? [] : [];
    field.querySelector(".errors").textContent = texts.join(" ");
    for (const input of field.querySelectorAll(".form-control, .form-select")) {
      input.classList.toggle("is-invalid", texts.length > 0);
      input.setAttribute("aria-invalid", texts.length > 0);
    }
  }
}

// While somebody presses a button, it stays where it is: fields that come or go above would draw it away from under them.
let pressed = null; // a promise of the end of the press
let letGo = () => {};
document.addEventListener("pointerdown", () => {
  letGo();
  pressed = new Promise((resolve) => { letGo = resolve; });
  setTimeout(letGo, LONGEST); // let go outside the window, it is not heard
});
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => setTimeout(letGo)); // after the click that it makes
}

async function send() {
  if (!form() || completing) return;
  if (sending) return later();
  unsent = false;
  tell("saving");
  const data = new FormData(form());
  const token = data.get("csrfmiddlewaretoken");
  const headers = { "HX-Request": "true", "X-CSRFToken": token };
  sending = fetch(form().dataset.typed, { method: "POST", body: data, headers });
  try {
    const answer = await sending;
    if (answer.status === 401) {
      // Not anew: pressing its link leaves the field, which saves once more, and the link must outlive the press.
      const place = document.getElementById("logged-out");
      if (!place.firstElementChild) place.innerHTML = await answer.text();
      unsent = true;
      tell("ended");
    } else if (answer.ok) {
      const state = await answer.json();
      await pressed;
      if (!form() || completing) return;
      showState(state);
      if (state.problem) tell("failed", state.problem);
      else if (unsent) tell("typing");
      else tell("saved", state.saved_at);
    } else {
      unsent = true;
      tell("failed", `(${answer.status})`);
    }
  } catch {
    unsent = true;
    tell("offline");
    later(AGAIN);
  } finally {
    sending = null;
  }
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("#answers")) return;
  unsent = true;
  tell("typing");
  later();
});
document.addEventListener("change", (event) => {
  const field = event.target.closest("#answers .field");
  if (!field) return;
  touched.add(field.dataset.name);
  unsent = true;
  later(0);
});
document.addEventListener("jieqin:logged-in", () => send());
window.addEventListener("online", () => unsent && send());
window.addEventListener("beforeunload", (event) => {
  if (unsent && !completing) event.preventDefault();
});

// Completing takes the place of saving; when it was refused, saving goes on.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt === form()) {
    completing = true;
    clearTimeout(timer);
  }
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig?.elt.id !== "answers") return;
  const { xhr } = event.detail;
  if (xhr.getResponseHeader("HX-Redirect")) return;
  completing = false;
  if (xhr.status === 401 || xhr.status === 0) {
    unsent = true;
    tell(xhr.status ? "ended" : "offline");
  }
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "work") return;
  for (const field of document.querySelectorAll("#answers .field")) touched.add(field.dataset.name);
  const first = [...document.querySelectorAll("#answers .errors")].find((place) => place.textContent);
  const input = first?.closest(".field").querySelector("input, select, textarea");
  (input ?? document.getElementById("refused"))?.focus();
});

// The other buttons of the page leave it: what was typed goes first.
document.addEventListener("submit", async (event) => {
  if (!event.target.closest("#verbs") || (!unsent && !sending)) return;
  event.preventDefault();
  clearTimeout(timer);
  await (sending ?? send());
  completing = true;
  event.target.submit();
});
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
