// Rows of memes with what was said of each; one answer settles what it is.

import { Api } from "./api.js";
import { button, linkedPicture, made } from "./elements.js";
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
    this.api.close();
    this.outbox.close();
  }

  row(meme) {
    const row = made("article", null, "row");
    row.tabIndex = 0;
    row.meme = meme;
    row.setAttribute("aria-label", `Meme ${meme.meme_id}`);
    const link = linkedPicture(this.api, meme.sha256, `Meme ${meme.meme_id}`);
    const about = made("div", null, "about");
    about.append(made("p", [`Meme ${meme.meme_id}`, meme.title].filter(Boolean).join(": "), "title"));
    for (const line of meme.lines) about.append(made("p", line, "line"));
    const answers = made("div", null, "answers");
    answers.setAttribute("role", "group");
    answers.setAttribute("aria-label", "What it is");
    for (const { key, name } of this.answers) {
      const answer = button(key, name);
      answer.setAttribute("aria-pressed", "false");
      answers.append(answer);
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
    const clicked = event.target.closest("button[data-action]");
    if (!clicked || event.detail > 1) return;
    const row = clicked.closest(".row");
    if (row.said?.what === clicked.dataset.action) this.undo(row);
    else this.answer(row, clicked.dataset.action);
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
      channel: "review",
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
    for (const answer of row.querySelectorAll("button[data-action]")) {
      answer.setAttribute("aria-pressed", String(answer.dataset.action === row.said?.what));
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
