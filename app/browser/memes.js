// The memes that were brought, and what is known of each; they stay while the page is open.

import { classify } from "./asking.js";

const AT_A_TIME = 4; // two processes answer, as a rule: the next are at the door

/** One meme that was brought. */
class Meme {
  constructor(file) {
    this.file = file;
    this.name = file.webkitRelativePath || file.name || "pasted picture";
    this.answer = null;
    this.error = null;
    this.isWhole = false; // whether the answer has all that can be told
    this.correction = null; // { genre, key } once one was sent
    this.url = URL.createObjectURL(file);
  }

  get state() {
    return this.answer ? "done" : this.error ? "failed" : "waiting";
  }
}

/** Asks about each in turn, a few at a time, and tells each change. */
export class Memes {
  constructor(maxBytes) {
    this.maxBytes = maxBytes;
    this.all = [];
    this.waiting = [];
    this.nAsked = 0;
    this.changed = () => {};
    this.stopping = new AbortController();
  }

  add(files, words) {
    const fresh = files.map((file) => new Meme(file));
    this.all.push(...fresh);
    const isWhole = this.all.length === 1;
    for (const meme of fresh) this.ask(meme, { words, isWhole });
    return fresh;
  }

  /** Ask about a meme, again where it failed or more is wanted. */
  ask(meme, wanted) {
    meme.error = null;
    if (meme.file.size > this.maxBytes) {
      meme.error = `larger than ${Math.floor(this.maxBytes / 2 ** 20)} MB`;
    } else {
      this.waiting.push({ meme, wanted });
    }
    this.go();
    this.changed(meme);
  }

  clear() {
    this.stopping.abort();
    this.stopping = new AbortController();
    for (const { url } of this.all) URL.revokeObjectURL(url);
    this.all = [];
    this.waiting = [];
    this.changed(null);
  }

  get nDone() {
    return this.all.filter((meme) => meme.state !== "waiting").length;
  }

  async go() {
    if (this.nAsked >= AT_A_TIME) return;
    const next = this.waiting.shift();
    if (!next) return;
    const { meme, wanted } = next;
    const { signal } = this.stopping;
    this.nAsked += 1;
    try {
      meme.answer = await classify(meme.file, wanted, signal);
      meme.isWhole = wanted.isWhole;
    } catch (error) {
      if (!signal.aborted) meme.error = error.message;
    } finally {
      this.nAsked -= 1;
      if (!signal.aborted) this.changed(meme);
      this.go();
    }
  }
}
