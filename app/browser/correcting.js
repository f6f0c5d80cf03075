// "This is wrong": sends the meme with the right genre to whoever runs this memeEra.

import { correct, takeBack } from "./asking.js";
import { button, made } from "./elements.js";

const CONSENT =
  "A click on a genre sends this picture and that genre to whoever runs this memeEra. Both are " +
  "kept, seen by the people who label, and learned from.";

/** The button, the genres behind it, and what became of the answer. */
export function correcting(meme, genres) {
  const section = made("section", null, "correcting");
  const status = made("p", null, "status");
  status.setAttribute("role", "status");
  const choices = made("div", null, "choices");
  choices.hidden = true;
  choices.append(made("p", CONSENT));
  const opener = button("This is wrong", () => {
    choices.hidden = !choices.hidden;
    opener.setAttribute("aria-expanded", String(!choices.hidden));
  });
  opener.setAttribute("aria-expanded", "false");
  for (const { key, name } of genres) choices.append(button(name, () => send(key, name)));

  const show = () => {
    status.replaceChildren();
    opener.hidden = meme.correction !== null;
    if (!meme.correction) return;
    choices.hidden = true;
    status.append(`Thank you: sent as ${meme.correction.name}. `, button("Take back", undo));
  };
  const send = async (key, name) => {
    await tried(status, choices, async () => {
      meme.correction = { name, key: await correct(meme.file, key, visitor()) };
    });
    if (meme.correction) show();
  };
  const undo = async () => {
    await tried(status, section, async () => {
      await takeBack(meme.correction.key, visitor());
      meme.correction = null;
    });
    if (!meme.correction) {
      show();
      status.textContent = "Taken back.";
    }
  };
  section.append(opener, choices, status);
  show();
  return section;
}

async function tried(status, area, act) {
  const buttons = [...area.querySelectorAll("button")];
  for (const one of buttons) one.disabled = true;
  try {
    await act();
  } catch (error) {
    status.textContent = `Not done: ${error.message}`;
  } finally {
    for (const one of buttons) one.disabled = false;
  }
}

/** A name that this browser makes up for itself, so that its answers count as one person's. */
function visitor() {
  const key = "memeera-visitor";
  let name = localStorage.getItem(key);
  if (!name) {
    name = crypto.randomUUID();
    localStorage.setItem(key, name);
  }
  return name;
}
