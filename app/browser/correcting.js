// "This is wrong": sends the meme with the right genre to whoever runs this memeEra.

import { correct, newName, takeBack } from "./asking.js";
import { button, made } from "./elements.js";

const CONSENT =
  "A click on a genre sends this picture and that genre to whoever runs this memeEra. Both are " +
  "kept, seen by the people who label, and learned from.";

const sections = new WeakMap(); // of each meme: it outlasts the page around it being drawn anew

/** The button, the genres behind it, and what became of the answer. */
export function correcting(meme, genres) {
  if (!sections.has(meme)) sections.set(meme, new Correcting(meme, genres).section);
  return sections.get(meme);
}

class Correcting {
  constructor(meme, genres) {
    this.meme = meme;
    this.key = newName(); // of what is sent next: sent again, it counts once
    this.opener = button("This is wrong", () => this.open(this.choices.hidden));
    this.choices = made("div", null, "choices");
    this.choices.append(made("p", CONSENT));
    for (const genre of genres) {
      this.choices.append(button(genre.name, () => this.send(genre)));
    }
    this.sent = made("span");
    this.back = button("Take back", () => this.undo());
    this.thanks = made("p", null, "thanks");
    this.thanks.append(this.sent, " ", this.back);
    this.status = made("p");
    this.status.setAttribute("role", "status");
    this.section = made("section", null, "correcting");
    this.section.append(this.opener, this.choices, this.thanks, this.status);
    this.open(false);
    this.show();
  }

  open(isOpen) {
    this.choices.hidden = !isOpen;
    this.opener.setAttribute("aria-expanded", String(isOpen));
  }

  show() {
    const { correction } = this.meme;
    this.opener.hidden = correction !== null;
    this.thanks.hidden = correction === null;
    this.sent.textContent = correction ? `Sent as ${correction.name}.` : "";
  }

  async send({ key: genre, name }) {
    await this.tried("Thank you.", this.back, async () => {
      await correct(this.meme.file, genre, visitor(), this.key);
      this.meme.correction = { name, key: this.key };
      this.key = newName();
      this.open(false);
    });
  }

  async undo() {
    await this.tried("Taken back.", this.opener, async () => {
      await takeBack(this.meme.correction.key, visitor());
      this.meme.correction = null;
    });
  }

  /** Do it, say what became of it, and leave the keyboard where one goes on. */
  async tried(done, next, act) {
    const buttons = [...this.section.querySelectorAll("button")];
    for (const one of buttons) one.disabled = true;
    let said = done;
    try {
      await act();
    } catch (error) {
      said = `Not done: ${error.message}`;
    }
    for (const one of buttons) one.disabled = false;
    this.show();
    this.status.textContent = said;
    if (said === done) next.focus();
  }
}

/** A name that this browser makes up for itself, so that its answers count as one person's. */
function visitor() {
  const key = "memeera-visitor";
  let name = localStorage.getItem(key);
  if (!name) {
    name = newName();
    localStorage.setItem(key, name);
  }
  return name;
}
