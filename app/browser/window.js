// The window: memes come in, and each is told of as soon as it is done.

import { detail, verdictOf } from "./detail.js";
import { button, percent } from "./elements.js";
import { examples } from "./examples.js";
import { Intake } from "./intake.js";
import { Memes } from "./memes.js";
import { Table } from "./table.js";

const TOLD_EACH_MS = 10_000; // how often those who listen are told how far it is

const windows = new WeakMap();
let memes = null; // of all pages that are opened in this tab: what was brought is not lost

/** Streamlit calls this whenever the page's script has run, and what it gives when that is over. */
export default function open({ data, parentElement }) {
  memes ??= new Memes(data.maxBytes);
  let page = windows.get(parentElement);
  if (page) page.use(data);
  else windows.set(parentElement, (page = new Window(parentElement, data)));
  page.nHolders += 1;
  return () => {
    page.nHolders -= 1;
    if (page.nHolders) return;
    page.close();
    if (windows.get(parentElement) === page) windows.delete(parentElement);
  };
}

class Window {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.nHolders = 0;
    this.shown = memes.all.length === 1 ? memes.all[0] : null; // the meme that is told of in whole
    this.table = null;
    this.told = { text: "", at: 0 };
    this.closing = new AbortController();
    const { signal } = this.closing;
    const tell = (text) => this.tell(text);
    this.intake = new Intake(root, (files, nLost) => this.take(files, nLost), tell);
    this.intake.listen(signal);
    const words = this.$("input[name=words]");
    words.checked = memes.words;
    words.addEventListener("change", () => (memes.words = words.checked), { signal });
    const fail = ({ message }) => (this.$(".problem").textContent = message);
    this.$(".to-try").append(examples(data, (files) => this.take(files, 0), fail));
    this.changed = (meme) => this.update(meme);
    memes.changed = this.changed;
    this.update(null);
  }

  $(selector) {
    return this.root.querySelector(selector);
  }

  use(data) {
    this.data = data;
    this.update(null);
  }

  close() {
    this.closing.abort();
    this.table?.close();
    if (memes.changed === this.changed) memes.changed = () => {};
  }

  take(files, nLost) {
    const lost = nLost ? `${nLost} files or folders could not be read.` : "";
    this.$(".problem").textContent = files.length ? lost : lost || "There is no file in it.";
    if (!files.length) return this.update(null);
    // One after another is looked at; several together, or more to the same, are compared.
    if (files.length === 1 && memes.all.length === 1) {
      this.shown = null;
      memes.clear();
    }
    const fresh = memes.add(files);
    this.shown = memes.all.length === 1 ? fresh[0] : null;
    this.update(null);
  }

  show(meme) {
    this.shown = meme;
    memes.wantWhole(meme);
    this.update(null);
    this.$(".one h2").focus();
  }

  back() {
    const meme = this.shown;
    this.shown = null;
    this.update(null);
    this.table?.focus(meme);
  }

  clear() {
    this.shown = null;
    memes.clear();
    this.$("[data-action=files]").focus();
  }

  update(changed) {
    const { all, nDone } = memes;
    const isMany = all.length > 1;
    this.tellHowFar();
    this.tellWhyStopped();
    this.$(".intake").classList.toggle("is-small", all.length > 0);
    this.$(".status").classList.toggle("unseen", all.length > 0); // what is seen says it as well
    this.$(".to-try").hidden = all.length > 0;
    this.$(".many").hidden = !isMany || this.shown !== null;
    this.$(".one").hidden = this.shown === null;
    if (isMany) {
      this.table ??= this.newTable();
      this.table.show(all, nDone, changed);
    } else if (this.table) {
      this.table.close();
      this.table = null;
      this.$(".many").replaceChildren();
    }
    if (this.shown === null) this.$(".one").replaceChildren();
    else if (changed === null || changed === this.shown) this.draw();
  }

  newTable() {
    return new Table(this.$(".many"), this.data.genres, {
      open: (meme) => this.show(meme),
      clear: () => this.clear(),
      retry: () => memes.retry(...memes.all),
    });
  }

  draw() {
    const focused = this.root.getRootNode().activeElement;
    const wasHere = focused && this.$(".one").contains(focused);
    const one = detail(this.shown, this.data, {
      retry: (meme) => memes.retry(meme),
      wantWhole: (meme) => memes.wantWhole(meme),
    });
    const isOneOfMany = memes.all.length > 1;
    const back = isOneOfMany ? [button("← All memes", () => this.back())] : [];
    this.$(".one").replaceChildren(...back, one);
    if (wasHere) this.focusAgain(focused);
  }

  /** The same element, or what is there in its place. */
  focusAgain(focused) {
    const same = [...this.$(".one").querySelectorAll(focused.localName)];
    const next = focused.isConnected
      ? focused
      : same.find((one) => one.textContent === focused.textContent) ?? this.$(".one h2");
    next.focus();
  }

  tellHowFar() {
    const { all, nDone } = memes;
    if (!all.length) return this.tell(`Model ${this.data.model}. Nothing that you drop is kept.`);
    if (all.length === 1) return this.tell(this.toldOf(all[0]));
    const isNew = nDone === all.length || nDone === 0;
    if (isNew || Date.now() - this.told.at > TOLD_EACH_MS) {
      this.tell(`${nDone} of ${all.length} memes are done`);
    }
  }

  toldOf({ answer, error }) {
    if (error) return "This file has no answer";
    if (!answer) return "Looking…";
    return `${verdictOf(answer, this.data.genres)}, ${percent(answer.genre[0].score)}`;
  }

  tellWhyStopped() {
    const box = this.$(".stopped");
    if (box.dataset.why === (memes.stopped ?? "")) return;
    box.dataset.why = memes.stopped ?? "";
    const goOn = button("Go on", () => memes.goOn());
    box.replaceChildren(...(memes.stopped ? [memes.stopped, goOn] : []));
  }

  tell(text) {
    if (text === this.told.text) return; // those who listen would hear it again
    this.told = { text, at: Date.now() };
    this.$(".status").textContent = text;
  }
}
