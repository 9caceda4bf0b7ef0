// Keeps a telephone's rows unreadable for whoever is not logged in. See README.md in this folder for the reasons.

const ALGORITHM = "AES-GCM";
const NONCE = 12;

/** Whether this browser can keep anything: encryption exists on HTTPS and localhost only. */
export function possible() {
  return Boolean(globalThis.crypto?.subtle && globalThis.indexedDB && navigator.locks);
}

/** The server's key as one that no script can read out again. */
export async function imported(base64) {
  const raw = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", raw, ALGORITHM, false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return key;
}

/** A key of this browser's own that no script can read out: for what nobody has to be logged in to write. */
export async function madeHere() {
  return crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, ["encrypt", "decrypt"]);
}

/** A value as ciphertext, bound to its place: moved to another row it cannot be opened. */
export async function sealed(key, place, value) {
  return sealedBytes(key, place, bytes(JSON.stringify(value)));
}

/** The same of bytes. */
export async function sealedBytes(key, place, plain) {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE));
  const data = await crypto.subtle.encrypt({ name: ALGORITHM, iv, additionalData: bytes(place) }, key, plain);
  return { iv, data };
}

/** The value again. Throws OperationError for another key or place, or altered bytes. */
export async function opened(key, place, row) {
  return JSON.parse(new TextDecoder().decode(await openedBytes(key, place, row)));
}

/** The same of bytes. */
export async function openedBytes(key, place, { iv, data }) {
  return crypto.subtle.decrypt({ name: ALGORITHM, iv, additionalData: bytes(place) }, key, data);
}

function bytes(text) {
  return new TextEncoder().encode(text);
}
