// Families of memes on one template: what belongs together, what does not, what is one meme.

import { Api } from "./api.js";
import { Decisions } from "./decisions.js";
import { button, keyButton, made } from "./elements.js";
import { ENLARGE_KEY, enlarge } from "./enlarge.js";
import { isForSomethingElse, Keys, nameOf } from "./keys.js";
import { Tiles } from "./tiles.js";

const ACTIONS = [
  { action: "merge", key: "m", text: "The same meme" },
  { action: "take_out", key: "o", text: "Not of this family" },
  { action: "join", key: "f", text: "One family" },
];

const SIDE_BY_SIDE = 3; // pictures, enlarged

const pages = new WeakMap();

/** Streamlit calls this whenever the page's script has run. */
export default function families({ data, parentElement }) {
  let page = pages.get(parentElement);
  if (!page) {
    page = new Families(parentElement);
    pages.set(parentElement, page);
  }
  page.update(data);
  return () => {
    page.close();
    pages.delete(parentElement);
  };
}

class Families {
  constructor(root) {
    this.root = root;
    this.api = new Api();
    this.keys = new Keys({
      ...Object.fromEntries(ACTIONS.map(({ action, key }) => [action, key])),
      enlarge: ENLARGE_KEY,
    });
    this.families = [];
    this.decisions = new Decisions(this.$(".decided"), this.api, (text, isBad) =>
      this.say(text, isBad),
    );
    for (const { action, text } of ACTIONS) {
      this.$(".actions").append(keyButton(action, this.keys, text));
    }
    this.$(".actions").append(button("none", "Choose none"), keyButton("enlarge", this.keys, "Enlarge"));
    this.closing = new AbortController();
    const { signal } = this.closing;
    this.$(".actions").addEventListener("click", (event) => this.click(event), { signal });
    window.addEventListener("keydown", (event) => this.key(event), { capture: true, signal });
  }

  $(selector) {
    return this.root.querySelector(selector);
  }

  update(data) {
    this.api.use(data);
    const families = JSON.stringify(data.families);
    if (families === this.shown) return;
    this.shown = families;
    this.listening?.abort();
    this.listening = new AbortController();
    this.families = data.families.map((family) => this.family(family));
    this.$(".families").replaceChildren(...this.families.map(({ section }) => section));
    this.tell();
  }

  close() {
    this.closing.abort();
    this.api.close();
    this.listening?.abort();
  }

  family({ template_id, heading, members }) {
    const section = made("section", null, "family");
    const said = made("span", null, "of-family");
    const head = made("h3", `${heading} `);
    head.append(said);
    const list = made("div", null, "tiles");
    list.setAttribute("aria-label", heading);
    const tiles = new Tiles(
      list,
      (sha256) => this.api.thumbnail(sha256, { whole: true }),
      (nNotThere) => {
        this.tell();
        if (nNotThere > 0) this.say("Not chosen: its picture is not there.");
      },
      (tile) => this.enlarge([tile]),
      { isLazy: true },
    );
    tiles.listen(this.listening.signal);
    tiles.add(members);
    section.append(head, list);
    return { template_id, section, tiles, said };
  }

  get chosen() {
    return this.families.flatMap(({ tiles }) => tiles.chosen);
  }

  /** The families of which some memes are chosen. */
  get touched() {
    return this.families.filter(({ tiles }) => tiles.chosen.length > 0);
  }

  key(event) {
    if (this.dialog?.open || isForSomethingElse(event) || event.repeat || event.shiftKey) return;
    if (event.key === "Escape") return this.chooseNone();
    const action = this.keys.action(nameOf(event));
    if (!action || !this.keys.areOn) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.act(action);
  }

  click(event) {
    const clicked = event.target.closest("button[data-action]");
    if (clicked && event.detail < 2) this.act(clicked.dataset.action);
  }

  act(action) {
    if (action === "none") return this.chooseNone();
    if (action === "enlarge") return this.enlarge(this.meant);
    if (action === "merge") return this.merge();
    if (action === "take_out") return this.takeOut();
    return this.join();
  }

