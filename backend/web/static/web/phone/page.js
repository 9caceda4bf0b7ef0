// The telephone's page: shows what is kept, and speaks with the server whenever it can.

import { fill } from "./elements.js";
import { newId } from "./ids.js";
import { answered, discarded, EMPTY, loaded, message, next, nextPhoto, photoAnswered, photoDiscarded, photographed, unsent, write } from "./queue.js";
import * as server from "./server.js";
import { Locked, opening } from "./store.js";
import * as views from "./views.js";

const RETRY = 60_000; // milliseconds between attempts while something is not sent
const SENDING = "jieqin-sending";

const words = JSON.parse(document.getElementById("words").textContent);
const addresses = JSON.parse(document.getElementById("addresses").textContent);
const place = document.getElementById("phone");
const status = document.getElementById("status");
const announcement = document.getElementById("announcement");

const store = await opening();
const now = { queue: EMPTY, offline: false, open: false, sending: false, others: 0, outside: false };

// --- what is shown

function go(path) {
  if (location.hash === `#${path}`) draw();
  else location.hash = path;
}

async function draw() {
  drawStatus();
  if (now.outside) return show(views.outside({ words, addresses }));
  if (!now.open) return show(views.locked({ words, addresses, waiting: await store.ofOthers(null), offline: now.offline }));
  const [name, id, more] = location.hash.slice(1).split("/");
  const told = { words, addresses, queue: now.queue, go, discardPhoto, back: () => go("") };
  const alarm = more === "alarm";
  if (name === "visit" && now.queue.taken) return show(views.visit({ ...told, id, alarm, save, discard }));
  if (name === "family" && now.queue.taken) return show(views.visit({ ...told, of: id, alarm, save, discard }));
  if (name === "conflict" && now.queue.taken) return show(views.conflict({ ...told, id, decide }));
  if (name === "alarm") return show(views.alarm(told));
  return show(views.list(told));
}

function show(view) {
  place.replaceChildren(view);
  document.title = document.title.replace(/^\(\d+\) /, "");
  if (document.activeElement === document.body) place.querySelector("h1")?.focus({ preventScroll: true });
}

function drawStatus() {
  if (!now.open) return status.replaceChildren();
  status.replaceChildren(...views.status({ words, ...now, kept: store.kept, send: contact }));
}

// A form that somebody is filling in is not drawn anew under their hands.
function refresh() {
  const isList = !location.hash || location.hash === "#";
  if (isList || !now.open || !place.firstChild) draw();
  else drawStatus();
}

function say(text) {
  announcement.textContent = text;
}

// --- what a person does

async function save(record, pictures) {
  const at = new Date().toISOString();
  const ids = pictures.map(({ id }) => id);
  await change((queue) => photographed(write(queue, { ...record, id: newId(), at }), { ...record, at, ids }), pictures);
  say(words.saved);
  go("");
  contact();
}

async function discard(id) {
  await change((queue) => discarded(queue, id));
  go("");
}

async function discardPhoto(id) {
  await change((queue) => photoDiscarded(queue, id));
  draw();
}

async function decide(found, answers) {
  const { status: code, body } = await server.decide(addresses, found.id, answers, found.visit_version);
  if (code === 200) say(words.decided);
  else say(code ? views.reasons(body) : words.offline);
  if (code === 200 || code === 409) {
    go("");
    await contact();
  } else {
    place.querySelector("[role=alert]").textContent = code ? views.reasons(body) : words.needs_network;
  }
}

// --- keeping

async function change(step, pictures) {
  now.queue = await store.change(step, pictures);
  return now.queue;
}

async function unlock() {
  const session = await store.session();
  now.open = Boolean(session);
  now.queue = session ? await store.read() : EMPTY;
  now.others = session ? await store.ofOthers(session.user) : 0;
}

// --- speaking with the server

async function contact() {
  const { status: code, body } = await server.session(addresses);
  now.offline = code === 0;
  if (code === 401) {
    await store.leave();
    await unlock();
    return draw();
  }
  if (code !== 200) return refresh();
  now.outside = !body.visits;
  if (now.outside) return draw();
  await enter(body.user);
  await sendAll();
  await load();
  refresh();
}

async function enter(user) {
  const session = await store.session();
  if (session?.user === user && now.open) return;
  const { status: code, body } = await server.key(addresses, await store.device(), await store.keyName(user));
  if (code !== 200) return;
  await store.enter(body);
  await unlock();
}

async function load() {
  const { status: code, body } = await server.coming(addresses);
  if (code === 200 && now.open) await change((queue) => loaded(queue, body));
}

// In one window at a time: what another one is sending needs no second attempt.
async function sendAll() {
  if (!navigator.locks) return sendEach();
  return navigator.locks.request(SENDING, { ifAvailable: true }, (lock) => (lock ? sendEach() : undefined));
}

async function sendEach() {
  const before = unsent(now.queue).all;
  now.sending = true;
  drawStatus();
  const goesOn = await sendThrough(next, answered, (entry) => server.submit(addresses, message(entry, new Date().toISOString())));
  if (goesOn) await sendThrough(nextPhoto, photoAnswered, async (photo) => server.photo(addresses, photo, await store.picture(photo.id)));
  now.sending = false;
  const sent = before - unsent(now.queue).all;
  if (sent > 0) say(fill(words.sent, { n: sent }));
}

// One after the other, until none is left or there is no network: false.
async function sendThrough(following, settled, ask) {
  const tried = new Set();
  for (let entry = await take(following, tried); entry; entry = await take(following, tried)) {
    tried.add(entry.id);
    const { status: code, body } = await ask(entry);
    now.offline = code === 0;
    await change((queue) => settled(queue, entry.id, code, body));
    if (code === 0 || code === 401) return false;
  }
  return true;
}

// The next one, marked as sent *before* it is: whatever happens then, it is repeated and not changed.
async function take(following, tried) {
  let entry = null;
  await change((queue) => {
    const [marked, found] = following(queue, tried);
    entry = found;
    return found ? marked : queue;
  });
  return entry;
}

// --- beginning

async function begin() {
  await unlock();
  if (now.open) await draw();
  await contact();
  if (!place.firstChild) await draw();
}

addEventListener("hashchange", draw);
addEventListener("online", contact);
addEventListener("offline", () => { now.offline = true; drawStatus(); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") contact(); });
new BroadcastChannel("jieqin").addEventListener("message", () => unlock().then(draw));
addEventListener("unhandledrejection", (event) => {
  // The session's time ran out while the page was open.
  if (event.reason instanceof Locked) {
    event.preventDefault();
    unlock().then(draw);
  }
});
setInterval(() => { if (unsent(now.queue).all) contact(); }, RETRY);

await begin();
