// Many memes at once: a row each, sorted as one likes, and saved as a file.

import { nameOf } from "./detail.js";
import { button, made, percent } from "./elements.js";
import { asCsv, asJson, save } from "./saving.js";

const THUMB_PX = 104; // twice as wide as it is shown
const ARRANGED_EACH_MS = 1000;

const COLUMNS = [
  { title: "Meme", value: ({ name }) => name },
  { title: "Genre", value: ({ answer }, genres) => answer && nameOf(genres, answer.genre[0].label) },
  { title: "Sure", value: ({ answer }) => answer && answer.genre[0].score },
  { title: "Year", value: ({ answer }) => answer && answer.year.value },
];

/** A table of all memes; `open` is called with the one that is chosen. */
export class Table {
  constructor(root, genres, { open, clear, retry }) {
    this.genres = genres;
    this.open = open;
    this.rows = new Map(); // of each meme its row, and the button that opens it
    this.sorted = { column: null, isDown: false };
    this.memes = [];
    this.body = made("tbody");
    this.bar = made("progress");
    this.bar.setAttribute("aria-label", "Memes done");
    this.count = made("p", null, "small");
    this.again = button("Try failed ones again", retry);
    const buttons = made("div", null, "buttons");
    buttons.append(
      button("Download CSV", () => save("memes.csv", asCsv(this.memes, genres), "text/csv")),
      button("Download JSON", () => save("memes.json", asJson(this.memes), "application/json")),
      this.again,
      button("Clear", clear),
    );
    root.replaceChildren(this.bar, this.count, buttons, this.scroller());
    // Whole pictures by the thousand are more than a phone holds: each is made small once it is seen.
    this.seen = new IntersectionObserver((entries) => this.paint(entries), { rootMargin: "200px" });
  }

  scroller() {
    this.heads = COLUMNS.map((column) => this.head(column));
    const row = made("tr");
    row.append(made("td"), ...this.heads);
    const top = made("thead");
    top.append(row);
    const table = made("table");
    table.append(made("caption", "What became of each meme"), top, this.body);
    const scroller = made("div", null, "scroller");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", "Memes");
    scroller.append(table);
    return scroller;
  }

  head(column) {
    const cell = made("th");
    cell.scope = "col";
    cell.append(button(column.title, () => this.sort(column)));
    return cell;
  }

  /** Show these memes, of which so many are done; `changed`, if it is given, is drawn anew. */
  show(memes, nDone, changed) {
    this.memes = memes;
    for (const meme of memes.slice(this.rows.size)) this.add(meme);
    if (changed && this.rows.has(changed)) this.draw(changed);
    this.bar.max = memes.length;
    this.bar.value = nDone;
    this.bar.hidden = nDone === memes.length;
    this.count.textContent = `${nDone} of ${memes.length} done`;
    this.again.hidden = nDone < memes.length || !memes.some(({ isToRetry }) => isToRetry);
    if (this.sorted.column) this.arrangeSoon();
  }

  /** Leave the keyboard at a meme's row. */
  focus(meme) {
    this.rows.get(meme)?.opener.focus();
  }

  close() {
    this.seen.disconnect();
    clearTimeout(this.timer);
  }

  add(meme) {
    const row = made("tr");
    const canvas = made("canvas");
    canvas.width = canvas.height = THUMB_PX;
    canvas.meme = meme;
    const thumb = made("td", null, "thumb");
    thumb.append(canvas);
    const name = made("th");
    name.scope = "row";
    const opener = button(meme.name, () => this.open(meme), "link");
    name.append(opener);
    row.append(thumb, name);
    this.rows.set(meme, { row, opener, nFixed: row.childElementCount });
    this.draw(meme);
    this.body.append(row);
    this.seen.observe(canvas);
  }

  async paint(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.seen.unobserve(target);
      const small = await smallOf(target.meme.file);
      if (small) target.getContext("2d").drawImage(small, ...middle(small));
      small?.close();
    }
  }

  draw(meme) {
    const { row, nFixed } = this.rows.get(meme);
    while (row.childElementCount > nFixed) row.lastElementChild.remove();
    row.append(...this.cells(meme));
  }

  cells({ answer, error }) {
    if (!answer && error) {
      const cell = made("td", error, "problem");
      cell.colSpan = 3;
      return [cell];
    }
    if (!answer) return [made("td", "…"), made("td"), made("td")];
    const [{ label, score }] = answer.genre;
    const { low, high, value } = answer.year;
    const unsure = answer.abstain ? " (not sure)" : "";
    const year = made("td", `${value} `, "year");
    if (low !== high) year.append(made("span", `(${low}–${high})`));
    return [
      made("td", nameOf(this.genres, label) + unsure),
      made("td", percent(score), "number"),
      year,
    ];
  }

  sort(column) {
    const isSame = this.sorted.column === column;
    this.sorted = { column, isDown: isSame && !this.sorted.isDown };
    COLUMNS.forEach((one, i) => {
      const order = this.sorted.isDown ? "descending" : "ascending";
      if (one === column) this.heads[i].setAttribute("aria-sort", order);
      else this.heads[i].removeAttribute("aria-sort");
    });
    this.arrange();
  }

  arrangeSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.arrange();
    }, ARRANGED_EACH_MS);
  }

  arrange() {
    const { column, isDown } = this.sorted;
    const sign = isDown ? -1 : 1;
    const keyed = this.memes.map((meme) => [column.value(meme, this.genres), meme]);
    keyed.sort(([a], [b]) => (a === null) - (b === null) || sign * compared(a, b));
    const rows = keyed.map(([, meme]) => this.rows.get(meme).row);
    if (rows.every((row, i) => row === this.body.children[i])) return;
    const focused = this.body.getRootNode().activeElement;
    this.body.append(...rows);
    if (focused && this.body.contains(focused)) focused.focus();
  }
}

function compared(a, b) {
  return typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
}

async function smallOf(file) {
  try {
    return await createImageBitmap(file, { resizeWidth: THUMB_PX, resizeQuality: "medium" });
  } catch {
    return null; // no picture; the row says so
  }
}

/** The largest square of a picture as wide as the thumbnail, and where it goes. */
function middle({ width, height }) {
  const side = Math.min(width, height);
  return [(width - side) / 2, (height - side) / 2, side, side, 0, 0, THUMB_PX, THUMB_PX];
}
