// The label page: one meme after another, a key an answer. It never waits for the server.

import { Api, Refused } from "./api.js";
import { guidelines, keySettings } from "./dialogs.js";
import { historyLink } from "./enlarge.js";
import { isForSomethingElse, Keys, nameOf, shownAs } from "./keys.js";
import { newKey, Outbox } from "./outbox.js";
import { picture } from "./pictures.js";
import { Screen } from "./screen.js";
import { typed, whenMade } from "./years.js";

const AHEAD = 32; // memes kept ready: a second and a bit of the fastest typing
const ASK_BELOW = 24;
const DECODED = 4; // pictures ahead that are decoded already
const KEPT = 4; // pictures behind that still are: taken back, they are there with the next frame
const RENEW_MS = 60_000;
const REST_MS = 2_000; // after a failed request for more
const PAST = 50; // answers asked for at a time, once undo has used up those of this page
const SCROLL_SHARE = 0.8; // of a comic's visible part, by one key

const USUAL_KEYS = {
  unsure: "u",
  not_a_meme: "x",
  skip: "s",
  nsfw: "n",
  year: "y",
  undo: "Backspace",
  suggestion: "p",
  guidelines: "?",
  zoom: "z",
  scroll: " ",
};

// What asks nothing of the meme on the screen.
const ABOUT_THE_PAGE = new Set(["guidelines", "settings", "zoom", "scroll"]);

const pages = new WeakMap();

/** Streamlit calls this whenever the page's script has run. */
export default function label({ data, parentElement }) {
  let page = pages.get(parentElement);
  if (page && page.annotator !== data.annotator) {
    page.close();
    page = undefined;
  }
  if (!page) {
    page = new LabelPage(parentElement, data);
    pages.set(parentElement, page);
  }
  page.update(data);
  return () => {
    page.close();
    pages.delete(parentElement);
  };
}

class LabelPage {
  constructor(root, data) {
    this.root = root;
    this.annotator = data.annotator;
    this.data = data;
    this.api = new Api();
    this.queue = []; // what comes; the first is before the person
    this.past = []; // what this person answered, the newest last
    this.oldest = null; // of the past that was asked for
    this.nTooEarly = 0; // keys and clicks that counted for nothing
    this.progress = { n_left: null, n_labelled: null };
    this.generation = 0; // counts beginnings: what was asked for before the last is of no use
    this.isOneLost = false; // a request for more, or its answer
    this.keys = new Keys({
      ...Object.fromEntries(data.genres.map((genre) => [genre.key, String(genre.digit)])),
      ...USUAL_KEYS,
    });
    this.screen = new Screen(this.$(".pictures"));
    this.held = new Held(data.annotator);
    this.outbox = new Outbox(
      data.annotator,
      (operations) => this.send(operations),
      () => this.tell(),
    );
    this.buildAnswers();
    this.listen();
  }

  $(selector) {
    return this.root.querySelector(selector);
  }

  // ------------------------------------------------------------- the page's life

  update(data) {
    const isOther = JSON.stringify(data.filters) !== JSON.stringify(this.data.filters);
    this.data = data;
    this.api.use(data);
    if (!this.isStarted || isOther) this.start();
    this.drawAnswers();
    this.outbox.hurry();
  }

  /** From the beginning: with these filters, and what was before this person already. */
  start() {
    const isFirst = !this.isStarted;
    this.isStarted = true;
    const given = this.queue;
    this.queue = [];
    this.isAtEnd = false;
    this.again = isFirst ? this.held.ids() : [];
    for (const meme of given) meme.picture.remove();
    if (given.length > 0) this.release(given.map((meme) => meme.meme_id));
    this.generation += 1;
    this.isAsking = false;
    this.show();
    this.refill();
  }

  listen() {
    this.closing = new AbortController();
    const { signal } = this.closing;
    window.addEventListener("keydown", (event) => this.key(event), { capture: true, signal });
    window.addEventListener("online", () => this.outbox.hurry(), { signal });
    window.addEventListener("pagehide", () => this.leave(), { signal });
    this.root.addEventListener("click", (event) => this.click(event), { signal });
    this.renewing = setInterval(() => this.renew(), RENEW_MS);
  }

