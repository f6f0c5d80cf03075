// The grid page: many memes that are alike, and one key for all that are chosen.

import { Api, Refused } from "./api.js";
import { keyButton } from "./elements.js";
import { ENLARGE_KEY, enlarge } from "./enlarge.js";
import { isForSomethingElse, Keys, nameOf } from "./keys.js";
import { newKey, Outbox } from "./outbox.js";
import { Tiles } from "./tiles.js";

const AT_A_TIME = 60;
const RENEW_MS = 60_000;

const pages = new WeakMap();

/** Streamlit calls this whenever the page's script has run. */
export default function grid({ data, parentElement }) {
  let page = pages.get(parentElement);
  if (page && page.annotator !== data.annotator) {
    page.close();
    page = undefined;
  }
  if (!page) {
    page = new GridPage(parentElement, data);
    pages.set(parentElement, page);
  }
  page.update(data);
  return () => {
    page.close();
    pages.delete(parentElement);
  };
}

class GridPage {
  constructor(root, data) {
    this.root = root;
    this.annotator = data.annotator;
    this.data = data;
    this.api = new Api();
    this.said = []; // what was answered together, the newest last
    this.generation = 0; // counts beginnings: what was asked for before the last is of no use
    this.isOneLost = false; // a request for more, or its answer
    this.answers = [...data.genres, ...data.others];
    this.keys = new Keys({
      ...Object.fromEntries(data.genres.map((genre) => [genre.key, String(genre.digit)])),
      ...{ unsure: "u", not_a_meme: "x", undo: "Backspace", enlarge: ENLARGE_KEY },
    });
    this.tiles = new Tiles(
      this.$(".tiles"),
      (sha256) => this.api.thumbnail(sha256),
      (nNotThere) => {
        this.tell();
        if (nNotThere > 0) this.say(`${nNotThere} not chosen: there is no picture to see.`);
      },
      (tile) => this.enlarge(tile),
    );
    this.outbox = new Outbox(
      data.annotator,
      (operations) => this.api.ask("answers", { operations }),
      () => this.tell(),
    );
    this.build();
    this.listen();
  }

  $(selector) {
    return this.root.querySelector(selector);
  }

  update(data) {
    const isOther = JSON.stringify(data.filters) !== JSON.stringify(this.data.filters);
    this.data = data;
    this.api.use(data);
    if (!this.isStarted || isOther) this.start();
    this.outbox.hurry();
  }

  start() {
    this.isStarted = true;
    this.leave();
    this.tiles.clear();
    this.said = [];
    this.generation += 1;
    this.isAtEnd = false;
    this.more();
  }

  build() {
    for (const { key, name } of this.answers) {
      this.$(".answers").append(keyButton(key, this.keys, name));
    }
    this.$("[data-action=undo]").after(keyButton("enlarge", this.keys, "Enlarge"));
  }

  listen() {
    this.closing = new AbortController();
    const { signal } = this.closing;
    this.tiles.listen(signal);
    window.addEventListener("keydown", (event) => this.key(event), { capture: true, signal });
    window.addEventListener("online", () => this.outbox.hurry(), { signal });
    window.addEventListener("pagehide", () => this.leave(), { signal });
    this.root.addEventListener("click", (event) => this.click(event), { signal });
    this.renewing = setInterval(() => this.renew(), RENEW_MS);
  }

  close() {
    this.isClosed = true;
    this.generation += 1;
    this.closing.abort();
    clearInterval(this.renewing);
    this.outbox.close();
    this.leave();
    this.api.close();
  }

  get open() {
    return this.tiles.open.map((tile) => tile.meme.meme_id);
  }

  leave() {
    this.release(this.open);
  }

  release(memes) {
    if (memes.length > 0) this.api.ask("release", { memes }, { keepalive: true }).catch(() => {});
  }

  renew() {
    const holding = this.open.slice(0, 500);
    const message = { n: 0, filters: this.data.filters, alike: true, holding };
    if (holding.length > 0) this.api.ask("next", message).catch(() => {});
  }

