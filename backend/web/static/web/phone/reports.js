// Emergencies told without an account: kept until the server has them, on every page that a telephone opens.
//
// Nobody is logged in, so the server gives no key: this browser makes one of its own that no script can read out, and
// keeps each report as ciphertext under it until it is sent, for a week at most. Nothing is ever shown again.

import { openDB } from "../../idb/index.js";
import { madeHere, opened, possible, sealed } from "./vault.js";

const ADDRESS = "/api/public-reports/";
const NAME = "jieqin-reports";
const LOCK = "jieqin-reports";
const LONGEST = 7 * 24 * 3600 * 1000; // milliseconds
const RETRY = 30_000;
const PATIENCE = 20_000;
const LATER = new Set([0, 408, 425, 429]);

const waiting = new Map(); // where nothing can be kept: as long as the page is open

async function database() {
  return openDB(NAME, 1, {
    upgrade(db) {
      db.createObjectStore("keys");
      db.createObjectStore("sealed");
    },
  });
}

async function keyOf(db) {
  const known = await db.get("keys", "own");
  if (known) return known;
  const made = await madeHere();
  await db.put("keys", made, "own");
  return made;
}

/** Keep a report before it is sent. False: this browser keeps it only as long as the page is open. */
export async function keep(report) {
  try {
    if (!possible()) throw new Error("no encryption here");
    const db = await database();
    const row = await sealed(await keyOf(db), report.id, report);
    await db.put("sealed", { ...row, at: Date.now() }, report.id);
    return true;
  } catch {
    waiting.set(report.id, report);
    return false;
  }
}

/** Send what is kept, in one window at a time. Answers by report: {status, body}. */
export async function sendKept() {
  if (!navigator.locks) return sendEach();
  return navigator.locks.request(LOCK, sendEach);
}

async function sendEach() {
  const answers = new Map();
  for (const report of await allKept()) {
    const answer = await posted(report);
    answers.set(report.id, answer);
    if (!isLater(answer.status)) await forget(report.id);
  }
  return answers;
}

async function allKept() {
  const kept = [...waiting.values()];
  if (!possible()) return kept;
  const db = await database();
  const key = await keyOf(db);
  for (const id of await db.getAllKeys("sealed")) {
    const row = await db.get("sealed", id);
    const report = row.at > Date.now() - LONGEST ? await opened(key, id, row).catch(() => null) : null;
    if (report) kept.push(report);
    else await db.delete("sealed", id);
  }
  return kept;
}

async function forget(id) {
  waiting.delete(id);
  if (possible()) await (await database()).delete("sealed", id);
}

// No answer, or one that says nothing about what was sent.
function isLater(status) {
  return LATER.has(status) || status >= 500;
}

async function posted(report) {
  try {
    const response = await fetch(ADDRESS, {
      method: "POST", credentials: "omit", cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE),
      headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
      body: JSON.stringify(report),
    });
    if (!response.headers.get("Content-Type")?.includes("json")) return { status: 0, body: null };
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: null };
  }
}

const again = () => sendKept().catch(() => {});
addEventListener("online", again);
setInterval(again, RETRY);
again();
