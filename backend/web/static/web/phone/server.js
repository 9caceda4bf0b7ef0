// What the telephone asks the server. Every answer is {status, body}; status 0: no network, or not our server.

const PATIENCE = 20_000; // milliseconds until an answer counts as lost

let token = "";

async function asked(path, options = {}) {
  try {
    const response = await fetch(path, {
      credentials: "same-origin", cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE), ...options,
    });
    const isJson = response.headers.get("Content-Type")?.includes("json");
    // Whatever is not ours (a hotel's log-in page, a proxy's error) is no answer.
    if (!isJson) return { status: 0, body: null };
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: null };
  }
}

async function sent(path, body) {
  const answer = await asked(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  return answer;
}

/** Whether somebody is logged in, and the token that posts need: {user} or 401. */
export async function session(addresses) {
  const answer = await asked(addresses.session);
  if (answer.status === 200) token = answer.body.csrf;
  return answer;
}

/** The key of this session for this device; `name`: of the key that was used before. */
export async function key(addresses, device, name) {
  return sent(addresses.key, { device, name });
}

/** What to take along. */
export async function coming(addresses) {
  return asked(addresses.coming);
}

/** One record. */
export async function submit(addresses, message) {
  return sent(addresses.submit, message);
}

/** A photograph of a visit that is recorded. Some telephones' lines are slow: it has longer than a record. */
export async function photo(addresses, { id, visit, at }, bytes) {
  const form = new FormData();
  form.append("id", id);
  form.append("device_at", at);
  form.append("file", new Blob([bytes], { type: "image/jpeg" }), "photo.jpg");
  const path = addresses.photos.replace("ID", visit);
  return asked(path, { method: "POST", headers: { "X-CSRFToken": token }, body: form, signal: AbortSignal.timeout(6 * PATIENCE) });
}

/** A person's decision between two records. */
export async function decide(addresses, id, answers, version) {
  return sent(addresses.decide.replace("ID", id), { answers, version });
}
