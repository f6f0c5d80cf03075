// A picture as large as the screen, over the page.

import { made } from "./elements.js";

export const ENLARGE_KEY = "z";

/** Whether the picture in an element is there to be seen: loaded, and not damaged. */
export function isThere(element) {
  const image = element.querySelector("img");
  return Boolean(image?.complete && image.naturalWidth > 0);
}

/**
 * Show pictures side by side until a click, Escape, or the key that showed them.
 *
 * @param {HTMLElement} page what the dialog is put into
 * @param {import("./api.js").Api} api
 * @param {{sha256: string, name: string, meme_id?: number}[]} pictures
 * @param {string} key
 * @returns {HTMLDialogElement}
 */
export function enlarge(page, api, pictures, key) {
  const dialog = made("dialog", null, "enlarged");
  dialog.setAttribute("aria-label", pictures.map(({ name }) => name).join(", "));
  const close = made("button", "Close");
  close.type = "button";
  const head = made("div", null, "head");
  const figures = made("div", null, "figures");
  for (const { sha256, name, meme_id } of pictures) {
    const figure = made("figure");
    const image = new Image();
    image.src = api.picture(sha256);
    image.alt = name;
    const caption = made("figcaption");
    caption.append(meme_id ? historyLink(api, meme_id, name) : made("span", name));
    figure.append(caption, image);
    figures.append(figure);
  }
  head.append(close);
  dialog.append(head, figures);
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("a")) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation(); // what is under it hears none of it
    if (event.key.toLowerCase() === key && !event.repeat) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  page.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A link to all that was ever said of a meme. */
export function historyLink(api, meme_id, text = `Meme ${meme_id}`) {
  const link = made("a", text, "history");
  link.href = api.history(meme_id);
  link.target = "_blank"; // what is being done on this page goes on
  link.rel = "noopener";
  link.title = `Meme ${meme_id}: all that was ever said of it`;
  return link;
}
