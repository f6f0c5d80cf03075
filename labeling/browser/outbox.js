// Keeps what was answered until the server has it: in the browser, so that a reload loses nothing.

import { Refused } from "./api.js";

const MOST_TOGETHER = 50;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 3000;

/** A name that nobody else gives: also where the page is not served securely. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A queue of operations, sent in the order in which they were put.
 *
 * Each has an item of its own in the browser's storage, so that several windows never overwrite one
 * another's. Sent twice, an operation counts once: the server knows its key.
 */
export class Outbox {
  /**
   * @param {string} owner whose answers these are
   * @param {(operations: object[]) => Promise<object>} send throws Refused, or where nothing came
   * @param {(outbox: Outbox) => void} changed told whenever the numbers below change
   */
  constructor(owner, send, changed) {
    this.prefix = `memeera:outbox:${owner}:`;
    this.send = send;
    this.changed = changed;
    this.isStored = true; // false: the browser keeps nothing, and a reload would lose what waits
    this.isFailing = false;
    this.isStale = false; // the server knows this page's token no more, and a reload brings another
    this.problems = []; // what the server would not take, for people
    this.rest = FIRST_REST_MS;
    this.waiting = this.stored();
    this.flushing = false;
  }

  /** What a reload found, and what came since, oldest first. */
  get operations() {
    return this.waiting.map(({ operation }) => operation);
  }

  put(operation) {
    // Names in the order of time; two in one millisecond in the order of the count.
    this.count = (this.count ?? 0) + 1;
    const time = Date.now().toString().padStart(15, "0");
    const name = `${this.prefix}${time}:${String(this.count).padStart(9, "0")}:${newKey()}`;
    this.waiting.push({ name, operation });
    try {
      localStorage.setItem(name, JSON.stringify(operation));
    } catch {
      this.isStored = false;
    }
    this.changed(this);
    this.flush();
  }

  /** Try again at once: there is a new token, or the network is back. */
  hurry() {
    clearTimeout(this.timer);
    this.rest = FIRST_REST_MS;
    this.flush();
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** How it stands, for people: a text, and whether it is good news. */
  get state() {
    const n = this.waiting.length;
    const answers = n === 1 ? "1 answer waits" : `${n} answers wait`;
    if (n > 0 && this.isStale) {
      return { kind: "is-bad", text: `Reload this page: ${answers}, kept in this browser, and sent then.` };
    }
    if (n > 0 && this.isFailing) {
      const where = this.isStored
        ? "They are kept in this browser, and sent as soon as it answers."
        : "This browser keeps nothing: leave the page open until they are sent.";
      return { kind: "is-bad", text: `The server does not answer: ${answers}. ${where}` };
    }
    if (n > 0) return { kind: "", text: "Sending…" };
    return { kind: "is-good", text: "All answers are kept." };
  }

  /** What the server would not take, for people; empty where it took everything. */
  get problem() {
    const n = this.problems.length;
    return n === 0 ? "" : `${n} answers could not be kept: ${this.problems.at(-1)}`;
  }

  async flush() {
    if (this.flushing || this.isClosed) return;
    this.flushing = true;
    clearTimeout(this.timer);
    try {
      while (this.waiting.length > 0 && !this.isClosed) await this.sendSome();
      this.isFailing = this.isStale = false;
      this.rest = FIRST_REST_MS;
    } catch (error) {
      this.isFailing = true;
      this.isStale = error instanceof Refused && this.isStored;
      this.timer = setTimeout(() => this.flush(), this.rest);
      this.rest = Math.min(2 * this.rest, LONGEST_REST_MS);
    } finally {
      this.flushing = false;
    }
    this.changed(this);
  }

  async sendSome() {
    const some = this.waiting.slice(0, MOST_TOGETHER);
    let outcomes;
    try {
      ({ outcomes } = await this.send(some.map(({ operation }) => operation)));
    } catch (error) {
      // 403: a new token comes when Streamlit has found the server again.
      if (!(error instanceof Refused) || error.status === 403) throw error;
      outcomes = some.map(() => ({ became: "refused", why: error.message }));
    }
    outcomes.forEach(({ became, why }) => {
      if (became === "refused") this.problems.push(why);
    });
    for (const { name } of some) localStorage.removeItem(name);
    this.waiting = this.waiting.slice(some.length);
    this.changed(this);
  }

  stored() {
    try {
      return Object.keys(localStorage)
        .filter((name) => name.startsWith(this.prefix))
        .sort()
        .map((name) => ({ name, operation: JSON.parse(localStorage.getItem(name)) }));
    } catch {
      this.isStored = false;
      return [];
    }
  }
}
