// The window: memes come in, and each is told of as soon as it is done.

import { detail } from "./detail.js";
import { button } from "./elements.js";
import { Intake } from "./intake.js";
import { Memes } from "./memes.js";
import { Table } from "./table.js";

const windows = new WeakMap();
let memes = null; // of all pages that are opened in this tab: what was brought is not lost

/** Streamlit calls this whenever the page's script has run. */
export default function open({ data, parentElement }) {
  memes ??= new Memes(data.maxBytes);
  if (!windows.has(parentElement)) windows.set(parentElement, new Window(parentElement, data));
  return () => {
    windows.get(parentElement)?.close();
    windows.delete(parentElement);
  };
}

class Window {
  constructor(root, data) {
    this.$ = (selector) => root.querySelector(selector);
    this.data = data;
    this.shown = null; // the meme that is told of in whole
    this.table = null;
    this.intake = new Intake(root, (files) => this.take(files));
    this.closing = new AbortController();
    this.intake.listen(this.closing.signal);
    memes.changed = (meme) => this.update(meme);
    if (memes.all.length === 1) this.shown = memes.all[0];
    this.update(null);
  }

  close() {
    this.closing.abort();
    memes.changed = () => {};
  }

  get words() {
    return this.$("input[name=words]").checked;
  }

  take(files) {
    if (!files.length) return this.tell("There is no file in it.");
    // One after another is looked at; several together, or more to the same, are compared.
    if (files.length === 1 && memes.all.length === 1) memes.clear();
    const fresh = memes.add(files, this.words);
    this.shown = memes.all.length === 1 ? fresh[0] : null;
    this.update(null);
  }

  ask(meme) {
    memes.ask(meme, { words: this.words, isWhole: true });
  }

  show(meme) {
    this.shown = meme;
    if (!meme.isWhole && meme.state === "done") this.ask(meme);
    this.update(null);
    this.$(".one h2, .one button")?.focus?.();
  }

  update(changed) {
    const { all, nDone } = memes;
    const isMany = all.length > 1;
    this.tell(isMany ? `${nDone} of ${all.length} done` : this.told(all[0]));
    this.$(".intake").classList.toggle("is-small", all.length > 0);
    this.$(".many").hidden = !isMany || this.shown !== null;
    this.$(".one").hidden = this.shown === null;
    if (!isMany) this.table = null;
    else {
      this.table ??= this.newTable();
      this.table.show(all, changed);
    }
    if (this.shown && (changed === null || changed === this.shown)) this.draw();
    if (!all.length) this.shown = null;
  }

  newTable() {
    return new Table(this.$(".many"), this.data.genres, {
      open: (meme) => this.show(meme),
      clear: () => {
        this.shown = null;
        memes.clear();
      },
    });
  }

  draw() {
    const one = detail(this.shown, this.data, (meme) => this.ask(meme));
    const back = button("← All memes", () => {
      this.shown = null;
      this.update(null);
    });
    this.$(".one").replaceChildren(...(memes.all.length > 1 ? [back] : []), one);
  }

  told(meme) {
    if (!meme) return `Model ${this.data.model}. Nothing that you drop is kept.`;
    return { waiting: "Looking…", done: "Done", failed: "No answer" }[meme.state];
  }

  tell(text) {
    this.$(".status").textContent = text;
  }
}
