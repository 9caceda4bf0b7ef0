// What the telephone shows: the list of visits, the record of one, two records beside each other, and the locked door.

import { button, day, el, fill, icon, moment } from "./elements.js";
import { fresh, VisitForm } from "./form.js";
import { newId } from "./ids.js";
import { Pictures } from "./pictures.js";
import { begun, differing, joined, pending, unsent, visitOf } from "./queue.js";

const AWAITED = new Set(["planned", "missed"]);

/** The first page: what to do, what is not sent, what was done. */
export function list({ words, queue, go, discardPhoto }) {
  const { taken } = queue;
  const families = new Map((taken?.families ?? []).map((family) => [family.case, family]));
  const awaited = (taken?.visits ?? []).filter((visit) => AWAITED.has(visit.state) && !visit.recorded_version);
  const waiting = awaited.filter((visit) => !pending(queue, visit.id));
  const planned = new Set(awaited.map((visit) => visit.case));
  const others = [...families.values()].filter((family) => !planned.has(family.case));
  const done = (taken?.visits ?? []).filter((visit) => visit.recorded_version && !pending(queue, visit.id));
  return el("div", {},
    el("h1", { class: "h3", tabindex: "-1" }, words.visits),
    conflicts({ words, queue, go }),
    notSent({ words, queue, families, go, discardPhoto }),
    section("coming", words.coming, waiting.map((visit) => card({ words, visit, family: families.get(visit.case), go })), words.nothing_coming),
    others.length ? section("others", words.without_plan, others.map((family) => otherCard({ words, family, go }))) : null,
    done.length ? section("done", words.recorded_lately, done.map((visit) => doneCard({ words, visit, family: families.get(visit.case), go }))) : null,
    taken ? el("p", { class: "text-body-secondary", "data-as-of": taken.as_of }, fill(words.as_of, { at: moment(taken.as_of) })) : null);
}

function section(id, title, cards, empty) {
  return el("section", { "aria-labelledby": id, class: "mb-4" }, el("h2", { class: "h5", id }, title),
    cards.length ? el("ul", { class: "list-unstyled" }, cards.map((card) => el("li", { class: "mb-3" }, card))) : el("p", { class: "text-body-secondary" }, empty));
}

function card({ words, visit, family, go }) {
  const late = visit.due_at && Date.parse(visit.due_at) < Date.now();
  return el("article", { class: "card" }, el("div", { class: "card-body" },
    el("h3", { class: "h4 mb-1" }, family?.label ?? words.family),
    family && reach(words, family),
    el("p", { class: late ? "fw-bold text-danger" : "" }, icon("calendar-event"),
      fill(late ? words.was_due : words.due_until, { day: day(visit.due_at ?? visit.planned_for ?? new Date()) })),
    button(words.log, { name: "pencil-square", kind: "primary", onclick: () => go(`visit/${visit.id}`) })));
}

function otherCard({ words, family, go }) {
  return el("article", { class: "card" }, el("div", { class: "card-body" },
    el("h3", { class: "h5 mb-1" }, family.label), reach(words, family),
    button(words.log_unplanned, { name: "plus-lg", onclick: () => go(`family/${family.case}`) })));
}

function doneCard({ words, visit, family, go }) {
  const label = `${family?.label ?? words.family} · ${visit.started_at ? moment(visit.started_at) : ""}`;
  if (!visit.answers) return el("p", { class: "mb-0" }, icon("check2"), label, " ", el("span", { class: "text-body-secondary" }, words.changed_by_office));
  return button(label, { name: "check2", kind: "outline-secondary", onclick: () => go(`visit/${visit.id}`) });
}

function reach(words, family) {
  const numbers = [
    ...family.contacts.filter(({ phone }) => phone),
    family.emergency_phone && { name: fill(words.emergency_contact, { name: family.emergency_contact }), phone: family.emergency_phone },
    family.office_phone && { name: words.office, phone: family.office_phone },
  ].filter(Boolean);
  return el("div", { class: "mb-2" }, family.address && el("p", { class: "mb-1" }, icon("geo-alt"), family.address),
    numbers.map(({ name, phone }) => el("a", { class: "btn btn-link large-button text-start", href: `tel:${phone}` }, icon("telephone"), `${name} ${phone}`)));
}

function notSent({ words, queue, families, go, discardPhoto }) {
  if (!unsent(queue).all) return null;
  const photos = queue.photos.map((photo) => photoNotSent({ words, photo, family: families.get(photo.case), discardPhoto }));
  return section("unsent", words.not_sent_yet, [...queue.entries.map((entry) => {
    const label = `${families.get(entry.case)?.label ?? words.family} · ${moment(entry.at)}`;
    const refused = entry.state === "refused";
    return el("div", { "data-unsent": entry.id },
      button(label, { name: refused ? "exclamation-triangle" : "hourglass-split", kind: refused ? "outline-danger" : "outline-secondary", onclick: () => go(`visit/${entry.visit}`) }),
      refused && el("p", { class: "text-danger mb-0" }, fill(words.refused_because, { why: reasons(entry.problem) })));
  }), ...photos]);
}

