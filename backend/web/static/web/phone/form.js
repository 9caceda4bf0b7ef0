// A visit's record as large buttons: drawn from the same form (JSON Schema) that the server checks it by.

import { el, icon, local } from "./elements.js";

const MINUTE = 60_000;
const USUAL_VISIT = 30 * MINUTE;
const LATE = 48 * 60 * MINUTE;

// What is asked openly when somebody was met, in order; when nobody was; and what hides behind "more". What the form at
// hand does not ask is left out: what a family lives on, and who of its kin helps, only the village worker is asked.
const MET = ["persons_met", "physical", "mental", "hazards", "worries", "done_items", "needs", "requests", "note", "next_on"];
const NOT_MET = ["note", "next_on"];
const WHEN = ["started_at", "ended_at", "channel"];
const MORE = [...WHEN, "economy", "kin_support", "money_or_gifts", "photo_consent", "share_with_successor", "helper_absent"];
const MORE_NOT_MET = [...WHEN, "helper_absent"];
const ALARM = ["worries", "physical", "mental", "persons_met", "note"];

// The first question joins two fields of the form: whether somebody was met, and if not, why.
const RESULTS = [
  { name: "met", icon: "emoji-smile", answers: { visit_result: "met" } },
  { name: "nobody_home", icon: "door-closed", answers: { visit_result: "not_met", not_met_reason: "nobody_home" } },
  { name: "refused", icon: "hand-thumbs-down", answers: { visit_result: "refused" } },
  { name: "other", icon: "three-dots", answers: { visit_result: "not_met", not_met_reason: "other" } },
];

/** The form of one record. `values`: what is known; `alarm`: what is dangerous comes first. */
export class VisitForm {
  constructor({ schema, words, values, alarm = false }) {
    Object.assign(this, { schema, words, alarm });
    this.values = { ...values };
    this.element = el("div", {});
    this.draw();
  }

  /** The answers as the form wants them: nothing empty, nothing that does not belong to the result. */
  answers() {
    this.collect();
    const asked = new Set(["visit_result", "not_met_reason", "late_reason", ...this.asked(), ...this.more()]);
    const entries = Object.entries(this.values).filter(([name, value]) => asked.has(name) && filled(value));
    const answers = Object.fromEntries(entries);
    if (answers.visit_result !== "not_met") delete answers.not_met_reason;
    return answers;
  }

  /** What is missing, by field. */
  missing() {
    const answers = this.answers();
    const needed = [...this.schema.required];
    if (answers.visit_result === "met") needed.push("ended_at", "persons_met", "physical", "mental");
    if (answers.not_met_reason === "other") needed.push("note");
    if (this.isLate(answers)) needed.push("late_reason");
    return needed.filter((name) => !filled(answers[name]));
  }

  /** Say beside the fields what is wrong, and go to the first: {field: message}. */
  complain(problems) {
    this.problems = problems;
    this.draw();
    const first = this.element.querySelector(".is-wrong input, .is-wrong textarea");
    first?.focus();
    first?.scrollIntoView({ block: "center" });
  }

  asked() {
    if (this.alarm) return ALARM;
    return this.values.visit_result === "met" ? MET : NOT_MET;
  }

  more() {
    return this.values.visit_result === "met" ? MORE : MORE_NOT_MET;
  }

  isLate(answers) {
    const end = answers.ended_at ?? answers.started_at;
    return Boolean(end) && Date.now() - Date.parse(end) > LATE;
  }

  collect() {
    for (const field of this.element.querySelectorAll("[data-field]")) {
      const { field: name, kind } = field.dataset;
      const inputs = [...field.querySelectorAll("input, textarea")];
      const chosen = inputs.filter((input) => input.checked).map((input) => input.value);
      if (kind === "many") this.values[name] = chosen;
      else if (kind === "truth") this.values[name] = chosen.length ? chosen[0] === "true" : undefined;
      else if (kind === "one") this.values[name] = chosen[0];
      else if (kind === "moment") this.values[name] = moment(inputs[0].value, this.values[name]);
      else this.values[name] = inputs[0].value.trim();
    }
  }

  draw() {
    const { words, values } = this;
    const parts = [this.alarm ? null : this.resultQuestion()];
    if (values.visit_result) {
      parts.push(this.asked().map((name) => this.question(name)));
      const late = this.isLate(values) ? this.question("late_reason") : null;
      const more = el("details", { class: "mb-3", open: this.more().some((name) => this.problems?.[name]) },
        el("summary", { class: "large-button" }, words.more), this.more().map((name) => this.question(name)));
      parts.push(late, more);
    }
    this.element.replaceChildren(...parts.flat().filter(Boolean));
  }

