// Many memes at once: a row each, sorted as one likes, and saved as a file.

import { nameOf } from "./detail.js";
import { button, made, percent } from "./elements.js";
import { asCsv, asJson, save } from "./saving.js";

const COLUMNS = [
  { title: "Meme", value: ({ name }) => name },
  { title: "Genre", value: ({ answer }, genres) => answer && nameOf(genres, answer.genre[0].label) },
  { title: "Sure", value: ({ answer }) => answer && answer.genre[0].score },
  { title: "Year", value: ({ answer }) => answer && answer.year.value },
];

/** A table of all memes; `open` is called with the one that is chosen. */
export class Table {
  constructor(root, genres, { open, clear }) {
    this.genres = genres;
    this.open = open;
    this.rows = new Map();
    this.sorted = { column: null, isDown: false };
    this.body = made("tbody");
    this.heads = COLUMNS.map((column) => this.head(column));
    const row = made("tr");
    row.append(made("td"), ...this.heads);
    const top = made("thead");
    top.append(row);
    const table = made("table");
    table.append(made("caption", "What became of each meme"), top, this.body);
    this.bar = made("progress");
    this.bar.setAttribute("aria-label", "Memes done");
    const buttons = made("div", null, "buttons");
    buttons.append(
      button("Download CSV", () => save("memes.csv", asCsv(this.memes, genres), "text/csv")),
      button("Download JSON", () => save("memes.json", asJson(this.memes), "application/json")),
      button("Clear", clear),
    );
    const scroller = made("div", null, "scroller");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", "Memes");
    scroller.append(table);
    root.replaceChildren(this.bar, buttons, scroller);
    this.memes = [];
  }

  head(column) {
    const cell = made("th");
    cell.scope = "col";
    cell.append(button(column.title, () => this.sort(column)));
    return cell;
  }

  /** Show these memes; of `changed`, if it is given, the row alone is drawn anew. */
  show(memes, changed) {
    this.memes = memes;
    for (const meme of memes) {
      if (!this.rows.has(meme)) {
        this.rows.set(meme, made("tr"));
        this.draw(meme);
        this.body.append(this.rows.get(meme));
      }
    }
    if (changed && this.rows.has(changed)) this.draw(changed);
    this.bar.max = memes.length;
    this.bar.value = memes.filter(({ state }) => state !== "waiting").length;
    this.bar.hidden = this.bar.value === this.bar.max;
  }

  draw(meme) {
    const row = this.rows.get(meme);
    const image = new Image();
    image.src = meme.url;
    image.alt = "";
    image.loading = "lazy";
    image.decoding = "async";
    const thumb = made("td", null, "thumb");
    thumb.append(image);
    const name = made("th");
    name.scope = "row";
    name.append(button(meme.name, () => this.open(meme), "link"));
    row.replaceChildren(thumb, name, ...this.cells(meme));
    row.className = meme.state;
  }

  cells({ answer, error }) {
    if (error) {
      const cell = made("td", error, "problem");
      cell.colSpan = 3;
      return [cell];
    }
    if (!answer) return [made("td", "…"), made("td"), made("td")];
    const [{ label, score }] = answer.genre;
    const { low, high, value } = answer.year;
    const unsure = answer.abstain ? " (not sure)" : "";
    const years = low === high ? String(value) : `${value} (${low}–${high})`;
    return [
      made("td", nameOf(this.genres, label) + unsure),
      made("td", percent(score), "number"),
      made("td", years, "number"),
    ];
  }

  sort(column) {
    const isSame = this.sorted.column === column;
    this.sorted = { column, isDown: isSame && !this.sorted.isDown };
    COLUMNS.forEach((one, i) => {
      const order = one === column ? (this.sorted.isDown ? "descending" : "ascending") : null;
      if (order) this.heads[i].setAttribute("aria-sort", order);
      else this.heads[i].removeAttribute("aria-sort");
    });
    const sign = this.sorted.isDown ? -1 : 1;
    const keyed = this.memes.map((meme) => [column.value(meme, this.genres), meme]);
    keyed.sort(([a], [b]) => (a === null) - (b === null) || sign * compared(a, b));
    this.body.append(...keyed.map(([, meme]) => this.rows.get(meme)));
  }
}

function compared(a, b) {
  return typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
}
