// Photographs of a visit: taken by the telephone's camera, made anew from their pixels (what the file told beside them, such
// as the place, stays behind), shown before they are saved.

import { button, el, fill, icon } from "./elements.js";
import { newId } from "./ids.js";

const LONGEST_SIDE = 1600; // pixels, as the server keeps them
const QUALITY = 0.82;

/** The part of a visit's form where photographs are taken. `taken()`: [{id, bytes}]. */
export class Pictures {
  constructor({ words, waiting }) {
    this.words = words;
    this.found = [];
    this.previews = el("div", { class: "chips mb-2" });
    this.hint = el("p", { class: "text-danger fw-bold", role: "alert" });
    const input = el("input", { type: "file", id: "take-photo", class: "visually-hidden", accept: "image/*", capture: "environment", onchange: (event) => this.take(event.target) });
    this.element = el("section", { class: "mb-4", "aria-labelledby": "photos" },
      el("h2", { class: "fs-5 mb-1", id: "photos" }, words.photos), el("p", { class: "form-text mt-0 mb-1" }, words.photos_why),
      waiting ? el("p", { class: "mb-1" }, icon("hourglass-split"), fill(words.photos_waiting, { n: waiting })) : null,
      this.previews, input, el("label", { class: "btn btn-outline-primary large-button w-100", for: "take-photo" }, icon("camera"), words.take_photo), this.hint);
  }

  taken() {
    return this.found;
  }

  async take(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    this.hint.replaceChildren();
    try {
      const canvas = await scaled(file);
      const picture = { id: newId(), bytes: await jpeg(canvas) };
      this.found.push(picture);
      this.show(canvas, picture);
    } catch {
      this.hint.replaceChildren(this.words.photo_unreadable);
    }
  }

  show(canvas, picture) {
    const number = this.found.length;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", fill(this.words.photo_number, { n: number }));
    canvas.classList.add("photo-preview");
    const remove = () => {
      this.found.splice(this.found.indexOf(picture), 1);
      figure.remove();
    };
    const figure = el("figure", { class: "mb-0", "data-photo": picture.id }, canvas,
      button(fill(this.words.photo_remove, { n: number }), { name: "x-lg", kind: "outline-secondary", onclick: remove }));
    this.previews.append(figure);
  }
}

async function scaled(file) {
  const image = await createImageBitmap(file);
  const factor = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
  const canvas = el("canvas", { width: Math.round(image.width * factor), height: Math.round(image.height * factor) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas;
}

async function jpeg(canvas) {
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", QUALITY); });
  return blob.arrayBuffer();
}
