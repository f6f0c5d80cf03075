// Rows of memes with what was said of each; one answer settles what it is.

import { Api } from "./api.js";
import { button, linkedPicture, made } from "./elements.js";
import { ENLARGE_KEY, enlarge, historyLink, isThere } from "./enlarge.js";
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
    this.since = 0; // when the row that has the focus came to have it, in the time of events
    this.isMoving = false; // to the next row, with the next frame
    this.answers = [...data.genres, ...data.others];
    this.keys = new Keys({
      ...Object.fromEntries(data.genres.map((genre) => [genre.key, String(genre.digit)])),
      ...{ unsure: "u", not_a_meme: "x", undo: "Backspace", enlarge: ENLARGE_KEY },
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
    const title = made("p", null, "title");
    title.append(historyLink(this.api, meme.meme_id), meme.title ? `: ${meme.title}` : "");
    about.append(title);
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
    row.hidden = true; // until there is something to judge
    const image = link.querySelector("img");
    image.loading = "eager";
    const show = () => (row.hidden = false);
    image.decode().then(show, show);
    return row;
  }

  key(event) {
    if (isForSomethingElse(event)) return;
    if (event.repeat) {
      if (event.key === "Enter") event.preventDefault(); // would press a button again and again
      return;
    }
    if (event.shiftKey || !this.keys.areOn) return;
    const row = event.target.closest(".row");
    const action = this.keys.action(nameOf(event));
    if (!row || !action) return;
    event.preventDefault();
    event.stopPropagation();
    if (action === "enlarge") return this.enlarge(row);
    // A key is for the row that the screen showed as the one with the focus when it fell.
    if (this.isMoving || (event.isTrusted && event.timeStamp < this.since)) return this.refuse();
    if (action === "undo") return this.undo(row);
    if (this.answer(row, action)) this.moveTo(row.nextElementSibling);
  }

  moveTo(row) {
    if (!row) return;
    this.isMoving = true;
    requestAnimationFrame(() => {
      row.focus();
      this.isMoving = false;
      this.since = performance.now();
    });
  }

  click(event) {
    const row = event.target.closest(".row");
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (event.target.closest(".picture") && isPlain) {
      event.preventDefault();
      return this.enlarge(row);
    }
    const clicked = event.target.closest("button[data-action]");
    if (!clicked || event.detail > 1) return;
    if (row.said?.what === clicked.dataset.action) this.undo(row);
    else this.answer(row, clicked.dataset.action);
  }

  enlarge(row) {
    const { sha256, meme_id } = row.meme;
    const pictures = [{ sha256, meme_id, name: `Meme ${meme_id}` }];
    const page = this.root.querySelector(".review");
    const dialog = enlarge(page, this.api, pictures, this.keys.of("enlarge"));
    dialog.addEventListener("close", () => row.focus());
  }

  refuse() {
    this.say("Too early: the picture was not on the screen yet, and the key counted for nothing.");
  }

  /** Says whether it counts: nobody can judge a picture that is not there. */
  answer(row, what) {
    if (!isThere(row)) {
      const isBroken = row.querySelector("img").complete;
      if (isBroken) this.say("Nobody can see this picture: it is missing or damaged.");
      else this.refuse();
      return false;
    }
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
    return true;
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

  say(text) {
    const note = this.root.querySelector(".note");
    note.textContent = text;
    clearTimeout(this.noting);
    this.noting = setTimeout(() => (note.textContent = ""), 4000);
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
