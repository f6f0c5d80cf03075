// Many memes at once: tiles that are chosen with the mouse or the keyboard.

/**
 * A list of tiles of which several can be chosen (ARIA's listbox).
 *
 * A click chooses one more or one less, with Shift all in between; so do Space, and Shift with an
 * arrow. Each tile's element holds its `meme`. What nobody can see, because its picture is not
 * there yet or is damaged, is not chosen.
 */
export class Tiles {
  /**
   * @param {HTMLElement} list where the tiles are
   * @param {(sha256: string) => string} address of a small picture
   * @param {(nNotThere: number) => void} changed told when others are chosen, and how many could not be
   * @param {(tile: HTMLElement) => void} enlarge told of a double click
   */
  constructor(list, address, changed, enlarge, { isLazy = false } = {}) {
    this.isLazy = isLazy; // whether pictures far down load when somebody scrolls to them
    this.list = list;
    this.address = address;
    this.changed = changed;
    this.enlarge = enlarge;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-multiselectable", "true");
  }

  listen(signal) {
    this.list.addEventListener("click", (event) => this.click(event), { signal });
    this.list.addEventListener("keydown", (event) => this.key(event), { signal });
    const twice = (event) => this.enlarge(event.target.closest(".tile"));
    this.list.addEventListener("dblclick", (event) => event.target.closest(".tile") && twice(event), { signal });
  }

  get all() {
    return [...this.list.children];
  }

  get open() {
    return this.all.filter((tile) => !tile.classList.contains("is-done"));
  }

  /** Whether some picture is still to come. */
  get isLoading() {
    return this.open.some((tile) => tile.ariaDisabled && !tile.classList.contains("is-broken"));
  }

  get chosen() {
    return this.all.filter((tile) => tile.getAttribute("aria-selected") === "true");
  }

  clear() {
    this.list.replaceChildren();
    this.last = null;
  }

  add(memes) {
    for (const meme of memes) this.list.append(this.tile(meme));
    if (!this.list.querySelector("[tabindex='0']")) this.focusable(this.list.firstElementChild);
  }

  tile(meme) {
    const tile = document.createElement("div");
    tile.meme = meme;
    tile.className = "tile";
    tile.tabIndex = -1;
    tile.setAttribute("role", "option");
    tile.setAttribute("aria-selected", "false");
    tile.setAttribute("aria-label", [`Meme ${meme.meme_id}`, meme.title].filter(Boolean).join(": "));
    const image = new Image();
    image.loading = this.isLazy ? "lazy" : "eager";
    image.alt = "";
    image.draggable = false;
    image.src = this.address(meme.sha256);
    tile.setAttribute("aria-disabled", "true"); // until there is something to see
    image.addEventListener("load", () => {
      tile.removeAttribute("aria-disabled");
      this.changed(0);
    });
    image.addEventListener("error", () => {
      tile.classList.add("is-broken");
      this.changed(0);
    });
    const said = document.createElement("span");
    said.className = "said";
    said.textContent = meme.note ?? "";
    tile.append(image, said);
    return tile;
  }

  choose(tiles, isChosen = true) {
    const those = isChosen ? tiles.filter((tile) => !tile.ariaDisabled) : tiles;
    for (const tile of those) tile.setAttribute("aria-selected", String(isChosen));
    this.changed(tiles.length - those.length);
  }

  /** The tile that is meant where none is named: the one with the focus, or chosen last. */
  get meant() {
    const focused = this.list.getRootNode().activeElement?.closest?.(".tile");
    const own = focused?.parentNode === this.list ? focused : null;
    return own ?? (this.last?.isConnected ? this.last : null) ?? this.chosen[0] ?? null;
  }

  chooseNone() {
    this.choose(this.chosen, false);
  }

  /** Show what was said of a tile, or that nothing is said of it any more (null): its note, if any. */
  mark(tile, said) {
    tile.classList.toggle("is-done", said !== null);
    tile.querySelector(".said").textContent = said ?? tile.meme.note ?? "";
  }

  click(event) {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    this.focusable(tile);
    if (event.shiftKey && this.last) this.choose(this.between(this.last, tile));
    else this.choose([tile], tile.getAttribute("aria-selected") !== "true");
    this.last = tile;
  }

  key(event) {
    const tile = event.target.closest(".tile");
    if (!tile || event.altKey) return;
    const step = this.step(event.key, tile);
    const isAll = event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey);
    if (isAll) this.choose(this.open);
    else if (event.key === " ") this.click({ target: tile, shiftKey: event.shiftKey });
    else if (step) {
      if (event.shiftKey) this.choose(this.between(tile, step));
      this.last = event.shiftKey ? step : this.last;
      this.focusable(step).focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step(key, tile) {
    const { all } = this;
    const at = all.indexOf(tile);
    const columns = Math.max(1, all.filter((one) => one.offsetTop === all[0].offsetTop).length);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const to = { Home: 0, End: all.length - 1 }[key] ?? (key in by ? at + by[key] : NaN);
    return all[to];
  }

  between(one, other) {
    const { all } = this;
    const [first, last] = [all.indexOf(one), all.indexOf(other)].sort((a, b) => a - b);
    return all.slice(first, last + 1);
  }

  /** The one tile that Tab leads to. */
  focusable(tile) {
    for (const other of this.list.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
    if (tile) tile.tabIndex = 0;
    return tile;
  }
}
