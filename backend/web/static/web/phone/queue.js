// What a telephone holds of visits, and what of it is not sent yet. Pure: every function takes a queue and gives back
// another one; who calls keeps it (store.js) *before* anything is shown or sent. No clock, no network, no page in here,
// so that tests can cut and restart it wherever they like.
//
// A queue is {taken, entries, arrived, photos}. `taken` is what the server last told: the visits to make and those recorded
// lately, their families, the form, conflicts that wait for a decision. `arrived` tells what became of the last entries
// that were sent: the version that came of each, null for a conflict. An entry is one record of a visit:
//
//   id        made here; the server takes an id in once, however often it is sent
//   based_on  the version of the visit's record that the person saw when beginning to write; null: none
//   after     the entry that has to arrive first, because this one was written upon it; null: none
//   state     "waiting": never sent · "sending": sent at least once, no answer yet · "refused": answered with a reason
//
// `photos` are photographs that are not sent: {id, visit, case, at, state, problem}, the pictures themselves lie beside
// the queue (store.js). A photograph never changes; it is sent when no record of its visit waits any more.
//
// The rules that keep everything, once:
// 1. What was never sent, or was refused, leaves no trace on the server: it is changed in place.
// 2. What may have arrived ("sending") never changes again: it is repeated until there is an answer. A change made
//    meanwhile is an entry of its own that waits for it, and is based on what becomes of it.
// 3. Only the server's answer takes an entry away.
// 4. What counts is what the person saw: whatever came in while the form was open is not overwritten by saving it.

export const EMPTY = Object.freeze({ taken: null, entries: Object.freeze([]), arrived: Object.freeze([]), photos: Object.freeze([]) });

const REMEMBERED = 50; // entries that arrived; a form that is open was begun upon one of the last

const RETRIED = new Set([0, 401, 408, 425, 429]);
const RETRIED_CODES = new Set(["busy", "locked", "csrf"]);

/** The visit as it is known here, or undefined. */
export function visitOf(queue, id) {
  return queue.taken?.visits.find((visit) => visit.id === id);
}

/** What the person wrote last about a visit and is not sent yet, or undefined. */
export function pending(queue, visit) {
  return queue.entries.findLast((entry) => entry.visit === visit);
}

/** What a person sees who begins to write about a visit: goes into `write` when it is saved. */
export function begun(queue, visit) {
  const last = pending(queue, visit);
  return { upon: last?.id ?? null, seen: last ? last.based_on : visitOf(queue, visit)?.recorded_version ?? null };
}

/** A record is saved: a new entry, or a change of the one it was begun upon. `id` is used for a new entry only. */
export function write(queue, { id, visit, case: of, pairing, answers, at, upon, seen }) {
  const last = queue.entries.find((entry) => entry.id === upon);
  if (last && last.state !== "sending") {
    return replaced(queue, { ...last, answers, at, state: "waiting", problem: null });
  }
  const came = queue.arrived.find((each) => each.id === upon);
  const entry = {
    id, visit, case: of, pairing, answers, at,
    based_on: last ? null : came ? came.version : seen,
    after: last ? last.id : null,
    state: "waiting",
    problem: null,
  };
  return { ...queue, entries: [...queue.entries, entry] };
}

/** The next entry to be sent, marked so: [queue, entry], or [queue, null] when nothing can be sent. */
export function next(queue, skipped = new Set()) {
  const here = new Set(queue.entries.map((entry) => entry.id));
  const entry = queue.entries.find(
    (each) => each.state !== "refused" && !skipped.has(each.id) && !(each.after && here.has(each.after)),
  );
  if (!entry) return [queue, null];
  const sent = { ...entry, state: "sending" };
  return [replaced(queue, sent), sent];
}

/** The server's answer to an entry: HTTP status (0: none came) and body. */
export function answered(queue, id, status, body) {
  const entry = queue.entries.find((each) => each.id === id);
  if (!entry) return queue;
  if (status >= 200 && status < 300) return arrived(queue, entry, body);
  if (isRetried(status, body)) return queue;
  return refused(queue, entry, body);
}

// No answer, or one that says nothing about what was sent.
function isRetried(status, body) {
  return RETRIED.has(status) || status >= 500 || RETRIED_CODES.has(body?.code);
}

function arrived(queue, entry, body) {
  const version = body.state === "stored" ? body.version : null;
  const entries = queue.entries
    .filter((each) => each.id !== entry.id)
    // What was written upon it is based on what became of it; upon a conflict nothing can be based.
    .map((each) => (each.after === entry.id ? { ...each, after: null, based_on: version } : each));
  const remembered = [...queue.arrived.slice(1 - REMEMBERED), { id: entry.id, version }];
  return { ...queue, taken: queue.taken && learnt(queue.taken, entry, body), entries, arrived: remembered };
}

