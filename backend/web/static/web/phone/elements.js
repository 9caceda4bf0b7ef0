// Making elements: the page is drawn here, for without network nobody else could.

/** An element: el("p", {class: "lead"}, "text", other elements). `on…` adds a listener; null and false are left out. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const drawn = document.getElementById("icons");

/** An icon that says nothing to a screen reader: a copy of the page's own (ICONS in web/phone.py). */
export function icon(name) {
  return drawn.content.querySelector(`.bi-${name}`).cloneNode(true);
}

/** A large button or, with an address, a link that looks like one. */
export function button(label, { name = "", kind = "outline-primary", href = null, type = "button", onclick = null, ...more } = {}) {
  const look = { class: `btn btn-${kind} large-button w-100`, ...more };
  const inside = [name && icon(name), label];
  return href ? el("a", { ...look, href }, inside) : el("button", { ...look, type, onclick }, inside);
}

/** The words with their holes filled: fill("%(n)s left", {n: 2}). */
export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (hole, name) => values[name] ?? hole);
}

const language = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";

/** A day as people write it. */
export function day(text) {
  return new Intl.DateTimeFormat(language, { month: "short", day: "numeric", weekday: "short" }).format(new Date(text));
}

/** A moment as people write it. */
export function moment(text) {
  const look = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(language, look).format(new Date(text));
}

/** A moment as an input of the kind datetime-local holds it. */
export function local(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