function photoNotSent({ words, photo, family, discardPhoto }) {
  const refused = photo.state === "refused";
  return el("div", { "data-unsent": photo.id },
    el("p", { class: "mb-0" }, icon(refused ? "exclamation-triangle" : "camera"), `${words.photo} · ${family?.label ?? words.family} · ${moment(photo.at)}`),
    refused && el("p", { class: "text-danger mb-0" }, fill(words.refused_because, { why: reasons(photo.problem) })),
    refused && button(words.discard_photo, { kind: "outline-secondary", onclick: () => discardPhoto(photo.id) }));
}

/** Why the server did not take a record, in its words. */
export function reasons(problem) {
  return (problem?.errors ?? []).map((error) => error.message).join(" ") || problem?.detail || problem?.title || "";
}

function conflicts({ words, queue, go }) {
  const open = queue.taken?.conflicts ?? [];
  if (!open.length) return null;
  return el("section", { class: "alert alert-warning", "aria-labelledby": "conflicts" },
    el("h2", { class: "h5", id: "conflicts" }, icon("intersect"), words.conflicts),
    el("p", {}, words.conflicts_why),
    el("ul", { class: "list-unstyled mb-0" }, open.map((each) => el("li", { class: "mb-2" }, each.may_decide
      ? button(each.family?.label ?? words.family, { name: "signpost-split", kind: "warning", onclick: () => go(`conflict/${each.id}`) })
      : el("p", { class: "mb-0" }, `${each.family?.label ?? words.family}: ${words.office_decides}`)))));
}

/** The record of one visit: new, or one that is changed. */
export function visit({ words, queue, id, of, alarm, save, discard, back }) {
  const known = id ? visitOf(queue, id) : null;
  const written = id ? pending(queue, id) : null;
  const family = queue.taken?.families.find((each) => each.case === (of ?? known?.case ?? written?.case));
  const values = written?.answers ?? known?.answers ?? { ...fresh(known?.channel), ...(alarm ? { visit_result: "met" } : {}) };
  const form = new VisitForm({ schema: queue.taken.form, words, values, alarm });
  const record = {
    visit: id ?? newId(), case: family?.case ?? known?.case ?? written?.case,
    pairing: known ? known.pairing : written ? written.pairing : family?.pairing ?? null,
    ...begun(queue, id),
  };
  const waiting = queue.photos.filter((photo) => photo.visit === record.visit).length;
  const pictures = family?.photo_allowed ? new Pictures({ words, waiting }) : null;
  const store = (event) => {
    event.preventDefault();
    const missing = form.missing();
    if (missing.length) return form.complain(Object.fromEntries(missing.map((name) => [name, words.needed])));
    const answers = form.answers();
    const taken = pictures?.taken() ?? [];
    if (taken.length && answers.photo_consent === false) return form.complain({ photo_consent: words.photo_refused });
    save({ ...record, answers }, taken);
  };
  if (written?.state === "refused") {
    const problems = (written.problem?.errors ?? []).map(({ pointer, message }) => [pointer.split("/").at(-1), message]);
    form.complain(Object.fromEntries(problems));
  }
  return el("form", { onsubmit: store, novalidate: true },
    el("h1", { class: "h3", tabindex: "-1" }, alarm ? words.alarm : known?.recorded_version ? words.correct : words.log),
    alarm && el("p", { class: "alert alert-danger fs-5" }, words.call_first),
    el("p", { class: "fs-5" }, family?.label ?? words.family),
    written?.state === "refused" && el("p", { class: "alert alert-danger" }, fill(words.refused_because, { why: reasons(written.problem) })),
    form.element,
    pictures ? pictures.element : el("p", { class: "text-body-secondary" }, words.no_photos),
    el("div", { class: "save-bar" }, button(words.save, { name: "check-lg", kind: "primary", type: "submit" })),
    button(words.back, { kind: "link", onclick: back }),
    written?.state === "refused" && button(words.discard, { kind: "link", onclick: () => discard(written.id) }));
}

/** Which family it is about: then the record begins with what is dangerous. */
export function alarm({ words, queue, addresses, go, back }) {
  const waiting = new Map((queue.taken?.visits ?? []).filter((each) => AWAITED.has(each.state) && !each.recorded_version).map((each) => [each.case, each.id]));
  const families = queue.taken?.families ?? [];
  return el("div", {}, el("h1", { class: "h3", tabindex: "-1" }, words.alarm),
    el("p", { class: "alert alert-danger fs-5" }, words.call_first),
    button(words.emergency, { name: "telephone-fill", kind: "danger", href: addresses.emergency, class: "btn btn-danger large-button w-100 mb-3" }),
    el("p", {}, words.which_family),
    el("ul", { class: "list-unstyled" }, families.map((family) => el("li", { class: "mb-3" },
      button(family.label, { name: "house", onclick: () => go(waiting.has(family.case) ? `visit/${waiting.get(family.case)}/alarm` : `family/${family.case}/alarm`) })))),
    button(words.back, { kind: "link", onclick: back }));
}