  async more() {
    if (this.isAsking || this.isAtEnd) return;
    this.isAsking = true;
    this.tell();
    const { generation } = this;
    try {
      const { memes } = await this.api.ask("next", {
        n: AT_A_TIME,
        filters: this.data.filters,
        alike: true,
        holding: this.isOneLost ? this.open.slice(0, 500) : [],
        is_one_lost: this.isOneLost,
      });
      if (generation === this.generation) {
        this.isOneLost = false;
        const waiting = new Set(this.outbox.operations.map(({ sha256 }) => sha256));
        this.isAtEnd = memes.length < AT_A_TIME;
        this.tiles.add(memes.filter(({ sha256 }) => !waiting.has(sha256)));
        this.problem = "";
      } else {
        this.release(memes.map(({ meme_id }) => meme_id)); // nobody will look at them
      }
    } catch (error) {
      this.isOneLost = true; // it may have been answered, and the answer lost
      this.problem = error instanceof Refused ? error.message : "The server does not answer.";
    }
    this.isAsking = false;
    if (this.isClosed) return;
    if (generation !== this.generation) this.more();
    this.tell();
  }

  key(event) {
    if (this.dialog?.open || isForSomethingElse(event)) return;
    if (event.repeat) {
      if (event.key === "Enter") event.preventDefault(); // would press a button again and again
      return;
    }
    if (event.key === "Escape") return this.tiles.chooseNone();
    const action = this.keys.action(nameOf(event));
    if (!action || !this.keys.areOn || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.act(action);
  }

  click(event) {
    const button = event.target.closest("button[data-action]");
    if (button && event.detail < 2) this.act(button.dataset.action);
  }

  act(action) {
    if (action === "undo") return this.undo();
    if (action === "all") return this.tiles.choose(this.tiles.open);
    if (action === "none") return this.tiles.chooseNone();
    if (action === "more") return this.more();
    if (action === "enlarge") return this.enlarge(this.tiles.meant);
    const answer = this.answers.find(({ key }) => key === action);
    if (answer) this.answer(answer);
  }

  enlarge(tile) {
    if (!tile) return this.say("Choose a meme first, or go to one with the arrow keys.");
    const { sha256, meme_id } = tile.meme;
    const pictures = [{ sha256, meme_id, name: tile.getAttribute("aria-label") }];
    this.dialog = enlarge(this.$(".grid"), this.api, pictures, this.keys.of("enlarge"));
    this.dialog.addEventListener("close", () => tile.focus());
  }

  answer({ key: what, name }) {
    const { chosen } = this.tiles;
    if (chosen.length === 0) return this.say("Choose memes first: click them, or press Space.");
    const isGenre = this.data.genres.some(({ key }) => key === what);
    const said = { verdict: isGenre ? "genre" : what, genre: isGenre ? what : null };
    const together = chosen.map((tile) => {
      const before = tile.vote; // another answer to the same meme takes the place of this one
      if (before) this.outbox.put({ op: "undo", key: before.key });
      const key = newKey();
      this.outbox.put({
        op: "vote",
        key,
        sha256: tile.meme.sha256,
        ...said,
        channel: "grid",
        saw_suggestion: this.data.shows_suggestion,
      });
      tile.vote = { key, name };
      this.tiles.mark(tile, name);
      return { tile, key, before };
    });
    this.said.push(together);
    this.tiles.chooseNone();
    this.say(`${together.length} answered: ${name}.`);
  }

  undo() {
    const together = this.said.pop();
    if (!together) return this.say("There is nothing to take back on this page.");
    for (const { tile, key } of together) {
      this.outbox.put({ op: "undo", key });
      tile.vote = null;
      this.tiles.mark(tile, null);
    }
    this.tiles.choose(together.map(({ tile }) => tile));
    this.renew();
    this.say(`${together.length} taken back.`);
  }

  tell() {
    if (!this.outbox) return; // it is being made
    const n = this.tiles.chosen.length;
    this.$(".chosen").textContent = `${n} of ${this.tiles.open.length} chosen`;
    const isEmpty = this.tiles.all.length === 0;
    this.$(".nothing").hidden = !(isEmpty && this.isAtEnd);
    this.$(".loading").hidden = !(isEmpty && !this.isAtEnd);
    this.$("[data-action=more]").hidden = isEmpty || this.isAtEnd;
    this.$("[data-action=all]").disabled = this.tiles.isLoading;
    this.$("[data-action=more]").disabled = Boolean(this.isAsking);
    const status = this.$(".status");
    const state = this.outbox.state;
    if (status.textContent !== state.text) status.textContent = state.text;
    status.className = `status ${state.kind}`;
    this.$(".problems").textContent = this.problem || this.outbox.problem;
  }

  say(text) {
    this.$(".note").textContent = text;
    clearTimeout(this.noting);
    this.noting = setTimeout(() => (this.$(".note").textContent = ""), 4000);
  }
}
