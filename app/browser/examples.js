// One drawn meme of each genre, to try the window with.

import { file } from "./asking.js";
import { button, made } from "./elements.js";

/** Buttons that bring an example each, as if it had been dropped; `fail` takes why one could not. */
export function examples({ base, genres }, take, fail) {
  const list = made("ul");
  for (const { key, name } of genres) {
    const address = `${base}/browser/examples/${key}.jpg`;
    const bring = () => file(address).then((it) => take([{ file: it, name: `${key}.jpg` }]), fail);
    const one = button("", bring);
    const image = new Image();
    image.src = address;
    image.alt = "";
    one.append(image, name);
    const item = made("li");
    item.append(one);
    list.append(item);
  }
  const section = made("section", null, "examples");
  section.append(made("h2", "No meme at hand? Try one of these"), list);
  return section;
}