  close() {
    this.generation += 1;
    this.closing.abort();
    clearInterval(this.renewing);
    clearTimeout(this.asking);
    this.outbox.close();
    this.leave();
    this.api.close();
  }

  leave() {
    this.held.store(this.queue);
    this.release(this.queue.map((meme) => meme.meme_id));
  }

  release(memes) {
    if (memes.length === 0) return;
    this.api.ask("release", { memes }, { keepalive: true }).catch(() => {});
  }

  renew() {
    const holding = this.queue.map((meme) => meme.meme_id);
    if (holding.length === 0) return;
    this.api.ask("next", { n: 0, filters: this.data.filters, holding }).catch(() => {});
  }

  // ------------------------------------------------------------- what comes next

  async refill() {
    if (this.isAsking || this.queue.length >= ASK_BELOW || this.isAtEnd) return;
    this.isAsking = true;
    const { generation, again, isOneLost } = this;
    const n = AHEAD - this.queue.length;
    const holding = isOneLost ? this.queue.map((meme) => meme.meme_id) : [];
    const message = { n, filters: this.data.filters, again, holding, is_one_lost: isOneLost };
    let answer = null;
    try {
      answer = await this.api.ask("next", message);
    } catch (error) {
      if (generation !== this.generation) return;
      this.isOneLost = true; // it may have been answered, and the answer lost
      this.problem = error instanceof Refused ? error.message : "the server does not answer";
      this.asking = setTimeout(() => this.refill(), REST_MS);
    }
    if (generation !== this.generation) {
      this.release(answer.memes.map((meme) => meme.meme_id)); // nobody will look at them
      return;
    }
    this.isAsking = false;
    if (answer) {
      this.isOneLost = false;
      this.again = [];
      this.problem = null;
      this.progress = answer;
      this.isAtEnd = answer.memes.length < n;
      this.append(answer.memes);
      this.refill();
    }
    this.tell();
  }

  append(memes) {
    // The server does not know yet what still waits to be sent.
    const said = new Set(this.outbox.operations.map(({ sha256 }) => sha256));
    const here = new Set(this.queue.map(({ meme_id }) => meme_id));
    const isEmpty = this.queue.length === 0;
    for (const meme of memes) {
      if (said.has(meme.sha256) || here.has(meme.meme_id)) continue;
      meme.picture = picture(this.api.picture(meme.sha256), meme);
      this.queue.push(meme);
    }
    this.held.keep(this.queue);
    if (isEmpty) this.show();
    else this.prepare();
  }

  /** Put the next few pictures into the page, unseen, so that showing one takes a frame. */
  prepare() {
    const stage = this.$(".pictures");
    const next = this.queue.slice(0, DECODED).map(({ picture }) => picture);
    for (const image of [...stage.children]) if (!next.includes(image)) image.remove();
    for (const image of next) if (image.parentNode !== stage) stage.append(image);
  }

  /** What is before the person, or about to be. */
  get current() {
    return this.queue[0];
  }

  /** Bring the first of the queue to the screen, with what this person said of it before, if anything. */
  show(said = null) {
    const meme = this.current;
    if (!meme) this.screen.clear();
    if (meme) this.screen.show(meme.picture, () => this.appear(meme, said));
    if (!meme?.picture.isReady) this.appear(null);
  }

  /** Draw all that belongs to a meme, in the frame in which its picture appears. */
  appear(meme, said = null) {
    if (meme) this.root.host.setAttribute("data-painted", meme.sha256); // the last that was
    this.mark = {
      second: null,
      nsfw: meme?.nsfw ?? false,
      isNsfwSaid: false,
      years: said?.years ?? null, // typed once is enough: it goes with the new answer as well
      saw: this.isSuggestionShown,
    };
    this.$(".stage").scrollTop = 0;
    this.$(".stage").classList.toggle("is-tall", Boolean(meme?.picture.isTall));
    this.prepare();
    this.drawAbout(meme);
    this.drawMarks(said);
    this.tell();
  }