/** Two records of one visit beside each other: a person says what holds. */
export function conflict({ words, queue, id, decide, back }) {
  const found = queue.taken?.conflicts.find((each) => each.id === id);
  if (!found) return el("p", {}, words.nothing_to_decide);
  const { sent, recorded } = found;
  const fields = differing(sent, recorded);
  const chosen = Object.fromEntries(fields.map((name) => [name, undefined]));
  const hint = el("p", { class: "text-danger fw-bold", role: "alert" });
  const store = (event) => {
    event.preventDefault();
    if (fields.some((name) => chosen[name] === undefined)) return hint.replaceChildren(words.choose_each);
    const answers = { ...recorded };
    for (const name of fields) answers[name] = { sent: sent[name], recorded: recorded[name], both: joined(recorded[name], sent[name]) }[chosen[name]];
    decide(found, Object.fromEntries(Object.entries(answers).filter(([, value]) => value !== undefined)));
  };
  const schema = queue.taken.form.properties;
  return el("form", { onsubmit: store },
    el("h1", { class: "h3", tabindex: "-1" }, words.conflicts), el("p", { class: "fs-5" }, found.family?.label ?? words.family),
    el("p", {}, words.conflict_how),
    fields.map((name) => choice({ words, name, inner: schema[name] ?? { title: name }, sent: sent[name], recorded: recorded[name], onchange: (event) => { chosen[name] = event.target.value; } })),
    hint, el("div", { class: "save-bar" }, button(words.decide, { name: "check-lg", kind: "primary", type: "submit" })),
    button(words.back, { kind: "link", onclick: back }));
}

function choice({ words, name, inner, sent, recorded, onchange }) {
  const both = joined(recorded, sent);
  const offers = [["recorded", words.in_the_record, recorded], ["sent", words.from_here, sent]];
  if (Array.isArray(both) && recorded && sent) offers.push(["both", words.both, both]);
  return el("fieldset", { class: "mb-4" }, el("legend", { class: "fs-5 mb-1" }, inner.title),
    offers.map(([value, label, said]) => [
      el("input", { type: "radio", class: "btn-check", id: `keep-${name}-${value}`, name: `keep-${name}`, value, autocomplete: "off", onchange }),
      el("label", { class: "btn btn-outline-primary large-button w-100 mb-2 text-start", for: `keep-${name}-${value}` },
        el("span", { class: "d-block small" }, label), shown(inner, said, words)),
    ]));
}

/** An answer as people read it. */
export function shown(inner, value, words) {
  if (value === undefined || value === null) return words.nothing_said;
  if (Array.isArray(value)) return value.map((each) => title(inner.items?.oneOf, each)).join("、");
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (inner.format === "date-time") return moment(value);
  if (inner.format === "date") return day(value);
  return title(inner.oneOf, value);
}

function title(choices, value) {
  return choices?.find((each) => each.const === value)?.title ?? String(value);
}

/** Nobody is logged in: what is kept cannot be read, and how much of it is not sent. */
export function locked({ words, addresses, waiting, offline }) {
  return el("div", {}, el("h1", { class: "h3", tabindex: "-1" }, words.locked),
    el("p", {}, offline ? words.locked_offline : words.locked_why),
    waiting ? el("p", { class: "alert alert-warning" }, icon("hourglass-split"), fill(words.waiting_locked, { n: waiting })) : null,
    button(words.log_in, { name: "box-arrow-in-right", kind: "primary", href: addresses.log_in }));
}

/** Somebody is logged in who makes no visits. */
export function outside({ words, addresses }) {
  return el("div", {}, el("h1", { class: "h3", tabindex: "-1" }, words.outside), el("p", {}, words.outside_why),
    button(words.to_today, { kind: "outline-primary", href: addresses.today }));
}

/** One line about what is not sent and whether there is a network. */
export function status({ words, queue, offline, kept, sending, send, others }) {
  const { all, refused } = unsent(queue);
  const text = all ? fill(words.unsent, { n: all }) : words.all_sent;
  return [
    el("p", { class: `mb-1 fw-bold ${all ? "text-warning-emphasis" : "text-success-emphasis"}`, id: "unsent-count", "data-unsent": String(all) },
      icon(all ? "hourglass-split" : "check2-all"), text, refused ? ` ${fill(words.of_them_refused, { n: refused })}` : ""),
    offline ? el("p", { class: "mb-1" }, icon("wifi-off"), words.offline) : null,
    kept ? null : el("p", { class: "mb-1 text-danger-emphasis" }, icon("shield-exclamation"), words.not_kept),
    others ? el("p", { class: "mb-1" }, fill(words.of_others, { n: others })) : null,
    all && !offline ? button(sending ? words.sending : words.send_now, { name: "cloud-upload", kind: "outline-primary", onclick: send, disabled: sending }) : null,
  ].filter(Boolean);
}