function learnt(taken, entry, body) {
  const conflicts = taken.conflicts.filter((each) => each.id !== body.id);
  if (body.state === "conflict") return { ...taken, conflicts: [...conflicts, body] };
  if (body.state !== "stored" || body.version !== body.visit_version) return { ...taken, conflicts };
  const before = taken.visits.find((visit) => visit.id === entry.visit);
  const visit = {
    ...(before ?? { id: entry.visit, case: entry.case, pairing: entry.pairing }),
    recorded_version: body.version,
    started_at: entry.answers.started_at,
    answers: entry.answers,
  };
  return { ...taken, conflicts, visits: [...taken.visits.filter((each) => each.id !== entry.visit), visit] };
}

function refused(queue, entry, body) {
  const later = queue.entries.some((each) => each.after === entry.id);
  if (!later) return replaced(queue, { ...entry, state: "refused", problem: body ?? {} });
  // The person has written it anew meanwhile: that stands in its place.
  const entries = queue.entries
    .filter((each) => each.id !== entry.id)
    .map((each) => (each.after === entry.id ? { ...each, after: null, based_on: entry.based_on } : each));
  return { ...queue, entries };
}

/** What the server tells now takes the place of what it told before; what is not sent stays as it is. */
export function loaded(queue, taken) {
  return { ...queue, taken };
}

/** The person gives a refused record up. Nothing else can be given up: it may have arrived. */
export function discarded(queue, id) {
  const given = queue.entries.find((each) => each.id === id && each.state === "refused");
  if (!given) return queue;
  const entries = queue.entries.filter((each) => each !== given);
  // Photographs of a visit that the server will never hear of have nowhere to go.
  const isLost = !entries.some((each) => each.visit === given.visit) && !visitOf(queue, given.visit)?.recorded_version;
  return { ...queue, entries, photos: isLost ? queue.photos.filter((each) => each.visit !== given.visit) : queue.photos };
}

/** Photographs of a visit are saved with its record. */
export function photographed(queue, { visit, case: of, at, ids }) {
  const photos = ids.map((id) => ({ id, visit, case: of, at, state: "waiting", problem: null }));
  return { ...queue, photos: [...queue.photos, ...photos] };
}

/** The next photograph to be sent, marked so: [queue, photo], or [queue, null]. Records go first. */
export function nextPhoto(queue, skipped = new Set()) {
  const recording = new Set(queue.entries.map((each) => each.visit));
  const photo = queue.photos.find((each) => each.state !== "refused" && !skipped.has(each.id) && !recording.has(each.visit));
  if (!photo) return [queue, null];
  const sent = { ...photo, state: "sending" };
  return [replacedPhoto(queue, sent), sent];
}

/** The server's answer to a photograph: HTTP status (0: none came) and body. */
export function photoAnswered(queue, id, status, body) {
  const photo = queue.photos.find((each) => each.id === id);
  if (!photo || isRetried(status, body)) return queue;
  if (status < 300) return { ...queue, photos: queue.photos.filter((each) => each.id !== id) };
  return replacedPhoto(queue, { ...photo, state: "refused", problem: body ?? {} });
}

/** The person gives up a photograph that was refused. */
export function photoDiscarded(queue, id) {
  return { ...queue, photos: queue.photos.filter((each) => each.id !== id || each.state !== "refused") };
}

/** How much is not sent: all of it, and how much of that was refused. */
export function unsent(queue) {
  const all = [...queue.entries, ...queue.photos];
  return { all: all.length, refused: all.filter((each) => each.state === "refused").length };
}

/** What is sent of an entry. */
export function message(entry, now) {
  return {
    id: entry.id, visit: entry.visit, case: entry.pairing ? undefined : entry.case, pairing: entry.pairing ?? undefined,
    based_on: entry.based_on, answers: entry.answers, device_at: now,
  };
}

/** Where two records differ: names of fields, sorted. */
export function differing(one, other) {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return names.filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
}

/** Both values of a field as one: lists united, texts one after the other; undefined when only one of them can hold. */
export function joined(one, other) {
  if (one === undefined || other === undefined) return one ?? other;
  if (Array.isArray(one) && Array.isArray(other)) return [...new Set([...one, ...other])];
  return undefined;
}

function replaced(queue, entry) {
  return { ...queue, entries: queue.entries.map((each) => (each.id === entry.id ? entry : each)) };
}

function replacedPhoto(queue, photo) {
  return { ...queue, photos: queue.photos.map((each) => (each.id === photo.id ? photo : each)) };
}
