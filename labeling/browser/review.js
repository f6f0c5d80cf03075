// Rows of memes with what was said of each; one answer settles what it is.

import { Api } from "./api.js";
import { isForSomethingElse, Keys, nameOf } from "./keys.js";
import { newKey, Outbox } from "./outbox.js";

const lists = new WeakMap();

/** Streamlit calls this whenever the page's script has run. */
export default function review({ data, parentElement }) {
  let list = lists.get(parentElement);
  if (!list) {
    list = new ReviewList(parentElement, data);
    lists.set(parentElement, list);
  }
  list.update(data);
  return () => {
    list.close();
    lists.delete(parentElement);
  };
}

class ReviewList {
  constructor(root, data) {
    this.root = root;
    this.api = new Api();
    this.answers = [...data.genres, ...data.others];
    this.keys = new Keys({
      ...Object.fromEntries(data.genres.map((genre) => [genre.key, String(genre.digit)])),
      ...{ unsure: "u", not_a_meme: "x", undo: "Backspace" },
    });
    this.outbox = new Outbox(
      data.annotator,
      (operations) => this.api.ask("answers", { operations }),
      () => this.tell(),
    );
    this.closing = new AbortController();
    const { signal } = this.closing;
    const rows = root.querySelector(".rows");
    rows.addEventListener("keydown", (event) => this.key(event), { signal });
    rows.addEventListener("click", (event) => this.click(event), { signal });
  }

  update(data) {
    this.api.use(data);
    this.data = data;
    const memes = JSON.stringify(data.memes);
    if (memes !== this.memes) {
      this.memes = memes;
      this.root.querySelector(".rows").replaceChildren(...data.memes.map((one) => this.row(one)));
    }
    this.outbox.hurry();
    this.tell();
  }

  close() {
    this.closing.abort();
    this.outbox.close();
  }

  row(meme) {
    const row = made("article", "row");
    row.tabIndex = 0;
    row.meme = meme;
    row.setAttribute("aria-label", `Meme ${meme.meme_id}`);
    const link = made("a", "picture");
    link.href = this.api.picture(meme.sha256);
    link.target = "_blank";
    link.rel = "noopener";
    const image = new Image();
    image.loading = "lazy";
    image.src = this.api.thumbnail(meme.sha256);
    image.alt = `Meme ${meme.meme_id}, to be opened whole`;
    link.append(image);
    const about = made("div", "about");
    if (meme.title) about.append(made("p", "title", meme.title));
    for (const line of meme.lines) about.append(made("p", "line", line));
    const answers = made("div", "answers");
    answers.setAttribute("role", "group");
    answers.setAttribute("aria-label", "What it is");
    for (const { key, name } of this.answers) {
      const button = made("button", "", name);
      button.type = "button";
      button.dataset.action = key;
      button.setAttribute("aria-pressed", "false");
      answers.append(button);
    }
    about.append(answers);
    row.append(link, about);
    return row;
  }

  key(event) {
    if (isForSomethingElse(event) || event.repeat || event.shiftKey || !this.keys.areOn) return;
    const row = event.target.closest(".row");
    const action = this.keys.action(nameOf(event));
    if (!row || !action) return;
    event.preventDefault();
    event.stopPropagation();
    if (action === "undo") return this.undo(row);
    this.answer(row, action);
    row.nextElementSibling?.focus();
  }

  click(event) {
    const button = event.target.closest("button[data-action]");
    if (!button || event.detail > 1) return;
    const row = button.closest(".row");
    if (row.said?.what === button.dataset.action) this.undo(row);
    else this.answer(row, button.dataset.action);
  }

  answer(row, what) {
    this.undo(row);
    const key = newKey();
    const isGenre = this.data.genres.some((genre) => genre.key === what);
    this.outbox.put({
      op: "vote",
      key,
      sha256: row.meme.sha256,
      verdict: isGenre ? "genre" : what,
      genre: isGenre ? what : null,
      saw_suggestion: true, // what others, and the model, say stands beside it
      settles: true,
    });
    row.said = { key, what };
    this.mark(row);
  }

  undo(row) {
    if (!row.said) return;
    this.outbox.put({ op: "undo", key: row.said.key });
    row.said = null;
    this.mark(row);
  }

  mark(row) {
    row.classList.toggle("is-done", Boolean(row.said));
    for (const button of row.querySelectorAll("button[data-action]")) {
      button.setAttribute("aria-pressed", String(button.dataset.action === row.said?.what));
    }
  }

  tell() {
    if (!this.outbox) return; // it is being made
    const { text, kind } = this.outbox.state;
    const status = this.root.querySelector(".status");
    if (status.textContent !== text) status.textContent = text;
    status.className = `status ${kind}`;
    this.root.querySelector(".problems").textContent = this.outbox.problem;
  }
}

function made(kind, className = "", text = null) {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text !== null) element.textContent = text;
  return element;
}
