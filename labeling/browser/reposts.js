// Memes beside what was taken for the same: a click says that they are two.

import { Api } from "./api.js";
import { Decisions } from "./decisions.js";
import { keyButton, linkedPicture, made } from "./elements.js";
import { ENLARGE_KEY, enlarge, historyLink } from "./enlarge.js";
import { isForSomethingElse, Keys, nameOf } from "./keys.js";

const SPLIT_KEY = "d"; // different

const lists = new WeakMap();

/** Streamlit calls this whenever the page's script has run. */
export default function reposts({ data, parentElement }) {
  let list = lists.get(parentElement);
  if (!list) {
    list = new Reposts(parentElement);
    lists.set(parentElement, list);
  }
  list.update(data);
  return () => {
    list.close();
    lists.delete(parentElement);
  };
}

class Reposts {
  constructor(root) {
    this.root = root;
    this.api = new Api();
    this.keys = new Keys({ split: SPLIT_KEY, enlarge: ENLARGE_KEY });
    this.rows = root.querySelector(".rows");
    this.note = root.querySelector(".note");
    this.decisions = new Decisions(root.querySelector(".decided"), this.api, (text, isBad) => {
      this.note.textContent = text;
      this.note.classList.toggle("is-bad", Boolean(isBad));
    });
    this.closing = new AbortController();
    const { signal } = this.closing;
    this.rows.addEventListener("click", (event) => this.click(event), { signal });
    this.rows.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  update(data) {
    this.api.use(data);
    const pairs = JSON.stringify(data.pairs);
    if (pairs === this.pairs) return;
    this.pairs = pairs;
    this.rows.replaceChildren(...data.pairs.map((pair) => this.row(pair)));
  }

  close() {
    this.closing.abort();
    this.api.close();
  }

  row(pair) {
    const row = made("article", null, "row");
    row.tabIndex = 0;
    row.pair = pair;
    row.setAttribute("aria-label", `Repost of meme ${pair.meme_id}`);
    row.append(
      this.file(pair.meme_sha256, historyLink(this.api, pair.meme_id), pair.meme_lines),
      this.file(pair.sha256, made("span", "Taken for the same"), pair.lines),
    );
    const about = made("div", null, "about");
    for (const line of pair.about) about.append(made("p", line, "line"));
    const split = keyButton("split", this.keys, "Two different memes");
    split.disabled = pair.decision_id === null;
    if (split.disabled) split.title = "Nothing is recorded of it.";
    about.append(split, keyButton("enlarge", this.keys, "Enlarge both"));
    row.append(about);
    return row;
  }

  file(sha256, name, lines) {
    const file = made("div", null, "file");
    const about = made("div", null, "about");
    const title = made("p", null, "title");
    title.append(name);
    about.append(title);
    for (const line of lines) about.append(made("p", line, "line"));
    // As it is and whole: often one word differs, at the very end of a comic.
    file.append(linkedPicture(this.api, sha256, name.textContent, this.api.picture(sha256)), about);
    return file;
  }

  enlarge(row) {
    const { meme_sha256, meme_id, sha256 } = row.pair;
    const pictures = [
      { sha256: meme_sha256, meme_id, name: `Meme ${meme_id}` },
      { sha256, name: "Taken for the same" },
    ];
    const page = this.root.querySelector(".review");
    this.dialog = enlarge(page, this.api, pictures, this.keys.of("enlarge"));
    this.dialog.addEventListener("close", () => row.focus());
  }

  key(event) {
    const row = event.target.closest(".row");
    if (!row || isForSomethingElse(event) || event.repeat || !this.keys.areOn) return;
    const action = this.keys.action(nameOf(event));
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    this.act(action, row);
  }

  click(event) {
    const row = event.target.closest(".row");
    const clicked = event.target.closest("button[data-action]");
    if (clicked && event.detail < 2) return this.act(clicked.dataset.action, row);
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!event.target.closest(".picture") || !isPlain) return;
    event.preventDefault();
    this.enlarge(row);
  }

  act(action, row) {
    if (action === "enlarge") return this.enlarge(row);
    return this.split(row);
  }

  async split(row) {
    const { decision_id, meme_id } = row.pair;
    const button = row.querySelector("[data-action=split]");
    if (button.disabled) return;
    const show = (isDone) => {
      button.disabled = isDone;
      row.classList.toggle("is-done", isDone);
    };
    const text = `What was taken for meme ${meme_id} is a meme of its own.`;
    const undone = () => {
      // It stands by another decision now, which this page does not know.
      row.classList.remove("is-done");
      button.title = "Reload the page to split it again.";
    };
    if (await this.decisions.decide([{ op: "split", decision_id }], text, { undone })) show(true);
  }
}