  resultQuestion() {
    const { values, words } = this;
    const chosen = RESULTS.find(({ answers }) => answers.visit_result === values.visit_result
      && (values.visit_result !== "not_met" || answers.not_met_reason === (values.not_met_reason ?? "nobody_home")))
      ?? (values.visit_result === "not_met" ? RESULTS.at(-1) : null);
    const choices = RESULTS.map((each) => ({ const: each.name, title: words.results[each.name], icon: each.icon }));
    const choose = (event) => {
      this.collect();
      const { answers } = RESULTS.find(({ name }) => name === event.target.value);
      Object.assign(this.values, { not_met_reason: undefined }, answers);
      this.problems = {};
      this.draw();
      this.element.querySelector(`#answer-visit_result-${event.target.value}`).focus();
    };
    return group("visit_result", words.who_was_met, "", this.problems?.visit_result, "result",
      choices.map((choice) => chip("radio", "visit_result", choice, choice.const === chosen?.name, choose)));
  }

  question(name) {
    const inner = this.schema.properties[name];
    if (!inner) return null;
    const value = this.values[name];
    const wrong = this.problems?.[name];
    const help = inner.description ?? "";
    if (inner.type === "array") {
      const has = new Set(value ?? []);
      return group(name, inner.title, help, wrong, "many",
        inner.items.oneOf.map((choice) => chip("checkbox", name, choice, has.has(choice.const))));
    }
    if (inner.type === "boolean") {
      const choices = [{ const: "true", title: this.words.yes }, { const: "false", title: this.words.no }];
      return group(name, inner.title, help, wrong, "truth",
        choices.map((choice) => chip("radio", name, choice, String(value) === choice.const)));
    }
    if (inner.oneOf) {
      return group(name, inner.title, help, wrong, "one",
        inner.oneOf.map((choice) => chip("radio", name, choice, choice.const === value)));
    }
    if (inner.format === "date") return this.dayQuestion(name, inner, value, wrong);
    if (inner.format === "date-time") {
      const input = el("input", { type: "datetime-local", class: "form-control form-control-lg", id: `answer-${name}`, value: value ? local(new Date(value)) : "" });
      return line(name, inner.title, help, wrong, "moment", input);
    }
    const area = el("textarea", { class: "form-control form-control-lg", id: `answer-${name}`, rows: "2", maxlength: inner.maxLength, value: value ?? "" });
    return line(name, inner.title, help || this.words.voice, wrong, "text", area);
  }

  dayQuestion(name, inner, value, wrong) {
    const input = el("input", { type: "date", class: "form-control form-control-lg", id: `answer-${name}`, value: value ?? "" });
    const soon = this.words.soon.map(([label, days]) => el("button", {
      type: "button", class: "btn btn-outline-secondary large-button", onclick: () => { input.value = local(new Date(Date.now() + days * 24 * 60 * MINUTE)).slice(0, 10); },
    }, label));
    return line(name, inner.title, "", wrong, "text", el("div", { class: "chips mb-2" }, soon), input);
  }
}

/** What a new record begins with: a visit that has just ended. */
export function fresh(channel) {
  const now = Math.floor(Date.now() / MINUTE) * MINUTE;
  return { started_at: new Date(now - USUAL_VISIT).toISOString(), ended_at: new Date(now).toISOString(), channel: channel || "home" };
}

function filled(value) {
  return !(value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length));
}

// An input knows minutes only: what was not touched keeps its seconds.
function moment(text, before) {
  if (!text) return undefined;
  return before && local(new Date(before)) === text ? before : new Date(text).toISOString();
}

function group(name, title, help, wrong, kind, chips) {
  const ids = [help && `answer-${name}-help`, wrong && `answer-${name}-wrong`].filter(Boolean).join(" ");
  return el("fieldset", { class: `mb-4 ${wrong ? "is-wrong" : ""}`, "data-field": kind === "result" ? null : name, "data-kind": kind, "aria-describedby": ids || null },
    el("legend", { class: "fs-5 mb-1" }, title), help && el("div", { class: "form-text mt-0 mb-1", id: `answer-${name}-help` }, help),
    el("div", { class: "chips" }, chips), complaint(name, wrong));
}

function line(name, title, help, wrong, kind, ...inputs) {
  const ids = [help && `answer-${name}-help`, wrong && `answer-${name}-wrong`].filter(Boolean).join(" ");
  if (ids) inputs.at(-1).setAttribute("aria-describedby", ids);
  return el("div", { class: `mb-4 ${wrong ? "is-wrong" : ""}`, "data-field": name, "data-kind": kind },
    el("label", { class: "fs-5 mb-1", for: `answer-${name}` }, title), inputs,
    help && el("div", { class: "form-text", id: `answer-${name}-help` }, help), complaint(name, wrong));
}

function complaint(name, wrong) {
  return wrong && el("div", { class: "text-danger fw-bold", id: `answer-${name}-wrong` }, icon("exclamation-circle"), wrong);
}

function chip(type, name, choice, checked, onchange) {
  const id = `answer-${name}-${choice.const}`;
  return [
    el("input", { type, class: "btn-check", id, name, value: choice.const, checked, autocomplete: "off", onchange }),
    el("label", { class: "btn btn-outline-primary large-button", for: id }, choice.icon && icon(choice.icon), choice.title),
  ];
}