  /** What is to be enlarged: two or three that are chosen side by side, or the one last gone to. */
  get meant() {
    const { chosen } = this;
    if (chosen.length > 1 && chosen.length <= SIDE_BY_SIDE) return chosen;
    const one = this.families.map(({ tiles }) => tiles.meant).find(Boolean);
    return one ? [one] : [];
  }

  enlarge(tiles) {
    if (tiles.length === 0) return this.say("Choose memes first, or go to one with the arrow keys.");
    const pictures = tiles.map((tile) => ({ ...tile.meme, name: tile.getAttribute("aria-label") }));
    this.dialog = enlarge(this.$(".grid"), this.api, pictures, this.keys.of("enlarge"));
    this.dialog.addEventListener("close", () => tiles[0].focus());
  }

  async merge() {
    const [into, ...others] = byId(this.chosen);
    if (others.length === 0) return this.say("Choose the memes that are one: two or more.");
    const into_id = into.meme.meme_id;
    const operations = others.map(({ meme }) => ({ op: "merge", meme_id: meme.meme_id, into_id }));
    const text = `${list(others)} taken for meme ${into_id}.`;
    const undone = () => this.mark(others, null);
    if (await this.decisions.decide(operations, text, { back: "split", undone })) {
      this.mark(others, `is meme ${into_id}`);
      this.chooseNone();
    }
  }

  async takeOut() {
    const out = byId(this.chosen);
    if (out.length === 0) return this.say("Choose the memes that are not of their family.");
    const operations = out.map(({ meme }) => ({ op: "take_out", meme_id: meme.meme_id }));
    const text = `${list(out)} taken out of the family.`;
    if (await this.decisions.decide(operations, text, { undone: () => this.mark(out, null) })) {
      this.mark(out, "taken out");
      this.chooseNone();
    }
  }

  async join() {
    const [into, ...others] = this.touched;
    if (others.length === 0) return this.say("Choose a meme of each family that is one with another.");
    const into_id = into.template_id;
    const operations = others.map(({ template_id }) => ({ op: "join", template_id, into_id }));
    const ids = others.map(({ template_id }) => template_id).join(", ");
    const text = `Family ${ids} is one with family ${into_id}.`;
    const tell = (told) => others.forEach(({ said }) => (said.textContent = told));
    const undone = () => tell("by itself again; reload the page to go on with it");
    if (await this.decisions.decide(operations, text, { undone })) {
      tell(`one with family ${into_id} now`);
      this.chooseNone();
    }
  }

  mark(tiles, said) {
    for (const tile of tiles) {
      const { tiles: of } = this.families.find((family) => family.tiles.list === tile.parentNode);
      of.mark(tile, said);
    }
  }

  chooseNone() {
    for (const { tiles } of this.families) tiles.chooseNone();
  }

  tell() {
    const n = this.chosen.length;
    this.$(".chosen").textContent = n === 0 ? "Click memes, or press Space on them." : `${n} chosen`;
    this.$("[data-action=merge]").disabled = n < 2;
    this.$("[data-action=take_out]").disabled = n === 0;
    this.$("[data-action=join]").disabled = this.touched.length < 2;
    this.$("[data-action=none]").disabled = n === 0;
  }

  say(text, isBad = false) {
    const note = this.$(".note");
    note.textContent = text;
    note.classList.toggle("is-bad", isBad);
  }
}

/** Tiles in the order of their memes' ids: the oldest first. */
function byId(tiles) {
  return [...tiles].sort((one, other) => one.meme.meme_id - other.meme.meme_id);
}

function list(tiles) {
  const ids = tiles.map(({ meme }) => meme.meme_id);
  const some = ids.length > 5 ? `${ids.slice(0, 4).join(", ")} and ${ids.length - 4} more` : ids.join(", ");
  return ids.length === 1 ? `Meme ${some} is` : `Memes ${some} are`;
}
