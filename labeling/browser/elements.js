// Makes the elements of which pages are built.

import { shownAs } from "./keys.js";

/** An element; its text is only ever text. */
export function made(kind, text = null, className = "") {
  const element = document.createElement(kind);
  if (text !== null) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** A button that does an action when the page hears of its click. */
export function button(action, text) {
  const element = made("button", text);
  element.type = "button";
  element.dataset.action = action;
  return element;
}

/** The same with its key before it, where keys are on. */
export function keyButton(action, keys, text) {
  const one = button(action, "");
  const key = made("kbd", shownAs(keys.of(action) ?? ""));
  key.hidden = !keys.areOn;
  one.append(key, ` ${text}`);
  return one;
}

/** A picture of a file, small unless another source is given, which leads to the whole of it. */
export function linkedPicture(api, sha256, alt, source = api.thumbnail(sha256)) {
  const link = made("a", null, "picture");
  link.href = api.picture(sha256);
  link.target = "_blank";
  link.rel = "noopener";
  const image = new Image();
  image.loading = "lazy";
  image.src = source;
  image.alt = `${alt}, to be opened whole`;
  link.append(image);
  return link;
}
