// One drawn meme of each genre, to try the window with.

import { Refused } from "./asking.js";
import { button, made } from "./elements.js";

/** Buttons that bring an example each, as if it had been dropped; `fail` takes why one could not. */
export function examples({ base, genres }, take, fail) {
  const list = made("ul");
  for (const { key, name } of genres) {
    const address = `${base}/browser/examples/${key}.jpg`;
    const bring = () => fetched(address).then((file) => take([{ file, name: `${key}.jpg` }]), fail);
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

async function fetched(address) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) throw new Refused(0, "unreachable", "The server does not answer; is it still running?");
  return response.blob();
}
