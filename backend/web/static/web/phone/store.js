// The queue of whoever is logged in, kept in IndexedDB as ciphertext; without encryption in memory only.
//
// Stores: `keys` (the session's key, not extractable, with its end), `sealed` (per user one row of ciphertext and, in
// clear, how much of it is not sent: the page says so even while it cannot read it), `photos` (per photograph that is not
// sent one row of ciphertext), `device` (this browser's id).

import { openDB } from "../../idb/index.js";
import { newId } from "./ids.js";
import { EMPTY, unsent } from "./queue.js";
import { imported, opened, openedBytes, possible, sealed, sealedBytes } from "./vault.js";

const NAME = "jieqin";
const LOCK = "jieqin-queue";

async function database() {
  return openDB(NAME, 2, {
    upgrade(db) {
      for (const store of ["keys", "sealed", "photos", "device"]) {
        if (!db.objectStoreNames.contains(store)) db.createObjectStore(store);
      }
    },
    blocking(version, next, { target }) {
      target.close(); // a newer page in another window wants to go on
    },
  });
}

/** A browser whose disk holds the queue. */
class Kept {
  constructor(db) {
    this.db = db;
    this.kept = true;
  }

  /** This browser's id, made on first use: part of what the key is made of. */
  async device() {
    const known = await this.db.get("device", "id");
    if (known) return known;
    const made = newId();
    await this.db.put("device", made, "id");
    return made;
  }

  /** The key of the session that is in force, or null. One whose time is over is removed. */
  async session(now = Date.now()) {
    const found = await this.db.get("keys", "session");
    if (!found) return null;
    if (Date.parse(found.expires_at) > now) return found;
    await this.db.delete("keys", "session");
    return null;
  }

  /** The server gave a key: {user, name, key (base64), expires_at}. */
  async enter({ user, name, key, expires_at }) {
    await this.db.put("keys", { user, name, key: await imported(key), expires_at }, "session");
  }

  /** Nobody reads any more until somebody logs in. */
  async leave() {
    await this.db.delete("keys", "session");
  }

  /** Which of the server's keys this user's row was sealed with; empty when there is no row. */
  async keyName(user) {
    return (await this.db.get("sealed", user))?.name ?? "";
  }

  /** Records that are not sent and wait, unreadable, for somebody else to log in: how many. */
  async ofOthers(user) {
    const rows = await this.db.getAll("sealed");
    return rows.filter((row) => row.user !== user).reduce((sum, row) => sum + row.unsent, 0);
  }

  /** The queue. Throws when nobody is logged in. */
  async read() {
    const { user, key } = await this.needed();
    const row = await this.db.get("sealed", user);
    return row ? openedQueue(key, user, row) : EMPTY;
  }

  /** Change the queue: read, `step`, written. One at a time, in all windows; what `step` returns is kept when this ends,
   *  with the pictures ({id, bytes}) of photographs that it adds and without those of photographs that it takes away. */
  async change(step, pictures = []) {
    return navigator.locks.request(LOCK, async () => {
      const { user, key, name } = await this.needed();
      const row = await this.db.get("sealed", user);
      const before = row ? await openedQueue(key, user, row) : EMPTY;
      const after = step(before);
      if (after === before) return after;
      const written = { ...(await sealed(key, place(user), after)), user, name, unsent: unsent(after).all };
      const made = await Promise.all(pictures.map(({ id, bytes }) => sealedBytes(key, placeOfPhoto(user, id), bytes)));
      const left = new Set(after.photos.map((photo) => photo.id));
      const gone = before.photos.filter((photo) => !left.has(photo.id));
      const writing = this.db.transaction(["sealed", "photos"], "readwrite", { durability: "strict" });
      const photos = writing.objectStore("photos");
      await Promise.all([
        writing.objectStore("sealed").put(written, user), ...made.map((row, at) => photos.put(row, pictures[at].id)),
        ...gone.map(({ id }) => photos.delete(id)), writing.done,
      ]);
      return after;
    });
  }

  /** The picture of a photograph that is not sent. */
  async picture(id) {
    const { user, key } = await this.needed();
    return openedBytes(key, placeOfPhoto(user, id), await this.db.get("photos", id));
  }

  async needed() {
    const session = await this.session();
    if (!session) throw new Locked();
    return session;
  }
}

/** A browser that cannot encrypt: nothing is kept, everything has to be sent at once. */
class Fleeting {
  constructor() {
    this.kept = false;
    this.queue = EMPTY;
    this.pictures = new Map();
    this.here = null;
  }

  async device() { return null; }
  async session() { return this.here; }
  async enter({ user, expires_at }) { this.here = { user, expires_at }; }
  async leave() { this.here = null; this.queue = EMPTY; this.pictures.clear(); }
  async keyName() { return ""; }
  async ofOthers() { return 0; }
  async read() { return this.queue; }
  async picture(id) { return this.pictures.get(id); }

  async change(step, pictures = []) {
    for (const { id, bytes } of pictures) this.pictures.set(id, bytes);
    return (this.queue = step(this.queue));
  }
}

/** Nobody is logged in on this telephone, or no longer: what it holds cannot be read. */
export class Locked extends Error {}

/** The store that this browser can have. */
export async function opening() {
  return possible() ? new Kept(await database()) : new Fleeting();
}

// A queue that an earlier version kept lacks what came later.
async function openedQueue(key, user, row) {
  return { ...EMPTY, ...await opened(key, place(user), row) };
}

function placeOfPhoto(user, id) {
  return `${user}:photo:${id}`;
}

function place(user) {
  return `${user}:queue`;
}