  // ------------------------------------------------------------- what the person does

  key(event) {
    if (this.dialog?.open || isForSomethingElse(event)) return;
    const name = nameOf(event);
    const action = this.keys.action(name);
    const isEscape = name === "Escape" && this.isZoomed;
    const isOurs = (this.keys.areOn && action) || isEscape;
    const isFocused = event.composedPath()[0] instanceof HTMLButtonElement && name === " ";
    const isHeld = event.repeat && name === "Enter"; // would press a button again and again
    if (isHeld) event.preventDefault();
    if (!isOurs || isFocused) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.repeat && action !== "scroll") return;
    if (isEscape) this.zoom();
    else this.act(action, event);
  }

  click(event) {
    const button = event.target.closest("button[data-action]");
    if (!button || event.detail > 1) return; // of a double click, the first counts
    this.act(button.dataset.action, event);
  }

  /** Do what a key or a click asks for: of the meme that was on the screen when it fell. */
  act(action, event) {
    if (!ABOUT_THE_PAGE.has(action) && this.isTooEarly(action, event)) return this.refuse();
    const genre = this.data.genres.find(({ key }) => key === action);
    if (genre && event.shiftKey) return this.markSecond(genre.key);
    if (genre) return this.answer({ verdict: "genre", genre: genre.key });
    switch (action) {
      case "unsure":
      case "not_a_meme":
      case "skip":
        return this.answer({ verdict: action });
      case "undo":
        return this.undo();
      case "nsfw":
        return this.markNsfw();
      case "year":
        return this.askYear();
      case "suggestion":
        return this.suggest();
      case "guidelines":
        return this.open(guidelines(this.data.genres, this.api, this.keys));
      case "settings":
        return this.open(keySettings(this.keys, this.data.genres, () => this.drawAnswers()));
      case "zoom":
        return this.zoom();
      case "scroll":
        return this.scroll(event.shiftKey);
    }
  }

  isTooEarly(action, event) {
    const isNothingThere = this.screen.sha256 === null && !this.isAtEnd && action !== "undo";
    return isNothingThere || !this.screen.isOf(event);
  }

  refuse() {
    this.nTooEarly += 1;
    this.root.host.setAttribute("data-too-early", this.nTooEarly);
    this.say("Too early: the meme was not on the screen yet, and the key counted for nothing.");
  }

  answer(said) {
    const meme = this.queue.find(({ sha256 }) => sha256 === this.screen.sha256);
    if (!meme) return;
    if (meme.picture.isBroken && said.verdict !== "skip") {
      return this.say("Nobody can see this picture: skip it.");
    }
    const { second, nsfw, isNsfwSaid, years, saw } = this.mark;
    const key = newKey();
    this.outbox.put({
      op: "vote",
      key,
      sha256: meme.sha256,
      ...said,
      second_genre: second === said.genre ? null : second,
      nsfw: isNsfwSaid ? nsfw : null,
      year_low: years?.low ?? null,
      year_high: years?.high ?? null,
      saw_suggestion: saw,
    });
    this.past.push({ key, meme, said: { ...said, years } });
    this.queue = this.queue.filter((other) => other !== meme);
    const old = this.past.at(-1 - KEPT)?.meme;
    if (old) old.picture = null; // thousands of decoded pictures would fill the memory
    this.show();
    this.held.keep(this.queue);
    this.refill();
  }

  async undo() {
    if (this.isRecalling) return this.say("Still looking up what you said before.");
    const recalled = this.past.length === 0 ? await this.recall() : [];
    // While they came, the next may have been answered: that is not what was to be taken back.
    const at = recalled.length > 0 ? recalled.length - 1 : this.past.length - 1;
    const [last] = at < 0 ? [] : this.past.splice(at, 1);
    if (!last) return this.say("There is nothing to take back.");
    this.outbox.put({ op: "undo", key: last.key });
    const { meme } = last;
    meme.picture ??= picture(this.api.picture(meme.sha256), meme);
    this.queue = [meme, ...this.queue.filter(({ meme_id }) => meme_id !== meme.meme_id)];
    this.held.keep(this.queue);
    this.show(last.said);
    this.say("Taken back: answer anew.");
    this.renew();
  }

  /** What was answered before this page was opened. */
  async recall() {
    const gone = new Set(
      this.outbox.operations.filter(({ op }) => op === "undo").map(({ key }) => key),
    );
    const recalled = [];
    this.isRecalling = true;
    try {
      const { answers } = await this.api.ask("history", { before: this.oldest, n: PAST });
      for (const answer of answers) {
        this.oldest = answer.vote_id;
        if (gone.has(answer.idempotency_key)) continue;
        const { verdict, genre, year_low: low, year_high: high } = answer;
        const said = { verdict, genre, years: low === null ? null : { low, high } };
        recalled.unshift({ key: answer.idempotency_key, meme: answer.meme, said });
      }
    } catch {
      this.say("The server does not answer: what was said before this page cannot be shown.");
    }
    this.isRecalling = false;
    this.past.unshift(...recalled);
    return recalled;
  }

  markSecond(genre) {
    this.mark.second = this.mark.second === genre ? null : genre;
    this.drawMarks();
  }

  markNsfw() {
    this.mark.nsfw = !this.mark.nsfw;
    this.mark.isNsfwSaid = true;
    this.drawMarks();
  }

  askYear() {
    if (!this.current) return;
    const { mark } = this; // of this meme, whatever comes meanwhile
    const keep = (years) => {
      mark.years = years;
      this.drawMarks();
    };
    this.open(whenMade(this.current.clues, mark.years, this.data.years, keep));
  }

  /** Whether what the model says is on the page anyway: only memes of one suggestion were asked for. */
  get isSuggestionShown() {
    return Boolean(this.data.filters.suggested);
  }

  suggest() {
    if (!this.current) return;
    const { scores, visitors_say: visitors } = this.current;
    if (!scores && visitors.length === 0) return this.say("No model has seen this meme yet.");
    this.mark.saw = true;
    this.drawMarks();
  }

  get isZoomed() {
    return this.$(".label").classList.contains("is-zoomed");
  }

  zoom() {
    if (this.current) this.$(".label").classList.toggle("is-zoomed");
    this.$(".stage").scrollTop = 0;
  }

  scroll(isBack) {
    const stage = this.$(".stage");
    stage.scrollBy({ top: (isBack ? -1 : 1) * SCROLL_SHARE * stage.clientHeight });
  }

  open(dialog) {
    this.dialog = dialog;
    this.$(".label").append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }

  // ------------------------------------------------------------- sending

  async send(operations) {
    const answer = await this.api.ask("answers", { operations });
    this.progress = { ...this.progress, n_labelled: answer.n_labelled };
    return answer;
  }

  // ------------------------------------------------------------- drawing

  buildAnswers() {
    const button = ({ key, name, definition }) => {
      const made = document.createElement("button");
      made.type = "button";
      made.dataset.action = key;
      made.title = definition;
      for (const [kind, className, text] of [
        ["kbd", "", ""],
        ["span", "name", name],
        ["span", "score", ""],
        ["span", "definition", definition],
      ]) {
        const part = document.createElement(kind);
        part.className = className;
        part.textContent = text;
        made.append(part);
      }
      return made;
    };
    const others = document.createElement("div");
    others.className = "others";
    others.append(...this.data.others.map(button));
    this.$(".answers").replaceChildren(...this.data.genres.map(button), others);
  }

  drawAnswers() {
    for (const button of this.root.querySelectorAll("button[data-action]")) {
      const key = this.keys.of(button.dataset.action);
      const kbd = button.querySelector("kbd");
      if (kbd && key) kbd.textContent = shownAs(key);
      if (kbd) kbd.hidden = !this.keys.areOn;
    }
    this.drawMarks();
    this.tell();
  }

  /** What is marked of this meme: a second genre, not safe for work, its years, the model's suggestion. */
  drawMarks(said = null) {
    const { second, nsfw, years, saw } = this.mark ?? {};
    const scores = (saw && this.current?.scores) || {};
    const visitors = (saw && this.current?.visitors_say) || [];
    for (const button of this.root.querySelectorAll(".answers button[data-action]")) {
      const { action } = button.dataset;
      button.classList.toggle("is-second", action === second);
      button.classList.toggle("was-said", action === (said?.genre ?? said?.verdict));
      button.style.setProperty("--score", scores[action] ?? 0);
      const score = button.querySelector(".score");
      const says = [
        action in scores ? `${Math.round(100 * scores[action])} %` : "",
        visitors.includes(action) ? "a visitor says so" : "",
      ];
      if (score) score.textContent = says.filter(Boolean).join(" · ");
    }
    this.$("[data-action=nsfw]").setAttribute("aria-pressed", String(Boolean(nsfw)));
    this.$("[data-action=suggestion]").setAttribute("aria-pressed", String(Boolean(saw)));
    this.$(".nsfw").hidden = !nsfw;
    this.$("[data-action=year]").setAttribute("aria-pressed", String(Boolean(years)));
    this.$(".made").hidden = !years;
    this.$(".made").textContent = years ? `made ${typed(years)}${said?.years ? ", as you said before" : ""}` : "";
    for (const button of this.root.querySelectorAll(".answers button, .marks button[data-meme]")) {
      button.disabled = !this.current;
    }
  }

  drawAbout(meme) {
    this.$(".title").textContent = meme?.title ?? "";
    const from = [meme?.community ?? meme?.source, meme?.year].filter(Boolean).map((text) => ` · ${text}`);
    const parts = meme ? [historyLink(this.api, meme.meme_id), ...from] : [];
    this.$(".from").replaceChildren(...parts);
  }

  /** How far this person is, and whether everything is kept. */
  tell() {
    const { n_left, n_labelled } = this.progress;
    this.$(".progress").textContent =
      n_labelled === null || n_labelled === undefined
        ? ""
        : `${n_labelled} labelled · ${n_left ?? "?"} open`;
    if (!this.outbox) return; // it is being made
    const state = this.problem
      ? { kind: "is-bad", text: `More memes cannot be fetched: ${this.problem}.` }
      : this.outbox.state;
    if (this.outbox.isFailing) Object.assign(state, this.outbox.state);
    const status = this.$(".status");
    if (status.textContent !== state.text) status.textContent = state.text;
    status.className = `status ${state.kind}`;
    this.$(".problems").textContent = this.outbox.problem;
    const isOver = !this.current && this.isAtEnd;
    this.$(".nothing").hidden = !isOver;
    this.$(".loading").hidden = isOver || this.screen.sha256 !== null;
  }

  say(text) {
    const note = this.$(".note");
    note.textContent = text;
    clearTimeout(this.noting);
    this.noting = setTimeout(() => (note.textContent = ""), 4000);
  }
}

/** What is before this person in this window, over a reload. */
class Held {
  constructor(annotator) {
    this.name = `memeera:held:${annotator}`;
  }

  keep(queue) {
    clearTimeout(this.timer); // not at every key: it is only worth something after a reload
    this.timer = setTimeout(() => this.store(queue), 200);
  }

  store(queue) {
    clearTimeout(this.timer);
    try {
      sessionStorage.setItem(this.name, JSON.stringify(queue.map(({ meme_id }) => meme_id)));
    } catch {
      // After a reload, others come first.
    }
  }

  ids() {
    try {
      return JSON.parse(sessionStorage.getItem(this.name) ?? "[]").slice(0, AHEAD);
    } catch {
      return [];
    }
  }
}
