// The memes that were brought, and what is known of each; they stay while the page is open.

import { classify } from "./asking.js";

const AT_A_TIME = 4; // two processes answer, as a rule: the next are at the door

/** One meme that was brought. */
class Meme {
  constructor({ file, name }) {
    this.file = file;
    this.name = name;
    this.answer = null;
    this.error = null; // why there is no answer
    this.mayPass = false; // whether asking once more may bring one, or the rest
    this.isWhole = false; // whether the answer has all that can be told
    this.wantsWhole = false;
    this.restError = null; // why not all could be told
    this.isAsked = false;
    this.correction = null; // { genre, name, key }, once one was sent
    this.shows = { heat: false, boxes: false };
    this.url = URL.createObjectURL(file);
  }

  get state() {
    return this.answer ? "done" : this.error ? "failed" : "waiting";
  }

  get isToRetry() {
    return this.state === "failed" && this.mayPass;
  }
}

/** Asks about each in turn, a few at a time, and tells each change. */
export class Memes {
  constructor(maxBytes) {
    this.maxBytes = maxBytes;
    this.words = true; // whether they are to be read
    this.changed = () => {};
    this.begin();
  }

  begin() {
    this.all = [];
    this.queue = [];
    this.nAsked = 0;
    this.nDone = 0;
    this.stopped = null; // why nothing is asked any more
    this.stopping = new AbortController();
  }

  /** Take in files; `{ file, name }` each. */
  add(files) {
    const fresh = files.map((one) => new Meme(one));
    this.all.push(...fresh);
    for (const meme of fresh) {
      if (meme.file.size <= this.maxBytes) this.queue.push(meme);
      else this.settle(meme, null, `larger than ${Math.floor(this.maxBytes / 2 ** 20)} MB`);
    }
    if (this.all.length === 1) fresh[0].wantsWhole = true;
    this.go();
    return fresh;
  }

  /** All that can be told of a meme, before anything else is asked. */
  wantWhole(meme) {
    if (meme.isWhole || (meme.wantsWhole && !meme.restError)) return;
    meme.wantsWhole = true;
    meme.restError = null;
    this.first(meme);
  }

  /** Ask once more about those without an answer. */
  retry(...memes) {
    for (const meme of memes) {
      if (!meme.isToRetry) continue;
      meme.error = null;
      this.nDone -= 1;
      this.queue.push(meme);
      this.changed(meme);
    }
    this.goOn();
  }

  goOn() {
    this.stopped = null;
    this.go();
    this.changed(null);
  }

  clear() {
    this.stopping.abort();
    for (const { url } of this.all) URL.revokeObjectURL(url);
    this.begin();
    this.changed(null);
  }

  first(meme) {
    if (!meme.isAsked) this.queue = [meme, ...this.queue.filter((one) => one !== meme)];
    this.go();
  }

  go() {
    while (!this.stopped && this.nAsked < AT_A_TIME && this.queue.length) {
      this.ask(this.queue.shift(), this.stopping.signal);
    }
  }

  async ask(meme, signal) {
    const wanted = { words: this.words, isWhole: meme.wantsWhole };
    this.nAsked += 1;
    meme.isAsked = true;
    try {
      const answer = await classify(meme.file, wanted, signal);
      if (signal.aborted) return;
      meme.isWhole = wanted.isWhole;
      this.settle(meme, answer, null);
    } catch (error) {
      if (signal.aborted) return;
      await this.failed(meme, error);
    } finally {
      if (!signal.aborted) {
        this.nAsked -= 1;
        meme.isAsked = false;
        if (meme.wantsWhole && !meme.isWhole && meme.answer && !meme.restError) this.first(meme);
        this.changed(meme);
        this.go();
      }
    }
  }

  async failed(meme, error) {
    if (error.status === 0 && !(await canBeRead(meme.file))) {
      this.settle(meme, null, "the file cannot be read any more; was it moved or changed?");
    } else if (error.isOfServer) {
      this.stopped = error.message;
      this.queue.unshift(meme);
    } else {
      this.settle(meme, null, error.message, error.mayPass);
    }
  }

  settle(meme, answer, error, mayPass = false) {
    meme.mayPass = mayPass;
    if (meme.state === "waiting") this.nDone += 1;
    if (answer) meme.answer = answer;
    else if (meme.answer) meme.restError = error;
    else meme.error = error;
  }
}

async function canBeRead(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
