// The guidelines, and the settings of the keys.

import { made } from "./elements.js";
import { nameOf, shownAs } from "./keys.js";

const NAMES = {
  unsure: "Unsure",
  not_a_meme: "Not a meme",
  skip: "Skip",
  nsfw: "Not safe for work",
  year: "When it was made",
  undo: "Take back",
  suggestion: "What the model says",
  guidelines: "Guidelines",
  zoom: "Zoom",
  scroll: "Scroll a tall comic",
};
const FIXED = new Set(["Escape", "Tab", "Enter", "Shift", "Control", "Alt", "Meta"]);

/** The definitions, with examples that people agree on. */
export function guidelines(genres, api, keys) {
  const dialog = frame("The genres");
  for (const genre of genres) {
    const section = made("section");
    const heading = made("h3", genre.name);
    heading.prepend(made("kbd", shownAs(keys.of(genre.key))));
    const examples = made("div", null, "examples");
    section.append(heading, made("p", genre.definition), made("p", genre.guideline), examples);
    examples.dataset.genre = genre.key;
    dialog.body.append(section);
  }
  dialog.body.append(
    made("p", "Shift and a digit marks a second genre; the digit after it answers.", "hint"),
  );
  api
    .ask("examples", {})
    .then(({ examples }) => {
      for (const [genre, memes] of Object.entries(examples)) {
        const place = dialog.querySelector(`[data-genre="${CSS.escape(genre)}"]`);
        if (memes.length === 0) place?.append(drawn(api, genre));
        for (const { sha256, meme_id } of memes) {
          const image = new Image();
          image.src = api.thumbnail(sha256);
          image.alt = `Meme ${meme_id}, an example`;
          image.loading = "lazy";
          place?.append(image);
        }
      }
    })
    .catch(() => dialog.body.append(made("p", "The examples cannot be fetched now.", "hint")));
  return dialog;
}

/** An example that the project drew, until people agree on real ones. */
function drawn(api, genre) {
  const image = new Image();
  image.src = `${api.base}/browser/examples/${genre}.jpg`;
  image.alt = "Drawn, as an example";
  image.title = "Drawn by the project: nobody has labelled a real one yet.";
  image.loading = "lazy";
  return image;
}

/** Which key does what; changed by pressing another one. */
export function keySettings(keys, genres, changed) {
  const dialog = frame("Keys");
  const list = made("div", null, "keys");
  const names = { ...Object.fromEntries(genres.map(({ key, name }) => [key, name])), ...NAMES };

  const isOn = made("label", " Answer by keys");
  const box = made("input");
  box.type = "checkbox";
  box.checked = keys.areOn;
  box.addEventListener("change", () => {
    keys.switch(box.checked);
    changed();
  });
  isOn.prepend(box);

  const draw = () => {
    list.replaceChildren();
    for (const [action, name] of Object.entries(names)) {
      const button = made("button", shownAs(keys.of(action)));
      button.type = "button";
      button.setAttribute("aria-label", `${name}: ${shownAs(keys.of(action))}; press to change`);
      button.addEventListener("click", () => listen(action, button));
      list.append(made("span", name), button);
    }
  };
  const listen = (action, button) => {
    button.textContent = "press a key";
    const take = (event) => {
      event.preventDefault();
      event.stopPropagation();
      button.removeEventListener("keydown", take);
      const name = nameOf(event);
      if (!FIXED.has(name)) keys.set(action, name);
      draw();
      changed();
      list.querySelectorAll("button")[Object.keys(names).indexOf(action)].focus();
    };
    button.addEventListener("keydown", take);
    button.addEventListener("blur", () => {
      button.removeEventListener("keydown", take);
      if (button.isConnected) button.textContent = shownAs(keys.of(action));
    });
  };
  const reset = made("button", "As usual");
  reset.type = "button";
  reset.addEventListener("click", () => {
    keys.reset();
    draw();
    changed();
  });
  draw();
  dialog.body.append(isOn, list, reset);
  return dialog;
}

/** A dialog with a heading and a button that closes it; what it holds goes into its `body`. */
export function frame(title) {
  const dialog = made("dialog");
  const heading = made("h2", title);
  heading.id = "dialog-title";
  dialog.setAttribute("aria-labelledby", heading.id);
  const close = made("button", "Close", "close");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
  dialog.body = made("div", null, "body");
  const head = made("div", null, "head");
  head.append(heading, close);
  dialog.append(head, dialog.body);
  return dialog;
}
